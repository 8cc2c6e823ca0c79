//! What callers ask for, as values of the domain.

use app::UseCaseError;
use app::ports::Cursor;
use app::ports::registrations::ProfileChange;
use app::profile::AddressContent;
use app::registration::fields::{Fields, MAX_CODE, MAX_NAME, MAX_REASON, PostalText};
use app::registration::{Decide, OrganizationApplication, Person, UserApplication};
use domain::ids::{OrganizationId, RegistrationId};
use domain::member::OrderRules;
use domain::money::Money;
use domain::registration::RegistrationStatus;
use lambda_kit::parse_id;
use serde::Deserialize;
use wire::storefront::members as body;
use wire::storefront::rules::RulesRequest;

/// The currency of an organization that names none.
const DEFAULT_CURRENCY: &str = "USD";
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

impl InboxParams {
    /// Which registrations, how many, and from where.
    pub(crate) fn query(self) -> Result<(RegistrationStatus, usize, Option<Cursor>), UseCaseError> {
        // The list is an inbox: without a status it shows the pending ones.
        let status = match self.status.as_deref() {
            None => RegistrationStatus::Pending,
            Some(text) => RegistrationStatus::parse(text).ok_or_else(|| {
                UseCaseError::invalid(
                    "",
                    "invalid_query",
                    "status must be one of pending, approved, rejected",
                )
            })?,
        };
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT);
        Ok((status, limit, self.cursor.map(Cursor::new)))
    }
}

pub(crate) fn organization(
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

pub(crate) fn user(request: &body::UserRequest) -> Result<UserApplication, UseCaseError> {
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

pub(crate) fn decision(
    id: RegistrationId,
    request: &body::DecisionRequest,
) -> Result<Decide, UseCaseError> {
    let mut fields = Fields::new();
    let Some(reason) = fields.optional("/reason", request.reason.as_deref(), MAX_REASON) else {
        return Err(fields.failure());
    };
    Ok(Decide {
        id,
        approve: request.decision == body::Verdict::Approve,
        reason,
    })
}

pub(crate) fn profile_change(
    request: &body::ProfileRequest,
) -> Result<ProfileChange, UseCaseError> {
    let mut fields = Fields::new();
    let given_name = fields.text("/givenName", &request.given_name, MAX_NAME);
    // Export files bring users without one, and what `GET /me` answers must be good enough for `PUT
    // /me`.
    let family_name = fields.optional("/familyName", Some(&request.family_name), MAX_NAME);
    let language = fields.language("/language", request.language.as_deref());
    match (given_name, family_name, language) {
        (Some(given_name), Some(family_name), Some(language)) => Ok(ProfileChange {
            given_name,
            family_name: family_name.unwrap_or_default(),
            language,
        }),
        _ => Err(fields.failure()),
    }
}

pub(crate) fn address_content(
    request: &body::AddressRequest,
) -> Result<AddressContent, UseCaseError> {
    let mut fields = Fields::new();
    let kind = fields.address_kind("/kind", &request.kind);
    let text = PostalText {
        name: &request.name,
        line1: &request.line1,
        line2: request.line2.as_deref(),
        city: &request.city,
        region: request.region.as_deref(),
        postal_code: &request.postal_code,
        country: &request.country,
    };
    match (kind, fields.postal("", &text)) {
        (Some(kind), Some(postal)) => Ok(AddressContent { kind, postal }),
        _ => Err(fields.failure()),
    }
}

pub(crate) fn rules(request: &RulesRequest) -> Result<OrderRules, UseCaseError> {
    let limit = request
        .approval_above
        .as_ref()
        .map(Money::try_from)
        .transpose();
    let approval_above = limit.map_err(|error| {
        UseCaseError::invalid("/approvalAbove", "invalid_money", error.to_string())
    })?;
    Ok(OrderRules {
        purchase_order_number_required: request.purchase_order_number_required,
        approval_above,
    })
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
