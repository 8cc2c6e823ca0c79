//! `GET /registrations` and `POST /registrations/{id}/decision`.

use std::sync::Arc;

use app::UseCaseError;
use app::ports::Cursor;
use app::registration::fields::{Fields, MAX_REASON};
use app::registration::{Decide, Registrar};
use axum::extract::State;
use domain::ids::RegistrationId;
use domain::registration::{Applicant, Registration, RegistrationStatus};
use lambda_kit::{Authenticated, Call, Json, Params, Path, Problem, parse_id};
use serde::Deserialize;
use wire::storefront::members as body;

/// Registrations of a page, unless the caller says otherwise.
const DEFAULT_LIMIT: usize = 20;
/// Most registrations of a page.
const MAX_LIMIT: usize = 100;

#[derive(Debug, Deserialize)]
pub(crate) struct InboxParams {
    status: Option<String>,
    limit: Option<usize>,
    cursor: Option<String>,
}

pub(crate) async fn inbox(
    State(registrar): State<Arc<Registrar>>,
    Authenticated(caller): Authenticated,
    Params(params): Params<InboxParams>,
) -> Result<Json<body::Registrations>, Problem> {
    // The list is an inbox: without a status it shows the pending ones.
    let status = match params.status.as_deref() {
        None => RegistrationStatus::Pending,
        Some(text) => RegistrationStatus::parse(text).ok_or_else(|| {
            UseCaseError::invalid(
                "",
                "invalid_query",
                "status must be one of pending, approved, rejected",
            )
        })?,
    };
    let limit = params.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT);
    let cursor = params.cursor.map(Cursor::new);
    let page = registrar
        .inbox(&caller, status, limit, cursor.as_ref())
        .await?;
    Ok(Json(body::Registrations {
        registrations: page.items.into_iter().map(shown).collect(),
        next_cursor: page.next.map(|next| next.as_str().to_owned()),
    }))
}

pub(crate) async fn decide(
    State(registrar): State<Arc<Registrar>>,
    call: Call,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    Json(request): Json<body::DecisionRequest>,
) -> Result<Json<body::Registration>, Problem> {
    let id = parse_id(&id, RegistrationId::parse)?;
    let mut fields = Fields::new();
    let Some(reason) = fields.optional("/reason", request.reason.as_deref(), MAX_REASON) else {
        return Err(fields.failure().into());
    };
    let decide = Decide {
        id,
        approve: request.decision == body::Verdict::Approve,
        reason,
    };
    let decided = registrar
        .decide(&caller, &decide, &call.correlation_id)
        .await?;
    Ok(Json(shown(decided)))
}

/// Returns a registration as the person who decides about it sees it.
fn shown(registration: Registration) -> body::Registration {
    let organization_id = registration.organization().to_string();
    let (kind, organization, user) = match registration.applicant {
        Applicant::User(user) => ("user", None, *user),
        Applicant::Organization(new) => {
            let organization = body::RegisteredOrganization {
                organization_id: new.organization.id.to_string(),
                name: new.organization.name,
                tax_id: new.organization.tax_id,
                currency: new.organization.currency.to_string(),
                address: new
                    .addresses
                    .into_iter()
                    .next()
                    .map(|address| address.postal.into()),
            };
            ("organization", Some(organization), new.administrator)
        }
    };
    body::Registration {
        registration_id: registration.id.to_string(),
        kind: kind.to_owned(),
        organization_id,
        status: registration.status.as_str().to_owned(),
        user_id_taken: registration.taken,
        created_at: registration.created_at.into(),
        organization,
        user: user.into(),
        decision: registration.decision.map(|decision| body::Decided {
            reason: decision.reason,
            by: decision.by.to_string(),
            at: decision.at.into(),
        }),
    }
}
