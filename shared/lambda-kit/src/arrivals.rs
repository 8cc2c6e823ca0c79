//! Events of the bucket that export files are dropped into.

use app::load::{Arrival, Loader, Rows};
use async_trait::async_trait;
use aws_lambda_events::event::s3::{S3Event, S3EventRecord};
use domain::ids::LoadId;
use domain::load::{ExportKey, Load};
use lambda_runtime::{Context, Error};
use serde_json::{Value, json};

use crate::function::EventHandler;

/// Loads the files that events of the bucket tell of, one after the other.
///
/// What is no export file of this function is left alone, with a warning. A file that cannot be used is handled with
/// that: only when a store or the files themselves fail is the event delivered again.
pub struct Arrivals<R> {
    /// Loads the files.
    pub loader: Loader<R>,
    /// The bucket that they are in.
    pub bucket: String,
}

#[async_trait]
impl<R: Rows> EventHandler for Arrivals<R> {
    async fn handle(&self, event: Value, _: Context) -> Result<Value, Error> {
        let event: S3Event = serde_json::from_value(event)?;
        let mut loads = Vec::new();
        let mut ignored = 0_u64;
        let mut failure = None;
        for record in &event.records {
            let Some(arrival) = self.arrival(record) else {
                ignored += 1;
                continue;
            };
            // The first failure must not keep the other files waiting.
            match self.loader.run(&arrival).await {
                Ok(load) => {
                    log(&load);
                    loads.push(summary(&load));
                }
                Err(error) => {
                    tracing::error!(load.id = %arrival.load, load.kind = %arrival.key.kind(), %error, "a load could not go on");
                    failure = Some(error);
                }
            }
        }
        match failure {
            Some(error) => Err(error.into()),
            None => Ok(json!({"loads": loads, "ignored": ignored})),
        }
    }
}

impl<R: Rows> Arrivals<R> {
    fn arrival(&self, record: &S3EventRecord) -> Option<Arrival> {
        let (bucket, object) = (record.s3.bucket.name.as_deref().unwrap_or_default(), &record.s3.object);
        if bucket != self.bucket {
            tracing::warn!(bucket, "an event of another bucket was ignored");
            return None;
        }
        let encoded = object.key.as_deref().unwrap_or_default();
        let Some(key) = decoded(encoded) else {
            tracing::warn!(key = encoded, "an object whose key is not UTF-8 was ignored");
            return None;
        };
        let known = ExportKey::parse(&key);
        match known {
            Ok(known) if self.loader.takes(&known) => Some(Arrival { load: load_id(record, &key)?, key: known }),
            Ok(_) => {
                tracing::warn!(key, "a file of a kind that is not loaded here was ignored");
                None
            }
            Err(error) => {
                tracing::warn!(key, %error, "an object that is no export file was ignored");
                None
            }
        }
    }
}

/// A key as it is, from a key as events spell it.
fn decoded(key: &str) -> Option<String> {
    let spaced = key.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

/// The load of one version of one object: the same for every delivery of its event, and later for later events.
fn load_id(record: &S3EventRecord, key: &str) -> Option<LoadId> {
    let object = &record.s3.object;
    let parts = [Some(key), object.version_id.as_deref(), object.e_tag.as_deref(), object.sequencer.as_deref()];
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
