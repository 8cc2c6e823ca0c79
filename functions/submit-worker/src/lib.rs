//! Hands orders, quotes and approved registrations to the ERP, one queue message each.

use std::sync::Arc;

use app::ports::erp::CallContext;
use app::submission::SubmissionWorker;
use async_trait::async_trait;
use domain::ids::SubmissionId;
use erp_client::ErpClient;
use lambda_kit::{ConfigError, Env, Function, QueueHandler, QueueRecord, RecordError, Runtime};
use queue_sqs::SqsSubmitQueue;
use store_dynamodb::SubmissionsTable;
use wire::queue::SubmitMessage;

/// How the function is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `SUBMISSIONS_TABLE`: what is handed over.
    pub submissions_table: String,
    /// `SUBMIT_QUEUE_URL`: wakes the worker again.
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
            submit_queue_url: env.required("SUBMIT_QUEUE_URL")?.to_owned(),
        })
    }
}

struct Worker {
    hand_over: SubmissionWorker,
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
    let worker = Worker {
        hand_over: SubmissionWorker {
            submissions: Arc::new(SubmissionsTable::new(
                &runtime.sdk,
                config.submissions_table,
                None,
            )),
            erp: erp.clone(),
            capabilities: erp.clone(),
            checkout: erp,
            queue: Arc::new(SqsSubmitQueue::new(&runtime.sdk, config.submit_queue_url)),
            clock: runtime.clock.clone(),
            ids: runtime.ids.clone(),
        },
    };
    Ok(lambda_kit::queue_function(Arc::new(worker), runtime))
}

#[async_trait]
impl QueueHandler for Worker {
    async fn handle(&self, record: &QueueRecord) -> Result<(), RecordError> {
        let message: SubmitMessage = record.parse()?;
        let id = SubmissionId::parse(&message.submission_id)
            .map_err(|_| RecordError::Poison("the id is not a submission id"))?;
        let context = CallContext {
            deadline: record.deadline,
            correlation_id: record.message_id.clone(),
        };
        Ok(self.hand_over.process(&context, &id).await?)
    }
}
