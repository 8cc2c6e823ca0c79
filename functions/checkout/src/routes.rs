//! The handlers.

use std::sync::Arc;

use app::checkout::Checkout;
use axum::extract::State;
use axum::http::StatusCode;
use domain::ids::CartId;
use lambda_kit::{Buyer, Call, EmptyBody, Json, Path, Problem, parse_id};
use wire::storefront::preparation::Preparation;

pub(crate) async fn prepare(
    State(checkout): State<Arc<Checkout>>,
    call: Call,
    Buyer(customer): Buyer,
    Path(id): Path<String>,
    _: EmptyBody,
) -> Result<Json<Preparation>, Problem> {
    let id = parse_id(&id, CartId::parse)?;
    let preparation = checkout.prepare(&call.context(), &customer, &id).await?;
    Ok(Json(Preparation::from(&preparation)))
}

pub(crate) async fn release(
    State(checkout): State<Arc<Checkout>>,
    call: Call,
    Buyer(customer): Buyer,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let id = parse_id(&id, CartId::parse)?;
    checkout.release(&call.context(), &customer, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
