//! Claims of a token, as the token and API Gateway represent them.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use domain::caller::{Caller, Role};
use domain::ids::{OrganizationId, UserId};
use serde::Deserialize;

/// Claims as they are in the token.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    sub: String,
    #[serde(default)]
    org: String,
    #[serde(default)]
    roles: Vec<String>,
    /// Seconds since the Unix epoch (RFC 7519).
    exp: i64,
    #[serde(default)]
    nbf: Option<i64>,
}

impl Claims {
    /// Returns whether the token is valid at `now`. Clocks may differ by `leeway` seconds.
    pub(super) fn valid_at(&self, now: i64, leeway: i64) -> bool {
        now < self.exp.saturating_add(leeway)
            && self.nbf.is_none_or(|nbf| nbf <= now.saturating_add(leeway))
    }

    pub(super) fn caller(&self) -> Option<Caller> {
        caller(&self.sub, &self.org, self.roles.iter().map(String::as_str))
    }
}

/// Reads the claims from API Gateway, which passes each one as a string, and an array as
/// `[buyer org_admin]`.
pub(super) fn from_gateway(claims: &HashMap<String, String>) -> Option<Caller> {
    let text = |name: &str| claims.get(name).map(String::as_str).unwrap_or_default();
    let roles = text("roles").trim_start_matches('[').trim_end_matches(']');
    caller(
        text("sub"),
        text("org"),
        roles.split([' ', ',']).filter(|role| !role.is_empty()),
    )
}

/// Ignores unknown roles. Returns `None` for a caller who belongs to no organization and is not an
/// operator.
fn caller<'a>(sub: &str, org: &str, roles: impl Iterator<Item = &'a str>) -> Option<Caller> {
    let roles: Vec<Role> = roles.filter_map(Role::parse).collect();
    let organization = if org.is_empty() {
        None
    } else {
        Some(OrganizationId::parse(org).ok()?)
    };
    if organization.is_none() && !roles.contains(&Role::Operator) {
        return None;
    }
    Some(Caller {
        user: UserId::parse(sub).ok()?,
        organization,
        roles,
    })
}
