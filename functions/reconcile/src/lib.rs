//! Once a minute: resends what never left, settles unknown outcomes, releases abandoned reservations.

use std::sync::Arc;

use app::ports::Clock;
use app::ports::erp::CallContext;
use app::reservations::Reservations;
use app::submission::Reconcile;
use async_trait::async_trait;
use erp_client::ErpClient;
use lambda_kit::{ConfigError, Env, EventHandler, Function, Start, deadline};
use lambda_runtime::{Context, Error};
use queue_sqs::SqsSubmitQueue;
use serde_json::{Value, json};
use store_dynamodb::{CartsTable, SubmissionsTable};

/// How the function is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `SUBMISSIONS_TABLE`: what may be due.
    pub submissions_table: String,
    /// `CARTS_TABLE`: the ledger of reservations.
    pub carts_table: String,
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
            submit_queue_url: env.required("SUBMIT_QUEUE_URL")?.to_owned(),
        })
    }
}

struct Run {
    reconcile: Reconcile,
    clock: Arc<dyn Clock>,
}

/// Builds the function.
///
/// # Errors
/// [`ConfigError`] when a variable is missing.
pub async fn build(start: &Start) -> Result<Function, ConfigError> {
    let config = Config::from_env(&start.env)?;
    let erp = ErpClient::from_variables(|name| start.env.optional(name), start.clock.clone());
    let erp = Arc::new(erp.map_err(|error| start.env.invalid(error.name, error.reason))?);
    let carts = Arc::new(CartsTable::new(&start.sdk, config.carts_table, start.ids.clone()));
    let run = Run {
        reconcile: Reconcile {
            submissions: Arc::new(SubmissionsTable::new(&start.sdk, config.submissions_table, None)),
            queue: Arc::new(SqsSubmitQueue::new(&start.sdk, config.submit_queue_url)),
            reservations: Reservations { carts, erp, clock: start.clock.clone() },
            clock: start.clock.clone(),
        },
        clock: start.clock.clone(),
    };
    Ok(Function::Event(Arc::new(run)))
}

#[async_trait]
impl EventHandler for Run {
    async fn handle(&self, _: Value, context: Context) -> Result<Value, Error> {
        let call = CallContext { deadline: deadline(&context, self.clock.now()), correlation_id: context.request_id };
        let done = self.reconcile.run(&call).await?;
        tracing::info!(told = done.told, released = done.released, "reconciled");
        Ok(json!({"told": done.told, "released": done.released}))
    }
}
