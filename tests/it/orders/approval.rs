//! What an organization demands of orders: a purchase order number, and an approver above a limit.

use serde_json::{Value, json};

use crate::app::{ADA, Answer, BEN, CLEO, DIRK, FINN, TestApp};

const LINES: [(&str, u32); 2] = [("BLT-HEX-M8", 20), ("WRN-CMB-13", 1)];

fn usd(amount: &str) -> Value {
    json!({"amount": amount, "currency": "USD"})
}

async fn demand(app: &TestApp, number: bool, above: Value) {
    let rules = json!({"purchaseOrderNumberRequired": number, "approvalAbove": above});
    app.put(ADA, "/me/organization", rules).await.expect(200);
}

/// An order of BEN's that waits for an approver; its id.
async fn waiting(app: &TestApp) -> String {
    demand(app, false, usd("1.00")).await;
    let prepared = app.prepared(BEN, &LINES).await;
    let placed = app
        .place(BEN, "key-1", 5, &prepared.order())
        .await
        .expect(202);
    assert_eq!(
        (placed["state"].as_str(), &placed["externalOrderId"]),
        (Some("awaiting_approval"), &Value::Null)
    );
    placed.text_of("orderId")
}

async fn decide(
    app: &TestApp,
    user: &str,
    order: &str,
    decision: &str,
    reason: Option<&str>,
) -> Answer {
    let body = json!({"decision": decision, "reason": reason});
    app.post(user, &format!("/orders/{order}/approval"), body)
        .await
}

#[tokio::test]
async fn administrators_say_what_their_organization_demands_and_everybody_reads_it() {
    let app = TestApp::start().await;
    let before = app.get(BEN, "/me/organization").await.expect(200);
    assert_eq!(
        (
            before["organizationId"].as_str(),
            &before["purchaseOrderNumberRequired"],
            &before["approvalAbove"]
        ),
        (Some("ORG-100"), &json!(false), &Value::Null)
    );
    let rules = json!({"purchaseOrderNumberRequired": true, "approvalAbove": usd("250.5")});
    for user in [BEN, CLEO] {
        app.put(user, "/me/organization", rules.clone())
            .await
            .expect_problem(403, "forbidden");
    }
    for (limit, code) in [
        (
            json!({"amount": "10.00", "currency": "EUR"}),
            "currency_not_allowed",
        ),
        (usd("-1.00"), "invalid_money"),
        (usd("much"), "invalid_money"),
    ] {
        let wrong = json!({"purchaseOrderNumberRequired": true, "approvalAbove": limit});
        let refused = app
            .put(ADA, "/me/organization", wrong)
            .await
            .expect_problem(400, "invalid_request");
        assert_eq!(refused.list("errors")[0]["code"], code, "{}", refused.text);
    }
    let changed = app.put(ADA, "/me/organization", rules).await.expect(200);
    assert_eq!(
        (
            &changed["purchaseOrderNumberRequired"],
            &changed["approvalAbove"]
        ),
        (&json!(true), &usd("250.50"))
    );
    assert_eq!(
        app.get(BEN, "/me/organization").await.expect(200).json,
        changed.json
    );
    assert_eq!(
        app.get(FINN, "/me/organization").await.expect(200)["approvalAbove"],
        Value::Null
    );
    // Not a word of it is in the file of the organizations, so the file takes none of it away.
    let file = "organization_id,name,parent_id,status,currency\nORG-100,Hillside New,,active,USD\n";
    let load = app
        .load(
            "incoming/organizations/delta/organizations-20270101T000000Z.csv",
            file,
        )
        .await;
    assert_eq!(load["state"], "published", "{load}");
    let loaded = app.get(ADA, "/me/organization").await.expect(200);
    assert_eq!(
        (loaded["name"].as_str(), &loaded["approvalAbove"]),
        (Some("Hillside New"), &usd("250.50"))
    );
    app.finish().await;
}

#[tokio::test]
async fn an_order_without_the_number_that_is_demanded_is_refused_and_nothing_is_written() {
    let app = TestApp::start().await;
    demand(&app, true, Value::Null).await;
    let prepared = app.prepared(BEN, &LINES).await;
    let before = app.moment();
    app.place(BEN, "key-1", 0, &prepared.order())
        .await
        .expect_problem(400, "purchase_order_number_required");
    assert_eq!(app.written_since(&before), [] as [&str; 0]);
    let mut order = prepared.order();
    order["purchaseOrderNumber"] = json!("PO-7");
    app.place(BEN, "key-1", 10, &order).await.expect(201);
    app.finish().await;
}

#[tokio::test]
async fn an_order_above_the_limit_waits_for_an_approver_and_then_takes_its_goods_along() {
    let app = TestApp::start().await;
    let order = waiting(&app).await;
    app.advance(60);
    app.reconcile().await;
    assert_eq!(
        app.calls("submit-order"),
        0,
        "it is not sent before an approver decided"
    );
    assert_eq!(app.reservations_of(&order).len(), 1);
    let listed = app.get(CLEO, "/orders").await.expect(200);
    let listed = listed
        .list("orders")
        .iter()
        .find(|o| o["orderId"] == order.as_str())
        .unwrap()
        .clone();
    assert_eq!(
        listed["state"], "awaiting_approval",
        "the approver finds it"
    );

    for user in [BEN, ADA] {
        decide(&app, user, &order, "approve", None)
            .await
            .expect_problem(403, "forbidden");
    }
    for user in [DIRK, FINN] {
        decide(&app, user, &order, "approve", None)
            .await
            .expect_problem(404, "not_found");
    }
    decide(&app, CLEO, "never-was", "approve", None)
        .await
        .expect_problem(404, "not_found");
    let approved = decide(&app, CLEO, &order, "approve", None)
        .await
        .expect(200);
    assert_eq!(approved["orderId"], order.as_str());
    app.until_state(BEN, &order, &["confirmed"]).await;
    assert!(
        app.reservations_of(&order).is_empty(),
        "the reservation became the order"
    );
    assert_eq!(
        app.timeline(BEN, &order).await,
        ["captured", "approved", "sending", "confirmed"]
    );
    let shown = app.get(BEN, &format!("/orders/{order}")).await.expect(200);
    assert_eq!(
        (
            shown["approval"]["decision"].as_str(),
            shown["approval"]["by"].as_str()
        ),
        (Some("approve"), Some(CLEO))
    );

    let again = decide(&app, CLEO, &order, "approve", None)
        .await
        .expect(200);
    assert_eq!(
        again["state"], "confirmed",
        "the same again changes nothing"
    );
    decide(&app, CLEO, &order, "reject", None)
        .await
        .expect_problem(409, "already_decided");
    app.advance(901);
    assert_eq!(
        app.reconcile().await["released"],
        0,
        "nothing was left in the ledger"
    );
    assert_eq!(
        (app.calls("submit-order"), app.orders_of(&order).len()),
        (1, 1)
    );
    app.finish().await;
}

#[tokio::test]
async fn an_order_that_is_not_approved_ends_with_the_reason_and_gives_its_goods_back() {
    let app = TestApp::start().await;
    let order = waiting(&app).await;
    let refused = decide(&app, CLEO, &order, "reject", Some("over budget"))
        .await
        .expect(200);
    assert_eq!(
        (refused["state"].as_str(), refused["reason"].as_str()),
        (Some("rejected"), Some("over budget"))
    );
    assert_eq!(app.reconcile().await["released"], 1);
    assert!(app.reservations_of(&order).is_empty());
    assert!(
        app.calls("cancel") >= 1,
        "the ERP was asked, not only the clock"
    );
    let shown = app.get(BEN, &format!("/orders/{order}")).await.expect(200);
    assert_eq!(
        (shown["state"].as_str(), shown["reason"].as_str()),
        (Some("rejected"), Some("over budget"))
    );
    assert_eq!(
        app.timeline(BEN, &order).await,
        ["captured", "not_approved"]
    );
    decide(&app, CLEO, &order, "reject", None).await.expect(200);
    decide(&app, CLEO, &order, "approve", None)
        .await
        .expect_problem(409, "already_decided");
    assert_eq!(app.calls("submit-order"), 0);
    app.finish().await;
}

#[tokio::test]
async fn an_order_approved_after_its_reservation_ended_goes_to_the_erp_without_one_and_says_so() {
    let app = TestApp::start().await;
    let order = waiting(&app).await;
    app.advance(901);
    assert_eq!(
        app.reconcile().await["released"],
        1,
        "goods are not kept for an order that may never come"
    );
    assert!(app.reservations_of(&order).is_empty());
    decide(&app, CLEO, &order, "approve", None)
        .await
        .expect(200);
    app.until_state(BEN, &order, &["confirmed"]).await;
    let timeline = app
        .get(BEN, &format!("/orders/{order}/timeline"))
        .await
        .expect(200);
    let approved = timeline
        .list("events")
        .iter()
        .find(|event| event["event"] == "approved")
        .unwrap();
    assert_eq!(approved["reason"], "reservation_over");
    app.finish().await;
}

#[tokio::test]
async fn a_limit_holds_from_the_next_cent_on_and_other_orders_do_not_wait() {
    let app = TestApp::start().await;
    let first = app.prepared(BEN, &LINES).await;
    demand(&app, false, first.preparation["totals"]["grand"].clone()).await;
    let placed = app
        .place(BEN, "key-1", 10, &first.order())
        .await
        .expect(201);
    let order = placed.text_of("orderId");
    decide(&app, CLEO, &order, "approve", None)
        .await
        .expect_problem(409, "already_decided");
    let more = app
        .prepared(BEN, &[("BLT-HEX-M8", 30), ("WRN-CMB-13", 1)])
        .await;
    let placed = app.place(BEN, "key-2", 10, &more.order()).await.expect(202);
    assert_eq!(placed["state"], "awaiting_approval");
    // Two approvers' browsers at once: one decision counts.
    let order = placed.text_of("orderId");
    let (yes, no) = futures::join!(
        decide(&app, CLEO, &order, "approve", None),
        decide(&app, CLEO, &order, "reject", None)
    );
    let mut statuses = [yes.status, no.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "{} {}", yes.text, no.text);
    if yes.status == 200 {
        app.until_state(BEN, &order, &["confirmed"]).await;
    }
    app.finish().await;
}
