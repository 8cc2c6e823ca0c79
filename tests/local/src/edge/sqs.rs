//! SQS in memory, with the queue URLs of this edge.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use tokio::sync::Notify;
use winterbaume_core::{MockRequest, MockService};
use winterbaume_sqs::SqsService;

use super::{ACCOUNT, Body, REGION};

/// What the service calls a queue that does not exist: the name of the older query protocol.
const ABSENT: &str = "AWS.SimpleQueueService.NonExistentQueue";
/// Its name in the JSON protocol.
const ABSENT_JSON: &str = "com.amazonaws.sqs#QueueDoesNotExist";

/// The queues of the stack. Cheap to clone.
#[derive(Clone)]
pub struct Sqs {
    service: Arc<SqsService>,
    url: Arc<str>,
    arrivals: Arc<Mutex<HashMap<String, Arc<Notify>>>>,
}

impl Sqs {
    pub(super) fn new(url: String) -> Self {
        Self {
            service: Arc::new(SqsService::new()),
            url: url.into(),
            arrivals: Arc::default(),
        }
    }

    /// The URL of the queue with the given name.
    #[must_use]
    pub fn queue_url(&self, name: &str) -> String {
        format!("{}/{ACCOUNT}/{name}", self.url)
    }

    /// Wakes the pump that waits for a message in the queue with the given name, so that a pump
    /// needs no tight loop.
    #[must_use]
    pub fn arrivals(&self, name: &str) -> Arc<Notify> {
        let mut arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        arrivals.entry(name.to_owned()).or_default().clone()
    }

    pub(super) async fn call(
        &self,
        operation: &str,
        headers: HeaderMap,
        body: Bytes,
    ) -> Response<Body> {
        let request = MockRequest {
            method: "POST".to_owned(),
            // The service reads the region from here and from nowhere else.
            uri: format!("https://sqs.{REGION}.amazonaws.com/"),
            headers,
            body: body.clone(),
        };
        let answer = self.service.handle(request).await;
        let status =
            StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = match operation {
            "CreateQueue" | "GetQueueUrl" | "ListQueues" | "ListDeadLetterSourceQueues"
                if status.is_success() =>
            {
                replaced(
                    &answer.body,
                    &format!("https://sqs.{REGION}.amazonaws.com"),
                    &self.url,
                )
            }
            "SendMessage" | "SendMessageBatch" | "ChangeMessageVisibility"
                if status.is_success() =>
            {
                self.wake(&body);
                answer.body
            }
            _ if status.is_client_error() => replaced(&answer.body, ABSENT, ABSENT_JSON),
            _ => answer.body,
        };
        let absent = status.is_client_error()
            && std::str::from_utf8(&body).is_ok_and(|text| text.contains(ABSENT_JSON));
        let mut response = super::json(status, body);
        if absent {
            // AWS writes both names, the one of the query protocol here; which of them a client
            // reads differs.
            let code = HeaderValue::from_static("AWS.SimpleQueueService.NonExistentQueue;Sender");
            response.headers_mut().insert("x-amzn-query-error", code);
        }
        response
    }

    fn wake(&self, body: &[u8]) {
        #[derive(serde::Deserialize)]
        struct Addressed<'a> {
            #[serde(rename = "QueueUrl", borrow)]
            queue_url: std::borrow::Cow<'a, str>,
        }
        let Ok(message) = serde_json::from_slice::<Addressed<'_>>(body) else {
            return;
        };
        let name = message.queue_url.rsplit('/').next().unwrap_or_default();
        let arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(waiting) = arrivals.get(name) {
            waiting.notify_one();
        }
    }
}

fn replaced(body: &Bytes, from: &str, to: &str) -> Bytes {
    match std::str::from_utf8(body) {
        Ok(text) if text.contains(from) => text.replace(from, to).into(),
        _ => body.clone(),
    }
}
