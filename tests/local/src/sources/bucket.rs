//! A bucket that calls functions about its new objects.

#[cfg(test)]
mod tests;

use std::time::Duration;

use domain::time::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;

use super::Context;
use crate::edge::{ObjectCreated, REGION};
use crate::template::BucketSource;

/// The pauses before the second and the third attempt. AWS waits one and two minutes.
const RETRIES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];

/// Characters that a key keeps in an event; a space becomes `+`.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'*')
    .remove(b' ');

/// Tells functions about every object that `created` brings, until the stack stops.
pub(super) async fn notify(
    context: Context,
    sources: Vec<(BucketSource, String)>,
    mut created: UnboundedReceiver<ObjectCreated>,
) {
    let mut stop = context.stop.clone();
    let mut calls = JoinSet::new();
    let mut sequence: u64 = 0;
    loop {
        let object = tokio::select! {
            () = stop.wait() => break,
            Some(_) = calls.join_next() => continue,
            object = created.recv() => match object {
                Some(object) => object,
                None => break,
            },
        };
        sequence += 1;
        for (source, function) in sources
            .iter()
            .filter(|(source, _)| concerns(source, &object))
        {
            tracing::debug!(
                key = %object.key, function, prefix = %source.prefix,
                "an object calls a function"
            );
            let event = object_created(&object, context.clock.now(), &context.ids.mint(), sequence);
            calls.spawn(deliver(context.clone(), function.clone(), event));
        }
    }
    while calls.join_next().await.is_some() {}
}

fn concerns(source: &BucketSource, object: &ObjectCreated) -> bool {
    source.bucket == object.bucket
        && object.key.starts_with(&source.prefix)
        && object.key.ends_with(&source.suffix)
}

async fn deliver(context: Context, function: String, event: Value) {
    let mut stop = context.stop.clone();
    for pause in RETRIES.iter().map(Some).chain([None]) {
        match (context.host.invoke(&function, event.clone()).await, pause) {
            (Ok(_), _) => return,
            (Err(error), None) => tracing::error!(%error, "an event is given up"),
            (Err(error), Some(pause)) => {
                tracing::warn!(%error, "an event will be delivered again");
                tokio::select! {
                    () = stop.wait() => return,
                    () = tokio::time::sleep(*pause) => {}
                }
            }
        }
    }
}

/// The event about an object, as S3 sends it. Of two about the same object the later one has the
/// higher `sequence`.
#[must_use]
pub fn object_created(
    object: &ObjectCreated,
    time: Timestamp,
    request: &str,
    sequence: u64,
) -> Value {
    json!({"Records": [{
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": REGION,
        "eventTime": time.to_string(),
        "eventName": object.event,
        "userIdentity": {"principalId": "AWS:LOCAL"},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {"x-amz-request-id": request, "x-amz-id-2": "local"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "local",
            "bucket": {
                "name": object.bucket,
                "ownerIdentity": {"principalId": "LOCAL"},
                "arn": format!("arn:aws:s3:::{}", object.bucket),
            },
            "object": {
                "key": utf8_percent_encode(&object.key, KEPT).to_string().replace(' ', "+"),
                "size": object.size,
                "eTag": object.e_tag,
                // Grows with every event, also across restarts.
                "sequencer": format!("{:012X}{sequence:08X}", time.as_millis()),
            },
        },
    }]})
}
