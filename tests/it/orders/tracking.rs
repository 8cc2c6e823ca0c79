//! Lists of orders, page by page, and what ties an order to its traces.

use http::Method;
use serde_json::json;

use crate::app::{ADA, DIRK, TestApp};

#[tokio::test]
async fn an_order_keeps_its_id_on_every_page_and_in_every_selection() {
    let app = TestApp::start().await;
    let mut ours = Vec::new();
    for key in ["k-1", "k-2", "k-3"] {
        let prepared = app.prepared(ADA, &[("GLS-CLR", 1)]).await;
        ours.push(
            app.place(ADA, key, 10, &prepared.order())
                .await
                .expect(201)
                .text_of("orderId"),
        );
    }
    ours.reverse();
    for selection in ["", "&status=new"] {
        let mut listed = Vec::new();
        let mut path = format!("/orders?limit=1{selection}");
        loop {
            let page = app.get(ADA, &path).await.expect(200);
            let ids = page
                .list("orders")
                .iter()
                .filter_map(|order| order["orderId"].as_str().map(str::to_owned));
            listed.extend(ids);
            let Some(cursor) = page["nextCursor"].as_str() else {
                break;
            };
            path = format!("/orders?limit=1{selection}&cursor={cursor}");
        }
        assert_eq!(listed, ours, "newest first, each once: {selection}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_cursor_that_was_never_given_out_is_refused() {
    let app = TestApp::start().await;
    for path in ["/orders?cursor=garbage", "/quotes?cursor=garbage"] {
        app.get(ADA, path)
            .await
            .expect_problem(400, "invalid_cursor");
    }
    app.finish().await;
}

#[tokio::test]
async fn the_correlation_id_travels_to_the_erp_and_into_the_timeline() {
    let app = TestApp::start().await;
    let prepared = app.prepared(ADA, &[("GLS-CLR", 1)]).await;
    let headers = [
        ("x-correlation-id", "trace-me"),
        ("idempotency-key", "k"),
        ("prefer", "wait=10"),
    ];
    let placed = app
        .request(
            Method::POST,
            ADA,
            "/orders",
            &headers,
            Some(&prepared.order()),
        )
        .await
        .expect(201);
    assert_eq!(placed.header("x-correlation-id"), "trace-me");
    let calls = app.simulator().calls().calls;
    let sent = calls
        .iter()
        .find(|call| call.operation == "submit-order")
        .unwrap();
    assert_eq!(sent.correlation_id.as_deref(), Some("trace-me"));
    let timeline = app
        .get(ADA, &format!("/orders/{}/timeline", prepared.cart_id))
        .await
        .expect(200);
    assert!(
        timeline
            .list("events")
            .iter()
            .all(|event| event["correlationId"] == "trace-me"),
        "{}",
        timeline.text
    );
    let odd = [("x-correlation-id", "two\twords")];
    let answer = app
        .request(Method::GET, ADA, "/me", &odd, None)
        .await
        .expect(200);
    assert!(
        !answer.header("x-correlation-id").contains('\t'),
        "text that is not an id is replaced"
    );
    app.finish().await;
}

#[tokio::test]
async fn an_order_in_another_currency_goes_to_an_address_typed_in() {
    let app = TestApp::start().await;
    let cart = app
        .cart(DIRK, &[("BLT-HEX-M8", 20), ("GLV-NIT-S", 12)])
        .await
        .text_of("cartId");
    let address = json!({
        "name": "Baustelle", "line1": "Am Deich 1", "city": "Bremen", "postalCode": "28199",
        "country": "DE",
    });
    let shipping =
        json!({"address": address, "method": "EXPRESS", "requestedDeliveryDate": "2027-01-15"});
    app.put(DIRK, &format!("/carts/{cart}/shipping"), shipping)
        .await
        .expect(200);
    let preparation = app.prepare(DIRK, &cart).await.expect(200);
    assert_eq!(preparation["totals"]["grand"]["currency"], "EUR");
    assert_ne!(preparation["totals"]["tax"]["amount"], "0.00");
    let order = json!({"cartId": cart, "preparationId": preparation["preparationId"],
        "acceptedTotal": preparation["totals"]["grand"],
        "payment": {"method": "card_token", "token": "tok_123"}});
    app.place(DIRK, "k", 10, &order).await.expect(201);
    let held = app.orders_of(&cart);
    assert_eq!(
        (held.len(), &held[0]["totals"]["grand"]),
        (1, &preparation["totals"]["grand"])
    );
    let shown = app.get(DIRK, &format!("/orders/{cart}")).await.expect(200);
    assert!(!shown.text.contains("tok_123"), "a token is never shown");
    app.finish().await;
}
