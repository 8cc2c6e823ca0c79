//! Registrations as records and back. The members in it are the very records that it makes.

use app::ports::StoreError;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::ids::{RegistrationId, UserId};
use domain::registration::{
    Applicant, Decision, Inbox, NewOrganization, Registration, RegistrationStatus,
};

use crate::attribute::{
    Attributes, Record, corrupt, find_instant, find_map, find_text, get_instant, get_list,
    get_parsed, get_text, instant, text,
};
use crate::members::record::{
    ORGANIZATION, USER, address_sk, organization_pk, read_address, read_organization, read_user,
    user_pk, write_address, write_organization, write_user,
};

/// The sort key of a registration, and the attribute by which a member names the registration that
/// made it.
pub(super) const REGISTRATION: &str = "registration";
/// The index of registrations by where they wait.
pub(super) const BY_INBOX: &str = "by-inbox";

const PREFIX: &str = "registration#";
const ADDRESSES: &str = "addresses";

pub(super) fn registration_pk(id: &RegistrationId) -> String {
    format!("{PREFIX}{id}")
}

/// The id in a primary key.
pub(super) fn id_of(pk: &str) -> &str {
    pk.strip_prefix(PREFIX).unwrap_or_default()
}

/// An inbox with a status, as the index has them. No id holds a slash.
pub(super) fn inbox_text(inbox: &Inbox, status: RegistrationStatus) -> String {
    match inbox {
        Inbox::Organizations => format!("organizations/{}", status.as_str()),
        Inbox::Users(organization) => format!("users/{organization}/{}", status.as_str()),
    }
}

pub(super) fn write_registration(registration: &Registration) -> Record {
    let user = registration.user();
    let user = write_user(user, Record::keyed(user_pk(&user.id), USER));
    let record = Record::keyed(registration_pk(&registration.id), REGISTRATION)
        .with(
            "inbox",
            text(inbox_text(&registration.inbox(), registration.status)),
        )
        .with("createdAt", instant(registration.created_at))
        .with("status", text(registration.status.as_str()))
        .with("taken", AttributeValue::Bool(registration.taken))
        .with(USER, AttributeValue::M(user.into_attributes()));
    let record = match &registration.applicant {
        Applicant::User(_) => record,
        Applicant::Organization(new) => {
            let key = Record::keyed(organization_pk(&new.organization.id), ORGANIZATION);
            let addresses = new.addresses.iter().map(|address| {
                let key = Record::keyed(
                    organization_pk(&address.organization),
                    address_sk(&address.id),
                );
                AttributeValue::M(write_address(address, key).into_attributes())
            });
            record
                .with(
                    ORGANIZATION,
                    AttributeValue::M(write_organization(&new.organization, key).into_attributes()),
                )
                .with(ADDRESSES, AttributeValue::L(addresses.collect()))
        }
    };
    match &registration.decision {
        None => record,
        Some(decision) => record
            .with("decidedBy", text(decision.by.as_str()))
            .with("decidedAt", instant(decision.at))
            .with_some("reason", decision.reason.as_deref().map(text)),
    }
}

pub(super) fn read_registration(record: &Attributes) -> Result<Registration, StoreError> {
    let user = read_user(find_map(record, USER)?.ok_or_else(|| corrupt(USER))?)?;
    let applicant = match find_map(record, ORGANIZATION)? {
        None => Applicant::User(Box::new(user)),
        Some(organization) => {
            let address = |value: &AttributeValue| match value {
                AttributeValue::M(address) => read_address(address),
                _ => Err(corrupt(ADDRESSES)),
            };
            Applicant::Organization(Box::new(NewOrganization {
                organization: read_organization(organization)?,
                addresses: get_list(record, ADDRESSES)?
                    .iter()
                    .map(address)
                    .collect::<Result<_, _>>()?,
                administrator: user,
            }))
        }
    };
    let decision = match find_instant(record, "decidedAt")? {
        None => None,
        Some(at) => Some(Decision {
            reason: find_text(record, "reason")?.map(str::to_owned),
            by: get_parsed(record, "decidedBy", UserId::parse)?,
            at,
        }),
    };
    Ok(Registration {
        id: RegistrationId::parse(id_of(get_text(record, "pk")?)).map_err(|_| corrupt("pk"))?,
        applicant,
        status: get_parsed(record, "status", |text| {
            RegistrationStatus::parse(text).ok_or(())
        })?,
        taken: matches!(record.get("taken"), Some(AttributeValue::Bool(true))),
        created_at: get_instant(record, "createdAt")?,
        decision,
    })
}
