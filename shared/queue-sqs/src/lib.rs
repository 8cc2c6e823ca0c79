//! The queues of the use cases, on SQS.

mod dead_letters;

pub use dead_letters::{QueueUrls, SqsDeadLetters};

use app::ports::submissions::SubmitQueue;
use app::ports::{LoadQueue, StoreError};
use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use aws_types::SdkConfig;
use domain::ids::{LoadId, SubmissionId};
use domain::load::{ExportKey, LoadKind};
use wire::queue::{LoadMessage, SubmitMessage};

const OPERATION: &str = "SendMessage";
const BATCH_OPERATION: &str = "SendMessageBatch";

/// Most messages of a batch in SQS.
const BATCH: usize = 10;

/// Longest delay of a message in SQS.
const MAX_DELAY_SECONDS: u32 = 900;

/// Wakes the submit worker through SQS.
#[derive(Debug, Clone)]
pub struct SqsSubmitQueue {
    client: Client,
    url: String,
}

impl SqsSubmitQueue {
    /// Sends to the queue of the given URL.
    #[must_use]
    pub fn new(sdk: &SdkConfig, url: impl Into<String>) -> Self {
        Self {
            client: Client::new(sdk),
            url: url.into(),
        }
    }
}

#[async_trait]
impl SubmitQueue for SqsSubmitQueue {
    async fn enqueue(&self, id: &SubmissionId, delay_seconds: u32) -> Result<(), StoreError> {
        let message = SubmitMessage {
            submission_id: id.to_string(),
        };
        let body = serde_json::to_string(&message).map_err(refused)?;
        let delay = i32::try_from(delay_seconds.min(MAX_DELAY_SECONDS)).unwrap_or_default();
        let send = self
            .client
            .send_message()
            .queue_url(&self.url)
            .message_body(body)
            // Zero is left out, for it would override the queue's own delay.
            .set_delay_seconds((delay > 0).then_some(delay));
        send.send()
            .await
            .map(drop)
            .map_err(|error| queue_error(OPERATION, error))
    }
}

/// Wakes the load functions through SQS.
#[derive(Debug, Clone)]
pub struct SqsLoadQueue {
    client: Client,
    catalog_url: String,
    member_url: String,
}

impl SqsLoadQueue {
    /// Sends to the queues of the given URLs. A load function knows only its own, and passes it as
    /// both.
    #[must_use]
    pub fn new(
        sdk: &SdkConfig,
        catalog_url: impl Into<String>,
        member_url: impl Into<String>,
    ) -> Self {
        Self {
            client: Client::new(sdk),
            catalog_url: catalog_url.into(),
            member_url: member_url.into(),
        }
    }
}

#[async_trait]
impl LoadQueue for SqsLoadQueue {
    async fn enqueue(
        &self,
        key: &ExportKey,
        id: &LoadId,
        chunks: &[u32],
        delay_seconds: u32,
    ) -> Result<(), StoreError> {
        let url = match key.kind() {
            LoadKind::Categories
            | LoadKind::Items
            | LoadKind::ItemDescriptions
            | LoadKind::ListPrices => &self.catalog_url,
            LoadKind::Organizations | LoadKind::Users | LoadKind::Addresses => &self.member_url,
        };
        let body = |chunk: Option<u32>| {
            let message = LoadMessage {
                load_id: id.to_string(),
                key: key.as_str().to_owned(),
                chunk,
            };
            serde_json::to_string(&message).map_err(refused)
        };
        let delay = i32::try_from(delay_seconds.min(MAX_DELAY_SECONDS)).unwrap_or_default();
        match chunks {
            [] | [_] => {
                let body = body(chunks.first().copied())?;
                let send = self
                    .client
                    .send_message()
                    .queue_url(url)
                    .message_body(body)
                    .delay_seconds(delay);
                send.send()
                    .await
                    .map(drop)
                    .map_err(|error| queue_error(OPERATION, error))
            }
            _ => {
                for some in chunks.chunks(BATCH) {
                    let entry = |chunk: &u32| {
                        let entry = SendMessageBatchRequestEntry::builder().id(chunk.to_string());
                        entry
                            .message_body(body(Some(*chunk))?)
                            .delay_seconds(delay)
                            .build()
                            .map_err(refused)
                    };
                    let entries = some.iter().map(entry).collect::<Result<_, _>>()?;
                    self.send_batch(url, entries).await?;
                }
                Ok(())
            }
        }
    }
}

impl SqsLoadQueue {
    async fn send_batch(
        &self,
        url: &str,
        entries: Vec<SendMessageBatchRequestEntry>,
    ) -> Result<(), StoreError> {
        let send = self
            .client
            .send_message_batch()
            .queue_url(url)
            .set_entries(Some(entries));
        let answer = send
            .send()
            .await
            .map_err(|error| queue_error(BATCH_OPERATION, error))?;
        // A batch answers success although some of its messages were not taken.
        match answer.failed().first() {
            None => Ok(()),
            Some(failed) => Err(StoreError::Unavailable {
                operation: BATCH_OPERATION,
                reason: failed.code().to_owned(),
            }),
        }
    }
}

/// A message cannot be made: a mistake of ours.
fn refused(error: impl std::fmt::Display) -> StoreError {
    StoreError::Refused {
        operation: OPERATION,
        reason: error.to_string(),
    }
}

/// Translates a failed call. Transport first, then the kind of the service's refusal.
pub(crate) fn queue_error<E, R>(operation: &'static str, error: SdkError<E, R>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    let SdkError::ServiceError(refusal) = &error else {
        return StoreError::Unavailable {
            operation,
            reason: DisplayErrorContext(&error).to_string(),
        };
    };
    let code = refusal.err().code().unwrap_or("unknown error");
    if code.contains("Throttl") || code == "OverLimit" {
        return StoreError::Throttled { operation };
    }
    let reason = code.to_owned();
    if matches!(
        code,
        "InternalError" | "InternalFailure" | "ServiceUnavailable" | "unknown error"
    ) {
        StoreError::Unavailable { operation, reason }
    } else {
        StoreError::Refused { operation, reason }
    }
}
