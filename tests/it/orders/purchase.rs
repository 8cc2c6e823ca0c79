//! A buyer buys: from the cart to the order that the ERP holds exactly once.

use serde_json::{Value, json};

use crate::app::{ADA, BEN, FINN, TestApp};

const LINES: [(&str, u32); 3] = [("BLT-HEX-M8", 20), ("GLV-NIT-S", 2), ("SCR-WD-4X20", 3)];

#[tokio::test]
async fn a_buyer_buys_and_the_erp_holds_exactly_that_order_once() {
    let app = TestApp::start().await;
    let cart = app.cart(ADA, &LINES).await;
    let id = cart.text_of("cartId");
    assert_eq!(
        cart.list("lines")[2]["quantity"],
        300,
        "three packs of a hundred"
    );
    assert_eq!(cart.list("lines")[1]["quantity"], 12, "sold by the dozen");
    assert_eq!(
        cart.list("lines")[1]["messages"][0]["code"],
        "quantity_rounded"
    );
    let line = cart.list("lines")[0]["lineId"].as_str().unwrap();
    app.patch(
        ADA,
        &format!("/carts/{id}/lines/{line}"),
        json!({"quantity": 30}),
    )
    .await
    .expect(200);
    let shipping = json!({"addressId": "A-102", "method": "STANDARD"});
    app.put(ADA, &format!("/carts/{id}/shipping"), shipping)
        .await
        .expect(200);
    let preparation = app.prepare(ADA, &id).await.expect(200);
    let total = preparation["totals"]["grand"].clone();
    let order = json!({
        "cartId": id,
        "preparationId": preparation["preparationId"],
        "acceptedTotal": total,
        "purchaseOrderNumber": "PO-7",
    });

    let placed = app.place(ADA, "key-1", 10, &order).await.expect(201);
    assert_eq!(
        (placed["orderId"].as_str(), placed["state"].as_str()),
        (Some(id.as_str()), Some("confirmed"))
    );
    let external = placed.text_of("externalOrderId");

    let held = app.orders_of(&id);
    assert_eq!(held.len(), 1);
    assert_eq!(held[0]["externalOrderId"], external.as_str());
    assert_eq!(held[0]["totals"]["grand"], total);
    let lines = |lines: &Value| -> Vec<Value> {
        lines
            .as_array()
            .unwrap()
            .iter()
            .map(|line| {
                json!([
                    line["lineId"],
                    line["sku"],
                    line["quantity"],
                    line["unitPrice"]
                ])
            })
            .collect()
    };
    assert_eq!(lines(&held[0]["lines"]), lines(&preparation["lines"]));
    assert_eq!(
        app.reservations_of(&id),
        [] as [Value; 0],
        "the reservation became the order"
    );
    assert_eq!(app.calls("submit-order"), 1);

    let again = app.place(ADA, "key-1", 10, &order).await;
    assert_eq!(
        (again.status, &again.text),
        (201, &placed.text),
        "the first answer again"
    );
    assert_eq!(app.calls("submit-order"), 1);
    let mut other = order.clone();
    other["comment"] = json!("ring twice");
    app.place(ADA, "key-1", 0, &other)
        .await
        .expect_problem(422, "idempotency_key_reused");
    app.post(ADA, "/orders", order.clone())
        .await
        .expect_problem(400, "idempotency_key_required");
    app.place(ADA, "key-2", 0, &order)
        .await
        .expect_problem(409, "cart_submitted");
    assert_eq!(app.orders_of(&id).len(), 1);

    let cart = app.get(ADA, &format!("/carts/{id}")).await.expect(200);
    assert_eq!(cart["status"], "submitted");
    app.get(ADA, "/carts/current")
        .await
        .expect_problem(404, "not_found");
    app.finish().await;
}

#[tokio::test]
async fn an_order_is_tracked_live_together_with_those_of_other_channels() {
    let app = TestApp::start().await;
    let prepared = app.prepared(ADA, &LINES).await;
    let placed = app
        .place(ADA, "key-1", 10, &prepared.order())
        .await
        .expect(201);
    let (id, external) = (placed.text_of("orderId"), placed.text_of("externalOrderId"));

    let orders = app.get(ADA, "/orders").await.expect(200);
    let ours: Vec<_> = orders
        .list("orders")
        .iter()
        .filter(|order| order["orderId"] == id.as_str())
        .collect();
    assert_eq!(ours.len(), 1, "{}", orders.text);
    assert_eq!(
        (
            ours[0]["externalOrderId"].as_str(),
            ours[0]["stale"].as_bool()
        ),
        (Some(external.as_str()), Some(false))
    );
    assert_eq!(ours[0]["channel"], "storefront");
    let others = orders
        .list("orders")
        .iter()
        .filter(|order| order["channel"] == "edi")
        .count();
    assert_eq!(others, 2, "{}", orders.text);
    assert!(
        app.get(BEN, "/orders").await.expect(200).text.contains(&id),
        "a colleague sees it"
    );
    assert!(
        !app.get(FINN, "/orders")
            .await
            .expect(200)
            .text
            .contains(&id),
        "another organization does not"
    );

    for name in [&id, &external] {
        let order = app.get(ADA, &format!("/orders/{name}")).await.expect(200);
        assert_eq!(
            (order["orderId"].as_str(), order["externalOrderId"].as_str()),
            (Some(id.as_str()), Some(external.as_str()))
        );
        assert_eq!(order["total"], prepared.preparation["totals"]["grand"]);
        assert_eq!(order.list("lines").len(), 3);
        assert_eq!(order["status"], "new");
        app.get(FINN, &format!("/orders/{name}"))
            .await
            .expect_problem(404, "not_found");
        let events = app.timeline(ADA, name).await;
        assert_eq!(events, ["captured", "sending", "confirmed"]);
    }
    app.advance(11);
    let order = app.get(ADA, &format!("/orders/{id}")).await.expect(200);
    assert_eq!(
        order["status"], "confirmed",
        "the ERP's own status is read live"
    );

    // A read is repeated once.
    app.fault(json!({"operation": "detail", "kind": "status", "times": 2}));
    let order = app.get(ADA, &format!("/orders/{id}")).await.expect(200);
    assert_eq!(
        (order["stale"].as_bool(), order["state"].as_str()),
        (Some(true), Some("confirmed"))
    );
    app.fault(json!({"operation": "list", "kind": "status", "times": 2}));
    let orders = app.get(ADA, "/orders").await.expect(200);
    assert_eq!(orders["stale"], true);
    assert_eq!(
        orders.list("orders").len(),
        1,
        "what was captured here is still shown"
    );
    app.finish().await;
}

#[tokio::test]
async fn two_clicks_at_once_make_one_order() {
    let app = TestApp::start().await;
    let prepared = app.prepared(ADA, &LINES).await;
    let order = prepared.order();
    let (one, two) = futures::join!(
        app.place(ADA, "key-1", 5, &order),
        app.place(ADA, "key-1", 5, &order)
    );
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert!(
        matches!(statuses, [201, 201 | 409]),
        "{} {}",
        one.text,
        two.text
    );
    for refused in [&one, &two]
        .into_iter()
        .filter(|answer| answer.status == 409)
    {
        assert_eq!(
            refused["code"], "idempotency_in_progress",
            "{}",
            refused.text
        );
    }
    let (one, two) = futures::join!(
        app.place(ADA, "key-8", 0, &order),
        app.place(ADA, "key-9", 0, &order)
    );
    assert_eq!(
        (one.status, two.status),
        (409, 409),
        "another key does not help either"
    );
    assert_eq!(app.orders_of(&prepared.cart_id).len(), 1);
    app.finish().await;
}
