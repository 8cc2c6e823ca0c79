//! Answers, as applicants and those who decide see them.

use app::ports::idempotency::StoredResponse;
use axum::http::StatusCode;
use domain::registration::{Applicant, Registration, RegistrationStatus};
use lambda_kit::stored_response;
use wire::storefront::members as body;

/// Returns the response to an applicant: 202 while a decision is pending, 201 otherwise.
pub(crate) fn registered(registration: &Registration) -> StoredResponse {
    let status = match registration.status {
        RegistrationStatus::Pending => StatusCode::ACCEPTED,
        RegistrationStatus::Approved | RegistrationStatus::Rejected => StatusCode::CREATED,
    };
    let user = registration.user();
    let body = body::RegistrationMade {
        registration_id: registration.id.to_string(),
        organization_id: user.organization.to_string(),
        user_id: user.id.to_string(),
        status: user.status.as_str().to_owned(),
    };
    // Four texts always make JSON.
    stored_response(status, serde_json::to_string(&body).unwrap_or_default())
}

/// Returns a registration as the person who decides about it sees it.
pub(crate) fn registration(registration: Registration) -> body::Registration {
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
