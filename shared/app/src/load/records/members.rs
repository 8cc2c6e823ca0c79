//! The records of the members' files.

use domain::caller::Role;
use domain::ids::{AddressId, Language, OrganizationId, UserId};
use domain::load::{LoadKind, MemberRecord};
use domain::member::{
    Address, AddressKind, MemberStatus, Organization, Origin, PostalAddress, User,
};

use super::RecordFamily;
use crate::load::columns::{self, ADDRESSES, Field, ORGANIZATIONS, USERS};
use crate::load::row_cursor::RowCursor;

impl RecordFamily for MemberRecord {
    const LAYOUT: u8 = Self::LAYOUT;

    fn fields(kind: LoadKind) -> Option<&'static [Field]> {
        match kind {
            LoadKind::Organizations => Some(columns::Organizations::FIELDS),
            LoadKind::Users => Some(columns::Users::FIELDS),
            LoadKind::Addresses => Some(columns::Addresses::FIELDS),
            LoadKind::Categories
            | LoadKind::Items
            | LoadKind::ItemDescriptions
            | LoadKind::ListPrices => None,
        }
    }

    fn parse(kind: LoadKind, row: &mut RowCursor<'_>, removes: bool) -> Option<Self> {
        match kind {
            LoadKind::Organizations => organization(row, removes),
            LoadKind::Users => user(row, removes),
            LoadKind::Addresses => address(row, removes),
            LoadKind::Categories
            | LoadKind::Items
            | LoadKind::ItemDescriptions
            | LoadKind::ListPrices => None,
        }
    }
}

/// A file has members that may act and members that may not. Registration alone decides who is
/// pending or rejected.
fn status(text: &str) -> Option<MemberStatus> {
    match MemberStatus::parse(text) {
        Some(status @ (MemberStatus::Active | MemberStatus::Inactive)) => Some(status),
        _ => None,
    }
}

fn organization(row: &mut RowCursor<'_>, removes: bool) -> Option<MemberRecord> {
    let id = row.id(ORGANIZATIONS.organization_id, OrganizationId::parse);
    if removes {
        return Some(MemberRecord::NoOrganization(id?));
    }
    let name = row.text(ORGANIZATIONS.name);
    let parent = row.optional_id(ORGANIZATIONS.parent_id, OrganizationId::parse);
    let status = row.choice(ORGANIZATIONS.status, status);
    let currency = row.currency(ORGANIZATIONS.currency);
    let tax_id = row.optional_text(ORGANIZATIONS.tax_id);
    Some(MemberRecord::Organization(Organization {
        id: id?,
        name: name?,
        parent,
        status: status?,
        currency: currency?,
        tax_id,
        origin: Origin::Erp,
    }))
}

/// The roles of members. Operators do not belong to an organization, and no file makes them.
fn role(text: &str) -> Result<Role, &'static str> {
    match Role::parse(text) {
        Some(role @ (Role::Buyer | Role::Approver | Role::OrgAdmin)) => Ok(role),
        Some(Role::Operator) | None => Err("must be one of buyer, approver, org_admin"),
    }
}

fn email(text: &str) -> Result<String, &'static str> {
    let plain = !text.chars().any(|c| c.is_control() || c.is_whitespace());
    match text.rsplit_once('@') {
        Some((name, host))
            if plain && text.len() <= 254 && !name.is_empty() && !host.is_empty() =>
        {
            Ok(text.to_owned())
        }
        _ => Err("is not an e-mail address (example: buyer@example.com)"),
    }
}

fn user(row: &mut RowCursor<'_>, removes: bool) -> Option<MemberRecord> {
    let id = row.id(USERS.user_id, UserId::parse);
    if removes {
        return Some(MemberRecord::NoUser(id?));
    }
    let organization = row.id(USERS.organization_id, OrganizationId::parse);
    let email = row.parse(USERS.email, "email", email);
    let given_name = row.optional_text(USERS.given_name).unwrap_or_default();
    let family_name = row.optional_text(USERS.family_name).unwrap_or_default();
    let roles = row.list(USERS.roles, "role", role);
    let language = row.parse_optional(USERS.language, "identifier", Language::parse);
    let status = row.choice(USERS.status, status);
    Some(MemberRecord::User(User {
        id: id?,
        organization: organization?,
        email: email?,
        given_name,
        family_name,
        roles: roles?,
        language,
        status: status?,
        origin: Origin::Erp,
    }))
}

fn country(text: &str) -> Result<String, &'static str> {
    let code = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    if code {
        Ok(text.to_owned())
    } else {
        Err("is not a country code of two capital letters (example: US)")
    }
}

fn address(row: &mut RowCursor<'_>, removes: bool) -> Option<MemberRecord> {
    let id = row.id(ADDRESSES.address_id, AddressId::parse);
    let organization = row.id(ADDRESSES.organization_id, OrganizationId::parse);
    if removes {
        return Some(MemberRecord::NoAddress(organization?, id?));
    }
    let kind = row.choice(ADDRESSES.kind, AddressKind::parse);
    let name = row.text(ADDRESSES.name);
    let line1 = row.text(ADDRESSES.line1);
    let line2 = row.optional_text(ADDRESSES.line2);
    let city = row.text(ADDRESSES.city);
    let region = row.optional_text(ADDRESSES.region);
    let postal_code = row.optional_text(ADDRESSES.postal_code).unwrap_or_default();
    let country = row.parse(ADDRESSES.country, "country", country);
    let status = row.choice(ADDRESSES.status, status);
    Some(MemberRecord::Address(Address {
        id: id?,
        organization: organization?,
        kind: kind?,
        postal: PostalAddress {
            name: name?,
            line1: line1?,
            line2,
            city: city?,
            region,
            postal_code,
            country: country?,
        },
        status: status?,
        origin: Origin::Erp,
    }))
}
