//! Whatever is wrong with a request gets a problem document, and nothing is written.

use http::{Method, Request};
use local::edge::Body;
use serde_json::{Value, json};

use crate::app::{ADA, ANONYMOUS, Answer, OPERATOR, TestApp};

/// A request with a body as it is.
async fn raw(
    app: &TestApp,
    method: Method,
    path: &str,
    content_type: Option<&str>,
    body: Vec<u8>,
) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    request = request
        .header("authorization", format!("Bearer {}", app.token(ADA).await))
        .header("idempotency-key", "raw");
    if let Some(content_type) = content_type {
        request = request.header("content-type", content_type);
    }
    app.send(request.body(Body::from(body)).unwrap()).await
}

const JSON: Option<&str> = Some("application/json");

/// Routes that take a body; the cart is one of the caller's.
fn bodied(cart: &str, line: &str) -> Vec<(Method, String)> {
    vec![
        (Method::POST, "/catalog/items/query".to_owned()),
        (Method::POST, "/prices/query".to_owned()),
        (Method::POST, "/inventory/query".to_owned()),
        (Method::POST, "/carts".to_owned()),
        (Method::POST, format!("/carts/{cart}/lines")),
        (Method::PUT, format!("/carts/{cart}/lines")),
        (Method::PATCH, format!("/carts/{cart}/lines/{line}")),
        (Method::PUT, format!("/carts/{cart}/shipping")),
        (Method::POST, "/orders".to_owned()),
        (Method::POST, "/quotes".to_owned()),
        (Method::POST, "/organizations".to_owned()),
        (Method::POST, "/users".to_owned()),
        (Method::PUT, "/me".to_owned()),
        (Method::PUT, "/me/organization".to_owned()),
        (Method::POST, "/me/addresses".to_owned()),
        (Method::POST, "/registrations/any/decision".to_owned()),
    ]
}

#[tokio::test]
async fn every_route_that_takes_a_body_refuses_what_is_none() {
    let app = TestApp::start().await;
    let cart = app.cart(ADA, &[("GLS-CLR", 1)]).await;
    let (id, line) = (
        cart.text_of("cartId"),
        cart.list("lines")[0]["lineId"].as_str().unwrap(),
    );
    let before = app.moment();
    for (method, path) in bodied(&id, line) {
        let call = async |content_type, body: &str| {
            raw(&app, method.clone(), &path, content_type, body.into()).await
        };
        let malformed = call(JSON, "{\n\n  oops}")
            .await
            .expect_problem(400, "malformed_json");
        let detail = malformed.text_of("detail");
        assert!(
            detail.contains("line 3") && detail.contains("column"),
            "{path}: {detail}"
        );
        call(JSON, "").await.expect_problem(400, "malformed_json");
        call(JSON, "{} {}").await.expect(400);
        let unknown = call(JSON, r#"{"surprise": true}"#)
            .await
            .expect_problem(400, "invalid_request");
        assert_eq!(
            unknown.list("errors")[0]["code"],
            "unknown_field",
            "{path}: {}",
            unknown.text
        );
        for content_type in [None, Some("text/plain"), Some("application/xml")] {
            call(content_type, "{}")
                .await
                .expect_problem(415, "unsupported_media_type");
        }
        let large = format!("{{\"a\": \"{}\"}}", "x".repeat(1024 * 1024));
        call(JSON, &large)
            .await
            .expect_problem(413, "body_too_large");
        let deep = format!("{{\"a\": {}{}}}", "[".repeat(5_000), "]".repeat(5_000));
        call(JSON, &deep).await.expect(400);
    }
    assert_eq!(app.written_since(&before), [] as [&str; 0]);
    app.finish().await;
}

#[tokio::test]
async fn without_a_valid_token_nothing_closed_opens() {
    let app = TestApp::start().await;
    let other = TestApp::start().await;
    let before = app.moment();
    let forged = {
        let own = app.token(ADA).await;
        let (start, signature) = own.rsplit_once('.').unwrap();
        format!("{start}.{}", signature.chars().rev().collect::<String>())
    };
    // {"alg":"none"} with the claims of an operator.
    let unsigned =
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJvcGVyYXRvciIsInJvbGVzIjpbIm9wZXJhdG9yIl19.".to_owned();
    let tokens = [
        None,
        Some(other.token(ADA).await),
        Some(forged),
        Some(unsigned),
        Some("x".to_owned()),
    ];
    let routes = app
        .stack()
        .template()
        .functions
        .iter()
        .flat_map(|function| function.routes.clone());
    for route in routes.filter(|route| !route.public) {
        for token in &tokens {
            let mut request = Request::builder()
                .method(route.method.as_str())
                .uri(route.path.replace(['{', '}'], ""));
            if let Some(token) = token {
                request = request.header("authorization", format!("Bearer {token}"));
            }
            let answer = app.send(request.body(Body::empty()).unwrap()).await;
            answer.expect_problem(401, "unauthenticated");
        }
    }
    let token = app.token(ADA).await;
    app.advance(3601);
    let request = Request::get("/me").header("authorization", format!("Bearer {token}"));
    app.send(request.body(Body::empty()).unwrap())
        .await
        .expect_problem(401, "unauthenticated");
    assert_eq!(app.written_since(&before), [] as [&str; 0]);
    app.finish().await;
    other.finish().await;
}

#[tokio::test]
async fn a_public_route_does_not_believe_a_token_of_another_issuer() {
    let app = TestApp::start().await;
    let other = TestApp::start().await;
    let before = app.moment();
    let user = json!({
        "organizationId": "ORG-100", "email": "x@hillside.example", "givenName": "X",
        "familyName": "Y", "roles": ["buyer"],
    });
    let request = Request::post("/users")
        .header(
            "authorization",
            format!("Bearer {}", other.token(ADA).await),
        )
        .header("idempotency-key", "u-1")
        .header("content-type", "application/json")
        .body(Body::from(user.to_string()));
    app.send(request.unwrap())
        .await
        .expect_problem(401, "unauthenticated");
    assert_eq!(app.written_since(&before), [] as [&str; 0]);
    app.finish().await;
    other.finish().await;
}

#[tokio::test]
async fn a_cart_takes_five_hundred_lines_and_not_one_more() {
    let app = TestApp::start().await;
    let id = app
        .post(ADA, "/carts", json!({}))
        .await
        .expect(201)
        .text_of("cartId");
    let lines = |count: usize| -> Vec<Value> {
        (0..count)
            .map(|at| json!({"sku": format!("BULK-{at}"), "quantity": 1}))
            .collect()
    };
    let before = app.moment();
    let path = format!("/carts/{id}/lines");
    app.put(ADA, &path, json!({"lines": lines(501)}))
        .await
        .expect_problem(400, "too_many_lines");
    assert_eq!(app.written_since(&before), [] as [&str; 0]);
    assert_eq!(app.all_calls(), 0);

    let rows: String = (0..501)
        .map(|at| format!("BULK-{at},,Bulk {at},,TOOLS,EA,1,1,active\n"))
        .collect();
    let header = "sku,product_id,name,description,category_ids,unit,nominal_quantity,\
        quantity_multiple,status\n";
    app.load(
        "incoming/items/delta/bulk-20260301T000000Z.csv",
        format!("{header}{rows}"),
    )
    .await;
    let full = app
        .put(ADA, &path, json!({"lines": lines(500)}))
        .await
        .expect(200);
    assert_eq!(full.list("lines").len(), 500);
    let before = app.moment();
    let more = app
        .post(ADA, &path, json!({"sku": "BULK-500", "quantity": 1}))
        .await;
    more.expect_problem(400, "too_many_lines");
    app.put(ADA, &path, json!({"lines": lines(501)}))
        .await
        .expect_problem(400, "too_many_lines");
    assert_eq!(app.written_since(&before), [] as [&str; 0]);
    app.finish().await;
}

#[tokio::test]
async fn values_that_make_no_sense_are_named_one_by_one() {
    let app = TestApp::start().await;
    let id = app.cart(ADA, &[("GLS-CLR", 1)]).await.text_of("cartId");
    let lines = format!("/carts/{id}/lines");
    let before = app.moment();
    for quantity in [
        json!(0),
        json!(-1),
        json!(0.000_001),
        json!(1e30),
        json!("x"),
        json!(null),
        json!([]),
    ] {
        let answer = app
            .post(ADA, &lines, json!({"sku": "GLS-CLR", "quantity": quantity}))
            .await;
        let answer = answer.expect_problem(400, "invalid_request");
        assert_eq!(
            answer.list("errors")[0]["pointer"],
            "/quantity",
            "{quantity}: {}",
            answer.text
        );
    }
    let several = json!({
        "lines": [{"sku": "GLS-CLR", "quantity": 1}, {"sku": "NOPE", "quantity": 1},
            {"sku": "", "quantity": -1}],
    });
    app.put(ADA, &lines, several)
        .await
        .expect_problem(400, "invalid_request");
    let unknown = app
        .post(ADA, &lines, json!({"sku": "NOPE", "quantity": 1}))
        .await
        .expect_problem(400, "invalid_request");
    assert_eq!(unknown.list("errors")[0]["code"], "unknown_sku");
    let inactive = app
        .post(ADA, &lines, json!({"sku": "FOM-PU-750", "quantity": 1}))
        .await
        .expect_problem(400, "invalid_request");
    assert_eq!(inactive.list("errors")[0]["code"], "item_inactive");
    app.post(ADA, "/carts", json!({"currency": "EUR"}))
        .await
        .expect_problem(400, "invalid_request");
    app.post(ADA, "/prices/query", json!({"items": []}))
        .await
        .expect_problem(400, "invalid_request");
    let many: Vec<_> = (0..501).map(|_| json!({"sku": "GLS-CLR"})).collect();
    app.post(ADA, "/prices/query", json!({"items": many}))
        .await
        .expect_problem(400, "invalid_request");
    let many: Vec<_> = (0..101).map(|at| format!("S-{at}")).collect();
    app.post(ANONYMOUS, "/catalog/items/query", json!({"skus": many}))
        .await
        .expect_problem(400, "invalid_request");
    for path in [
        "/operations/loads?cursor=garbage",
        "/registrations?cursor=!!",
    ] {
        app.get(OPERATOR, path)
            .await
            .expect_problem(400, "invalid_cursor");
    }
    app.get(ANONYMOUS, "/catalog/categories/SCREWS/items?cursor=garbage")
        .await
        .expect_problem(400, "invalid_cursor");
    app.get(ADA, "/orders?limit=many")
        .await
        .expect_problem(400, "invalid_request");
    assert_eq!(app.written_since(&before), [] as [&str; 0]);
    app.finish().await;
}

#[tokio::test]
async fn a_route_that_does_not_exist_says_so() {
    let app = TestApp::start().await;
    for path in [
        "/",
        "/nothing",
        "/carts/x/y/z",
        "/operations/mode",
        "/catalog/items/query/x",
        "/../etc/passwd",
    ] {
        app.get(ADA, path)
            .await
            .expect_problem(404, "route_not_found");
    }
    // API Gateway knows no 405: what has another method is not a route of it.
    app.delete(ADA, "/orders")
        .await
        .expect_problem(404, "route_not_found");
    for path in [
        "/carts/%00",
        "/carts/..%2f..%2f",
        "/orders/%F0%9F%92%A9",
        "/catalog/items/%00",
        "/me/addresses/%20",
    ] {
        let method = if path.starts_with("/me") {
            Method::DELETE
        } else {
            Method::GET
        };
        app.request(method, ADA, path, &[], None)
            .await
            .expect_problem(404, "not_found");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_function_url_answers_a_wrong_method_with_405() {
    let app = TestApp::start().await;
    let mut event: Value =
        serde_json::from_str(include_str!("../../../events/catalog/categories.json")).unwrap();
    event["requestContext"]["http"]["method"] = json!("DELETE");
    let answer = app.stack().invoke("catalog", event).await.unwrap();
    assert_eq!(answer["statusCode"], 405);
    let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    assert_eq!(
        (body["code"].as_str(), body["status"].as_u64()),
        (Some("method_not_allowed"), Some(405))
    );
    app.finish().await;
}
