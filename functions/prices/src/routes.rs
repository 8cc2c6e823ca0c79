//! The handlers.

use std::sync::Arc;

use app::lookup::{AnsweredPrice, PriceQuery, PriceStatus};
use axum::extract::State;
use lambda_kit::{Call, Json, Member, Problem};
use wire::storefront::freshness::Freshness;
use wire::storefront::lookups as body;
use wire::value::Money;

use crate::read;

pub(crate) async fn prices(
    State(query): State<Arc<PriceQuery>>,
    call: Call,
    member: Member,
    Json(asked): Json<body::PriceQuery>,
) -> Result<Json<body::PricedItems>, Problem> {
    let currency = read::currency(&asked)?;
    let items = read::items(&asked.items)?;
    let mode = read::mode(asked.mode);
    let answers = query
        .answer(&call.context(), &member.customer, currency, mode, &items)
        .await?;
    Ok(Json(body::PricedItems {
        items: answers.into_iter().map(priced).collect(),
    }))
}

fn priced(answer: AnsweredPrice) -> body::PricedItem {
    let price = answer.price;
    let freshness = Freshness::from(&price.freshness);
    body::PricedItem {
        sku: answer.sku.as_str().to_owned(),
        quantity: answer.quantity.value().into(),
        unit: answer.unit.map(|unit| unit.as_str().to_owned()),
        status: match price.status {
            PriceStatus::Priced => body::PriceStatus::Priced,
            PriceStatus::Unpriced => body::PriceStatus::Unpriced,
            PriceStatus::Error => body::PriceStatus::Error,
        },
        offer_price: price.unit_price.map(Money::from),
        list_price: answer.list_price.map(Money::from),
        quantity_breaks: price
            .breaks
            .iter()
            .map(|step| body::QuantityBreak {
                min_quantity: step.min_quantity.value().into(),
                unit_price: step.unit_price.into(),
            })
            .collect(),
        code: if price.unit_price.is_none() {
            freshness.reason
        } else {
            None
        },
        freshness,
    }
}
