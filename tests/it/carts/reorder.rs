//! An order is ordered again.

use http::Method;
use serde_json::{Value, json};

use crate::app::{ADA, Answer, BEN, CLEO, FINN, TestApp};

const LINES: [(&str, u32); 3] = [("BLT-HEX-M8", 20), ("WRN-CMB-13", 1), ("SCR-WD-4X20", 3)];

fn lines(cart: &Value) -> Vec<(String, u64)> {
    let line = |line: &Value| {
        (
            line["sku"].as_str().unwrap().to_owned(),
            line["quantity"].as_u64().unwrap(),
        )
    };
    cart["lines"].as_array().unwrap().iter().map(line).collect()
}

async fn again(app: &TestApp, user: &str, path: &str) -> Answer {
    app.request(Method::POST, user, path, &[], None).await
}

#[tokio::test]
async fn an_order_becomes_a_new_cart_at_todays_prices() {
    let app = TestApp::start().await;
    let prepared = app.prepared(ADA, &LINES).await;
    let placed = app
        .place(ADA, "key-1", 10, &prepared.order())
        .await
        .expect(201);
    let paid = prepared.preparation["lines"][1]["unitPrice"].clone();
    app.change_price("WRN-CMB-13", "1.5").await;
    // A price stays fresh for 15 minutes, a tenth more or less.
    app.advance(1_000);
    // By our id and by the ERP's, for every buyer of the organization.
    for (user, name) in [
        (ADA, placed.text_of("orderId")),
        (BEN, placed.text_of("externalOrderId")),
    ] {
        let cart = again(&app, user, &format!("/orders/{name}/reorder"))
            .await
            .expect(201);
        assert_ne!(cart["cartId"], prepared.cart_id.as_str());
        let expected = [("BLT-HEX-M8", 20), ("WRN-CMB-13", 1), ("SCR-WD-4X20", 300)];
        assert_eq!(
            lines(&cart.json),
            expected.map(|(sku, quantity)| (sku.to_owned(), quantity))
        );
        assert_eq!(
            (cart["status"].as_str(), &cart["leftOut"]),
            (Some("open"), &json!([]))
        );
        assert_ne!(
            cart.list("lines")[1]["unitPrice"],
            paid,
            "not what was paid then"
        );
        assert_eq!(cart.header("etag"), "\"1\"");
        let current = app.get(user, "/carts/current").await.expect(200);
        assert_eq!(
            (&current["cartId"], lines(&current.json)),
            (&cart["cartId"], lines(&cart.json))
        );
    }
    let before = app.moment();
    let order = format!("/orders/{}/reorder", prepared.cart_id);
    again(&app, FINN, &order)
        .await
        .expect_problem(404, "not_found");
    again(&app, CLEO, &order)
        .await
        .expect_problem(403, "forbidden");
    again(&app, ADA, "/orders/never-was/reorder")
        .await
        .expect_problem(404, "not_found");
    assert_eq!(app.written_since(&before), [] as [&str; 0]);
    app.finish().await;
}

#[tokio::test]
async fn an_inactive_item_is_left_out_and_named() {
    let app = TestApp::start().await;
    let prepared = app.prepared(ADA, &LINES).await;
    app.place(ADA, "key-1", 10, &prepared.order())
        .await
        .expect(201);
    let header = "sku,product_id,name,description,category_ids,unit,nominal_quantity,\
        quantity_multiple,status";
    let inactive = |sku: &str, unit: &str| format!("{sku},X,Old,,WRENCHES,{unit},1,1,inactive");
    let file = format!("{header}\n{}\n", inactive("WRN-CMB-13", "EA"));
    app.load("incoming/items/delta/items-20270101T000000Z.csv", file)
        .await;
    app.advance(31);
    let path = format!("/orders/{}/reorder", prepared.cart_id);
    // The ERP is silent: what was captured here is known all the same.
    app.fault(json!({"operation": "detail", "kind": "status", "times": 2}));
    let cart = again(&app, ADA, &path).await.expect(201);
    assert_eq!(lines(&cart.json).len(), 2, "{}", cart.text);
    let left_out = cart.list("leftOut");
    assert_eq!(
        (left_out.len(), left_out[0]["code"].as_str()),
        (1, Some("item_inactive"))
    );
    assert_eq!(left_out[0]["pointer"], "/lines/1/sku");

    let rest = LINES.map(|(sku, _)| inactive(sku, "EA")).join("\n");
    app.load(
        "incoming/items/delta/items-20270102T000000Z.csv",
        format!("{header}\n{rest}\n"),
    )
    .await;
    app.advance(31);
    let refused = again(&app, ADA, &path)
        .await
        .expect_problem(409, "lines_refused");
    assert_eq!(refused.list("errors").len(), 3, "{}", refused.text);
    app.finish().await;
}
