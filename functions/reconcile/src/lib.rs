//! Once a minute: enqueues what is due, releases abandoned reservations, and measures what waits.

use std::sync::Arc;

use app::ports::Clock;
use app::ports::erp::CallContext;
use app::reservations::Reservations;
use app::submission::{BacklogMetrics, Reconcile, Waiting};
use async_trait::async_trait;
use erp_client::ErpClient;
use lambda_kit::{ConfigError, EmfMetrics, Env, EventHandler, Function, Metric, Runtime, deadline};
use lambda_runtime::{Context, Error};
use queue_sqs::SqsSubmitQueue;
use serde_json::{Value, json};
use store_dynamodb::{CartsTable, LoadsTable, SubmissionsTable};

/// How the function is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `SUBMISSIONS_TABLE`: what may be due.
    pub submissions_table: String,
    /// `CARTS_TABLE`: the ledger of reservations.
    pub carts_table: String,
    /// `LOADS_TABLE`: loads that may wait for a person.
    pub loads_table: String,
    /// `SUBMIT_QUEUE_URL`: wakes the submit worker.
    pub submit_queue_url: String,
}

impl Config {
    /// Reads the variables.
    ///
    /// # Errors
    /// [`ConfigError`] naming the variable that is missing.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            submissions_table: env.required("SUBMISSIONS_TABLE")?.to_owned(),
            carts_table: env.required("CARTS_TABLE")?.to_owned(),
            loads_table: env.required("LOADS_TABLE")?.to_owned(),
            submit_queue_url: env.required("SUBMIT_QUEUE_URL")?.to_owned(),
        })
    }
}

struct Run {
    reconcile: Reconcile,
    backlog: BacklogMetrics,
    metrics: EmfMetrics,
    clock: Arc<dyn Clock>,
}

/// Builds the function.
///
/// # Errors
/// [`ConfigError`] when a variable is missing.
pub async fn build(runtime: &Runtime) -> Result<Function, ConfigError> {
    let config = Config::from_env(&runtime.env)?;
    let erp = ErpClient::from_variables(
        |name| runtime.env.optional(name),
        runtime.clock.clone(),
        runtime.metrics.handle(),
    );
    let erp = Arc::new(erp.map_err(|error| runtime.env.invalid(error.name, error.reason))?);
    let carts = Arc::new(CartsTable::new(
        &runtime.sdk,
        config.carts_table,
        runtime.ids.clone(),
    ));
    let submissions = Arc::new(SubmissionsTable::new(
        &runtime.sdk,
        config.submissions_table,
        None,
    ));
    let run = Run {
        backlog: BacklogMetrics {
            submissions: submissions.clone(),
            loads: Arc::new(LoadsTable::new(&runtime.sdk, config.loads_table)),
            clock: runtime.clock.clone(),
        },
        metrics: runtime.metrics.clone(),
        reconcile: Reconcile {
            submissions,
            queue: Arc::new(SqsSubmitQueue::new(&runtime.sdk, config.submit_queue_url)),
            reservations: Reservations {
                carts,
                erp,
                clock: runtime.clock.clone(),
            },
            clock: runtime.clock.clone(),
        },
        clock: runtime.clock.clone(),
    };
    Ok(Function::Event(Arc::new(run)))
}

#[async_trait]
impl EventHandler for Run {
    async fn handle(&self, _: Value, context: Context) -> Result<Value, Error> {
        let call = CallContext {
            deadline: deadline(&context, self.clock.now()),
            correlation_id: context.request_id,
        };
        let (done, ()) = futures::join!(self.reconcile.run(&call), self.measure());
        self.metrics.flush();
        let done = done?;
        tracing::info!(
            enqueued = done.enqueued,
            released = done.released,
            "reconciled"
        );
        Ok(json!({"enqueued": done.enqueued, "released": done.released}))
    }
}

impl Run {
    /// Writes the metrics of what waits. A failure leaves them out, which raises an alarm, and does not
    /// stop the run.
    async fn measure(&self) {
        if !self.metrics.enabled() {
            return;
        }
        let waiting = match self.backlog.measure().await {
            Ok(waiting) => waiting,
            Err(error) => {
                tracing::error!(%error, "the backlog could not be measured");
                return;
            }
        };
        self.metrics.put(&metrics(&waiting));
    }
}

fn metrics(waiting: &Waiting) -> [(Metric, u64); 5] {
    [
        (
            Metric::OldestUnconfirmed,
            waiting.oldest_unconfirmed_seconds,
        ),
        (
            Metric::OldestAwaitingApproval,
            waiting.oldest_awaiting_approval_seconds,
        ),
        (Metric::UnknownSubmissions, waiting.unknown),
        (Metric::SubmissionsNeedingAttention, waiting.needs_attention),
        (Metric::HeldLoads, waiting.held_loads),
    ]
}
