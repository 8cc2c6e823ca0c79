//! The handlers.

use std::sync::Arc;

use app::dead_letters::DeadLetters;
use app::health::HealthCheck;
use app::load::LoadOperator;
use app::lookup::Invalidate;
use app::submission::SubmissionOperator;
use axum::extract::State;
use axum::http::StatusCode;
use domain::ids::{LoadId, SubmissionId};
use lambda_kit::{Call, EmptyBody, Json, Operator, Params, Path, Problem, parse_id};
use wire::storefront::{loads, lookups, operations as body};

use crate::read::{self, ListParams};
use crate::show;

pub(crate) async fn health(
    State(health): State<Arc<HealthCheck>>,
    call: Call,
    Operator(operator): Operator,
) -> Result<Json<body::Health>, Problem> {
    let health = health.look(&operator, &call.context()).await?;
    Ok(Json(show::health(&health)))
}

pub(crate) async fn list_submissions(
    State(submissions): State<Arc<SubmissionOperator>>,
    Operator(operator): Operator,
    Params(params): Params<ListParams>,
) -> Result<Json<body::Submissions>, Problem> {
    let state = params.submission_state()?;
    let (limit, cursor) = params.page();
    let page = submissions
        .list(&operator, state, cursor.as_ref(), limit)
        .await?;
    Ok(Json(body::Submissions {
        submissions: page.items.iter().map(show::submission).collect(),
        next_cursor: page.next.map(|next| next.as_str().to_owned()),
    }))
}

pub(crate) async fn retry_submission(
    State(submissions): State<Arc<SubmissionOperator>>,
    call: Call,
    Operator(operator): Operator,
    Path(id): Path<String>,
    _: EmptyBody,
) -> Result<Json<body::Submission>, Problem> {
    let id = parse_id(&id, SubmissionId::parse)?;
    let submission = submissions
        .retry(&operator, &id, &call.correlation_id)
        .await?;
    Ok(Json(show::submission(&submission)))
}

pub(crate) async fn resolve_submission(
    State(submissions): State<Arc<SubmissionOperator>>,
    call: Call,
    Operator(operator): Operator,
    Path(id): Path<String>,
    Json(asked): Json<body::Resolve>,
) -> Result<Json<body::Submission>, Problem> {
    let id = parse_id(&id, SubmissionId::parse)?;
    let resolution = read::resolution(&asked)?;
    let submission = submissions
        .resolve(&operator, &id, &resolution, &call.correlation_id)
        .await?;
    Ok(Json(show::submission(&submission)))
}

pub(crate) async fn list_dead_letters(
    State(dead_letters): State<Arc<DeadLetters>>,
    Operator(operator): Operator,
) -> Result<Json<body::DeadLetters>, Problem> {
    let explained = dead_letters.list(&operator).await?;
    let letters = explained.iter();
    Ok(Json(body::DeadLetters {
        dead_letters: letters.map(|it| show::dead_letter(it, None)).collect(),
    }))
}

pub(crate) async fn redrive_dead_letters(
    State(dead_letters): State<Arc<DeadLetters>>,
    Operator(operator): Operator,
    Json(asked): Json<body::Redrive>,
) -> Result<Json<body::DeadLetters>, Problem> {
    let redrive = read::redrive(asked);
    let moved = dead_letters.redrive(&operator, &redrive).await?;
    Ok(Json(body::DeadLetters {
        dead_letters: moved
            .iter()
            .map(|moved| show::dead_letter(&moved.explained, Some(moved.done)))
            .collect(),
    }))
}

pub(crate) async fn list_loads(
    State(operations): State<Arc<LoadOperator>>,
    Operator(operator): Operator,
    Params(params): Params<ListParams>,
) -> Result<Json<loads::Loads>, Problem> {
    let filter = params.load_filter()?;
    let (limit, cursor) = params.page();
    let page = operations
        .list(&operator, filter, limit, cursor.as_ref())
        .await?;
    Ok(Json(loads::Loads {
        loads: page.items.iter().map(loads::Load::from).collect(),
        next_cursor: page.next.map(|next| next.as_str().to_owned()),
    }))
}

pub(crate) async fn get_load(
    State(operations): State<Arc<LoadOperator>>,
    Operator(operator): Operator,
    Path(load_id): Path<String>,
) -> Result<Json<loads::Load>, Problem> {
    let load_id = parse_id(&load_id, LoadId::parse)?;
    let load = operations.get(&operator, &load_id).await?;
    Ok(Json(loads::Load::from(&load)))
}

pub(crate) async fn release_load(
    State(operations): State<Arc<LoadOperator>>,
    Operator(operator): Operator,
    Path(load_id): Path<String>,
) -> Result<Json<loads::Load>, Problem> {
    let load_id = parse_id(&load_id, LoadId::parse)?;
    let load = operations.release(&operator, &load_id).await?;
    Ok(Json(loads::Load::from(&load)))
}

pub(crate) async fn rollback_load(
    State(operations): State<Arc<LoadOperator>>,
    Operator(operator): Operator,
    Path(load_id): Path<String>,
) -> Result<Json<loads::Load>, Problem> {
    let load_id = parse_id(&load_id, LoadId::parse)?;
    let load = operations.roll_back(&operator, &load_id).await?;
    Ok(Json(loads::Load::from(&load)))
}

pub(crate) async fn invalidate_caches(
    State(invalidate): State<Arc<Invalidate>>,
    Operator(operator): Operator,
    Json(asked): Json<lookups::Invalidation>,
) -> Result<StatusCode, Problem> {
    let what = read::invalidation(&asked)?;
    invalidate.run(&operator, &what).await?;
    Ok(StatusCode::NO_CONTENT)
}
