#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;
use std::sync::Arc;

use lambda_kit::{Env, RandomIds, SystemClock};
use lambda_runtime::Context;
use serde_json::Value;

use super::*;

/// Nothing listens there: a request that is understood ends at the store.
const UNREACHABLE: &str = "http://127.0.0.1:1";

fn runtime() -> Runtime {
    runtime_without("")
}

fn runtime_without(variable: &str) -> Runtime {
    let variables = [
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_ENDPOINT_URL", UNREACHABLE),
        ("AUTH_MODE", "gateway"),
        ("MEMBERS_TABLE", "members"),
        ("SUBMISSIONS_TABLE", "submissions"),
        ("IDEMPOTENCY_TABLE", "idempotency"),
        ("SUBMIT_QUEUE_URL", UNREACHABLE),
    ];
    let env = Env::from_pairs(variables.into_iter().filter(|(name, _)| *name != variable));
    Runtime::new(env, None, Arc::new(SystemClock), Arc::new(RandomIds)).unwrap()
}

fn events() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/registration");
    let mut events: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let event = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            (path.display().to_string(), event)
        })
        .collect();
    events.sort_by(|(a, _), (b, _)| a.cmp(b));
    events
}

#[tokio::test]
async fn every_sample_event_is_understood_and_gets_as_far_as_the_store() {
    let function = build(&runtime()).await.unwrap();
    let calls: Vec<_> = events()
        .into_iter()
        .map(|(name, event)| {
            let function = function.clone();
            tokio::spawn(async move {
                (
                    name,
                    function.invoke(event, Context::default()).await.unwrap(),
                )
            })
        })
        .collect();
    assert!(!calls.is_empty());
    for call in calls {
        let (name, answer) = call.await.unwrap();
        let body: Value =
            serde_json::from_str(answer["body"].as_str().unwrap_or_default()).unwrap();
        assert_eq!(
            (answer["statusCode"].as_u64(), body["code"].as_str()),
            (Some(503), Some("store_unavailable")),
            "{name}: {body}"
        );
    }
}

#[tokio::test]
async fn an_unknown_field_is_refused_before_anything_is_asked() {
    let function = build(&runtime()).await.unwrap();
    let (_, mut event) = events()
        .into_iter()
        .find(|(name, _)| name.ends_with("register-user.json"))
        .unwrap();
    event["body"] = Value::from(r#"{"organizationId":"o","admin":true}"#);
    let answer = function.invoke(event, Context::default()).await.unwrap();
    let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    assert_eq!(
        (
            answer["statusCode"].as_u64(),
            body["errors"][0]["code"].as_str()
        ),
        (Some(400), Some("unknown_field")),
        "{body}"
    );
}

#[tokio::test]
async fn a_missing_variable_names_itself() {
    let error = build(&runtime_without("SUBMISSIONS_TABLE"))
        .await
        .err()
        .unwrap();
    assert_eq!(
        error.to_string(),
        "the environment variable SUBMISSIONS_TABLE is not set"
    );
}
