//! The routes of the contract.

use axum::extract::{DefaultBodyLimit, Extension, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::Simulator;
use crate::control;
use crate::documents::Kind;
use crate::faults::Marks;
use crate::inject::inject;
use crate::operations::{self, Filter};
use crate::refusal::Refusal;
use crate::world::World;

/// Most bytes of a request: 500 lines are far below.
const MOST_BYTES: usize = 16 << 20;

/// Everything that the simulator answers to, control routes included.
pub(crate) fn router(simulator: &Simulator) -> Router {
    let contract = Router::new()
        .route("/capabilities", get(capabilities))
        .route("/health", get(|| async { Json(json!({"status": "ok"})) }))
        .route("/availability", post(availability))
        .route("/prices", post(prices))
        .route("/reservations/{reference}", put(reserve).delete(cancel))
        .route("/preparations/{reference}", put(prepare).delete(cancel))
        .route("/orders/calculate", post(calculate))
        .route("/orders", get(orders).post(submit_order))
        .route("/orders/{id}", get(order))
        .route("/quotes", get(quotes).post(submit_quote))
        .route("/quotes/{id}", get(quote))
        .route("/organizations/{id}", put(put_organization))
        .route("/users/{id}", put(put_user));
    contract
        .merge(control::router())
        .fallback(|| async { Refusal::not_found() })
        .layer(from_fn_with_state(simulator.clone(), inject))
        .layer(DefaultBodyLimit::max(MOST_BYTES))
        .with_state(simulator.clone())
}

/// Reads the request, does the work under the lock, and answers.
pub(crate) fn answer<Q: DeserializeOwned, A: Serialize>(
    simulator: &Simulator,
    body: &[u8],
    work: impl FnOnce(&mut World, i64, &Q) -> Result<A, Refusal>,
) -> Response {
    match serde_json::from_slice::<Q>(body) {
        Ok(request) => reply(simulator.with_world(|world, now| work(world, now, &request))),
        Err(error) => Refusal::invalid(error.to_string()).into_response(),
    }
}

fn reply<A: Serialize>(result: Result<A, Refusal>) -> Response {
    match result {
        Ok(answer) => Json(answer).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

async fn capabilities(State(simulator): State<Simulator>) -> Response {
    Json(simulator.with_world(|world, _| world.capabilities.clone())).into_response()
}

async fn availability(State(simulator): State<Simulator>, body: Bytes) -> Response {
    answer(&simulator, &body, operations::availability)
}

async fn prices(State(simulator): State<Simulator>, body: Bytes) -> Response {
    answer(&simulator, &body, |world, now, request| {
        operations::prices(world, now, request)
    })
}

async fn reserve(
    State(simulator): State<Simulator>,
    Path(reference): Path<String>,
    body: Bytes,
) -> Response {
    answer(&simulator, &body, |world, now, request| {
        operations::reserve(world, now, &reference, request)
    })
}

async fn prepare(
    State(simulator): State<Simulator>,
    Path(reference): Path<String>,
    body: Bytes,
) -> Response {
    answer(&simulator, &body, |world, now, request| {
        operations::prepare(world, now, &reference, request)
    })
}

async fn cancel(State(simulator): State<Simulator>, Path(reference): Path<String>) -> StatusCode {
    simulator.with_world(|world, _| operations::cancel(world, &reference));
    StatusCode::NO_CONTENT
}

async fn calculate(State(simulator): State<Simulator>, body: Bytes) -> Response {
    answer(&simulator, &body, |world, _, request| {
        operations::calculate(world, request)
    })
}

async fn submit_order(
    State(simulator): State<Simulator>,
    Extension(marks): Extension<Marks>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let key = key(&headers);
    created(answer(&simulator, &body, |world, now, request| {
        operations::submit_order(world, now, key, &marks, request)
    }))
}

async fn submit_quote(
    State(simulator): State<Simulator>,
    Extension(marks): Extension<Marks>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let key = key(&headers);
    created(answer(&simulator, &body, |world, now, request| {
        operations::submit_quote(world, now, key, &marks, request)
    }))
}

fn key(headers: &HeaderMap) -> Option<&str> {
    headers
        .get("idempotency-key")
        .and_then(|key| key.to_str().ok())
}

fn created(mut response: Response) -> Response {
    if response.status() == StatusCode::OK {
        *response.status_mut() = StatusCode::CREATED;
    }
    response
}

/// The query of a list, or of a question for a reference.
#[derive(Debug, Deserialize)]
struct ListQuery {
    reference: Option<String>,
    organization: Option<String>,
    user: Option<String>,
    status: Option<String>,
    cursor: Option<String>,
    limit: Option<usize>,
}

fn list_or_find(simulator: &Simulator, kind: Kind, marks: &Marks, query: ListQuery) -> Response {
    let ListQuery {
        reference,
        organization,
        user,
        status,
        cursor,
        limit,
    } = query;
    match reference {
        Some(reference) => {
            let hidden_ms = marks.hidden_ms;
            reply(
                simulator.with_world(|world, now| {
                    operations::find(world, now, kind, &reference, hidden_ms)
                }),
            )
        }
        None => {
            let filter = Filter {
                organization,
                user,
                status,
                cursor,
                limit,
            };
            reply(simulator.with_world(|world, now| operations::list(world, now, kind, &filter)))
        }
    }
}

async fn orders(
    State(simulator): State<Simulator>,
    Extension(marks): Extension<Marks>,
    Query(query): Query<ListQuery>,
) -> Response {
    list_or_find(&simulator, Kind::Order, &marks, query)
}

async fn quotes(
    State(simulator): State<Simulator>,
    Extension(marks): Extension<Marks>,
    Query(query): Query<ListQuery>,
) -> Response {
    list_or_find(&simulator, Kind::Quote, &marks, query)
}

async fn order(State(simulator): State<Simulator>, Path(id): Path<String>) -> Response {
    reply(simulator.with_world(|world, now| operations::detail(world, now, Kind::Order, &id)))
}

async fn quote(State(simulator): State<Simulator>, Path(id): Path<String>) -> Response {
    reply(simulator.with_world(|world, now| operations::detail(world, now, Kind::Quote, &id)))
}

async fn put_organization(
    State(simulator): State<Simulator>,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    answer(&simulator, &body, |world, _, request| {
        operations::put_organization(world, &id, request)
    })
}

async fn put_user(
    State(simulator): State<Simulator>,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    answer(&simulator, &body, |world, _, request| {
        operations::put_user(world, &id, request)
    })
}
