//! A buyer asks for a quote.

use http::Method;
use serde_json::{Value, json};

use crate::app::{ADA, FINN, TestApp};

const LINES: [(&str, u32); 2] = [("BLT-HEX-M8", 500), ("GLS-CLR", 4)];

#[tokio::test]
async fn a_buyer_asks_for_a_quote_and_the_erp_holds_it_once() {
    let app = TestApp::start().await;
    let prepared = app.prepared(ADA, &LINES).await;
    let mut quote = prepared.quote();
    quote["comment"] = json!("for the spring project");
    let headers = [("idempotency-key", "q-1"), ("prefer", "wait=10")];
    let asked = app
        .request(Method::POST, ADA, "/quotes", &headers, Some(&quote))
        .await
        .expect(201);
    let (id, external) = (asked.text_of("quoteId"), asked.text_of("externalQuoteId"));
    assert_ne!(id, prepared.cart_id, "a quote has an id of its own");
    assert_eq!(asked["state"], "confirmed");
    let held = app.quotes_of(&id);
    assert_eq!(held.len(), 1);
    let skus: Vec<_> = held[0]["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["sku"].clone())
        .collect();
    assert_eq!(skus, ["BLT-HEX-M8", "GLS-CLR"]);
    assert_eq!(
        app.reservations_of(&prepared.cart_id),
        [] as [Value; 0],
        "a quote holds no goods"
    );

    let again = app
        .request(Method::POST, ADA, "/quotes", &headers, Some(&quote))
        .await;
    assert_eq!((again.status, &again.text), (201, &asked.text));
    assert_eq!(app.calls("submit-quote"), 1);

    let quotes = app.get(ADA, "/quotes").await.expect(200);
    let listed: Vec<_> = quotes
        .list("quotes")
        .iter()
        .filter(|quote| quote["quoteId"] == id.as_str())
        .collect();
    assert_eq!(listed.len(), 1);
    for name in [&id, &external] {
        let shown = app.get(ADA, &format!("/quotes/{name}")).await.expect(200);
        assert_eq!(
            (shown["quoteId"].as_str(), shown["status"].as_str()),
            (Some(id.as_str()), Some("offered"))
        );
        assert!(shown["expiresAt"].is_string(), "{}", shown.text);
        app.get(FINN, &format!("/quotes/{name}"))
            .await
            .expect_problem(404, "not_found");
    }
    let timeline = app
        .get(ADA, &format!("/quotes/{id}/timeline"))
        .await
        .expect(200);
    let events: Vec<_> = timeline
        .list("events")
        .iter()
        .map(|event| event["event"].clone())
        .collect();
    assert_eq!(events, ["captured", "sending", "confirmed"]);
    app.get(ADA, &format!("/orders/{id}"))
        .await
        .expect_problem(404, "not_found");
    app.finish().await;
}

#[tokio::test]
async fn a_quote_needs_no_preparation_and_no_erp() {
    let mut app = TestApp::start().await;
    let cart = app.cart(ADA, &LINES).await.text_of("cartId");
    app.fault(json!({"operation": "*", "kind": "refuse", "times": 100}));
    let asked = app
        .post_once(ADA, "/quotes", "q-1", &json!({"cartId": cart}))
        .await
        .expect(202);
    let id = asked.text_of("quoteId");
    assert_eq!(asked["state"], "accepted");
    app.simulator().disarm();
    app.leave_faults();
    app.advance(60);
    app.reconcile().await;
    app.eventually("the quote is confirmed", async || {
        let shown = app.get(ADA, &format!("/quotes/{id}")).await.expect(200);
        (shown["state"] == "confirmed").then_some(())
    })
    .await;
    assert_eq!(app.quotes_of(&id).len(), 1);
    app.finish().await;
}

#[tokio::test]
async fn a_quote_of_nothing_is_refused() {
    let app = TestApp::start().await;
    let cart = app
        .post(ADA, "/carts", json!({}))
        .await
        .expect(201)
        .text_of("cartId");
    let before = app.moment();
    app.post_once(ADA, "/quotes", "q-1", &json!({"cartId": cart}))
        .await
        .expect_problem(409, "cart_empty");
    app.post(ADA, "/quotes", json!({"cartId": cart}))
        .await
        .expect_problem(400, "idempotency_key_required");
    let foreign = app
        .post_once(FINN, "/quotes", "q-1", &json!({"cartId": cart}))
        .await;
    foreign.expect_problem(404, "not_found");
    assert_eq!(app.written_since(&before), [] as [&str; 0]);
    app.finish().await;
}
