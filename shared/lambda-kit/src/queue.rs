//! The batch driver: each message of a batch by itself.

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

/// What a function keeps for itself of the time that the Lambda service gives it.
const RESERVE_MS: i64 = 1_000;

/// Milliseconds of an invocation that no Lambda service bounds.
const DEFAULT_MS: i64 = 60_000;

/// A message of a queue. Its body is parsed by itself, so that one that cannot be read never takes
/// others with it.
#[derive(Debug, Clone)]
pub struct QueueRecord {
    /// The queue's id of it.
    pub message_id: String,
    /// The body as it came.
    pub body: String,
    /// When the work on it must be done.
    pub deadline: Timestamp,
}

/// Why a message was not worked off. It comes again, and in the end goes to the dead letters.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// It can never be worked off.
    #[error("poison: {0}")]
    Poison(&'static str),
    /// The work failed.
    #[error(transparent)]
    UseCase(#[from] UseCaseError),
}

impl QueueRecord {
    /// The body as a `T`.
    ///
    /// # Errors
    /// [`RecordError::Poison`].
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, RecordError> {
        serde_json::from_str(&self.body)
            .map_err(|_| RecordError::Poison("the body is not the expected JSON"))
    }
}

/// Works off one message.
#[async_trait]
pub trait QueueHandler: Send + Sync {
    /// Works off one message, which may have come before.
    ///
    /// # Errors
    /// [`RecordError`]: this message alone comes again.
    async fn handle(&self, record: &QueueRecord) -> Result<(), RecordError>;
}

struct Batch {
    handler: Arc<dyn QueueHandler>,
    clock: Arc<dyn Clock>,
    metrics: EmfMetrics,
}

/// A function behind a queue with `ReportBatchItemFailures`.
#[must_use]
pub fn queue_function(handler: Arc<dyn QueueHandler>, runtime: &Runtime) -> Function {
    Function::Event(Arc::new(Batch {
        handler,
        clock: runtime.clock.clone(),
        metrics: runtime.metrics.clone(),
    }))
}

/// The driver by itself, for a function with further sources, which counts nothing.
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

/// When an invocation that began at `now` must be done.
#[must_use]
pub fn deadline(context: &Context, now: Timestamp) -> Timestamp {
    ends(context, now)
        .unwrap_or_else(|| now.plus_millis(DEFAULT_MS))
        .plus_millis(-RESERVE_MS)
}

/// When the Lambda service ends an invocation. Other callers leave it out or, like `cargo lambda
/// watch`, give a span of time instead of an instant, so one that is over before the work begins
/// counts for nothing.
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
            // Without an id nothing could be reported, and an id that is not of the batch counts as
            // success of all.
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
    /// Works off one message; answers its id if it has to come again. Work that is not done when
    /// the function's time is over is cut off and given back: the service would end the whole
    /// batch, and what is done would come again.
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
                tracing::error!(%error, "a message was not worked off");
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
