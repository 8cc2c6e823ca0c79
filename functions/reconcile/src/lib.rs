//! Once a minute: enqueues what is due, releases abandoned reservations, and measures what waits.

use std::sync::Arc;

use app::ports::Clock;
use app::ports::erp::CallContext;
use app::reservations::Reservations;
use app::submission::{BacklogMetrics, Reconcile, Waiting};
use async_trait::async_trait;
use erp_client::ErpClient;
use lambda_kit::{ConfigError, EmfMetrics, EventHandler, Function, Metric, Runtime, deadline};
use lambda_runtime::{Context, Error};
use queue_sqs::SqsSubmitQueue;
use serde_json::{Value, json};
use store_dynamodb::{CartsTable, LoadsTable, SubmissionsTable};

struct Run {
    reconcile: Reconcile,
    backlog: BacklogMetrics,
    metrics: EmfMetrics,
    clock: Arc<dyn Clock>,
}

/// Builds the function.
///
/// # Errors
/// [`ConfigError`] if a variable is missing or not usable.
pub async fn build(runtime: &Runtime) -> Result<Function, ConfigError> {
    let (sdk, env) = (&runtime.sdk, &runtime.env);
    let clock = &runtime.clock;
    let erp = runtime.erp(ErpClient::from_variables)?;
    let carts = CartsTable::new(sdk, env.required("CARTS_TABLE")?, runtime.ids.clone());
    let loads = LoadsTable::new(sdk, env.required("LOADS_TABLE")?);
    let submissions = SubmissionsTable::new(sdk, env.required("SUBMISSIONS_TABLE")?, None);
    let submissions = Arc::new(submissions);
    let queue = SqsSubmitQueue::new(sdk, env.required("SUBMIT_QUEUE_URL")?);
    let run = Run {
        backlog: BacklogMetrics {
            submissions: submissions.clone(),
            loads: Arc::new(loads),
            clock: clock.clone(),
        },
        metrics: runtime.metrics.clone(),
        reconcile: Reconcile {
            submissions,
            queue: Arc::new(queue),
            reservations: Reservations {
                carts: Arc::new(carts),
                erp,
                clock: clock.clone(),
            },
            clock: clock.clone(),
        },
        clock: clock.clone(),
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
    /// Writes the metrics of what waits. A failure leaves them out, which raises an alarm, and does
    /// not stop the run.
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
