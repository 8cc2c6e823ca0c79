//! The routes of the cart.

use std::sync::Arc;

use app::UseCaseError;
use app::cart::{CartRef, CartService, Reorder};
use axum::extract::State;
use axum::http::header::ETAG;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::caller::Customer;
use domain::cart::Cart;
use domain::ids::{CartId, LineId};
use domain::money::Currency;
use lambda_kit::{Buyer, Call, EmptyBody, IfMatch, Json, Path, Problem, parse_id};
use wire::storefront::cart as body;
use wire::storefront::problem::ProblemError;

use crate::read;

type Service = State<Arc<CartService>>;

/// A cart with its version as entity tag.
fn shown(status: StatusCode, cart: &Cart) -> Response {
    tagged(cart, (status, Json(body::Cart::from(cart))).into_response())
}

fn tagged(cart: &Cart, mut response: Response) -> Response {
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", cart.version)) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}

fn cart_id(text: &str) -> Result<CartId, UseCaseError> {
    parse_id(text, CartId::parse)
}

fn cart_ref(customer: Customer, id: &str, if_match: Option<u64>) -> Result<CartRef, UseCaseError> {
    Ok(CartRef {
        customer,
        id: cart_id(id)?,
        if_match,
    })
}

pub(crate) async fn create(
    State(carts): Service,
    Buyer(customer): Buyer,
    Json(new): Json<body::NewCart>,
) -> Result<Response, Problem> {
    let currency = new.currency.as_deref().map(Currency::parse).transpose();
    let currency = currency
        .map_err(|e| UseCaseError::invalid("/currency", "invalid_currency", e.to_string()))?;
    let cart = carts.create(&customer, currency).await?;
    Ok(shown(StatusCode::CREATED, &cart))
}

pub(crate) async fn current(
    State(carts): Service,
    call: Call,
    Buyer(customer): Buyer,
) -> Result<Response, Problem> {
    Ok(shown(
        StatusCode::OK,
        &carts.current(&call.context(), &customer).await?,
    ))
}

pub(crate) async fn show(
    State(carts): Service,
    call: Call,
    Buyer(customer): Buyer,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    Ok(shown(
        StatusCode::OK,
        &carts
            .get(&call.context(), &customer, &cart_id(&id)?)
            .await?,
    ))
}

pub(crate) async fn delete(
    State(carts): Service,
    call: Call,
    Buyer(customer): Buyer,
    IfMatch(if_match): IfMatch,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    carts
        .delete(&call.context(), &cart_ref(customer, &id, if_match)?)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn add_line(
    State(carts): Service,
    call: Call,
    Buyer(customer): Buyer,
    IfMatch(if_match): IfMatch,
    Path(id): Path<String>,
    Json(new): Json<body::NewLine>,
) -> Result<Response, Problem> {
    let line = read::line(&new, "").map_err(UseCaseError::Invalid)?;
    let cart = carts
        .add_lines(
            &call.context(),
            &cart_ref(customer, &id, if_match)?,
            &[line],
        )
        .await?;
    Ok(shown(StatusCode::OK, &cart))
}

pub(crate) async fn replace_lines(
    State(carts): Service,
    call: Call,
    Buyer(customer): Buyer,
    IfMatch(if_match): IfMatch,
    Path(id): Path<String>,
    Json(new): Json<body::NewLines>,
) -> Result<Response, Problem> {
    let lines = read::lines(&new.lines)?;
    let cart = carts
        .replace_lines(&call.context(), &cart_ref(customer, &id, if_match)?, &lines)
        .await?;
    Ok(shown(StatusCode::OK, &cart))
}

pub(crate) async fn change_quantity(
    State(carts): Service,
    call: Call,
    Buyer(customer): Buyer,
    IfMatch(if_match): IfMatch,
    Path((id, line)): Path<(String, String)>,
    Json(new): Json<body::NewQuantity>,
) -> Result<Response, Problem> {
    let line = parse_id(&line, LineId::parse)?;
    let quantity =
        read::quantity(new.quantity, "").map_err(|error| UseCaseError::Invalid(vec![error]))?;
    let cart = carts
        .change_quantity(
            &call.context(),
            &cart_ref(customer, &id, if_match)?,
            &line,
            quantity,
        )
        .await?;
    Ok(shown(StatusCode::OK, &cart))
}

pub(crate) async fn remove_line(
    State(carts): Service,
    call: Call,
    Buyer(customer): Buyer,
    IfMatch(if_match): IfMatch,
    Path((id, line)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let line = parse_id(&line, LineId::parse)?;
    let cart = carts
        .remove_line(&call.context(), &cart_ref(customer, &id, if_match)?, &line)
        .await?;
    Ok(shown(StatusCode::OK, &cart))
}

pub(crate) async fn set_shipping(
    State(carts): Service,
    call: Call,
    Buyer(customer): Buyer,
    IfMatch(if_match): IfMatch,
    Path(id): Path<String>,
    Json(new): Json<body::NewShipping>,
) -> Result<Response, Problem> {
    let shipping = read::shipping(new)?;
    let cart = carts
        .set_shipping(
            &call.context(),
            &cart_ref(customer, &id, if_match)?,
            shipping,
        )
        .await?;
    Ok(shown(StatusCode::OK, &cart))
}

pub(crate) async fn reorder(
    State(reorder): State<Arc<Reorder>>,
    call: Call,
    Buyer(customer): Buyer,
    Path(id): Path<String>,
    _: EmptyBody,
) -> Result<Response, Problem> {
    let made = reorder.reorder(&call.context(), &customer, &id).await?;
    let left_out = made.left_out.into_iter().map(|line| ProblemError {
        pointer: line.pointer,
        code: line.code.to_owned(),
        message: line.message,
    });
    let reordered = body::Reordered {
        cart: body::Cart::from(&made.cart),
        left_out: left_out.collect(),
    };
    Ok(tagged(
        &made.cart,
        (StatusCode::CREATED, Json(reordered)).into_response(),
    ))
}
