//! Handles the events of the bucket of export files, and of the queue of loads and their chunks.

use std::sync::Arc;

use app::UseCaseError;
use app::load::{Arrival, LoadError, LoadProgress, Loader, RecordFamily};
use app::ports::StoreError;
use async_trait::async_trait;
use aws_lambda_events::event::s3::{S3Event, S3EventRecord};
use domain::ids::LoadId;
use domain::load::{ExportKey, Load};
use domain::time::Timestamp;
use lambda_runtime::{Context, Error};
use serde_json::{Value, json};
use wire::queue::LoadMessage;

use crate::function::{EventHandler, Function};
use crate::queue::{QueueHandler, QueueRecord, RecordError, deadline, queue_handler};

/// The delay of a load while another load of its kind runs, or another worker has the lease.
const BUSY_DELAY_SECONDS: u32 = 3;
/// The delay of a load after a store throttled it.
const THROTTLE_DELAY_SECONDS: u32 = 5;
/// The delay of a load after a store or the files failed.
const FAILURE_DELAY_SECONDS: u32 = 20;

/// The time that a worker reserves for its current batch and the checkpoint after it.
const STOP_MS: i64 = 30_000;

/// Loads the files that the events of the bucket name, one after the other, and the loads and
/// chunks that the messages of the queue name.
///
/// An object that is not an export file of this function is ignored, with a warning. A file that
/// cannot be used ends as a failed load. A load that has to wait, or that a failure of a store or
/// the files stopped, goes through the queue, because a bucket repeats its events only twice.
pub(crate) struct LoadEvents<R> {
    pub loader: Loader<R>,
    /// The bucket of the files. Events of other buckets are ignored.
    pub bucket: String,
}

/// Makes a load function, which its bucket and its queue invoke.
pub(crate) fn function<R: RecordFamily>(events: LoadEvents<R>) -> Function {
    let events = Arc::new(events);
    let queue = queue_handler(events.clone(), events.loader.clock.clone());
    Function::Event(Arc::new(Sources { queue, events }))
}

struct Sources<R> {
    events: Arc<LoadEvents<R>>,
    queue: Arc<dyn EventHandler>,
}

#[async_trait]
impl<R: RecordFamily> EventHandler for Sources<R> {
    async fn handle(&self, event: Value, context: Context) -> Result<Value, Error> {
        let source = event
            .pointer("/Records/0/eventSource")
            .and_then(Value::as_str);
        match source {
            Some("aws:sqs") => self.queue.handle(event, context).await,
            _ => {
                let deadline = worker_deadline(&context, self.events.loader.clock.now());
                self.events.handle(event, deadline).await
            }
        }
    }
}

#[async_trait]
impl<R: RecordFamily> QueueHandler for LoadEvents<R> {
    async fn handle(&self, record: &QueueRecord) -> Result<(), RecordError> {
        let message: LoadMessage = record.parse()?;
        let key = ExportKey::parse(&message.key)
            .map_err(|_| RecordError::Poison("the key is not that of an export file"))?;
        let load = LoadId::parse(&message.load_id)
            .map_err(|_| RecordError::Poison("the id is not a load id"))?;
        if !self.loader.takes(&key) {
            return Err(RecordError::Poison(
                "files of this kind are not loaded here",
            ));
        }
        let arrival = Arrival { key, load };
        match self
            .loader
            .run(
                &arrival,
                message.chunk,
                record.deadline.plus_millis(-STOP_MS),
            )
            .await
        {
            Ok(progress) => _ = ended(&progress),
            // A new message, because a wait must not count as a failure.
            Err(LoadError::Busy) => {
                self.requeue(&arrival, message.chunk, BUSY_DELAY_SECONDS)
                    .await?
            }
            Err(LoadError::Store(StoreError::Throttled { .. }) | LoadError::Lost) => {
                self.requeue(&arrival, message.chunk, THROTTLE_DELAY_SECONDS)
                    .await?;
            }
            Err(LoadError::Store(error)) => return Err(UseCaseError::Store(error).into()),
            Err(error) => return Err(UseCaseError::Internal(error.to_string()).into()),
        }
        Ok(())
    }
}

/// Returns the time at which an invocation must stop processing a load.
fn worker_deadline(context: &Context, now: Timestamp) -> Timestamp {
    deadline(context, now).plus_millis(-STOP_MS)
}

/// Logs the load, if it ended, and returns its summary for the answer.
fn ended(progress: &LoadProgress) -> Option<Value> {
    match progress {
        LoadProgress::Ended(load) => {
            log(load);
            Some(summary(load))
        }
        LoadProgress::Continues => None,
    }
}

impl<R: RecordFamily> LoadEvents<R> {
    async fn requeue(
        &self,
        arrival: &Arrival,
        chunk: Option<u32>,
        seconds: u32,
    ) -> Result<(), UseCaseError> {
        Ok(self
            .loader
            .queue
            .enqueue(&arrival.key, &arrival.load, chunk.as_slice(), seconds)
            .await?)
    }

    async fn handle(&self, event: Value, deadline: Timestamp) -> Result<Value, Error> {
        let event: S3Event = serde_json::from_value(event)?;
        let mut loads = Vec::new();
        let mut ignored = 0_u64;
        let mut waiting = 0_u64;
        let mut failure = None;
        for record in &event.records {
            let Some(arrival) = self.arrival(record) else {
                ignored += 1;
                continue;
            };
            // A failed load must not delay the other files.
            let delay = match self.loader.run(&arrival, None, deadline).await {
                Ok(progress) => {
                    match ended(&progress) {
                        Some(load) => loads.push(load),
                        None => waiting += 1,
                    }
                    continue;
                }
                Err(LoadError::Busy) => BUSY_DELAY_SECONDS,
                Err(error) => {
                    tracing::error!(
                        load.id = %arrival.load, load.kind = %arrival.key.kind(), %error,
                        "a load stopped"
                    );
                    FAILURE_DELAY_SECONDS
                }
            };
            match self.requeue(&arrival, None, delay).await {
                Ok(()) => waiting += 1,
                Err(error) => failure = Some(error),
            }
        }
        match failure {
            Some(error) => Err(error.into()),
            None => Ok(json!({"loads": loads, "ignored": ignored, "waiting": waiting})),
        }
    }
}

impl<R: RecordFamily> LoadEvents<R> {
    fn arrival(&self, record: &S3EventRecord) -> Option<Arrival> {
        let (bucket, object) = (
            record.s3.bucket.name.as_deref().unwrap_or_default(),
            &record.s3.object,
        );
        if bucket != self.bucket {
            tracing::warn!(bucket, "an event of another bucket was ignored");
            return None;
        }
        let encoded = object.key.as_deref().unwrap_or_default();
        let Some(key) = decoded(encoded) else {
            tracing::warn!(
                key = encoded,
                "an object whose key is not UTF-8 was ignored"
            );
            return None;
        };
        let known = ExportKey::parse(&key);
        match known {
            Ok(known) if self.loader.takes(&known) => Some(Arrival {
                load: load_id(record, &key)?,
                key: known,
            }),
            Ok(_) => {
                tracing::warn!(key, "a file of a kind that is not loaded here was ignored");
                None
            }
            Err(error) => {
                tracing::warn!(key, %error, "an object that is not an export file was ignored");
                None
            }
        }
    }
}

/// Decodes a key of an event. Returns `None` if it is not UTF-8.
fn decoded(key: &str) -> Option<String> {
    let spaced = key.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced)
        .decode_utf8()
        .ok()
        .map(std::borrow::Cow::into_owned)
}

/// Returns the id of the load of one version of an object. It is the same for every delivery of the
/// event, and sorts after the ids of earlier events.
fn load_id(record: &S3EventRecord, key: &str) -> Option<LoadId> {
    let object = &record.s3.object;
    let parts = [
        Some(key),
        object.version_id.as_deref(),
        object.e_tag.as_deref(),
        object.sequencer.as_deref(),
    ];
    let version = parts.map(|part| part.unwrap_or_default()).join("\n");
    let hash = crate::fingerprint(version.as_bytes());
    let millis = record.event_time.timestamp_millis().max(0);
    LoadId::parse(&format!("{millis:012x}{}", hash.get(..20)?)).ok()
}

fn log(load: &Load) {
    tracing::info!(
        load.id = %load.id,
        load.kind = %load.kind,
        load.state = %load.state,
        load.failure = load.failure.as_ref().map(|failure| failure.code.as_ref()),
        load.rows = load.counts.rows(),
        load.rejected = load.counts.rejected,
        "a load ended"
    );
}

fn summary(load: &Load) -> Value {
    json!({
        "loadId": load.id.as_str(),
        "kind": load.kind.as_str(),
        "state": load.state.as_str(),
        "rows": load.counts.rows(),
        "applied": load.counts.applied,
        "unchanged": load.counts.unchanged,
        "rejected": load.counts.rejected,
    })
}
