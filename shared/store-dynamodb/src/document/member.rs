//! The documents of an organization and of a user that register.

use app::ports::StoreError;
use domain::caller::Role;
use domain::ids::{Language, OrganizationId, UserId};
use domain::member::{MemberStatus, Organization, Origin, User};
use domain::money::Currency;
use serde::{Deserialize, Serialize};

use super::refused;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OrganizationDocument {
    id: String,
    name: String,
    parent: Option<String>,
    status: String,
    currency: String,
    tax_id: Option<String>,
    registered: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserDocument {
    id: String,
    organization: String,
    email: String,
    given_name: String,
    family_name: String,
    roles: Vec<String>,
    language: Option<String>,
    status: String,
    registered: bool,
}

fn origin(registered: bool) -> Origin {
    if registered {
        Origin::Registered
    } else {
        Origin::Erp
    }
}

impl From<&Organization> for OrganizationDocument {
    fn from(o: &Organization) -> Self {
        Self {
            id: o.id.to_string(),
            name: o.name.clone(),
            parent: o.parent.as_ref().map(ToString::to_string),
            status: o.status.as_str().to_owned(),
            currency: o.currency.to_string(),
            tax_id: o.tax_id.clone(),
            registered: o.origin == Origin::Registered,
        }
    }
}

impl OrganizationDocument {
    pub(super) fn read(self) -> Result<Organization, StoreError> {
        Ok(Organization {
            id: OrganizationId::parse(&self.id).map_err(refused("organizationId"))?,
            name: self.name,
            parent: self
                .parent
                .as_deref()
                .map(OrganizationId::parse)
                .transpose()
                .map_err(refused("parent"))?,
            status: MemberStatus::parse(&self.status)
                .ok_or(())
                .map_err(refused("status"))?,
            currency: Currency::parse(&self.currency).map_err(refused("currency"))?,
            tax_id: self.tax_id,
            origin: origin(self.registered),
        })
    }
}

impl From<&User> for UserDocument {
    fn from(u: &User) -> Self {
        Self {
            id: u.id.to_string(),
            organization: u.organization.to_string(),
            email: u.email.clone(),
            given_name: u.given_name.clone(),
            family_name: u.family_name.clone(),
            roles: u
                .roles
                .iter()
                .map(|role| role.as_str().to_owned())
                .collect(),
            language: u.language.as_ref().map(ToString::to_string),
            status: u.status.as_str().to_owned(),
            registered: u.origin == Origin::Registered,
        }
    }
}

impl UserDocument {
    pub(super) fn read(self) -> Result<User, StoreError> {
        Ok(User {
            id: UserId::parse(&self.id).map_err(refused("userId"))?,
            organization: OrganizationId::parse(&self.organization)
                .map_err(refused("organizationId"))?,
            email: self.email,
            given_name: self.given_name,
            family_name: self.family_name,
            roles: self
                .roles
                .iter()
                .filter_map(|role| Role::parse(role))
                .collect(),
            language: self
                .language
                .as_deref()
                .map(Language::parse)
                .transpose()
                .map_err(refused("language"))?,
            status: MemberStatus::parse(&self.status)
                .ok_or(())
                .map_err(refused("status"))?,
            origin: origin(self.registered),
        })
    }
}
