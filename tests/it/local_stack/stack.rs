//! Whole stacks.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use http::{Request, StatusCode};
use http_body_util::BodyExt;
use local::edge::Body;
use local::stack::{Options, Stack, StartError};
use serde_json::Value;

use crate::local_stack::support::text;

async fn json(stack: &Stack, request: Request<Body>) -> (StatusCode, Value) {
    let (parts, body) = stack.call(request).await.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (
        parts.status,
        serde_json::from_slice(&body).unwrap_or_default(),
    )
}

fn quiet() -> Options {
    Options {
        schedules: false,
        sweep: false,
        ..Options::default()
    }
}

#[tokio::test]
async fn two_stacks_share_nothing() {
    let one = Stack::start(quiet()).await.unwrap();
    let two = Stack::start(quiet()).await.unwrap();
    for (first, second) in [
        (one.storefront(), two.storefront()),
        (one.aws(), two.aws()),
        (one.erp(), two.erp()),
    ] {
        assert_ne!(first, second);
    }
    let put = aws_sdk_dynamodb::Client::new(one.sdk_config())
        .put_item()
        .table_name("LookupsTable");
    put.item("pk", text("a")).send().await.unwrap();
    let scan = aws_sdk_dynamodb::Client::new(two.sdk_config())
        .scan()
        .table_name("LookupsTable")
        .send()
        .await
        .unwrap();
    assert_eq!(scan.count(), 0);

    let request = Request::post("/local/tokens")
        .body(Body::from(r#"{"userId":"operator"}"#.to_owned()))
        .unwrap();
    let (_, token) = json(&one, request).await;
    let authorization = format!("Bearer {}", token["token"].as_str().unwrap());
    let request = Request::get("/operations/loads")
        .header("authorization", authorization)
        .body(Body::empty())
        .unwrap();
    assert_eq!(
        json(&two, request).await.0,
        StatusCode::UNAUTHORIZED,
        "a token of another stack"
    );

    let begin = Instant::now();
    one.stop().await;
    two.stop().await;
    assert!(begin.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn health_waits_for_the_word() {
    let stack = Stack::start(quiet()).await.unwrap();
    let health = || Request::get("/health").body(Body::empty()).unwrap();
    assert_eq!(
        json(&stack, health()).await.0,
        StatusCode::SERVICE_UNAVAILABLE
    );
    stack.set_ready();
    assert_eq!(json(&stack, health()).await.0, StatusCode::OK);
    stack.stop().await;
}

#[tokio::test]
async fn what_is_in_the_way_is_named() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = Stack::start(Options {
        aws_port: port,
        ..quiet()
    })
    .await
    .err()
    .unwrap();
    assert!(
        matches!(error, StartError::Port { port: named, .. } if named == port),
        "{error}"
    );

    let dataset = Some(PathBuf::from("/nowhere"));
    let error = Stack::start(Options { dataset, ..quiet() })
        .await
        .err()
        .unwrap();
    assert!(error.to_string().contains("/nowhere"), "{error}");

    let folder = tempfile::tempdir().unwrap();
    let incoming = folder.path().join("incoming/items/snapshot");
    std::fs::create_dir_all(&incoming).unwrap();
    std::fs::create_dir_all(folder.path().join("erp")).unwrap();
    std::fs::write(incoming.join("items.csv"), [0xff, 0xfe, 0xfd]).unwrap();
    let error = Stack::start(Options {
        dataset: Some(folder.path().to_owned()),
        ..quiet()
    })
    .await
    .err()
    .unwrap();
    assert!(error.to_string().contains("items.csv"), "{error}");
}

#[tokio::test]
async fn state_outlives_the_process_when_it_is_given_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let options = || Options {
        data: Some(folder.path().to_owned()),
        ..quiet()
    };
    let stack = Stack::start(options()).await.unwrap();
    let put = aws_sdk_dynamodb::Client::new(stack.sdk_config())
        .put_item()
        .table_name("LookupsTable");
    put.item("pk", text("a")).send().await.unwrap();
    stack.stop().await;
    let stack = Stack::start(options()).await.unwrap();
    let scan = aws_sdk_dynamodb::Client::new(stack.sdk_config())
        .scan()
        .table_name("LookupsTable")
        .send()
        .await
        .unwrap();
    assert_eq!(scan.count(), 1);
    stack.stop().await;
}
