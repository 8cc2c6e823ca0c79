//! Claims of a token, as the two sources spell them.

use std::collections::HashMap;

use domain::caller::{Caller, Role};
use domain::ids::{OrganizationId, UserId};
use serde::Deserialize;

/// Claims as they stand in the token.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    sub: String,
    #[serde(default)]
    org: String,
    #[serde(default)]
    roles: Vec<String>,
    /// Seconds since the Unix epoch, as RFC 7519 has them.
    exp: i64,
    #[serde(default)]
    nbf: Option<i64>,
}

impl Claims {
    /// Whether the token is neither over nor yet to come, give or take `leeway` seconds.
    pub(super) fn valid_at(&self, now: i64, leeway: i64) -> bool {
        now < self.exp.saturating_add(leeway) && self.nbf.is_none_or(|nbf| nbf <= now.saturating_add(leeway))
    }

    pub(super) fn caller(&self) -> Option<Caller> {
        caller(&self.sub, &self.org, self.roles.iter().map(String::as_str))
    }
}

/// Claims as API Gateway hands them over: every one a text, an array as `[buyer org_admin]`.
pub(super) fn from_gateway(claims: &HashMap<String, String>) -> Option<Caller> {
    let text = |name: &str| claims.get(name).map(String::as_str).unwrap_or_default();
    let roles = text("roles").trim_start_matches('[').trim_end_matches(']');
    caller(text("sub"), text("org"), roles.split([' ', ',']).filter(|role| !role.is_empty()))
}

/// Unknown roles count for nothing. A caller who belongs to no organization must at least be an operator.
fn caller<'a>(sub: &str, org: &str, roles: impl Iterator<Item = &'a str>) -> Option<Caller> {
    let roles: Vec<Role> = roles.filter_map(Role::parse).collect();
    let organization = if org.is_empty() { None } else { Some(OrganizationId::parse(org).ok()?) };
    if organization.is_none() && !roles.contains(&Role::Operator) {
        return None;
    }
    Some(Caller { user: UserId::parse(sub).ok()?, organization, roles })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(exp: i64, nbf: Option<i64>) -> Claims {
        Claims { sub: "u".to_owned(), org: "o".to_owned(), roles: Vec::new(), exp, nbf }
    }

    #[test]
    fn a_token_is_valid_between_its_instants_give_or_take_the_leeway() {
        assert!(claims(100, None).valid_at(129, 30));
        assert!(!claims(100, None).valid_at(130, 30));
        assert!(claims(1_000, Some(100)).valid_at(70, 30));
        assert!(!claims(1_000, Some(100)).valid_at(69, 30));
    }

    #[test]
    fn a_caller_without_an_organization_is_at_least_an_operator() {
        assert!(caller("u", "", ["buyer"].into_iter()).is_none());
        assert!(caller("u", "", ["operator"].into_iter()).is_some());
    }

    #[test]
    fn the_gateway_hands_an_array_over_as_a_text() {
        let claims = [("sub", "u"), ("org", "o"), ("roles", "[buyer org_admin]")];
        let claims = claims.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect();
        let caller = from_gateway(&claims).unwrap();
        assert_eq!(caller.roles, [Role::Buyer, Role::OrgAdmin]);
    }
}
