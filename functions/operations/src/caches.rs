//! The cache of prices and availabilities, as far as operators have a hand in it.

use std::sync::Arc;

use app::UseCaseError;
use app::lookup::Invalidate;
use app::ports::lookups::Invalidation;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use domain::ids::{OrganizationId, Sku};
use lambda_kit::{Json, Operator, Problem};
use wire::storefront::lookups as body;

pub(crate) fn router(invalidate: Invalidate) -> Router {
    Router::new()
        .route("/operations/caches/invalidate", post(run))
        .with_state(Arc::new(invalidate))
}

async fn run(
    State(invalidate): State<Arc<Invalidate>>,
    Operator(operator): Operator,
    Json(asked): Json<body::Invalidation>,
) -> Result<StatusCode, Problem> {
    invalidate.run(&operator, &what(&asked)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Exactly one of the three.
fn what(asked: &body::Invalidation) -> Result<Invalidation, UseCaseError> {
    let one = || {
        UseCaseError::invalid(
            "",
            "invalid_invalidation",
            "name either skus, or an organizationId, or all: true",
        )
    };
    match (&asked.skus, &asked.organization_id, asked.all) {
        (Some(skus), None, false) if !skus.is_empty() => {
            let parse = |(at, sku): (usize, &String)| {
                Sku::parse(sku).map_err(|e| {
                    UseCaseError::invalid(format!("/skus/{at}"), "invalid_sku", e.to_string())
                })
            };
            Ok(Invalidation::Skus(
                skus.iter()
                    .enumerate()
                    .map(parse)
                    .collect::<Result<_, _>>()?,
            ))
        }
        (None, Some(id), false) => OrganizationId::parse(id)
            .map(Invalidation::Organization)
            .map_err(|e| {
                UseCaseError::invalid("/organizationId", "invalid_organization", e.to_string())
            }),
        (None, None, true) => Ok(Invalidation::All),
        _ => Err(one()),
    }
}
