//! The storefront API under a function of the test's own.

use std::sync::Arc;
use std::time::Duration;

use crate::local_stack::support::{TestEdge, text};
use async_trait::async_trait;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use lambda_kit::{EventHandler, Function, RandomIds, SystemClock};
use lambda_runtime::{Context, Error};
use local::edge::Body;
use local::gateway::{Gateway, Issuer};
use local::host::Host;
use local::template::{Deployment, Template};
use serde_json::{Value, json};

const TEMPLATE: &str = "
Resources:
  EchoFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/echo/
      Timeout: 1
      Events:
        Health: {Type: HttpApi, Properties: {Method: GET, Path: /health, Auth: {Authorizer: NONE}}}
        Current: {Type: HttpApi, Properties: {Method: GET, Path: /carts/current}}
        Cart: {Type: HttpApi, Properties: {Method: GET, Path: '/carts/{cartId}'}}
        Lines: {Type: HttpApi, Properties: {Method: POST, Path: '/carts/{cartId}/lines'}}
  MembersTable:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: pk, AttributeType: S}, {AttributeName: sk, \
      AttributeType: S}]
      KeySchema: [{AttributeName: pk, KeyType: HASH}, {AttributeName: sk, KeyType: RANGE}]
";

/// Answers with the event itself, or misbehaves when the cart is called so.
struct Echo;

#[async_trait]
impl EventHandler for Echo {
    async fn handle(&self, event: Value, _: Context) -> Result<Value, Error> {
        match event["pathParameters"]["cartId"].as_str() {
            Some("panic") => panic!("as asked"),
            Some("slow") => tokio::time::sleep(Duration::from_secs(60)).await,
            Some("fail") => return Err("as asked".into()),
            Some("odd") => return Ok(json!("no response")),
            _ => {}
        }
        let headers = json!({"content-type": "application/json", "x-own": "1"});
        Ok(json!({
            "statusCode": 201, "headers": headers, "cookies": ["a=1", "b=2"],
            "body": event.to_string(),
        }))
    }
}

struct Api {
    gateway: Gateway,
    _edge: TestEdge,
}

impl Api {
    async fn start() -> Self {
        let edge = TestEdge::in_process();
        let template = Template::read(TEMPLATE, &Deployment::default()).unwrap();
        local::provision::provision(&edge.edge, &edge.sdk, &template)
            .await
            .unwrap();
        let dynamodb = aws_sdk_dynamodb::Client::new(&edge.sdk);
        let roles = vec![text("buyer"), text("org_admin")];
        dynamodb
            .put_item()
            .table_name("MembersTable")
            .item("pk", text("user#u1"))
            .item("sk", text("user"))
            .item("organizationId", text("o1"))
            .item("roles", aws_sdk_dynamodb::types::AttributeValue::L(roles))
            .send()
            .await
            .unwrap();
        let (clock, ids) = (Arc::new(SystemClock), Arc::new(RandomIds));
        let echo = (
            "echo".to_owned(),
            Duration::from_secs(1),
            Function::Event(Arc::new(Echo)),
        );
        let host = Host::new([echo], clock.clone(), ids.clone());
        let issuer = Issuer::open("http://issuer", "storefront", None).unwrap();
        let gateway = Gateway::new(&template, host, issuer, dynamodb, clock, ids).unwrap();
        Self {
            gateway,
            _edge: edge,
        }
    }

    async fn call(&self, request: Request<Body>) -> (StatusCode, http::HeaderMap, Value) {
        let response: Response<Body> = self.gateway.call(request).await;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (
            parts.status,
            parts.headers,
            serde_json::from_slice(&body).unwrap_or_default(),
        )
    }

    async fn token(&self, user: &str) -> String {
        let request = Request::post("/local/tokens")
            .body(Body::from(json!({"userId": user}).to_string()))
            .unwrap();
        let (status, _, body) = self.call(request).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        format!("Bearer {}", body["token"].as_str().unwrap())
    }

    async fn get(&self, path: &str, token: &str) -> (StatusCode, http::HeaderMap, Value) {
        self.call(
            Request::get(path)
                .header("authorization", token)
                .body(Body::empty())
                .unwrap(),
        )
        .await
    }
}

#[tokio::test]
async fn a_function_sees_the_request_as_the_http_api_hands_it_over() {
    let api = Api::start().await;
    let token = api.token("u1").await;
    let request = Request::post("/carts/A%20B/lines?x=1&x=2&y=%C3%BC+z")
        .header("authorization", &token)
        .header("content-type", "application/json; charset=utf-8")
        .header("x-many", "1")
        .header("x-many", "2")
        .header("cookie", "c=1; d=2")
        .header("x-correlation-id", "corr")
        .body(Body::from(r#"{"sku":"1"}"#.to_owned()))
        .unwrap();
    let (status, headers, event) = api.call(request).await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(headers["x-own"], "1");
    assert_eq!(headers["x-correlation-id"], "corr");
    assert_eq!(headers.get_all("set-cookie").iter().count(), 2);
    assert_eq!(event["version"], "2.0");
    assert_eq!(event["routeKey"], "POST /carts/{cartId}/lines");
    assert_eq!(event["rawPath"], "/carts/A%20B/lines");
    assert_eq!(event["pathParameters"], json!({"cartId": "A B"}));
    assert_eq!(event["rawQueryString"], "x=1&x=2&y=%C3%BC+z");
    assert_eq!(
        event["queryStringParameters"],
        json!({"x": "1,2", "y": "\u{fc} z"})
    );
    assert_eq!(event["headers"]["x-many"], "1,2");
    assert_eq!(event["cookies"], json!(["c=1", "d=2"]));
    assert_eq!(event["body"], r#"{"sku":"1"}"#);
    assert_eq!(event["isBase64Encoded"], false);
    assert_eq!(event["requestContext"]["http"]["method"], "POST");
    let claims = &event["requestContext"]["authorizer"]["jwt"]["claims"];
    assert_eq!(claims["sub"], "u1");
    assert_eq!(claims["org"], "o1");
    assert_eq!(claims["roles"], "[buyer org_admin]");
    assert!(claims["exp"].is_string(), "every claim is text");
    serde_json::from_value::<lambda_http::request::LambdaRequest>(event).unwrap();
}

#[tokio::test]
async fn a_body_that_is_not_text_arrives_encoded() {
    let api = Api::start().await;
    let token = api.token("operator").await;
    let request = Request::post("/carts/c/lines")
        .header("authorization", &token)
        .header("content-type", "application/problem+json")
        .body(Body::from("{}".to_owned()))
        .unwrap();
    let (_, _, event) = api.call(request).await;
    assert_eq!(event["body"], "e30=");
    assert_eq!(event["isBase64Encoded"], true);
    let claims = &event["requestContext"]["authorizer"]["jwt"]["claims"];
    assert_eq!(
        (claims["org"].as_str(), claims["roles"].as_str()),
        (Some(""), Some("[operator]"))
    );
}

#[tokio::test]
async fn the_most_specific_route_wins() {
    let api = Api::start().await;
    let token = api.token("u1").await;
    assert_eq!(
        api.get("/carts/current", &token).await.2["routeKey"],
        "GET /carts/current"
    );
    assert_eq!(
        api.get("/carts/c1", &token).await.2["routeKey"],
        "GET /carts/{cartId}"
    );
}

#[tokio::test]
async fn what_the_gateway_refuses_is_a_problem_document() {
    let api = Api::start().await;
    let token = api.token("u1").await;
    for (path, token, status, code) in [
        ("/carts/c1", "", 401, "unauthenticated"),
        ("/carts/c1", "Bearer nonsense", 401, "unauthenticated"),
        ("/nowhere", token.as_str(), 404, "route_not_found"),
        ("/carts/panic", token.as_str(), 500, "internal"),
        ("/carts/fail", token.as_str(), 500, "internal"),
        ("/carts/odd", token.as_str(), 500, "internal"),
        ("/carts/slow", token.as_str(), 500, "internal"),
        ("/health", "", 503, "starting"),
    ] {
        let (got, headers, body) = api.get(path, token).await;
        assert_eq!(
            (got.as_u16(), body["code"].as_str()),
            (status, Some(code)),
            "{path}: {body}"
        );
        assert_eq!(headers["content-type"], "application/problem+json");
        assert!(body["requestId"].is_string() && body["errors"].is_array());
    }
    let huge = Request::post("/carts/c/lines").header("authorization", &token);
    let (status, _, body) = api
        .call(
            huge.body(Body::from("x".repeat(6 * 1024 * 1024 + 1)))
                .unwrap(),
        )
        .await;
    assert_eq!(
        (status.as_u16(), body["code"].as_str()),
        (413, Some("payload_too_large"))
    );
    let unknown = Request::post("/local/tokens")
        .body(Body::from(r#"{"userId":"unknown"}"#.to_owned()))
        .unwrap();
    assert_eq!(api.call(unknown).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn health_is_good_once_all_is_ready() {
    let api = Api::start().await;
    api.gateway.set_ready();
    let request = Request::get("/health").body(Body::empty()).unwrap();
    assert_eq!(
        api.call(request).await.0,
        StatusCode::CREATED,
        "the function answers"
    );
}

#[tokio::test]
async fn the_issuer_shows_its_keys() {
    let api = Api::start().await;
    let (_, _, configuration) = api.get("/.well-known/openid-configuration", "").await;
    assert_eq!(
        configuration["jwks_uri"],
        "http://issuer/.well-known/jwks.json"
    );
    let (_, _, keys) = api.get("/.well-known/jwks.json", "").await;
    assert_eq!(keys["keys"][0]["alg"], "RS256");
    assert_eq!(keys["keys"][0]["n"].as_str().unwrap().len(), 342);
}
