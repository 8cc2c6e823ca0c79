//! Handles each message of a batch independently of the others.

#[cfg(test)]
mod tests;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use app::UseCaseError;
use app::ports::Clock;
use async_trait::async_trait;
use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use domain::time::Timestamp;
use futures::FutureExt;
use futures::future::join_all;
use lambda_runtime::{Context, Error};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tracing::Instrument;

use crate::function::{EventHandler, Function};
use crate::metrics::EmfMetrics;
use crate::runtime::Runtime;

/// The time that a function reserves for its answer.
const RESERVE_MS: i64 = 1_000;

/// The duration of an invocation without a deadline.
const DEFAULT_MS: i64 = 60_000;

/// A message of a queue. Each body is parsed separately, so that one that cannot be parsed does not
/// fail the others.
#[derive(Debug, Clone)]
pub struct QueueRecord {
    /// The id of the message in its batch.
    pub message_id: String,
    pub body: String,
    /// The time by which the message must be processed.
    pub deadline: Timestamp,
}

/// Why a message was not processed. The queue delivers it again, and finally moves it to the
/// dead-letter queue.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The message can never be processed.
    #[error("poison: {0}")]
    Poison(&'static str),
    /// The use case failed.
    #[error(transparent)]
    UseCase(#[from] UseCaseError),
}

impl QueueRecord {
    /// Parses the body.
    ///
    /// # Errors
    /// [`RecordError::Poison`] if the body is not the JSON of a `T`.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, RecordError> {
        serde_json::from_str(&self.body)
            .map_err(|_| RecordError::Poison("the body is not the expected JSON"))
    }
}

/// Processes the messages of a queue.
#[async_trait]
pub trait QueueHandler: Send + Sync {
    /// Processes one message. The queue may deliver a message more than once.
    ///
    /// # Errors
    /// Any [`RecordError`] makes the queue deliver this message again, and no other.
    async fn handle(&self, record: &QueueRecord) -> Result<(), RecordError>;
}

struct Batch {
    handler: Arc<dyn QueueHandler>,
    clock: Arc<dyn Clock>,
    metrics: EmfMetrics,
}

/// Makes a function for a queue with `ReportBatchItemFailures`.
#[must_use]
pub fn queue_function(handler: Arc<dyn QueueHandler>, runtime: &Runtime) -> Function {
    Function::Event(Arc::new(Batch {
        handler,
        clock: runtime.clock.clone(),
        metrics: runtime.metrics.clone(),
    }))
}

/// Makes the handler alone, without metrics, for a function that has further sources.
pub(crate) fn queue_handler(
    handler: Arc<dyn QueueHandler>,
    clock: Arc<dyn Clock>,
) -> Arc<dyn EventHandler> {
    let metrics = EmfMetrics::disabled(clock.clone());
    Arc::new(Batch {
        handler,
        clock,
        metrics,
    })
}

/// Returns the time by which an invocation that began at `now` must be done.
#[must_use]
pub fn deadline(context: &Context, now: Timestamp) -> Timestamp {
    ends(context, now)
        .unwrap_or_else(|| now.plus_millis(DEFAULT_MS))
        .plus_millis(-RESERVE_MS)
}

/// Returns the time at which the Lambda service ends an invocation. Other callers leave it out or,
/// like `cargo lambda watch`, send a duration instead of an instant, so a time before `now` is
/// ignored.
pub(crate) fn ends(context: &Context, now: Timestamp) -> Option<Timestamp> {
    i64::try_from(context.deadline)
        .ok()
        .map(Timestamp::from_millis)
        .filter(|ends| *ends > now)
}

#[async_trait]
impl EventHandler for Batch {
    async fn handle(&self, event: Value, context: Context) -> Result<Value, Error> {
        let event: SqsEvent = serde_json::from_value(event)?;
        let deadline = deadline(&context, self.clock.now());
        let mut work = Vec::with_capacity(event.records.len());
        for message in event.records {
            // A message without an id cannot be reported as failed. An empty id in the report would
            // not name a message of the batch.
            let message_id = message
                .message_id
                .filter(|id| !id.is_empty())
                .ok_or("a message has no id")?;
            work.push(self.one(QueueRecord {
                message_id,
                body: message.body.unwrap_or_default(),
                deadline,
            }));
        }
        let mut response = SqsBatchResponse::default();
        for id in join_all(work).await.into_iter().flatten() {
            response.add_failure(id);
        }
        self.metrics.flush();
        Ok(serde_json::to_value(response)?)
    }
}

impl Batch {
    /// Processes one message; returns its id if the queue must deliver it again. Work that is not
    /// done at the deadline is cancelled and its message is reported: otherwise the service would
    /// end the invocation, and the queue would deliver the whole batch again.
    async fn one(&self, record: QueueRecord) -> Option<String> {
        let span = tracing::info_span!("message", message_id = %record.message_id);
        let left = record.deadline.millis_since(self.clock.now());
        let left = Duration::from_millis(u64::try_from(left).unwrap_or_default());
        let work = AssertUnwindSafe(self.handler.handle(&record))
            .catch_unwind()
            .instrument(span.clone());
        let result = tokio::time::timeout(left, work).await;
        let _entered = span.enter();
        match result {
            Ok(Ok(Ok(()))) => None,
            Ok(Ok(Err(error))) => {
                tracing::error!(%error, "a message was not processed");
                Some(record.message_id)
            }
            Ok(Err(_)) => {
                tracing::error!("the work on a message panicked");
                Some(record.message_id)
            }
            Err(_) => {
                tracing::error!(
                    "the work on a message was cut off at the end of the function's time"
                );
                Some(record.message_id)
            }
        }
    }
}
