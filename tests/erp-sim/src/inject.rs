//! The layer that every request passes: it counts the call, checks the credential, and lets the
//! armed fault happen.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::stream;
use serde_json::{Value, json};
use wire::erp::{ErrorAnswer, ErrorDetail, Processed, codes};
use wire::value::Instant;

use crate::Simulator;
use crate::calls::Call;
use crate::connection::Connection;
use crate::faults::{Fault, FaultKind};
use crate::operation::Operation;
use crate::refusal::Refusal;
use crate::simulator::{Moment, Verdict};

/// Most bytes of an answer that a fault reads to change it.
const MOST_BYTES: usize = 64 << 20;

/// See the module.
pub(crate) async fn inject(
    State(simulator): State<Simulator>,
    mut request: Request,
    next: Next,
) -> Response {
    let connection = request
        .extensions()
        .get::<Connection>()
        .cloned()
        .unwrap_or_else(Connection::new);
    if connection.is_stale() {
        return connection.cut().await;
    }
    let Some(operation) = Operation::of(
        request.method(),
        request.uri().path(),
        request.uri().query(),
    ) else {
        return next.run(request).await;
    };
    let late = match simulator
        .ask_watcher(Moment::Arrived, operation.name())
        .await
    {
        Verdict::Go => None,
        Verdict::Cut => return connection.cut().await,
        Verdict::Late(by) => Some(by),
    };
    let (marks, fault) = simulator.take_fault(operation);
    if fault
        .as_ref()
        .is_some_and(|fault| fault.kind == FaultKind::Refuse)
    {
        simulator.count_refused(operation);
        return connection.cut().await;
    }
    simulator.count(Call {
        at: Instant(simulator.now()),
        operation: operation.name(),
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        correlation_id: text(request.headers(), "x-correlation-id"),
        idempotency_key: text(request.headers(), "idempotency-key"),
        fault: fault.as_ref().map(|fault| fault.kind),
    });
    let credential = text(request.headers(), header::AUTHORIZATION.as_str());
    let response = if credential
        .as_deref()
        .and_then(|value| value.strip_prefix("Bearer "))
        != Some(simulator.token())
    {
        let refusal = Refusal::new(
            StatusCode::UNAUTHORIZED,
            codes::UNAUTHORIZED,
            "the credential is missing or wrong",
        );
        refusal.unprocessed().into_response()
    } else {
        request.extensions_mut().insert(marks);
        match (fault, late) {
            (None, None) => next.run(request).await,
            (None, Some(by)) => arrive_late(by, request, next).await,
            (Some(fault), _) => apply_fault(&fault, &connection, request, next).await,
        }
    };
    if simulator.ask_watcher(Moment::Done, operation.name()).await == Verdict::Cut {
        return connection.cut().await;
    }
    connection.rest();
    response
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// The work is a task of its own, for a request on its way arrives whether or not a client still
/// waits.
async fn arrive_late(by: Duration, request: Request, next: Next) -> Response {
    let work = tokio::spawn(async move {
        tokio::time::sleep(by).await;
        next.run(request).await
    });
    work.await
        .unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

async fn apply_fault(
    fault: &Fault,
    connection: &Connection,
    request: Request,
    next: Next,
) -> Response {
    let delay = |default| Duration::from_millis(fault.delay_ms.unwrap_or(default));
    let status = |default| StatusCode::from_u16(fault.status.unwrap_or(0)).unwrap_or(default);
    match fault.kind {
        FaultKind::Refuse => connection.cut().await,
        FaultKind::Hang => match fault.delay_ms {
            Some(_) => {
                tokio::time::sleep(delay(0)).await;
                connection.cut().await
            }
            None => std::future::pending().await,
        },
        FaultKind::Delay => {
            let response = next.run(request).await;
            tokio::time::sleep(delay(1000)).await;
            response
        }
        FaultKind::Status => bare_status(status(StatusCode::SERVICE_UNAVAILABLE)),
        FaultKind::Error200 => error_200(fault),
        FaultKind::CommitThenDrop | FaultKind::HalfMade => {
            let _done = next.run(request).await;
            connection.cut().await
        }
        FaultKind::CommitThenStatus => {
            let _done = next.run(request).await;
            bare_status(status(StatusCode::INTERNAL_SERVER_ERROR))
        }
        FaultKind::Garbage => {
            let (parts, _) = next.run(request).await.into_parts();
            (
                parts.status,
                [(header::CONTENT_TYPE, "application/json")],
                &b"{\"externalOrderId\":\"SO-\xff\x00<html>"[..],
            )
                .into_response()
        }
        FaultKind::SlowDrip => in_pieces(next.run(request).await, delay(100), false).await,
        FaultKind::Partial => {
            in_pieces(next.run(request).await, Duration::from_millis(20), true).await
        }
        FaultKind::WrongReference => changed(next.run(request).await, misname).await,
        FaultKind::OmitItems => changed(next.run(request).await, omit).await,
        FaultKind::WrongAmounts => changed(next.run(request).await, inflate).await,
        FaultKind::ErrorSentence => {
            let sentence = "Sorry, this order could not be processed at the moment. Please contact \
                your sales office.";
            (status(StatusCode::BAD_REQUEST), sentence).into_response()
        }
        FaultKind::StaleKeepalive => {
            connection.limit_idle(delay(1000));
            next.run(request).await
        }
        // Marks: the handler knows.
        FaultKind::LateVisible | FaultKind::DuplicateRefused => next.run(request).await,
    }
}

fn bare_status(status: StatusCode) -> Response {
    if status == StatusCode::ACCEPTED {
        return (status, axum::Json(json!({"status": "pending"}))).into_response();
    }
    (status, "a fault of the simulator").into_response()
}

fn error_200(fault: &Fault) -> Response {
    let detail = ErrorDetail {
        code: Some(
            fault
                .code
                .clone()
                .unwrap_or_else(|| "internal_error".to_owned()),
        ),
        reason: Some("a fault of the simulator with a good status".to_owned()),
        parameters: Vec::new(),
        processed: Some(fault.processed.unwrap_or(Processed::No)),
    };
    axum::Json(ErrorAnswer {
        error: Some(detail),
    })
    .into_response()
}

/// Sends the answer byte by byte, or its first half and then the end of the connection; either way
/// under the length of the whole.
async fn in_pieces(response: Response, pause: Duration, cut: bool) -> Response {
    let (mut parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, MOST_BYTES)
        .await
        .unwrap_or_default();
    parts
        .headers
        .insert(header::CONTENT_LENGTH, bytes.len().into());
    let pieces: Vec<Result<Bytes, std::io::Error>> = if cut {
        let half = bytes.slice(..bytes.len() / 2);
        vec![
            Ok(half),
            Err(std::io::Error::other(
                "a fault of the simulator cuts the answer",
            )),
        ]
    } else {
        (0..bytes.len())
            .map(|index| Ok(bytes.slice(index..index.saturating_add(1))))
            .collect()
    };
    let stream = stream::unfold(
        (pieces.into_iter(), false),
        move |(mut pieces, wait)| async move {
            let piece = pieces.next()?;
            if wait {
                tokio::time::sleep(pause).await;
            }
            Some((piece, (pieces, true)))
        },
    );
    Response::from_parts(parts, Body::from_stream(stream))
}

async fn changed(response: Response, change: fn(&mut Value)) -> Response {
    let (mut parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, MOST_BYTES)
        .await
        .unwrap_or_default();
    let Ok(mut value) = serde_json::from_slice::<Value>(&bytes) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    change(&mut value);
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(value.to_string()))
}

/// Every reference, number, line and item gets another name.
fn misname(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match (name.as_str(), &value) {
                    (
                        "reference" | "externalOrderId" | "externalQuoteId" | "sku" | "lineId",
                        Value::String(text),
                    ) => {
                        *value = Value::String(format!("another-{text}"));
                    }
                    _ => misname(value),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(misname),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn omit(value: &mut Value) {
    for name in ["items", "lines", "orders", "quotes"] {
        if let Some(Value::Array(values)) = value.get_mut(name) {
            let mut keep = true;
            values.retain(|_| {
                keep = !keep;
                keep
            });
        }
    }
}

fn inflate(value: &mut Value) {
    let amount = value.pointer_mut("/totals/grand/amount");
    let Some(Value::String(amount)) = amount else {
        return;
    };
    if let Ok(grand) = amount.parse::<rust_decimal::Decimal>() {
        *amount = grand.saturating_add(rust_decimal::Decimal::ONE).to_string();
    }
}
