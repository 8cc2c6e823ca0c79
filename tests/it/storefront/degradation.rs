//! What the storefront answers while the ERP is away.

use serde_json::json;

use crate::app::{ADA, TestApp};

#[tokio::test]
async fn an_erp_that_is_away_from_the_start_makes_no_query_fail() {
    let mut app = TestApp::start().await;
    app.fault(json!({"operation": "*", "kind": "refuse", "times": 1_000}));
    app.leave_faults();
    let asked = json!({"items": [{"sku": "GLS-CLR"}, {"sku": "TAP-5"}]});
    let stock = app
        .post(ADA, "/inventory/query", asked.clone())
        .await
        .expect(200);
    for item in stock.list("items") {
        assert_eq!(
            (
                item["status"].as_str(),
                item["freshness"]["reason"].as_str()
            ),
            (Some("unknown"), Some("erp_unavailable"))
        );
    }
    let prices = app.post(ADA, "/prices/query", asked).await.expect(200);
    for item in prices.list("items") {
        assert_eq!(
            (
                item["status"].as_str(),
                item["freshness"]["reason"].as_str()
            ),
            (Some("unpriced"), Some("erp_unavailable"))
        );
        assert!(item["listPrice"].is_object());
    }
    app.finish().await;
}

#[tokio::test]
async fn the_cache_alone_needs_no_erp() {
    let mut app = TestApp::start().await;
    app.fault(json!({"operation": "*", "kind": "refuse", "times": 1_000}));
    app.leave_faults();
    let asked = json!({"mode": "cached", "items": [{"sku": "GLS-CLR"}]});
    let prices = app.post(ADA, "/prices/query", asked).await.expect(200);
    assert_eq!(prices.list("items")[0]["freshness"]["reason"], "not_cached");
    assert_eq!(
        app.simulator().calls().refused.values().sum::<u64>(),
        0,
        "it never calls out"
    );
    app.finish().await;
}

#[tokio::test]
async fn a_price_past_its_freshness_is_shown_stale_and_one_past_its_end_not_at_all() {
    let mut app = TestApp::start().await;
    let asked = json!({"items": [{"sku": "GLS-CLR"}]});
    let first = app
        .post(ADA, "/prices/query", asked.clone())
        .await
        .expect(200)
        .list("items")[0]
        .clone();
    app.fault(json!({"operation": "prices", "kind": "status", "times": 1_000}));
    app.leave_faults();
    app.advance(2_000);
    let stale = app
        .post(ADA, "/prices/query", asked.clone())
        .await
        .expect(200)
        .list("items")[0]
        .clone();
    assert_eq!(stale["offerPrice"], first["offerPrice"]);
    assert_eq!(
        (
            stale["freshness"]["stale"].as_bool(),
            stale["freshness"]["reason"].as_str()
        ),
        (Some(true), Some("erp_unavailable"))
    );
    app.advance(86_400);
    let gone = app
        .post(ADA, "/prices/query", asked)
        .await
        .expect(200)
        .list("items")[0]
        .clone();
    assert_eq!(
        (
            gone["status"].as_str(),
            gone["freshness"]["source"].as_str()
        ),
        (Some("unpriced"), Some("list"))
    );
    app.finish().await;
}

#[tokio::test]
async fn a_cart_is_filled_while_the_erp_is_away() {
    let mut app = TestApp::start().await;
    app.fault(json!({"operation": "*", "kind": "refuse", "times": 1_000}));
    app.leave_faults();
    let cart = app.cart(ADA, &[("GLS-CLR", 2)]).await;
    let line = &cart.list("lines")[0];
    assert_eq!(
        (line["availability"]["status"].as_str(), &line["unitPrice"]),
        (Some("unknown"), &json!(null))
    );
    assert_eq!(
        cart["totals"]["product"],
        json!(null),
        "no total is made up"
    );
    app.prepare(ADA, &cart.text_of("cartId"))
        .await
        .expect_problem(409, "shipping_missing");
    app.finish().await;
}
