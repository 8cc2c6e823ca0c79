//! Submissions as operators see them.

use std::sync::Arc;

use app::UseCaseError;
use app::ports::Cursor;
use app::submission::SubmissionOperator;
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use domain::ids::{ExternalId, SubmissionId};
use domain::submission::{Resolution, State as Where, Submission, SubmissionKind};
use lambda_kit::{Call, Json, NoBody, Operator, Params, Path, Problem, parse_id};
use serde::Deserialize;
use wire::storefront::operations as body;

use crate::{DEFAULT_LIMIT, MAX_LIMIT, unknown};

/// Longest reason of an operator, in bytes.
const MAX_REASON: usize = 500;

pub(crate) fn router(operate: SubmissionOperator) -> Router {
    Router::new()
        .route("/operations/submissions", get(list))
        .route("/operations/submissions/{id}/retry", post(retry))
        .route("/operations/submissions/{id}/resolve", post(resolve))
        .with_state(Arc::new(operate))
}

#[derive(Debug, Deserialize)]
struct ListParams {
    state: Option<String>,
    limit: Option<usize>,
    cursor: Option<String>,
}

async fn list(
    State(operate): State<Arc<SubmissionOperator>>,
    Operator(operator): Operator,
    Params(params): Params<ListParams>,
) -> Result<Json<body::Submissions>, Problem> {
    let parse =
        |text: &str| Where::parse(text).ok_or_else(|| unknown("/state", "state of submissions"));
    let state = params.state.as_deref().map(parse).transpose()?;
    let limit = params.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT);
    let cursor = params.cursor.map(Cursor::new);
    let page = operate
        .list(&operator, state, cursor.as_ref(), limit)
        .await?;
    Ok(Json(body::Submissions {
        submissions: page.items.iter().map(shown).collect(),
        next_cursor: page.next.map(|next| next.as_str().to_owned()),
    }))
}

async fn retry(
    State(operate): State<Arc<SubmissionOperator>>,
    call: Call,
    Operator(operator): Operator,
    Path(id): Path<String>,
    _: NoBody,
) -> Result<Json<body::Submission>, Problem> {
    let id = parse_id(&id, SubmissionId::parse)?;
    Ok(Json(shown(
        &operate.retry(&operator, &id, &call.correlation_id).await?,
    )))
}

async fn resolve(
    State(operate): State<Arc<SubmissionOperator>>,
    call: Call,
    Operator(operator): Operator,
    Path(id): Path<String>,
    Json(asked): Json<body::Resolve>,
) -> Result<Json<body::Submission>, Problem> {
    let id = parse_id(&id, SubmissionId::parse)?;
    let resolution = resolution(&asked)?;
    Ok(Json(shown(
        &operate
            .resolve(&operator, &id, &resolution, &call.correlation_id)
            .await?,
    )))
}

fn resolution(asked: &body::Resolve) -> Result<Resolution, UseCaseError> {
    if asked.external_id.is_some() && asked.decision != body::ResolveDecision::Confirm {
        return Err(UseCaseError::invalid(
            "/externalId",
            "not_expected",
            "goes with the decision confirm alone",
        ));
    }
    if asked
        .reason
        .as_ref()
        .is_some_and(|reason| reason.len() > MAX_REASON)
    {
        return Err(UseCaseError::invalid(
            "/reason",
            "too_long",
            format!("has more than {MAX_REASON} bytes"),
        ));
    }
    Ok(match asked.decision {
        body::ResolveDecision::Confirm => {
            let id = asked.external_id.as_deref().unwrap_or_default();
            let id = ExternalId::parse(id);
            Resolution::Confirmed(id.map_err(|e| {
                UseCaseError::invalid("/externalId", "invalid_external_id", e.to_string())
            })?)
        }
        body::ResolveDecision::Reject => Resolution::Rejected(asked.reason.clone()),
        body::ResolveDecision::Resend => Resolution::Resend,
    })
}

fn kind(kind: SubmissionKind) -> &'static str {
    match kind {
        SubmissionKind::Order => "order",
        SubmissionKind::Quote => "quote",
        SubmissionKind::Organization => "organization",
        SubmissionKind::User => "user",
    }
}

fn shown(submission: &Submission) -> body::Submission {
    body::Submission {
        submission_id: submission.id().to_string(),
        kind: kind(submission.kind()).to_owned(),
        state: submission.state().as_str().to_owned(),
        reason: submission.reason().map(str::to_owned),
        refusal: submission
            .refusal()
            .and_then(|refusal| refusal.reason.clone()),
        organization_id: submission.organization().to_string(),
        attempt: submission.attempt(),
        sends_without_trace: submission.sends_without_trace(),
        external_id: submission.external_id().map(ToString::to_string),
        created_at: submission.created_at().into(),
        updated_at: submission.updated_at().into(),
        due_at: submission.due_at().map(Into::into),
        correlation_id: submission.correlation_id().to_owned(),
    }
}
