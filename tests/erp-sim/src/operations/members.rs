//! Organizations and users that were registered elsewhere: kept by the id of the other side.

use serde_json::{Value, json};
use wire::erp::{MemberAnswer, OrganizationRequest, UserRequest};

use crate::refusal::Refusal;
use crate::state::ErpState;

/// `PUT /organizations/{id}`
pub(crate) fn put_organization(
    state: &mut ErpState,
    id: &str,
    request: &OrganizationRequest,
) -> Result<MemberAnswer, Refusal> {
    state
        .organizations
        .insert(id.to_owned(), entry("organizationId", id, json!(request)));
    Ok(accepted(id))
}

/// `PUT /users/{id}`
pub(crate) fn put_user(
    state: &mut ErpState,
    id: &str,
    request: &UserRequest,
) -> Result<MemberAnswer, Refusal> {
    state
        .users
        .insert(id.to_owned(), entry("userId", id, json!(request)));
    Ok(accepted(id))
}

fn entry(name: &str, id: &str, mut member: Value) -> Value {
    if let Some(fields) = member.as_object_mut() {
        fields.insert(name.to_owned(), id.into());
    }
    member
}

fn accepted(id: &str) -> MemberAnswer {
    MemberAnswer {
        external_id: Some(format!("M-{id}")),
        accepted: Some(true),
        status: Some("active".to_owned()),
    }
}
