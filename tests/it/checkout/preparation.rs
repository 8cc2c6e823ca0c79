//! The preparation: reserve, price live, calculate; and whatever becomes of what was reserved.

use serde_json::{Value, json};

use crate::app::{ADA, FINN, TestApp};

const LINES: [(&str, u32); 2] = [("BLT-HEX-M8", 20), ("WRN-CMB-13", 1)];

#[tokio::test]
async fn a_preparation_reserves_then_prices_then_calculates() {
    let app = TestApp::start().await;
    let cart = app.cart_to_ship(ADA, &LINES).await;
    let from = app.simulator().calls().calls.len();
    let preparation = app.prepare(ADA, &cart).await.expect(200);
    let operations = app.operations_since(from);
    let operations: Vec<_> = operations
        .iter()
        .filter(|operation| *operation != "capabilities")
        .collect();
    assert_eq!(operations, ["reserve", "prices", "calculate"]);
    assert_eq!(preparation["changes"], json!([]));
    for line in preparation.list("lines") {
        assert_eq!(line["reservation"]["status"], "reserved");
        assert_eq!(line["reservation"]["quantity"], line["quantity"]);
    }
    assert_eq!(app.reservations_of(&cart).len(), 1);
    let shown = app.get(ADA, &format!("/carts/{cart}")).await.expect(200);
    assert_eq!(
        shown["preparation"]["preparationId"],
        preparation["preparationId"]
    );
    app.prepare(ADA, &cart).await.expect(200);
    assert_eq!(
        app.reservations_of(&cart).len(),
        1,
        "repeated, never doubled"
    );
    app.finish().await;
}

#[tokio::test]
async fn what_differs_from_the_cart_is_listed_line_by_line() {
    let app = TestApp::start().await;
    let cart = app.cart_to_ship(ADA, &LINES).await;
    let before = app.get(ADA, &format!("/carts/{cart}")).await.expect(200);
    app.change_price("WRN-CMB-13", "1.5").await;
    app.change_stock("BLT-HEX-M8", 5).await;
    let preparation = app.prepare(ADA, &cart).await.expect(200);
    let changes = preparation.list("changes");
    let of = |line: usize, field: &str| {
        let id = &before.list("lines")[line]["lineId"];
        changes
            .iter()
            .find(|change| change["lineId"] == *id && change["field"] == field)
    };
    let price = of(1, "unitPrice").expect("the price changed");
    assert!(
        price["before"].as_str().unwrap().starts_with(
            before.list("lines")[1]["unitPrice"]["amount"]
                .as_str()
                .unwrap()
        )
    );
    assert_ne!(price["before"], price["after"]);
    let reservation = of(0, "reservation").expect("not all could be reserved");
    assert_eq!(
        (
            reservation["before"].as_str(),
            reservation["after"].as_str()
        ),
        (Some("reserved"), Some("backordered"))
    );
    assert_eq!(of(0, "unitPrice"), None);
    let bolt = &preparation.list("lines")[0]["reservation"];
    assert_eq!(
        (bolt["status"].as_str(), bolt["quantity"].as_i64()),
        (Some("backordered"), Some(5))
    );
    app.finish().await;
}

#[tokio::test]
async fn ending_a_preparation_or_changing_the_cart_releases_the_goods() {
    let app = TestApp::start().await;
    let prepared = app.prepared(ADA, &LINES).await;
    let own = format!("/carts/{}", prepared.cart_id);
    app.delete(ADA, &format!("{own}/preparation"))
        .await
        .expect(204);
    assert!(app.reservations_of(&prepared.cart_id).is_empty());
    app.place(ADA, "key-1", 0, &prepared.order())
        .await
        .expect_problem(409, "preparation_invalid");
    app.delete(ADA, &format!("{own}/preparation"))
        .await
        .expect(204);

    for step in 0..4 {
        app.prepare(ADA, &prepared.cart_id).await.expect(200);
        assert_eq!(app.reservations_of(&prepared.cart_id).len(), 1);
        let cart = app.get(ADA, &own).await.expect(200);
        let line = format!(
            "{own}/lines/{}",
            cart.list("lines")[0]["lineId"].as_str().unwrap()
        );
        match step {
            0 => app
                .patch(ADA, &line, json!({"quantity": 40}))
                .await
                .expect(200),
            1 => app
                .post(
                    ADA,
                    &format!("{own}/lines"),
                    json!({"sku": "TAP-5", "quantity": 1}),
                )
                .await
                .expect(200),
            2 => app.delete(ADA, &line).await.expect(200),
            _ => app
                .put(
                    ADA,
                    &format!("{own}/shipping"),
                    json!({"addressId": "A-103", "method": "EXPRESS"}),
                )
                .await
                .expect(200),
        };
        assert!(
            app.reservations_of(&prepared.cart_id).is_empty(),
            "step {step}"
        );
        assert_eq!(
            app.get(ADA, &own).await.expect(200)["preparation"],
            Value::Null
        );
    }
    app.finish().await;
}

#[tokio::test]
async fn a_preparation_that_fails_half_way_leaves_nothing_reserved() {
    let app = TestApp::start().await;
    let cart = app.cart_to_ship(ADA, &LINES).await;
    for (operation, fault, status) in [
        (
            "calculate",
            json!({"kind": "status", "status": 500, "times": 2}),
            503,
        ),
        ("calculate", json!({"kind": "garbage"}), 502),
        (
            "prices",
            json!({"kind": "status", "status": 500, "times": 2}),
            503,
        ),
        ("reserve", json!({"kind": "commit-then-drop"}), 503),
    ] {
        let mut armed = fault.clone();
        armed["operation"] = json!(operation);
        app.fault(armed);
        let answer = app.prepare(ADA, &cart).await.expect(status);
        assert!(!answer.text.contains("simulator"), "{}", answer.text);
        assert!(app.reservations_of(&cart).is_empty(), "{operation} {fault}");
        let shown = app.get(ADA, &format!("/carts/{cart}")).await.expect(200);
        assert_eq!(shown["preparation"], Value::Null, "{operation} {fault}");
        // What was not needed by a client that asked once only.
        app.simulator().disarm();
    }
    app.take_server_errors();
    app.prepare(ADA, &cart).await.expect(200);
    app.finish().await;
}

#[tokio::test]
async fn a_total_that_is_not_the_prepared_one_is_refused_and_nothing_is_written() {
    let app = TestApp::start().await;
    let prepared = app.prepared(ADA, &LINES).await;
    let before = app.moment();
    let mut order = prepared.order();
    order["acceptedTotal"]["amount"] = json!("1.00");
    let refused = app
        .place(ADA, "key-1", 0, &order)
        .await
        .expect_problem(409, "total_changed");
    assert_eq!(
        refused.list("errors").len(),
        2,
        "line by line: {}",
        refused.text
    );
    order["acceptedTotal"] =
        json!({"amount": prepared.preparation["totals"]["grand"]["amount"], "currency": "EUR"});
    app.place(ADA, "key-1", 0, &order)
        .await
        .expect_problem(409, "total_changed");
    order = prepared.order();
    order["preparationId"] = json!("another");
    app.place(ADA, "key-1", 0, &order)
        .await
        .expect_problem(409, "preparation_invalid");
    assert_eq!(app.written_since(&before), [] as [&str; 0]);
    app.place(ADA, "key-1", 10, &prepared.order())
        .await
        .expect(201);
    app.finish().await;
}

#[tokio::test]
async fn a_preparation_ends_and_the_schedule_forgets_what_it_reserved() {
    let app = TestApp::start().await;
    let prepared = app.prepared(ADA, &LINES).await;
    app.advance(901);
    app.place(ADA, "key-1", 0, &prepared.order())
        .await
        .expect_problem(409, "preparation_invalid");
    assert_eq!(app.reconcile().await["released"], 1);
    assert_eq!(app.reconcile().await["released"], 0);
    assert!(app.reservations_of(&prepared.cart_id).is_empty());
    let preparation = app.prepare(ADA, &prepared.cart_id).await.expect(200);
    let mut order = prepared.order();
    order["preparationId"] = preparation["preparationId"].clone();
    app.place(ADA, "key-1", 10, &order).await.expect(201);
    app.advance(901);
    assert_eq!(
        app.reconcile().await["released"],
        0,
        "an order's reservation is the order's"
    );
    app.finish().await;
}

#[tokio::test]
async fn a_cart_without_lines_or_shipping_cannot_be_prepared() {
    let app = TestApp::start().await;
    let empty = app
        .post(ADA, "/carts", json!({}))
        .await
        .expect(201)
        .text_of("cartId");
    app.prepare(ADA, &empty)
        .await
        .expect_problem(409, "cart_empty");
    let unshipped = app.cart(ADA, &LINES).await.text_of("cartId");
    app.prepare(ADA, &unshipped)
        .await
        .expect_problem(409, "shipping_missing");
    assert_eq!(app.calls("reserve"), 0);
    app.prepare(FINN, &unshipped)
        .await
        .expect_problem(404, "not_found");
    app.finish().await;
}

#[tokio::test]
async fn preparation_and_capture_refuse_an_inactive_item() {
    let app = TestApp::start().await;
    let prepared = app.prepared(ADA, &LINES).await;
    let header = "sku,product_id,name,description,category_ids,unit,nominal_quantity,\
        quantity_multiple,status";
    let file = format!(
        "{header}\nWRN-CMB-13,WRN-CMB,Combination wrench 13 mm,,WRENCHES,EA,1,1,inactive\n"
    );
    let load = app
        .load("incoming/items/delta/items-20270101T000000Z.csv", file)
        .await;
    assert_eq!(
        (load["state"].as_str(), load["counts"]["applied"].as_u64()),
        (Some("published"), Some(1)),
        "{load}"
    );
    let before = app.moment();
    let refused = app
        .place(ADA, "key-1", 0, &prepared.order())
        .await
        .expect_problem(409, "lines_refused");
    let wrench = &prepared.preparation["lines"][1]["lineId"].as_str().unwrap();
    assert_eq!(refused.list("errors").len(), 1, "{}", refused.text);
    assert_eq!(
        (
            refused["errors"][0]["pointer"].as_str(),
            refused["errors"][0]["code"].as_str()
        ),
        (
            Some(format!("/lines/{wrench}").as_str()),
            Some("item_inactive")
        )
    );
    assert_eq!(app.written_since(&before), [] as [&str; 0]);
    let reserved = app.calls("reserve");
    app.prepare(ADA, &prepared.cart_id)
        .await
        .expect_problem(409, "lines_refused");
    assert_eq!(app.calls("reserve"), reserved, "the ERP is not even asked");
    app.finish().await;
}

#[tokio::test]
async fn amounts_of_the_erp_that_do_not_add_up_are_an_error_and_nothing_is_reserved() {
    let app = TestApp::start().await;
    let cart = app.cart_to_ship(ADA, &LINES).await;
    app.fault(json!({"operation": "calculate", "kind": "wrong-amounts"}));
    app.prepare(ADA, &cart)
        .await
        .expect_problem(502, "erp_amounts_disagree");
    assert_eq!(app.take_server_errors().len(), 1);
    assert!(app.reservations_of(&cart).is_empty());
    assert_eq!(
        app.get(ADA, &format!("/carts/{cart}")).await.expect(200)["preparation"],
        Value::Null
    );
    app.prepare(ADA, &cart).await.expect(200);
    app.finish().await;
}
