//! `/me`, `/me/organization` and `/me/addresses`.

use std::sync::Arc;

use app::UseCaseError;
use app::ports::registrations::ProfileChange;
use app::profile::{Actor, AddressContent, Profiles};
use app::registration::fields::{Fields, MAX_NAME, PostalText};
use axum::extract::State;
use axum::http::StatusCode;
use domain::ids::AddressId;
use domain::member::OrderRules;
use domain::money::Money;
use lambda_kit::{Json, Member, Path, Problem, parse_id};
use wire::storefront::members as body;
use wire::storefront::rules::{OrganizationRules, RulesRequest};

type Shared = State<Arc<Profiles>>;

pub(crate) async fn read(
    State(profiles): Shared,
    member: Member,
) -> Result<Json<body::Me>, Problem> {
    let me = profiles.me(&member.customer).await?;
    Ok(Json(body::Me::new(me.user, me.organization)))
}

pub(crate) async fn change(
    State(profiles): Shared,
    member: Member,
    Json(request): Json<body::ProfileRequest>,
) -> Result<Json<body::Me>, Problem> {
    let change = profile_change(&request)?;
    let me = profiles.change(&member.customer, &change).await?;
    Ok(Json(body::Me::new(me.user, me.organization)))
}

pub(crate) async fn addresses(
    State(profiles): Shared,
    member: Member,
) -> Result<Json<body::Addresses>, Problem> {
    let addresses = profiles.addresses(&member.customer).await?;
    Ok(Json(body::Addresses {
        addresses: addresses.into_iter().map(body::Address::from).collect(),
    }))
}

pub(crate) async fn add_address(
    State(profiles): Shared,
    member: Member,
    Json(request): Json<body::AddressRequest>,
) -> Result<(StatusCode, Json<body::Address>), Problem> {
    let content = address_content(&request)?;
    let address = profiles.add_address(actor(&member), content).await?;
    Ok((StatusCode::CREATED, Json(address.into())))
}

pub(crate) async fn change_address(
    State(profiles): Shared,
    member: Member,
    Path(id): Path<String>,
    Json(request): Json<body::AddressRequest>,
) -> Result<Json<body::Address>, Problem> {
    let id = parse_id(&id, AddressId::parse)?;
    let content = address_content(&request)?;
    let address = profiles
        .change_address(actor(&member), &id, content)
        .await?;
    Ok(Json(address.into()))
}

pub(crate) async fn remove_address(
    State(profiles): Shared,
    member: Member,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let id = parse_id(&id, AddressId::parse)?;
    profiles.remove_address(actor(&member), &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn rules(
    State(profiles): Shared,
    member: Member,
) -> Result<Json<OrganizationRules>, Problem> {
    let me = profiles.me(&member.customer).await?;
    Ok(Json(OrganizationRules::new(&me.organization, &me.rules)))
}

pub(crate) async fn change_rules(
    State(profiles): Shared,
    member: Member,
    Json(request): Json<RulesRequest>,
) -> Result<Json<OrganizationRules>, Problem> {
    let limit = request
        .approval_above
        .as_ref()
        .map(Money::try_from)
        .transpose();
    let limit = limit.map_err(|error| {
        UseCaseError::invalid("/approvalAbove", "invalid_money", error.to_string())
    })?;
    let rules = OrderRules {
        purchase_order_number_required: request.purchase_order_number_required,
        approval_above: limit,
    };
    let me = profiles.change_rules(actor(&member), rules).await?;
    Ok(Json(OrganizationRules::new(&me.organization, &me.rules)))
}

fn actor(member: &Member) -> Actor<'_> {
    Actor {
        customer: &member.customer,
        roles: &member.roles,
    }
}

fn profile_change(request: &body::ProfileRequest) -> Result<ProfileChange, UseCaseError> {
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

fn address_content(request: &body::AddressRequest) -> Result<AddressContent, UseCaseError> {
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
