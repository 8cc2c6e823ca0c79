//! The open cart: live availability on a quantity change, versions, and of one buyer alone.

use http::Method;
use serde_json::json;

use crate::app::{ADA, BEN, FINN, TestApp};

#[tokio::test]
async fn a_quantity_change_asks_the_erp_live_exactly_once() {
    let app = TestApp::start().await;
    let cart = app
        .cart(ADA, &[("BLT-HEX-M8", 20), ("GLS-CLR", 1), ("TAP-5", 1)])
        .await;
    let line = format!(
        "/carts/{}/lines/{}",
        cart.text_of("cartId"),
        cart.list("lines")[1]["lineId"].as_str().unwrap()
    );
    let before = (app.calls("availability"), app.all_calls());
    app.change_stock("GLS-CLR", 7).await;
    let changed = app
        .patch(ADA, &line, json!({"quantity": 9}))
        .await
        .expect(200);
    assert_eq!(
        (app.calls("availability"), app.all_calls()),
        (before.0 + 1, before.1 + 1),
        "one call and no other"
    );
    let glasses = &changed.list("lines")[1];
    assert_eq!(
        (
            glasses["quantity"].as_i64(),
            glasses["availability"]["availableQuantity"].as_i64()
        ),
        (Some(9), Some(7))
    );
    assert_eq!(glasses["availability"]["freshness"]["source"], "erp");
    assert_eq!(glasses["messages"][0]["code"], "quantity_not_available");
    assert_eq!(
        changed["version"].as_u64(),
        cart["version"].as_u64().map(|version| version + 1)
    );
    app.finish().await;
}

#[tokio::test]
async fn a_silent_or_absent_erp_stops_no_quantity_change() {
    let app = TestApp::start().await;
    let cart = app.cart(ADA, &[("BLT-HEX-M8", 20)]).await;
    let line = format!(
        "/carts/{}/lines/{}",
        cart.text_of("cartId"),
        cart.list("lines")[0]["lineId"].as_str().unwrap()
    );
    let faults = [
        (json!({"kind": "hang"}), "erp_timeout"),
        // A read is repeated once.
        (json!({"kind": "refuse", "times": 2}), "erp_unavailable"),
        (json!({"kind": "status", "status": 500}), "erp_unavailable"),
        (json!({"kind": "garbage"}), "erp_unavailable"),
        (json!({"kind": "omit-items"}), "erp_incomplete"),
    ];
    for (step, (mut fault, reason)) in faults.into_iter().enumerate() {
        fault["operation"] = json!("availability");
        app.fault(fault.clone());
        let quantity = 30 + 10 * step;
        let changed = app
            .patch(ADA, &line, json!({"quantity": quantity}))
            .await
            .expect(200);
        let bolt = &changed.list("lines")[0];
        assert_eq!(bolt["quantity"], quantity, "{fault}");
        let freshness = &bolt["availability"]["freshness"];
        assert_eq!(
            (freshness["stale"].as_bool(), freshness["reason"].as_str()),
            (Some(true), Some(reason)),
            "{fault}"
        );
        assert_eq!(
            bolt["availability"]["availableQuantity"], 3710,
            "the last known: {fault}"
        );
    }
    app.finish().await;
}

#[tokio::test]
async fn a_change_from_an_old_version_is_refused() {
    let app = TestApp::start().await;
    let cart = app.cart(ADA, &[("GLS-CLR", 1)]).await;
    let id = cart.text_of("cartId");
    let tag = cart.header("etag").to_owned();
    assert_eq!(tag, format!("\"{}\"", cart["version"]));
    let lines = format!("/carts/{id}/lines");
    let more = json!({"sku": "TAP-5", "quantity": 1});
    let with = |tag: &str| [("if-match".to_owned(), tag.to_owned())];
    let headers = with(&tag);
    let headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    app.request(Method::POST, ADA, &lines, &headers, Some(&more))
        .await
        .expect(200);
    let before = app.moment();
    let refused = app
        .request(Method::POST, ADA, &lines, &headers, Some(&more))
        .await;
    refused.expect_problem(412, "precondition_failed");
    assert_eq!(app.written_since(&before), [] as [&str; 0]);
    app.finish().await;
}

#[tokio::test]
async fn ten_changes_at_once_are_all_kept() {
    let app = TestApp::start().await;
    let id = app
        .post(ADA, "/carts", json!({}))
        .await
        .expect(201)
        .text_of("cartId");
    let path = format!("/carts/{id}/lines");
    let skus = [
        "GLS-CLR",
        "GLS-TNT",
        "TAP-5",
        "TAP-8",
        "LVL-60",
        "LVL-120",
        "CAL-150",
        "DRV-PH2",
        "DRV-TX20",
        "ADH-CA-20",
    ];
    let adds = skus.map(|sku| app.post(ADA, &path, json!({"sku": sku, "quantity": 1})));
    for answer in futures::future::join_all(adds).await {
        answer.expect(200);
    }
    let cart = app.get(ADA, &format!("/carts/{id}")).await.expect(200);
    let mut kept: Vec<_> = cart
        .list("lines")
        .iter()
        .map(|line| line["sku"].as_str().unwrap())
        .collect();
    kept.sort_unstable();
    let mut wanted = skus;
    wanted.sort_unstable();
    assert_eq!(kept, wanted);
    app.finish().await;
}

#[tokio::test]
async fn a_cart_belongs_to_its_buyer_alone() {
    let app = TestApp::start().await;
    let cart = app.cart(ADA, &[("GLS-CLR", 1)]).await;
    let id = cart.text_of("cartId");
    let line = cart.list("lines")[0]["lineId"].as_str().unwrap();
    let before = app.moment();
    let (own, lines, line) = (
        format!("/carts/{id}"),
        format!("/carts/{id}/lines"),
        format!("/carts/{id}/lines/{line}"),
    );
    for user in [BEN, FINN] {
        app.get(user, &own).await.expect_problem(404, "not_found");
        app.delete(user, &own)
            .await
            .expect_problem(404, "not_found");
        app.post(user, &lines, json!({"sku": "TAP-5", "quantity": 1}))
            .await
            .expect_problem(404, "not_found");
        app.put(user, &lines, json!({"lines": []}))
            .await
            .expect_problem(404, "not_found");
        app.patch(user, &line, json!({"quantity": 5}))
            .await
            .expect_problem(404, "not_found");
        app.delete(user, &line)
            .await
            .expect_problem(404, "not_found");
        app.put(
            user,
            &format!("{own}/shipping"),
            json!({"addressId": "A-102", "method": "STANDARD"}),
        )
        .await
        .expect(if user == BEN { 404 } else { 400 });
        app.prepare(user, &id)
            .await
            .expect_problem(404, "not_found");
        app.delete(user, &format!("{own}/preparation"))
            .await
            .expect_problem(404, "not_found");
        let order = json!({
            "cartId": id, "preparationId": "p",
            "acceptedTotal": {"amount": "1.00", "currency": "USD"},
        });
        app.place(user, "k", 0, &order)
            .await
            .expect_problem(404, "not_found");
    }
    assert_eq!(app.written_since(&before), [] as [&str; 0]);
    app.finish().await;
}

#[tokio::test]
async fn a_cart_can_be_thrown_away() {
    let app = TestApp::start().await;
    let prepared = app.prepared(ADA, &[("GLS-CLR", 1)]).await;
    assert_eq!(app.reservations_of(&prepared.cart_id).len(), 1);
    app.delete(ADA, &format!("/carts/{}", prepared.cart_id))
        .await
        .expect(204);
    app.get(ADA, &format!("/carts/{}", prepared.cart_id))
        .await
        .expect_problem(404, "not_found");
    assert!(app.reservations_of(&prepared.cart_id).is_empty());
    app.finish().await;
}

#[tokio::test]
async fn a_cart_that_is_not_touched_for_thirty_days_is_gone_and_every_change_keeps_it() {
    const DAY: i64 = 86_400;
    let app = TestApp::start().await;
    let cart = app.cart(ADA, &[("GLS-CLR", 1)]).await;
    let id = cart.text_of("cartId");
    let lines = format!("/carts/{id}/lines");
    app.advance(29 * DAY);
    app.post(ADA, &lines, json!({"sku": "TAP-5", "quantity": 1}))
        .await
        .expect(200);
    app.advance(29 * DAY);
    let current = app.get(ADA, "/carts/current").await.expect(200);
    assert_eq!(
        (current["cartId"].as_str(), current.list("lines").len()),
        (Some(id.as_str()), 2)
    );
    app.advance(2 * DAY);
    // Whether DynamoDB deleted it already or not.
    app.get(ADA, "/carts/current")
        .await
        .expect_problem(404, "not_found");
    app.get(ADA, &format!("/carts/{id}"))
        .await
        .expect_problem(404, "not_found");
    app.post(ADA, &lines, json!({"sku": "TAP-5", "quantity": 1}))
        .await
        .expect_problem(404, "not_found");
    app.finish().await;
}
