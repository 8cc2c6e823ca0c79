//! `POST /organizations` and `POST /users`. Both are public; a token identifies its caller.

use std::sync::Arc;

use app::UseCaseError;
use app::idempotent::{KeyScope, RepeatableRequest};
use app::ports::idempotency::StoredResponse;
use app::registration::fields::{Fields, MAX_CODE, MAX_NAME, PostalText};
use app::registration::{OrganizationApplication, Person, Registrar, UserApplication};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::ids::OrganizationId;
use domain::registration::{Registration, RegistrationStatus};
use lambda_kit::{
    Call, FingerprintedJson, IdempotencyHeader, OptionalCaller, Problem, parse_id, recorded,
    stored_response,
};
use wire::storefront::members as body;

/// The currency of an organization that names none.
const DEFAULT_CURRENCY: &str = "USD";

pub(crate) async fn organization(
    State(registrar): State<Arc<Registrar>>,
    call: Call,
    OptionalCaller(caller): OptionalCaller,
    IdempotencyHeader(key): IdempotencyHeader,
    FingerprintedJson { value, fingerprint }: FingerprintedJson<body::OrganizationRequest>,
) -> Result<Response, Problem> {
    let application = organization_application(&value)?;
    let request = RepeatableRequest {
        scope: KeyScope::of_caller(caller.as_ref()),
        route: "POST /organizations",
        key,
        fingerprint,
        deadline: call.deadline,
    };
    Ok(recorded(
        registrar
            .register_organization(request, &application)
            .await?,
    ))
}

pub(crate) async fn user(
    State(registrar): State<Arc<Registrar>>,
    call: Call,
    OptionalCaller(caller): OptionalCaller,
    IdempotencyHeader(key): IdempotencyHeader,
    FingerprintedJson { value, fingerprint }: FingerprintedJson<body::UserRequest>,
) -> Result<Response, Problem> {
    let application = user_application(&value)?;
    let request = RepeatableRequest {
        scope: KeyScope::of_caller(caller.as_ref()),
        route: "POST /users",
        key,
        fingerprint,
        deadline: call.deadline,
    };
    let answer = registrar
        .register_user(request, caller.as_ref(), &application, &call.correlation_id)
        .await?;
    Ok(recorded(answer))
}

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

fn organization_application(
    request: &body::OrganizationRequest,
) -> Result<OrganizationApplication, UseCaseError> {
    let mut fields = Fields::new();
    let name = fields.text("/name", &request.name, MAX_NAME);
    let tax_id = fields.optional("/taxId", request.tax_id.as_deref(), MAX_CODE);
    let currency = fields.currency(
        "/currency",
        request.currency.as_deref().unwrap_or(DEFAULT_CURRENCY),
    );
    let address = fields.postal("/address", &postal(&request.address));
    let administrator = person(
        &mut fields,
        "/administrator",
        [
            &request.administrator.email,
            &request.administrator.given_name,
            &request.administrator.family_name,
        ],
    );
    match (name, tax_id, currency, address, administrator) {
        (Some(name), Some(tax_id), Some(currency), Some(address), Some(administrator)) => {
            Ok(OrganizationApplication {
                name,
                tax_id,
                currency,
                address,
                administrator,
            })
        }
        _ => Err(fields.failure()),
    }
}

fn user_application(request: &body::UserRequest) -> Result<UserApplication, UseCaseError> {
    let mut fields = Fields::new();
    let person = person(
        &mut fields,
        "",
        [&request.email, &request.given_name, &request.family_name],
    );
    let roles = fields.roles("/roles", &request.roles);
    match (person, roles) {
        (Some(person), Some(roles)) => {
            let organization = parse_id(&request.organization_id, OrganizationId::parse)?;
            Ok(UserApplication {
                organization,
                person,
                roles,
            })
        }
        _ => Err(fields.failure()),
    }
}

fn person(
    fields: &mut Fields,
    at: &str,
    [email, given_name, family_name]: [&str; 3],
) -> Option<Person> {
    let email = fields.email(&format!("{at}/email"), email);
    let given_name = fields.text(&format!("{at}/givenName"), given_name, MAX_NAME);
    let family_name = fields.text(&format!("{at}/familyName"), family_name, MAX_NAME);
    Some(Person {
        email: email?,
        given_name: given_name?,
        family_name: family_name?,
    })
}

fn postal(address: &body::PostalAddress) -> PostalText<'_> {
    PostalText {
        name: &address.name,
        line1: &address.line1,
        line2: address.line2.as_deref(),
        city: &address.city,
        region: address.region.as_deref(),
        postal_code: &address.postal_code,
        country: &address.country,
    }
}
