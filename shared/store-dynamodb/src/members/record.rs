//! Conversion between members and records.

use app::ports::StoreError;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::caller::Role;
use domain::ids::{AddressId, Language, OrganizationId, UserId};
use domain::member::{
    Address, AddressKind, MemberStatus, OrderRules, Organization, Origin, PostalAddress, User,
};
use domain::money::{Currency, Money};

use crate::attribute::{
    Attributes, Record, corrupt, find_decimal, find_parsed, find_text, get_parsed, get_text,
    get_texts, number, text, texts,
};

/// The sort key of an organization, next to the records that belong to it.
pub(crate) const ORGANIZATION: &str = "organization";
/// The sort key of a user.
pub(crate) const USER: &str = "user";
/// The sort key of an organization's rules: a record of their own, so that no file overwrites them.
pub(crate) const RULES: &str = "rules";
/// The prefix of the sort keys of addresses.
pub(crate) const ADDRESSES: &str = "address#";
/// Where a member came from.
pub(crate) const ORIGIN: &str = "origin";
/// The tax number of an organization.
pub(crate) const TAX_ID: &str = "taxId";

pub(crate) fn organization_pk(id: &OrganizationId) -> String {
    format!("organization#{id}")
}

pub(crate) fn user_pk(id: &UserId) -> String {
    format!("user#{id}")
}

pub(crate) fn address_sk(id: &AddressId) -> String {
    format!("{ADDRESSES}{id}")
}

pub(crate) fn origin_text(origin: Origin) -> &'static str {
    match origin {
        Origin::Erp => "erp",
        Origin::Registered => "registered",
    }
}

/// Where the member of a record came from.
pub(crate) fn read_origin(record: &Attributes) -> Result<Origin, StoreError> {
    match get_text(record, ORIGIN)? {
        "erp" => Ok(Origin::Erp),
        "registered" => Ok(Origin::Registered),
        _ => Err(corrupt(ORIGIN)),
    }
}

fn read_status(record: &Attributes) -> Result<MemberStatus, StoreError> {
    get_parsed(record, "status", |text| MemberStatus::parse(text).ok_or(()))
}

/// A text that may be empty, and is not stored then.
fn read_words(record: &Attributes, name: &str) -> Result<String, StoreError> {
    Ok(find_text(record, name)?.unwrap_or_default().to_owned())
}

fn words(value: &str) -> Option<AttributeValue> {
    (!value.is_empty()).then(|| text(value))
}

pub(crate) fn write_organization(organization: &Organization, record: Record) -> Record {
    record
        .with("name", text(&organization.name))
        .with("status", text(organization.status.as_str()))
        .with("currency", text(organization.currency.as_str()))
        .with(ORIGIN, text(origin_text(organization.origin)))
        .with_some(
            "parentId",
            organization.parent.as_ref().map(|id| text(id.as_str())),
        )
        .with_some(TAX_ID, organization.tax_id.as_deref().map(text))
}

pub(crate) fn read_organization(record: &Attributes) -> Result<Organization, StoreError> {
    Ok(Organization {
        id: get_parsed(record, "pk", |pk| {
            OrganizationId::parse(pk.strip_prefix("organization#").unwrap_or_default())
        })?,
        name: get_text(record, "name")?.to_owned(),
        parent: find_parsed(record, "parentId", OrganizationId::parse)?,
        status: read_status(record)?,
        currency: get_parsed(record, "currency", Currency::parse)?,
        tax_id: find_text(record, TAX_ID)?.map(str::to_owned),
        origin: read_origin(record)?,
    })
}

pub(crate) fn write_rules(rules: &OrderRules, record: Record) -> Record {
    record
        .with(
            "numberRequired",
            AttributeValue::Bool(rules.purchase_order_number_required),
        )
        .with_some(
            "approvalAbove",
            rules.approval_above.map(|limit| number(limit.amount())),
        )
        .with_some(
            "currency",
            rules
                .approval_above
                .map(|limit| text(limit.currency().as_str())),
        )
}

pub(crate) fn read_rules(record: &Attributes) -> Result<OrderRules, StoreError> {
    let number_required = record
        .get("numberRequired")
        .and_then(|value| value.as_bool().ok())
        .copied();
    let currency = find_parsed(record, "currency", Currency::parse)?;
    let limit = find_decimal(record, "approvalAbove")?.zip(currency);
    Ok(OrderRules {
        purchase_order_number_required: number_required.ok_or_else(|| corrupt("numberRequired"))?,
        approval_above: limit
            .map(|(amount, currency)| Money::new(amount, currency))
            .transpose()
            .map_err(|_| corrupt("approvalAbove"))?,
    })
}

pub(crate) fn write_user(user: &User, record: Record) -> Record {
    record
        .with("organizationId", text(user.organization.as_str()))
        .with("email", text(&user.email))
        .with("roles", texts(user.roles.iter().map(|role| role.as_str())))
        .with("status", text(user.status.as_str()))
        .with(ORIGIN, text(origin_text(user.origin)))
        .with_some("givenName", words(&user.given_name))
        .with_some("familyName", words(&user.family_name))
        .with_some(
            "language",
            user.language
                .as_ref()
                .map(|language| text(language.as_str())),
        )
}

pub(crate) fn read_user(record: &Attributes) -> Result<User, StoreError> {
    Ok(User {
        id: get_parsed(record, "pk", |pk| {
            UserId::parse(pk.strip_prefix("user#").unwrap_or_default())
        })?,
        organization: get_parsed(record, "organizationId", OrganizationId::parse)?,
        email: get_text(record, "email")?.to_owned(),
        given_name: read_words(record, "givenName")?,
        family_name: read_words(record, "familyName")?,
        roles: get_texts(record, "roles", |text| Role::parse(text).ok_or(()))?,
        language: find_parsed(record, "language", Language::parse)?,
        status: read_status(record)?,
        origin: read_origin(record)?,
    })
}

pub(crate) fn write_address(address: &Address, record: Record) -> Record {
    let postal = &address.postal;
    record
        .with("kind", text(address.kind.as_str()))
        .with("name", text(&postal.name))
        .with("line1", text(&postal.line1))
        .with("city", text(&postal.city))
        .with("country", text(&postal.country))
        .with("status", text(address.status.as_str()))
        .with(ORIGIN, text(origin_text(address.origin)))
        .with_some("line2", postal.line2.as_deref().map(text))
        .with_some("region", postal.region.as_deref().map(text))
        .with_some("postalCode", words(&postal.postal_code))
}

pub(crate) fn read_address(record: &Attributes) -> Result<Address, StoreError> {
    Ok(Address {
        id: get_parsed(record, "sk", |sk| {
            AddressId::parse(sk.strip_prefix(ADDRESSES).unwrap_or_default())
        })?,
        organization: get_parsed(record, "pk", |pk| {
            OrganizationId::parse(pk.strip_prefix("organization#").unwrap_or_default())
        })?,
        kind: get_parsed(record, "kind", |text| AddressKind::parse(text).ok_or(()))?,
        postal: PostalAddress {
            name: read_words(record, "name")?,
            line1: read_words(record, "line1")?,
            line2: find_text(record, "line2")?.map(str::to_owned),
            city: read_words(record, "city")?,
            region: find_text(record, "region")?.map(str::to_owned),
            postal_code: read_words(record, "postalCode")?,
            country: get_text(record, "country")?.to_owned(),
        },
        status: read_status(record)?,
        origin: read_origin(record)?,
    })
}
