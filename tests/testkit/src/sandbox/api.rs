//! The two APIs that a program finds in its environment, over HTTP.

use std::convert::Infallible;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::Failed;
use super::process::{Invocation, Note};

/// The largest answer that the service takes, and a little for the request around it.
const MOST_BYTES: usize = 6 * 1024 * 1024 + 1024;

type Answer = Response<Full<Bytes>>;
type Notes = mpsc::UnboundedSender<Note>;

/// Answers the program for as long as the sandbox lives.
pub(super) async fn serve(listener: TcpListener, notes: Notes) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        let notes = notes.clone();
        let service = service_fn(move |request| {
            let notes = notes.clone();
            async move { Ok::<_, Infallible>(answer(request, &notes).await) }
        });
        connections.spawn(async move {
            // A program that dies breaks its connections.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn answer(request: Request<Incoming>, notes: &Notes) -> Answer {
    let (parts, body) = request.into_parts();
    let body = match Limited::new(body, MOST_BYTES).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => return refusal(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge"),
    };
    let path: Vec<&str> = parts.uri.path().trim_matches('/').split('/').collect();
    let answered = match (&parts.method, path.as_slice()) {
        (&Method::GET, ["2018-06-01", "runtime", "invocation", "next"]) => next(notes).await,
        (&Method::POST, ["2018-06-01", "runtime", "invocation", id, "response"]) => {
            let value = serde_json::from_slice::<Value>(&body).unwrap_or_default();
            ended(notes, id, Ok(value)).await
        }
        (&Method::POST, ["2018-06-01", "runtime", "invocation", id, "error"]) => {
            let (kind, message) = error(&parts.headers, &body);
            ended(notes, id, Err(Failed::Error { kind, message })).await
        }
        (&Method::POST, ["2018-06-01", "runtime", "init", "error"]) => {
            let (kind, message) = error(&parts.headers, &body);
            let report = ask(notes, |answer| {
                Note::InitFailed(Failed::Init { kind, message }, answer)
            })
            .await;
            report.map(|()| accepted())
        }
        (&Method::POST, ["2020-01-01", "extension", "register"]) => {
            register(notes, &parts.headers, &body).await
        }
        (&Method::GET, ["2020-01-01", "extension", "event", "next"]) => {
            next_of_extension(notes, &parts.headers).await
        }
        _ => Some(refusal(StatusCode::NOT_FOUND, "NotFound")),
    };
    answered.unwrap_or_else(|| refusal(StatusCode::INTERNAL_SERVER_ERROR, "Gone"))
}

async fn ask<T>(notes: &Notes, note: impl FnOnce(oneshot::Sender<T>) -> Note) -> Option<T> {
    let (sender, receiver) = oneshot::channel();
    notes.send(note(sender)).ok()?;
    receiver.await.ok()
}

/// Answers once there is an event.
async fn next(notes: &Notes) -> Option<Answer> {
    let Invocation {
        id,
        deadline_ms,
        arn,
        event,
    } = ask(notes, Note::RuntimePolls).await?;
    Response::builder()
        .header("content-type", "application/json")
        .header("lambda-runtime-aws-request-id", id)
        .header("lambda-runtime-deadline-ms", deadline_ms)
        .header("lambda-runtime-invoked-function-arn", arn)
        .header(
            "lambda-runtime-trace-id",
            "Root=1-00000000-000000000000000000000000;Sampled=0",
        )
        .body(Full::from(event))
        .ok()
}

async fn ended(notes: &Notes, id: &str, result: Result<Value, Failed>) -> Option<Answer> {
    let known = ask(notes, |answer| Note::Ended {
        id: id.to_owned(),
        result,
        answer,
    })
    .await?;
    Some(if known {
        accepted()
    } else {
        refusal(StatusCode::BAD_REQUEST, "InvalidRequestID")
    })
}

async fn register(notes: &Notes, headers: &HeaderMap, body: &[u8]) -> Option<Answer> {
    let name = headers
        .get("lambda-extension-name")
        .and_then(|name| name.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    let wanted: Value = serde_json::from_slice(body).unwrap_or_default();
    let events = wanted["events"].as_array().cloned().unwrap_or_default();
    let events: Vec<String> = events
        .iter()
        .filter_map(|event| event.as_str().map(str::to_owned))
        .collect();
    // Within the runtime's process no extension is notified of the end.
    if name.is_empty() || events.iter().any(|event| event != "INVOKE") {
        return Some(refusal(StatusCode::FORBIDDEN, "Extension.InvalidEventType"));
    }
    let registered = ask(notes, |answer| Note::Registers {
        name,
        events,
        answer,
    })
    .await?;
    let Some((id, function)) = registered else {
        return Some(refusal(
            StatusCode::FORBIDDEN,
            "Extension.RegistrationClosed",
        ));
    };
    let body = json!({
        "functionName": function, "functionVersion": "$LATEST", "handler": "bootstrap",
        "accountId": "123456789012",
    });
    let answer = Response::builder().header("lambda-extension-identifier", id);
    answer
        .header("content-type", "application/json")
        .body(Full::from(body.to_string()))
        .ok()
}

async fn next_of_extension(notes: &Notes, headers: &HeaderMap) -> Option<Answer> {
    let id = headers
        .get("lambda-extension-identifier")
        .and_then(|id| id.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    let polled = ask(notes, |answer| Note::ExtensionPolls { id, answer }).await;
    let Some(Invocation {
        id,
        deadline_ms,
        arn,
        ..
    }) = polled
    else {
        return Some(refusal(
            StatusCode::FORBIDDEN,
            "Extension.UnknownExtensionIdentifier",
        ));
    };
    let body = json!({
        "eventType": "INVOKE",
        "deadlineMs": deadline_ms,
        "requestId": id,
        "invokedFunctionArn": arn,
        "tracing": {"type": "X-Amzn-Trace-Id", "value": "Root=1-00000000-000000000000000000000000"},
    });
    let answer = Response::builder().header("lambda-extension-event-identifier", id);
    answer
        .header("content-type", "application/json")
        .body(Full::from(body.to_string()))
        .ok()
}

/// Kind and text of an error that the program reports.
fn error(headers: &HeaderMap, body: &[u8]) -> (String, String) {
    let report: Value = serde_json::from_slice(body).unwrap_or_default();
    let kind = headers
        .get("lambda-runtime-function-error-type")
        .and_then(|kind| kind.to_str().ok());
    let kind = kind
        .or(report["errorType"].as_str())
        .unwrap_or_default()
        .to_owned();
    (
        kind,
        report["errorMessage"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
    )
}

fn accepted() -> Answer {
    let mut answer = Response::new(Full::from(r#"{"status":"OK"}"#));
    *answer.status_mut() = StatusCode::ACCEPTED;
    answer
}

fn refusal(status: StatusCode, kind: &str) -> Answer {
    let mut answer = Response::new(Full::from(
        json!({"errorType": kind, "errorMessage": kind}).to_string(),
    ));
    *answer.status_mut() = status;
    answer
}
