//! A preparation is worth no more than its reservation: an instance that loses a race or fails
//! never releases what another reserved.

use serde_json::{Value, json};

use crate::app::{ADA, TestApp};

const LINES: [(&str, u32); 2] = [("BLT-HEX-M8", 20), ("WRN-CMB-13", 1)];

#[tokio::test]
async fn a_failed_second_preparation_ends_the_first() {
    for operation in ["prices", "calculate"] {
        let app = TestApp::start().await;
        let first = app.prepared(ADA, &LINES).await;
        app.fault(json!({"operation": operation, "kind": "status", "status": 500, "times": 2}));
        let failed = app.prepare(ADA, &first.cart_id).await;
        assert!(failed.status >= 500, "{operation}: {}", failed.text);
        app.take_server_errors();
        app.simulator().disarm();
        assert!(
            app.reservations_of(&first.cart_id).is_empty(),
            "{operation}"
        );
        let cart = app
            .get(ADA, &format!("/carts/{}", first.cart_id))
            .await
            .expect(200);
        assert_eq!(cart["preparation"], Value::Null, "{operation}");
        app.place(ADA, "key-1", 0, &first.order())
            .await
            .expect_problem(409, "preparation_invalid");
        assert!(app.orders_of(&first.cart_id).is_empty(), "{operation}");
        app.finish().await;
    }
}

#[tokio::test]
async fn of_preparations_at_once_the_one_that_succeeds_keeps_its_goods() {
    let app = TestApp::start().await;
    for round in 0..4 {
        let cart = app.cart_to_ship(ADA, &LINES).await;
        let answers = futures::future::join_all((0..4).map(|_| app.prepare(ADA, &cart))).await;
        let (won, lost): (Vec<_>, Vec<_>) =
            answers.into_iter().partition(|answer| answer.status == 200);
        assert!(
            lost.iter().all(|answer| answer.status == 409),
            "{:?}",
            lost.iter().map(|a| &a.text).collect::<Vec<_>>()
        );
        let last = won.last().expect("one of them succeeds");
        assert_eq!(app.reservations_of(&cart).len(), 1);
        // Those that came one after the other replaced each other; the cart says which one holds.
        let shown = app.get(ADA, &format!("/carts/{cart}")).await.expect(200);
        let order = json!({
            "cartId": cart,
            "preparationId": shown["preparation"]["preparationId"],
            "acceptedTotal": last["totals"]["grand"],
        });
        app.place(ADA, &format!("key-{round}"), 10, &order)
            .await
            .expect(201);
        assert!(
            app.reservations_of(&cart).is_empty(),
            "the order took it over"
        );
    }
    app.finish().await;
}

#[tokio::test]
async fn a_release_and_a_preparation_at_once_leave_no_preparation_without_goods() {
    let app = TestApp::start().await;
    let cart = app.cart_to_ship(ADA, &LINES).await;
    let own = format!("/carts/{cart}/preparation");
    for _ in 0..6 {
        app.prepare(ADA, &cart).await;
        futures::join!(app.prepare(ADA, &cart), app.delete(ADA, &own));
        let shown = app.get(ADA, &format!("/carts/{cart}")).await.expect(200);
        let prepared = shown.json.get("preparation").is_some();
        assert_eq!(
            app.reservations_of(&cart).len(),
            usize::from(prepared),
            "prepared: {prepared}"
        );
    }
    app.delete(ADA, &own).await;
    app.finish().await;
}
