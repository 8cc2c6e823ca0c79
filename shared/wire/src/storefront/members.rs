//! Registrations, the own profile, addresses.

use domain::member as model;
use serde::{Deserialize, Serialize};

use crate::value::Instant;

/// A postal address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PostalAddress {
    /// Who receives it.
    pub name: String,
    /// Street and number.
    pub line1: String,
    /// More of the same.
    #[serde(default)]
    pub line2: Option<String>,
    /// Town.
    pub city: String,
    /// State, province or canton.
    #[serde(default)]
    pub region: Option<String>,
    /// Postal code.
    pub postal_code: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
}

impl From<model::PostalAddress> for PostalAddress {
    fn from(address: model::PostalAddress) -> Self {
        let model::PostalAddress {
            name,
            line1,
            line2,
            city,
            region,
            postal_code,
            country,
        } = address;
        Self {
            name,
            line1,
            line2,
            city,
            region,
            postal_code,
            country,
        }
    }
}

/// A person who registers.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Person {
    /// The e-mail address; in lower case it is the user's id.
    pub email: String,
    /// Given name.
    pub given_name: String,
    /// Family name.
    pub family_name: String,
}

impl std::fmt::Debug for Person {
    /// Leaves everything out: it is personal.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Person(…)")
    }
}

/// `POST /organizations`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OrganizationRequest {
    /// The organization's name.
    pub name: String,
    /// Its tax number.
    #[serde(default)]
    pub tax_id: Option<String>,
    /// The currency of its carts; `USD` without it.
    #[serde(default)]
    pub currency: Option<String>,
    /// Where it sits; its first address for invoices and for deliveries.
    pub address: PostalAddress,
    /// Its first user.
    pub administrator: Person,
}

/// `POST /users`
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UserRequest {
    /// The organization, which is there.
    pub organization_id: String,
    /// The e-mail address; in lower case it is the user's id.
    pub email: String,
    /// Given name.
    pub given_name: String,
    /// Family name.
    pub family_name: String,
    /// `buyer`, `approver`; from an administrator also `org_admin`.
    pub roles: Vec<String>,
}

/// The answer to `POST /organizations` and `POST /users`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RegistrationMade {
    /// The registration.
    pub registration_id: String,
    /// The organization that registers, or that the user belongs to.
    pub organization_id: String,
    /// The user's id.
    pub user_id: String,
    /// `pending`, or `active` for a user whom an administrator made.
    pub status: String,
}

/// What is decided about a registration or an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Its members may act; it goes to the ERP.
    Approve,
    /// They may not; it does not.
    Reject,
}

/// `POST /registrations/{id}/decision` and `POST /orders/{id}/approval`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DecisionRequest {
    /// What.
    pub decision: Verdict,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
}

/// A user who registers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RegisteredUser {
    /// The id.
    pub user_id: String,
    /// The e-mail address.
    pub email: String,
    /// Given name.
    pub given_name: String,
    /// Family name.
    pub family_name: String,
    /// What the user may do once approved.
    pub roles: Vec<String>,
}

impl From<model::User> for RegisteredUser {
    fn from(user: model::User) -> Self {
        Self {
            user_id: user.id.to_string(),
            roles: role_names(&user),
            email: user.email,
            given_name: user.given_name,
            family_name: user.family_name,
        }
    }
}

/// An organization that registers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RegisteredOrganization {
    /// The id.
    pub organization_id: String,
    /// The name.
    pub name: String,
    /// The tax number.
    pub tax_id: Option<String>,
    /// The currency of its carts.
    pub currency: String,
    /// Where it sits.
    pub address: Option<PostalAddress>,
}

/// How a registration was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decided {
    /// Why.
    pub reason: Option<String>,
    /// Who decided.
    pub by: String,
    /// When.
    pub at: Instant,
}

/// A registration as those who decide about it see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Registration {
    /// Its identifier.
    pub registration_id: String,
    /// `organization` or `user`.
    pub kind: String,
    /// The organization that registers, or that the user belongs to.
    pub organization_id: String,
    /// `pending`, `approved` or `rejected`.
    pub status: String,
    /// The user id was taken when this was made: it can be rejected, but not approved while
    /// that is so.
    pub user_id_taken: bool,
    /// When it was made.
    pub created_at: Instant,
    /// The organization, if one registers.
    pub organization: Option<RegisteredOrganization>,
    /// The user, or the administrator of the organization.
    pub user: RegisteredUser,
    /// How it was decided; null while it is pending.
    pub decision: Option<Decided>,
}

/// `GET /registrations`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Registrations {
    /// Oldest first.
    pub registrations: Vec<Registration>,
    /// Where the list goes on; null at its end.
    pub next_cursor: Option<String>,
}

/// The organization of a profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MyOrganization {
    /// The id.
    pub organization_id: String,
    /// The name.
    pub name: String,
    /// The currency of its carts.
    pub currency: String,
    /// `pending`, `active`, `inactive` or `rejected`.
    pub status: String,
}

/// `GET /me`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Me {
    /// The id.
    pub user_id: String,
    /// The organization's id.
    pub organization_id: String,
    /// The e-mail address.
    pub email: String,
    /// Given name.
    pub given_name: String,
    /// Family name.
    pub family_name: String,
    /// What the user may do.
    pub roles: Vec<String>,
    /// The language of pages and texts; null = the storefront's own choice.
    pub language: Option<String>,
    /// `pending`, `active`, `inactive` or `rejected`.
    pub status: String,
    /// The organization.
    pub organization: MyOrganization,
}

impl Me {
    /// The profile of a user of an organization.
    #[must_use]
    pub fn new(user: model::User, organization: model::Organization) -> Self {
        Self {
            user_id: user.id.to_string(),
            organization_id: user.organization.to_string(),
            roles: role_names(&user),
            email: user.email,
            given_name: user.given_name,
            family_name: user.family_name,
            language: user.language.map(|language| language.to_string()),
            status: user.status.as_str().to_owned(),
            organization: MyOrganization {
                organization_id: organization.id.to_string(),
                name: organization.name,
                currency: organization.currency.to_string(),
                status: organization.status.as_str().to_owned(),
            },
        }
    }
}

fn role_names(user: &model::User) -> Vec<String> {
    user.roles
        .iter()
        .map(|role| role.as_str().to_owned())
        .collect()
}

/// `PUT /me`
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProfileRequest {
    /// Given name.
    pub given_name: String,
    /// Family name.
    pub family_name: String,
    /// The language of pages and texts; missing or null = the storefront's own choice.
    #[serde(default)]
    pub language: Option<String>,
}

/// `POST /me/addresses`, `PUT /me/addresses/{addressId}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AddressRequest {
    /// `billing` or `shipping`.
    pub kind: String,
    /// Who receives it.
    pub name: String,
    /// Street and number.
    pub line1: String,
    /// More of the same.
    #[serde(default)]
    pub line2: Option<String>,
    /// Town.
    pub city: String,
    /// State, province or canton.
    #[serde(default)]
    pub region: Option<String>,
    /// Postal code.
    pub postal_code: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
}

/// An address of the organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Address {
    /// Its identifier.
    pub address_id: String,
    /// `billing` or `shipping`.
    pub kind: String,
    /// Who receives it.
    pub name: String,
    /// Street and number.
    pub line1: String,
    /// More of the same.
    pub line2: Option<String>,
    /// Town.
    pub city: String,
    /// State, province or canton.
    pub region: Option<String>,
    /// Postal code.
    pub postal_code: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// `registered` = made here and changed here; `erp` = brought by an export file and changed by
    /// the ERP alone.
    pub origin: String,
}

impl From<model::Address> for Address {
    fn from(address: model::Address) -> Self {
        let model::PostalAddress {
            name,
            line1,
            line2,
            city,
            region,
            postal_code,
            country,
        } = address.postal;
        let origin = match address.origin {
            model::Origin::Erp => "erp",
            model::Origin::Registered => "registered",
        };
        Self {
            address_id: address.id.to_string(),
            kind: address.kind.as_str().to_owned(),
            name,
            line1,
            line2,
            city,
            region,
            postal_code,
            country,
            origin: origin.to_owned(),
        }
    }
}

/// `GET /me/addresses`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addresses {
    /// Those that may be used, by id.
    pub addresses: Vec<Address>,
}
