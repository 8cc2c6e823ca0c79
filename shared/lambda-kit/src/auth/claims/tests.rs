#![allow(clippy::unwrap_used)]

use super::*;

fn claims(exp: i64, nbf: Option<i64>) -> Claims {
    Claims {
        sub: "u".to_owned(),
        org: "o".to_owned(),
        roles: Vec::new(),
        exp,
        nbf,
    }
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
fn the_gateway_passes_an_array_as_a_string() {
    let claims = [("sub", "u"), ("org", "o"), ("roles", "[buyer org_admin]")];
    let claims = claims
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into_iter()
        .collect();
    let caller = from_gateway(&claims).unwrap();
    assert_eq!(caller.roles, [Role::Buyer, Role::OrgAdmin]);
}
