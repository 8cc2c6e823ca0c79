//! A queue that calls a function, as a Lambda event source mapping does.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::types::{DeleteMessageBatchRequestEntry, Message, MessageSystemAttributeName};
use serde_json::{Map, Value, json};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;

use super::Context;
use crate::edge::{ACCOUNT, REGION};
use crate::template::QueueSource;

/// How often an empty queue is looked at for messages that are not announced: those whose delay or
/// visibility ended.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Receives, invokes and deletes until the stack stops.
pub(super) async fn pump(
    context: Context,
    sqs: aws_sdk_sqs::Client,
    source: QueueSource,
    url: String,
    arrivals: Arc<Notify>,
    function: String,
) {
    let slots = Arc::new(Semaphore::new(source.concurrency));
    let mut stop = context.stop.clone();
    let mut calls = JoinSet::new();
    loop {
        while calls.try_join_next().is_some() {}
        let slot = tokio::select! {
            () = stop.wait() => break,
            Ok(slot) = slots.clone().acquire_owned() => slot,
        };
        let received = sqs
            .receive_message()
            .queue_url(&url)
            .max_number_of_messages(source.batch_size.clamp(1, 10))
            .message_system_attribute_names(MessageSystemAttributeName::All)
            .message_attribute_names("All")
            .send()
            .await;
        let messages = received
            .inspect_err(
                |error| tracing::error!(?error, queue = %source.queue, "the queue cannot be read"),
            )
            .ok()
            .and_then(|received| received.messages)
            .unwrap_or_default();
        if messages.is_empty() {
            drop(slot);
            tokio::select! {
                () = stop.wait() => break,
                () = arrivals.notified() => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
            }
            continue;
        }
        let (context, sqs, source, url, function) = (
            context.clone(),
            sqs.clone(),
            source.clone(),
            url.clone(),
            function.clone(),
        );
        calls.spawn(async move {
            deliver(&context, &sqs, &source, &url, &function, &messages).await;
            drop(slot);
        });
    }
    // What is under way may end; the stack bounds how long it waits.
    while calls.join_next().await.is_some() {}
}

async fn deliver(
    context: &Context,
    sqs: &aws_sdk_sqs::Client,
    source: &QueueSource,
    url: &str,
    function: &str,
    messages: &[Message],
) {
    let answer = match context
        .host
        .invoke(function, delivered(&source.queue, messages))
        .await
    {
        Ok(answer) => answer,
        Err(error) => {
            tracing::error!(%error, queue = %source.queue, "a batch failed and will be seen again");
            return;
        }
    };
    let failed = if source.partial_failures {
        failures(&answer, messages)
    } else {
        Some(HashSet::new())
    };
    let Some(failed) = failed else {
        tracing::error!(
            queue = %source.queue, function,
            "the function names failures that are not in its batch"
        );
        return;
    };
    let done = messages
        .iter()
        .enumerate()
        .filter(|(_, message)| message.message_id().is_none_or(|id| !failed.contains(id)));
    let entries: Vec<_> = done
        .filter_map(|(index, message)| {
            let entry = DeleteMessageBatchRequestEntry::builder().id(index.to_string());
            entry.receipt_handle(message.receipt_handle()?).build().ok()
        })
        .collect();
    if entries.is_empty() {
        return;
    }
    if let Err(error) = sqs
        .delete_message_batch()
        .queue_url(url)
        .set_entries(Some(entries))
        .send()
        .await
    {
        tracing::error!(?error, queue = %source.queue, "handled messages could not be deleted");
    }
}

/// The ids that the function says failed. `None` if one of them is not in the batch: then AWS
/// delivers all again.
fn failures<'a>(answer: &'a Value, messages: &[Message]) -> Option<HashSet<&'a str>> {
    let listed = answer
        .get("batchItemFailures")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let ids: Option<HashSet<_>> = listed
        .iter()
        .map(|failure| failure.get("itemIdentifier")?.as_str())
        .collect();
    ids.filter(|ids| {
        ids.iter().all(|id| {
            messages
                .iter()
                .any(|message| message.message_id() == Some(id))
        })
    })
}

/// The event about messages of a queue, as the Lambda service hands them over.
#[must_use]
pub fn delivered(queue: &str, messages: &[Message]) -> Value {
    let records: Vec<_> = messages
        .iter()
        .map(|message| record(queue, message))
        .collect();
    json!({"Records": records})
}

fn record(queue: &str, message: &Message) -> Value {
    let attributes: Map<_, _> = message
        .attributes()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.as_str().to_owned(), Value::from(value.as_str())))
        .collect();
    let message_attributes: Map<_, _> = message
        .message_attributes()
        .into_iter()
        .flatten()
        .map(|(name, value)| {
            let value = json!({
                "stringValue": value.string_value(),
                "dataType": value.data_type(),
                "stringListValues": [],
                "binaryListValues": [],
            });
            (name.clone(), value)
        })
        .collect();
    json!({
        "messageId": message.message_id(),
        "receiptHandle": message.receipt_handle(),
        "body": message.body(),
        "attributes": attributes,
        "messageAttributes": message_attributes,
        "md5OfBody": message.md5_of_body(),
        "eventSource": "aws:sqs",
        "eventSourceARN": format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}"),
        "awsRegion": REGION,
    })
}
