//! The rows of the members' files.

use domain::caller::Role;
use domain::ids::{AddressId, Language, OrganizationId, UserId};
use domain::load::{LoadKind, MemberRecord};
use domain::member::{
    Address, AddressKind, MemberStatus, Organization, Origin, PostalAddress, User,
};
use domain::money::Currency;

use super::header::{Field, optional, required};
use super::kinds::Rows;
use super::row::Row;

const ORGANIZATIONS: &[Field] = &[
    required("organization_id"),
    required("name"),
    optional("parent_id"),
    optional("status"),
    required("currency"),
    optional("tax_id"),
];

const USERS: &[Field] = &[
    required("user_id"),
    required("organization_id"),
    required("email"),
    optional("given_name"),
    optional("family_name"),
    optional("roles"),
    optional("language"),
    optional("status"),
];

const ADDRESSES: &[Field] = &[
    required("address_id"),
    required("organization_id"),
    required("kind"),
    required("name"),
    required("line1"),
    optional("line2"),
    required("city"),
    optional("region"),
    optional("postal_code"),
    required("country"),
    optional("status"),
];

impl Rows for MemberRecord {
    const PREPARED: bool = false;

    fn fields(kind: LoadKind) -> Option<&'static [Field]> {
        match kind {
            LoadKind::Organizations => Some(ORGANIZATIONS),
            LoadKind::Users => Some(USERS),
            LoadKind::Addresses => Some(ADDRESSES),
            LoadKind::Categories
            | LoadKind::Items
            | LoadKind::ItemDescriptions
            | LoadKind::ListPrices => None,
        }
    }

    fn key_fields(_: LoadKind) -> usize {
        1
    }

    fn parse(kind: LoadKind, row: &mut Row<'_>, removes: bool) -> Option<Self> {
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

/// A file knows members that may act and members that may not. What is pending or rejected is
/// decided here.
fn status(row: &mut Row<'_>, field: usize) -> Option<MemberStatus> {
    row.choice(
        field,
        MemberStatus::Active,
        "active, inactive",
        |text| match MemberStatus::parse(text) {
            Some(status @ (MemberStatus::Active | MemberStatus::Inactive)) => Some(status),
            _ => None,
        },
    )
}

fn organization(row: &mut Row<'_>, removes: bool) -> Option<MemberRecord> {
    let id = row.id(0, OrganizationId::parse);
    if removes {
        return Some(MemberRecord::NoOrganization(id?));
    }
    let name = row.words(1);
    let parent = row.optional_id(2, OrganizationId::parse);
    let status = status(row, 3);
    let currency = row.required(4, "currency", |text| {
        Currency::parse(text).map_err(|_| "is no code such as USD")
    });
    let tax_id = row.optional_words(5);
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

/// The roles of members. Operators belong to no organization and come from no file.
fn role(text: &str) -> Result<Role, &'static str> {
    match Role::parse(text) {
        Some(role @ (Role::Buyer | Role::Approver | Role::OrgAdmin)) => Ok(role),
        Some(Role::Operator) | None => Err("is none of buyer, approver, org_admin"),
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
        _ => Err("is no e-mail address"),
    }
}

fn user(row: &mut Row<'_>, removes: bool) -> Option<MemberRecord> {
    let id = row.id(0, UserId::parse);
    if removes {
        return Some(MemberRecord::NoUser(id?));
    }
    let organization = row.id(1, OrganizationId::parse);
    let email = row.required(2, "email", email);
    let given_name = row.optional_words(3).unwrap_or_default();
    let family_name = row.optional_words(4).unwrap_or_default();
    let roles = row.list(5, "role", role);
    let language = row.optional_id(6, Language::parse);
    let status = status(row, 7);
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
        Err("is no code of two capital letters such as US")
    }
}

fn address(row: &mut Row<'_>, removes: bool) -> Option<MemberRecord> {
    let id = row.id(0, AddressId::parse);
    let organization = row.id(1, OrganizationId::parse);
    if removes {
        return Some(MemberRecord::NoAddress(organization?, id?));
    }
    let kind = row.required(2, "choice", |text| {
        AddressKind::parse(text).ok_or("is none of billing, shipping")
    });
    let name = row.words(3);
    let line1 = row.words(4);
    let line2 = row.optional_words(5);
    let city = row.words(6);
    let region = row.optional_words(7);
    let postal_code = row.optional_words(8).unwrap_or_default();
    let country = row.required(9, "country", country);
    let status = status(row, 10);
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
