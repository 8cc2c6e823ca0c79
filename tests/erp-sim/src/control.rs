//! The control routes under `/_sim`: what the ERP holds, what it was asked, and what should happen
//! next. They take no credential and no fault hits them.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use bytes::Bytes;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use wire::erp::Capabilities;
use wire::value::{Money, Number};

use crate::dataset::{ListPrice, ONLINE, Validity};
use crate::documents::Kind;
use crate::faults::Fault;
use crate::operation::Operation;
use crate::refusal::Refusal;
use crate::respond::answer;
use crate::{Mode, Simulator};

/// See the module.
pub(crate) fn router() -> Router<Simulator> {
    Router::new()
        .route(
            "/_sim/calls",
            get(|State(simulator): State<Simulator>| async move { Json(simulator.calls()) }),
        )
        .route(
            "/_sim/orders",
            get(|State(s): State<Simulator>| async move { Json(json!({"orders": s.orders()})) }),
        )
        .route(
            "/_sim/quotes",
            get(|State(s): State<Simulator>| async move { Json(json!({"quotes": s.quotes()})) }),
        )
        .route(
            "/_sim/reservations",
            get(|State(s): State<Simulator>| async move {
                Json(json!({"reservations": s.reservations()}))
            }),
        )
        .route("/_sim/members", get(members))
        .route("/_sim/stock", put(put_stock))
        .route("/_sim/prices", put(put_price))
        .route(
            "/_sim/capabilities",
            get(get_capabilities).put(put_capabilities),
        )
        .route("/_sim/mode", put(put_mode))
        .route("/_sim/orders/{id}/advance", post(advance_order))
        .route("/_sim/quotes/{id}/advance", post(advance_quote))
        .route(
            "/_sim/faults",
            get(faults).post(post_fault).delete(delete_faults),
        )
        .route("/_sim/reset", post(reset))
}

async fn members(State(simulator): State<Simulator>) -> Json<Value> {
    Json(simulator.with_state(|state, _| {
        let organizations: Vec<&Value> = state.organizations.values().collect();
        let users: Vec<&Value> = state.users.values().collect();
        json!({"organizations": organizations, "users": users})
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stock {
    sku: String,
    /// Absent or `online`: the whole item.
    location: Option<String>,
    /// Null: unlimited.
    quantity: Option<Number>,
}

async fn put_stock(State(simulator): State<Simulator>, body: Bytes) -> Response {
    answer(&simulator, &body, |state, _, stock: &Stock| {
        let location = stock.location.as_deref().unwrap_or(ONLINE);
        state.set_stock(
            &stock.sku,
            location,
            stock.quantity.map(|quantity| quantity.0),
        );
        Ok(json!({"sku": stock.sku, "location": location, "quantity": stock.quantity}))
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Price {
    sku: String,
    /// On top of every other factor; 1 takes it back. A number, or the same as text.
    factor: Option<Number>,
    /// A list price in place of those of the dataset; makes the item when it does not exist.
    list_price: Option<Money>,
}

async fn put_price(State(simulator): State<Simulator>, body: Bytes) -> Response {
    answer(&simulator, &body, |state, _, price: &Price| {
        if let Some(list_price) = &price.list_price {
            let amount = crate::amount::parse(list_price, &list_price.currency)?;
            let item = state.item_mut(&price.sku);
            item.prices
                .retain(|other| other.currency != list_price.currency);
            let validity = Validity {
                from: None,
                until: None,
            };
            item.prices.push(ListPrice {
                currency: list_price.currency.clone(),
                amount,
                validity,
            });
        }
        if state.item(&price.sku).is_none() {
            return Err(Refusal::not_found());
        }
        match price.factor {
            Some(Number(factor)) if factor < Decimal::ZERO => {
                return Err(Refusal::invalid("a factor is not negative"));
            }
            Some(Number(factor)) => {
                state.factors.insert(price.sku.clone(), factor);
            }
            None => {}
        }
        Ok(json!({"sku": price.sku, "factor": price.factor}))
    })
}

async fn get_capabilities(State(simulator): State<Simulator>) -> Json<Capabilities> {
    Json(simulator.with_state(|state, _| state.capabilities.clone()))
}

/// Merges the given fields into what is declared. A word that the contract does not have is
/// refused, so that a test with a typing error does not pass by chance.
async fn put_capabilities(State(simulator): State<Simulator>, body: Bytes) -> Response {
    answer(
        &simulator,
        &body,
        |state, _, changes: &serde_json::Map<String, Value>| {
            let mut merged = json!(state.capabilities);
            for (name, value) in changes {
                match merged.get_mut(name) {
                    Some(place) => *place = value.clone(),
                    None => {
                        return Err(Refusal::invalid(format!("there is no capability `{name}`")));
                    }
                }
            }
            let capabilities: Capabilities = serde_json::from_value(merged.clone())
                .map_err(|error| Refusal::invalid(error.to_string()))?;
            if json!(capabilities) != merged {
                return Err(Refusal::invalid(
                    "a capability has a value that the contract does not know",
                ));
            }
            state.capabilities = capabilities;
            Ok(merged)
        },
    )
}

async fn put_mode(State(simulator): State<Simulator>, body: Bytes) -> Response {
    answer(&simulator, &body, |state, _, wanted: &Value| {
        state.mode = match (
            wanted.get("mode").and_then(Value::as_str),
            wanted.get("confirmAfterMs").is_some(),
        ) {
            (Some("automatic"), false) => Mode::DEMO,
            _ => serde_json::from_value(wanted.clone())
                .map_err(|error| Refusal::invalid(error.to_string()))?,
        };
        Ok(json!(state.mode))
    })
}

fn advance(simulator: &Simulator, kind: Kind, id: &str) -> StatusCode {
    let advanced = simulator.with_state(|state, _| state.documents(kind).advance(id));
    if advanced {
        StatusCode::NO_CONTENT
    } else {
        StatusCode::NOT_FOUND
    }
}

async fn advance_order(State(simulator): State<Simulator>, Path(id): Path<String>) -> StatusCode {
    advance(&simulator, Kind::Order, &id)
}

async fn advance_quote(State(simulator): State<Simulator>, Path(id): Path<String>) -> StatusCode {
    advance(&simulator, Kind::Quote, &id)
}

async fn faults(State(simulator): State<Simulator>) -> Json<Value> {
    Json(json!({"faults": simulator.armed()}))
}

async fn post_fault(State(simulator): State<Simulator>, body: Bytes) -> Response {
    let fault = match read::<Fault>(&body) {
        Ok(fault) => fault,
        Err(refusal) => return refusal.into_response(),
    };
    if fault.operation != "*" && !known(&fault.operation) {
        let names: Vec<_> = Operation::ALL.iter().map(|one| one.name()).collect();
        let names = names.join(", ");
        return Refusal::invalid(format!("`operation` is one of {names}, or *")).into_response();
    }
    simulator.arm(fault);
    faults(State(simulator)).await.into_response()
}

/// Whether an operation has this name.
fn known(name: &str) -> bool {
    Operation::ALL.iter().any(|one| one.name() == name)
}

async fn delete_faults(State(simulator): State<Simulator>) -> Json<Value> {
    simulator.disarm();
    faults(State(simulator)).await
}

async fn reset(State(simulator): State<Simulator>) -> StatusCode {
    simulator.reset();
    StatusCode::NO_CONTENT
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::invalid(error.to_string()))
}
