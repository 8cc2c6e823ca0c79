//! Faults at every call that a preparation makes to the ERP, and crashes between any two of its
//! steps: no reservation outlives its preparation.

use std::time::Duration;

use serde_json::{Value, json};

use crate::app::{ADA, Cut, TestApp};

const LINES: [(&str, u32); 2] = [("BLT-HEX-M8", 20), ("WRN-CMB-13", 1)];
const WHO: (&str, &str) = (ADA, "ORG-100");

/// Until a preparation is over, and the lock on the ledger with it.
const OVER: i64 = 901;

/// The entries of the ledger.
fn ledger(app: &TestApp) -> usize {
    app.table("CartsTable")
        .iter()
        .filter(|item| item.contains("\"reservation#"))
        .count()
}

/// A preparation of `cart` by an instance of its own, which dies on demand: its status, if it
/// lived.
async fn prepare(app: &TestApp, cart: &str, cut: Option<Cut>) -> Option<u64> {
    let checkout = app.instance("checkout", &[], cut).await;
    checkout
        .call(WHO, &format!("POST /carts/{cart}/preparation"), &[], None)
        .await
        .map(|(status, _)| status)
}

/// After the time of the preparation and one run of `reconcile` nothing is reserved, and nothing
/// is left in the ledger. The ERP was asked to cancel every reservation that it still held: its own
/// clock is not relied upon.
async fn nothing_is_left(app: &TestApp, cart: &str, what: &str) {
    let noted = ledger(app);
    let before = app.calls("cancel");
    app.advance(OVER);
    assert_eq!(app.reconcile().await["released"], noted, "{what}");
    assert_eq!(app.calls("cancel"), before + noted as u64, "{what}");
    assert!(app.reservations_of(cart).is_empty(), "{what}");
    assert_eq!(ledger(app), 0, "{what}");
    let shown = app.get(ADA, &format!("/carts/{cart}")).await.expect(200);
    let order = json!({
        "cartId": cart,
        "preparationId": shown["preparation"]["preparationId"].as_str().unwrap_or("none"),
        "acceptedTotal": {"amount": "1.00", "currency": "USD"},
    });
    app.place(ADA, "dead", 0, &order)
        .await
        .expect_problem(409, "preparation_invalid");
}

#[tokio::test]
async fn a_crash_at_any_call_to_the_tables_leaves_no_reservation_behind() {
    let app = TestApp::start().await;
    let cart = app.cart_to_ship(ADA, &LINES).await;
    let (mut crashes, mut held) = (0, 0);
    for cut in [Cut::Before as fn(usize) -> Cut, Cut::After] {
        for call in 1.. {
            let cut = cut(call);
            let status = prepare(&app, &cart, Some(cut)).await;
            held += app.reservations_of(&cart).len();
            nothing_is_left(&app, &cart, &format!("{cut:?}")).await;
            match status {
                None => crashes += 1,
                Some(status) => {
                    assert_eq!(status, 200, "{cut:?}");
                    break;
                }
            }
        }
    }
    println!("{crashes} crashes, {held} of them with reserved goods");
    assert!(crashes >= 12 && held >= 6, "{crashes} {held}");
    app.finish().await;
}

#[tokio::test]
async fn a_crash_while_the_erp_is_asked_leaves_no_reservation_behind() {
    let app = TestApp::start().await;
    let cart = app.cart_to_ship(ADA, &LINES).await;
    for operation in ["reserve", "prices", "calculate"] {
        // Before the ERP works it off, and after.
        for fault in [
            json!({"kind": "hang"}),
            json!({"kind": "delay", "delayMs": 60_000}),
        ] {
            let what = format!("{operation} {fault}");
            let mut armed = fault.clone();
            armed["operation"] = json!(operation);
            app.fault(armed);
            let before = app.calls(operation);
            let dies = async {
                app.eventually("the ERP is asked", async || {
                    (app.calls(operation) > before).then_some(())
                })
                .await;
                // It is counted first and processed at once.
                tokio::time::sleep(Duration::from_millis(50)).await;
            };
            tokio::select! {
                () = dies => {}
                status = prepare(&app, &cart, None) => panic!("{what}: {status:?}"),
            }
            let reserved = operation != "reserve" || fault["kind"] == "delay";
            assert_eq!(
                app.reservations_of(&cart).len(),
                usize::from(reserved),
                "{what}"
            );
            nothing_is_left(&app, &cart, &what).await;
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn after_a_crash_at_any_call_the_buyer_prepares_again_without_waiting_for_the_end() {
    let app = TestApp::start().await;
    let cart = app.cart_to_ship(ADA, &LINES).await;
    let mut in_the_way = 0;
    for call in 1.. {
        if prepare(&app, &cart, Some(Cut::After(call))).await.is_some() {
            break;
        }
        let prepared = app.prepare(ADA, &cart).await;
        if prepared.status == 409 {
            // An instance that died holds the ledger until the end of its own time, for it might
            // have lived.
            assert_eq!(prepared["code"], "concurrent_change", "{}", prepared.text);
            in_the_way += 1;
            app.advance(26);
            app.prepare(ADA, &cart).await.expect(200);
        }
        assert_eq!(
            (app.reservations_of(&cart).len(), ledger(&app)),
            (1, 1),
            "after call {call}"
        );
        app.delete(ADA, &format!("/carts/{cart}/preparation"))
            .await
            .expect(204);
        assert_eq!(
            (app.reservations_of(&cart).len(), ledger(&app)),
            (0, 0),
            "after call {call}"
        );
    }
    assert!(in_the_way >= 2, "{in_the_way}");
    app.finish().await;
}

#[tokio::test]
async fn a_fault_at_any_call_to_the_erp_leaves_no_reservation_behind() {
    let mut app = TestApp::start().await;
    app.leave_faults();
    let cart = app.cart_to_ship(ADA, &LINES).await;
    let kinds = [
        json!({"kind": "refuse"}),
        json!({"kind": "status", "status": 500}),
        json!({"kind": "status", "status": 429}),
        json!({"kind": "error-200"}),
        json!({"kind": "error-200", "processed": "maybe"}),
        json!({"kind": "commit-then-drop"}),
        json!({"kind": "commit-then-status"}),
        json!({"kind": "garbage"}),
        json!({"kind": "partial"}),
        json!({"kind": "omit-items"}),
        json!({"kind": "error-sentence"}),
        json!({"kind": "wrong-reference"}),
        json!({"kind": "wrong-amounts"}),
    ];
    let mut failed = 0;
    for operation in ["reserve", "prices", "calculate"] {
        for (number, kind) in kinds.iter().enumerate() {
            let mut fault = kind.clone();
            // Prices are a read, which is tried again once.
            fault["times"] = json!(2);
            fault["operation"] = json!(operation);
            let what = format!("{fault}");
            app.fault(fault);
            // Every second time the ERP does not hear of the release either.
            let deaf = number % 2 == 1;
            if deaf {
                app.fault(
                    json!({"operation": "cancel", "kind": "status", "status": 500, "times": 9}),
                );
            }
            let prepared = app.prepare(ADA, &cart).await;
            if prepared.status == 200 {
                // What the fault would spoil is not in this answer.
                assert!(operation != "calculate", "{what}");
                assert!(
                    matches!(
                        kind["kind"].as_str(),
                        Some("wrong-reference" | "wrong-amounts")
                    ),
                    "{what}"
                );
            } else {
                failed += 1;
                let shown = app.get(ADA, &format!("/carts/{cart}")).await.expect(200);
                assert_eq!(shown["preparation"], Value::Null, "{what}");
                if !deaf {
                    assert!(app.reservations_of(&cart).is_empty(), "{what}");
                    assert_eq!(ledger(&app), 0, "{what}");
                }
            }
            app.simulator().disarm();
            nothing_is_left(&app, &cart, &what).await;
        }
    }
    println!("{failed} preparations failed");
    assert!(failed >= 34, "{failed}");
    app.take_server_errors();
    app.prepare(ADA, &cart).await.expect(200);
    nothing_is_left(&app, &cart, "without a fault").await;
    app.finish().await;
}
