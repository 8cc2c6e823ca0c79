//! The handlers.

use std::sync::Arc;

use app::lookup::{AgedAvailability, AnsweredAvailability, AvailabilityQuery};
use axum::extract::State;
use lambda_kit::{Call, Json, Member, Problem};
use wire::storefront::freshness::Freshness;
use wire::storefront::lookups as body;
use wire::value::{Instant, Number};

use crate::read;

pub(crate) async fn availability(
    State(query): State<Arc<AvailabilityQuery>>,
    call: Call,
    member: Member,
    Json(asked): Json<body::AvailabilityQuery>,
) -> Result<Json<body::AvailableItems>, Problem> {
    let items = read::items(&asked)?;
    let locations = read::locations(&asked)?;
    let mode = read::mode(asked.mode);
    let answers = query
        .answer(&call.context(), &member.customer, mode, &items, &locations)
        .await?;
    Ok(Json(body::AvailableItems {
        items: answers.into_iter().map(available).collect(),
    }))
}

fn available(answer: AnsweredAvailability) -> body::AvailableItem {
    let AgedAvailability {
        availability,
        freshness,
    } = answer.answer;
    body::AvailableItem {
        sku: answer.sku.to_string(),
        location: answer.location.map(|location| location.to_string()),
        status: availability.status.into(),
        available_quantity: availability.quantity.map(Number),
        unit: availability.unit.map(|unit| unit.to_string()),
        available_from: availability.available_from.map(Instant::from),
        freshness: Freshness::from(&freshness),
    }
}
