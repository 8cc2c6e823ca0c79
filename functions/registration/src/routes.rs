//! The handlers.

use std::sync::Arc;

use app::idempotent::{KeyScope, RepeatableRequest};
use app::profile::{Actor, Profiles};
use app::registration::Registrar;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::ids::{AddressId, RegistrationId};
use lambda_kit::{
    Authenticated, Call, FingerprintedJson, IdempotencyHeader, Json, Member, OptionalCaller,
    Params, Path, Problem, parse_id, recorded,
};
use wire::storefront::members as body;
use wire::storefront::rules::{OrganizationRules, RulesRequest};

use crate::read::{self, InboxParams};
use crate::show;

pub(crate) async fn register_organization(
    State(registrar): State<Arc<Registrar>>,
    call: Call,
    OptionalCaller(caller): OptionalCaller,
    IdempotencyHeader(key): IdempotencyHeader,
    FingerprintedJson { value, fingerprint }: FingerprintedJson<body::OrganizationRequest>,
) -> Result<Response, Problem> {
    let application = read::organization(&value)?;
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

pub(crate) async fn register_user(
    State(registrar): State<Arc<Registrar>>,
    call: Call,
    OptionalCaller(caller): OptionalCaller,
    IdempotencyHeader(key): IdempotencyHeader,
    FingerprintedJson { value, fingerprint }: FingerprintedJson<body::UserRequest>,
) -> Result<Response, Problem> {
    let application = read::user(&value)?;
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

pub(crate) async fn list_registrations(
    State(registrar): State<Arc<Registrar>>,
    Authenticated(caller): Authenticated,
    Params(params): Params<InboxParams>,
) -> Result<Json<body::Registrations>, Problem> {
    let (status, limit, cursor) = params.query()?;
    let page = registrar
        .inbox(&caller, status, limit, cursor.as_ref())
        .await?;
    Ok(Json(body::Registrations {
        registrations: page.items.into_iter().map(show::registration).collect(),
        next_cursor: page.next.map(|next| next.as_str().to_owned()),
    }))
}

pub(crate) async fn decide_registration(
    State(registrar): State<Arc<Registrar>>,
    call: Call,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    Json(request): Json<body::DecisionRequest>,
) -> Result<Json<body::Registration>, Problem> {
    let id = parse_id(&id, RegistrationId::parse)?;
    let decide = read::decision(id, &request)?;
    let decided = registrar
        .decide(&caller, &decide, &call.correlation_id)
        .await?;
    Ok(Json(show::registration(decided)))
}

pub(crate) async fn me(
    State(profiles): State<Arc<Profiles>>,
    member: Member,
) -> Result<Json<body::Me>, Problem> {
    let me = profiles.me(&member.customer).await?;
    Ok(Json(body::Me::new(me.user, me.organization)))
}

pub(crate) async fn change_me(
    State(profiles): State<Arc<Profiles>>,
    member: Member,
    Json(request): Json<body::ProfileRequest>,
) -> Result<Json<body::Me>, Problem> {
    let change = read::profile_change(&request)?;
    let me = profiles.change(&member.customer, &change).await?;
    Ok(Json(body::Me::new(me.user, me.organization)))
}

pub(crate) async fn list_addresses(
    State(profiles): State<Arc<Profiles>>,
    member: Member,
) -> Result<Json<body::Addresses>, Problem> {
    let addresses = profiles.addresses(&member.customer).await?;
    Ok(Json(body::Addresses {
        addresses: addresses.into_iter().map(body::Address::from).collect(),
    }))
}

pub(crate) async fn add_address(
    State(profiles): State<Arc<Profiles>>,
    member: Member,
    Json(request): Json<body::AddressRequest>,
) -> Result<(StatusCode, Json<body::Address>), Problem> {
    let content = read::address_content(&request)?;
    let address = profiles.add_address(actor(&member), content).await?;
    Ok((StatusCode::CREATED, Json(address.into())))
}

pub(crate) async fn change_address(
    State(profiles): State<Arc<Profiles>>,
    member: Member,
    Path(id): Path<String>,
    Json(request): Json<body::AddressRequest>,
) -> Result<Json<body::Address>, Problem> {
    let id = parse_id(&id, AddressId::parse)?;
    let content = read::address_content(&request)?;
    let address = profiles
        .change_address(actor(&member), &id, content)
        .await?;
    Ok(Json(address.into()))
}

pub(crate) async fn remove_address(
    State(profiles): State<Arc<Profiles>>,
    member: Member,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let id = parse_id(&id, AddressId::parse)?;
    profiles.remove_address(actor(&member), &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn organization_rules(
    State(profiles): State<Arc<Profiles>>,
    member: Member,
) -> Result<Json<OrganizationRules>, Problem> {
    let me = profiles.me(&member.customer).await?;
    Ok(Json(OrganizationRules::new(&me.organization, &me.rules)))
}

pub(crate) async fn change_organization_rules(
    State(profiles): State<Arc<Profiles>>,
    member: Member,
    Json(request): Json<RulesRequest>,
) -> Result<Json<OrganizationRules>, Problem> {
    let rules = read::rules(&request)?;
    let me = profiles.change_rules(actor(&member), rules).await?;
    Ok(Json(OrganizationRules::new(&me.organization, &me.rules)))
}

fn actor(member: &Member) -> Actor<'_> {
    Actor {
        customer: &member.customer,
        roles: &member.roles,
    }
}
