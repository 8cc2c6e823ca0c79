//! The pipeline between the load function and its tables, bucket and queue, that can be cut at any
//! call.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use futures::StreamExt;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use serde_json::Value;
use tokio::sync::Notify;

/// When a call is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// It never arrives.
    Before,
    /// It takes effect, and its answer is lost.
    After,
    /// Half of the object that it reads arrives. What reads none is cut off after its effect.
    Within,
}

/// What the edge refuses of the calls.
#[derive(Debug, Default)]
pub struct Pipeline {
    pub calls: AtomicU64,
    /// At which calls the function is still to be killed, in order.
    pub kills: Mutex<VecDeque<(u64, Cut)>>,
    pub killed: Notify,
    /// What was sent to queues.
    pub sent: Mutex<VecDeque<String>>,
    /// One of N calls to DynamoDB is throttled; 0 for none.
    pub throttles: AtomicU64,
    pub throttled: AtomicU64,
    /// The calls that read an object beyond its first half.
    pub reads: Mutex<Vec<u64>>,
    /// How often the function was killed.
    pub kills_done: AtomicU64,
}

/// The transport of the function's clients.
#[derive(Clone, Debug)]
pub struct Transport {
    pub inner: SharedHttpClient,
    pub pipeline: Arc<Pipeline>,
}

impl HttpClient for Transport {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        parts: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, parts);
        SharedHttpConnector::new(Wire {
            inner,
            pipeline: self.pipeline.clone(),
        })
    }
}

#[derive(Clone, Debug)]
struct Wire {
    inner: SharedHttpConnector,
    pipeline: Arc<Pipeline>,
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Self { inner, pipeline } = self.clone();
        HttpConnectorFuture::new(async move {
            let number = pipeline.calls.fetch_add(1, Ordering::SeqCst) + 1;
            let cut = pipeline.due(number);
            if cut == Some(Cut::Before) {
                pipeline.kill().await;
            }
            let reads = request.method() == "GET";
            let target = request
                .headers()
                .get("x-amz-target")
                .unwrap_or_default()
                .to_owned();
            if target.starts_with("DynamoDB") && pipeline.throttles(number) {
                return Ok(throttled());
            }
            let body = request
                .body()
                .bytes()
                .map(<[u8]>::to_vec)
                .unwrap_or_default();
            let answer = inner.call(request).await;
            pipeline.hear(&target, &body);
            if cut == Some(Cut::After) || cut == Some(Cut::Within) && !reads {
                pipeline.kill().await;
            }
            if reads {
                Ok(in_halves(answer?, pipeline, number, cut).await)
            } else {
                answer
            }
        })
    }
}

/// The answer with its body in two pieces. The function is killed when it asks for the second, if
/// it is to be.
async fn in_halves(
    answer: HttpResponse,
    pipeline: Arc<Pipeline>,
    number: u64,
    cut: Option<Cut>,
) -> HttpResponse {
    let status = answer.status();
    let headers = answer.headers().clone();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    let first = futures::stream::once(std::future::ready(body.slice(..body.len() / 2)));
    let rest = futures::stream::once(async move {
        pipeline.reads.lock().unwrap().push(number);
        if cut == Some(Cut::Within) {
            pipeline.kill().await;
        }
        body.slice(body.len() / 2..)
    });
    let frames = first
        .chain(rest)
        .map(|data| Ok::<_, std::io::Error>(Frame::data(data)));
    let mut response = HttpResponse::new(status, SdkBody::from_body_1_x(StreamBody::new(frames)));
    *response.headers_mut() = headers;
    response
}

fn throttled() -> HttpResponse {
    let body =
        r#"{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"}"#;
    let mut response = HttpResponse::new(400.try_into().unwrap(), SdkBody::from(body));
    response
        .headers_mut()
        .insert("content-type", "application/x-amz-json-1.0");
    response
}

impl Pipeline {
    fn due(&self, number: u64) -> Option<Cut> {
        let mut kills = self.kills.lock().unwrap();
        kills
            .pop_front_if(|(at, _)| *at <= number)
            .map(|(_, cut)| cut)
    }

    async fn kill(&self) {
        self.kills_done.fetch_add(1, Ordering::SeqCst);
        self.killed.notify_one();
        std::future::pending::<()>().await;
    }

    fn throttles(&self, number: u64) -> bool {
        let each = self.throttles.load(Ordering::SeqCst);
        // Scattered, so that no call is always or never among them.
        let hit =
            each > 0 && number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40 & 0xFFFF < 0x10000 / each;
        self.throttled.fetch_add(u64::from(hit), Ordering::SeqCst);
        hit
    }

    fn hear(&self, target: &str, body: &[u8]) {
        let mut sent = self.sent.lock().unwrap();
        let text = |message: &Value| message["MessageBody"].as_str().unwrap().to_owned();
        match target {
            "AmazonSQS.SendMessage" => sent.push_back(text(&serde_json::from_slice(body).unwrap())),
            "AmazonSQS.SendMessageBatch" => {
                let batch: Value = serde_json::from_slice(body).unwrap();
                sent.extend(batch["Entries"].as_array().unwrap().iter().map(text));
            }
            _ => {}
        }
    }
}
