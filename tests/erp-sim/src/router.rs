//! The routes of the contract.

use axum::extract::{DefaultBodyLimit, Extension, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, delete, get, post, put};
use axum::{Json, Router};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

use crate::Simulator;
use crate::control;
use crate::documents::Kind;
use crate::faults::Marks;
use crate::inject::inject;
use crate::operation::{Operation, ROUTES, Route};
use crate::operations::{self, Filter};
use crate::refusal::Refusal;
use crate::respond::{answer, reply};

/// Most bytes of a request: 500 lines are far below.
const MOST_BYTES: usize = 16 << 20;

/// Everything that the simulator answers to, control routes included.
pub(crate) fn router(simulator: &Simulator) -> Router {
    let mut contract = Router::new();
    // A route with a query shares its path, and the handler, with the one without.
    for route in ROUTES.iter().filter(|route| route.parameter.is_empty()) {
        contract = contract.route(route.path, handler(route));
    }
    contract
        .merge(control::router())
        .fallback(|| async { Refusal::not_found() })
        .layer(from_fn_with_state(simulator.clone(), inject))
        .layer(DefaultBodyLimit::max(MOST_BYTES))
        .with_state(simulator.clone())
}

/// What answers on a route. Handlers of the same path tell the documents and members apart by its
/// first segment.
fn handler(route: &Route) -> MethodRouter<Simulator> {
    match (route.operation, route.path.split('/').nth(1)) {
        (Operation::Capabilities, _) => get(capabilities),
        (Operation::Health, _) => get(async || Json(json!({"status": "ok"}))),
        (Operation::Availability, _) => post(availability),
        (Operation::Reserve, _) => put(reserve),
        (Operation::Cancel, _) => delete(cancel),
        (Operation::Prices, _) => post(prices),
        (Operation::Calculate, _) => post(calculate),
        (Operation::Prepare, _) => put(prepare),
        (Operation::SubmitOrder, _) => post(submit_order),
        (Operation::SubmitQuote, _) => post(submit_quote),
        (Operation::Find | Operation::List, Some("quotes")) => get(quotes),
        (Operation::Find | Operation::List, _) => get(orders),
        (Operation::Detail, Some("quotes")) => get(quote),
        (Operation::Detail, _) => get(order),
        (Operation::Members, Some("users")) => put(put_user),
        (Operation::Members, _) => put(put_organization),
    }
}

async fn capabilities(State(simulator): State<Simulator>) -> Response {
    Json(simulator.with_state(|state, _| state.capabilities.clone())).into_response()
}

async fn availability(State(simulator): State<Simulator>, body: Bytes) -> Response {
    answer(&simulator, &body, operations::availability)
}

async fn prices(State(simulator): State<Simulator>, body: Bytes) -> Response {
    answer(&simulator, &body, |state, now, request| {
        operations::prices(state, now, request)
    })
}

async fn reserve(
    State(simulator): State<Simulator>,
    Path(reference): Path<String>,
    body: Bytes,
) -> Response {
    answer(&simulator, &body, |state, now, request| {
        operations::reserve(state, now, &reference, request)
    })
}

async fn prepare(
    State(simulator): State<Simulator>,
    Path(reference): Path<String>,
    body: Bytes,
) -> Response {
    answer(&simulator, &body, |state, now, request| {
        operations::prepare(state, now, &reference, request)
    })
}

async fn cancel(State(simulator): State<Simulator>, Path(reference): Path<String>) -> StatusCode {
    simulator.with_state(|state, _| operations::cancel(state, &reference));
    StatusCode::NO_CONTENT
}

async fn calculate(State(simulator): State<Simulator>, body: Bytes) -> Response {
    answer(&simulator, &body, |state, _, request| {
        operations::calculate(state, request)
    })
}

async fn submit_order(
    State(simulator): State<Simulator>,
    Extension(marks): Extension<Marks>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let key = key(&headers);
    created(answer(&simulator, &body, |state, now, request| {
        operations::submit_order(state, now, key, &marks, request)
    }))
}

async fn submit_quote(
    State(simulator): State<Simulator>,
    Extension(marks): Extension<Marks>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let key = key(&headers);
    created(answer(&simulator, &body, |state, now, request| {
        operations::submit_quote(state, now, key, &marks, request)
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
                simulator.with_state(|state, now| {
                    operations::find(state, now, kind, &reference, hidden_ms)
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
            reply(simulator.with_state(|state, now| operations::list(state, now, kind, &filter)))
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
    reply(simulator.with_state(|state, now| operations::detail(state, now, Kind::Order, &id)))
}

async fn quote(State(simulator): State<Simulator>, Path(id): Path<String>) -> Response {
    reply(simulator.with_state(|state, now| operations::detail(state, now, Kind::Quote, &id)))
}

async fn put_organization(
    State(simulator): State<Simulator>,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    answer(&simulator, &body, |state, _, request| {
        operations::put_organization(state, &id, request)
    })
}

async fn put_user(
    State(simulator): State<Simulator>,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    answer(&simulator, &body, |state, _, request| {
        operations::put_user(state, &id, request)
    })
}
