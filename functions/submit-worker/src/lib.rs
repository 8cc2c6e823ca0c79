//! Sends orders, quotes and approved registrations to the ERP, one for each queue message.

use std::sync::Arc;

use app::ports::erp::CallContext;
use app::submission::SubmissionWorker;
use async_trait::async_trait;
use domain::ids::SubmissionId;
use erp_client::ErpClient;
use lambda_kit::{ConfigError, Function, QueueHandler, QueueRecord, RecordError, Runtime};
use queue_sqs::SqsSubmitQueue;
use store_dynamodb::SubmissionsTable;
use wire::queue::SubmitMessage;

struct Worker {
    hand_over: SubmissionWorker,
}

/// Builds the function.
///
/// # Errors
/// [`ConfigError`] if a variable is missing or not usable.
pub async fn build(runtime: &Runtime) -> Result<Function, ConfigError> {
    let (sdk, env) = (&runtime.sdk, &runtime.env);
    let erp = runtime.erp(ErpClient::from_variables)?;
    let submissions = SubmissionsTable::new(sdk, env.required("SUBMISSIONS_TABLE")?, None);
    let queue = SqsSubmitQueue::new(sdk, env.required("SUBMIT_QUEUE_URL")?);
    let worker = Worker {
        hand_over: SubmissionWorker {
            submissions: Arc::new(submissions),
            erp: erp.clone(),
            capabilities: erp.clone(),
            checkout: erp,
            queue: Arc::new(queue),
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
