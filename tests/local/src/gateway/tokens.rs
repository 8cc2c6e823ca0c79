//! `POST /local/tokens`: a token for a loaded user. It exists in the local stack alone.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::time::Timestamp;
use http::{Response, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::issuer::{Issuer, Subject};
use super::problem::{json_answer, problem};
use crate::edge::Body;

/// The user id that stands for an operator.
const OPERATOR: &str = "operator";
/// The table of the template that holds the users.
const MEMBERS: &str = "MembersTable";

pub(super) struct Tokens {
    dynamodb: aws_sdk_dynamodb::Client,
    issuer: Issuer,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Asked {
    user_id: String,
}

impl Tokens {
    pub(super) fn new(dynamodb: aws_sdk_dynamodb::Client, issuer: Issuer) -> Self {
        Self { dynamodb, issuer }
    }

    pub(super) async fn answer(
        &self,
        body: &[u8],
        now: Timestamp,
        request_id: &str,
    ) -> Response<Body> {
        let Ok(asked) = serde_json::from_slice::<Asked>(body) else {
            let detail = "The body must be {\"userId\":\"…\"}.";
            return problem(StatusCode::BAD_REQUEST, "invalid_body", detail, request_id);
        };
        let subject = if asked.user_id == OPERATOR {
            Some(operator())
        } else {
            self.user(&asked.user_id).await
        };
        let Some(subject) = subject else {
            let detail = format!("No user {} is loaded.", asked.user_id);
            return problem(StatusCode::NOT_FOUND, "user_not_found", &detail, request_id);
        };
        match self.issuer.mint(&subject, now) {
            Ok(token) => json_answer(StatusCode::OK, &json!({"token": token})),
            Err(error) => {
                tracing::error!(%error, "a token could not be signed");
                problem(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "internal",
                    "Internal error.",
                    request_id,
                )
            }
        }
    }

    async fn user(&self, id: &str) -> Option<Subject> {
        let found = self
            .dynamodb
            .get_item()
            .table_name(MEMBERS)
            .key("pk", AttributeValue::S(format!("user#{id}")))
            .key("sk", AttributeValue::S("user".to_owned()))
            .send()
            .await
            .inspect_err(|error| tracing::error!(?error, "the members table cannot be read"))
            .ok()?;
        let item = found.item?;
        let roles = item
            .get("roles")
            .and_then(|value| value.as_l().ok())
            .map(Vec::as_slice)
            .unwrap_or_default();
        Some(Subject {
            user_id: id.to_owned(),
            organization_id: item.get("organizationId")?.as_s().ok()?.clone(),
            roles: roles
                .iter()
                .filter_map(|role| role.as_s().ok().cloned())
                .collect(),
        })
    }
}

fn operator() -> Subject {
    Subject {
        user_id: OPERATOR.to_owned(),
        organization_id: String::new(),
        roles: vec![OPERATOR.to_owned()],
    }
}
