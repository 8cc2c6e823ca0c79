//! The first look of an operator who was woken: is all well, and if not, where to look next.

use serde_json::{Value, json};

use crate::app::{ADA, Answer, OPERATOR, TestApp};

const LINES: [(&str, u32); 2] = [("BLT-HEX-M8", 20), ("WRN-CMB-13", 1)];

async fn look(app: &TestApp) -> Answer {
    app.get(OPERATOR, "/operations/health").await.expect(200)
}

fn codes(health: &Answer) -> Vec<&str> {
    health
        .list("findings")
        .iter()
        .map(|finding| finding["code"].as_str().unwrap())
        .collect()
}

/// Follows the advice of a finding: the list that it leads to, which must hold something.
async fn follow(app: &TestApp, health: &Answer, code: &str, list: &str) -> Value {
    let finding = health
        .list("findings")
        .iter()
        .find(|finding| finding["code"] == code)
        .unwrap();
    let page = app
        .get(OPERATOR, finding["look"].as_str().unwrap())
        .await
        .expect(200);
    page.list(list)[0].clone()
}

#[tokio::test]
async fn when_all_is_well_it_says_so_to_operators_alone() {
    let app = TestApp::start().await;
    let health = look(&app).await;
    assert_eq!(
        (&health["status"], codes(&health).len()),
        (&json!("ok"), 0),
        "{}",
        health.text
    );
    assert_eq!(health["erp"]["reachable"], true);
    assert!(
        health["erp"]["durationMs"]
            .as_i64()
            .is_some_and(|millis| millis < 3_000),
        "{}",
        health.text
    );
    let nothing = json!({
        "oldestUnconfirmedSeconds": 0, "oldestAwaitingApprovalSeconds": 0, "unknown": 0,
        "needsAttention": 0, "heldLoads": 0,
    });
    assert_eq!(health["waiting"], nothing);
    app.get(ADA, "/operations/health")
        .await
        .expect_problem(403, "forbidden");
    app.finish().await;
}

#[tokio::test]
async fn an_erp_that_is_away_is_found_and_what_waits_for_it_once_it_waits_for_too_long() {
    let mut app = TestApp::start().await;
    let prepared = app.prepared(ADA, &LINES).await;
    app.fault(json!({"operation": "*", "kind": "refuse", "times": 1_000}));
    app.leave_faults();
    app.place(ADA, "key-1", 0, &prepared.order())
        .await
        .expect(202);
    app.until_state(ADA, &prepared.cart_id, &["waiting", "unknown"])
        .await;
    let health = look(&app).await;
    assert_eq!(
        (&health["status"], codes(&health)),
        (&json!("attention"), vec!["erp_unavailable"]),
        "{}",
        health.text
    );
    assert_eq!(
        (&health["erp"]["reachable"], &health["erp"]["durationMs"]),
        (&json!(false), &Value::Null)
    );
    assert!(
        health["erp"]["reason"]
            .as_str()
            .is_some_and(|reason| !reason.is_empty()),
        "{}",
        health.text
    );
    app.advance(901);
    let health = look(&app).await;
    assert_eq!(
        codes(&health),
        ["erp_unavailable", "overdue"],
        "{}",
        health.text
    );
    assert!(
        health["waiting"]["oldestUnconfirmedSeconds"].as_u64() >= Some(900),
        "{}",
        health.text
    );
    assert_eq!(
        follow(&app, &health, "overdue", "submissions").await["submissionId"],
        prepared.cart_id.as_str()
    );

    // One that hangs holds up the look for three seconds at most.
    app.simulator().disarm();
    app.fault(json!({"operation": "*", "kind": "hang", "times": 1_000}));
    let began = std::time::Instant::now();
    let health = look(&app).await;
    assert!(
        began.elapsed() < std::time::Duration::from_millis(4_500),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(health["erp"]["reason"], "timeout", "{}", health.text);

    // It comes back, and with it everything else.
    app.simulator().disarm();
    // Longer than any pause between two tries.
    app.advance(400);
    app.reconcile().await;
    app.until_state(ADA, &prepared.cart_id, &["confirmed"])
        .await;
    assert_eq!(look(&app).await["status"], "ok");
    app.finish().await;
}

#[tokio::test]
async fn what_waits_for_a_person_is_found_and_the_advice_leads_there() {
    let app = TestApp::start().await;
    app.control(
        "PUT",
        "/_sim/capabilities",
        Some(json!({"submission": "none"})),
    )
    .await;
    app.fault(json!({"operation": "submit-order", "kind": "status", "status": 500}));
    let prepared = app.prepared(ADA, &LINES).await;
    app.place(ADA, "key-1", 0, &prepared.order())
        .await
        .expect(202);
    app.until_state(ADA, &prepared.cart_id, &["unknown"]).await;
    let health = look(&app).await;
    assert_eq!(
        (codes(&health).len(), &health["waiting"]["unknown"]),
        (0, &json!(1)),
        "it settles by itself"
    );
    app.advance(60);
    app.reconcile().await;
    app.until_state(ADA, &prepared.cart_id, &["needs_attention"])
        .await;
    let rows = "sku,product_id,name,description,category_ids,unit,nominal_quantity,\
        quantity_multiple,status,attr:size\n\
                GLS-CLR,GLS,Alone,,HEADEYE,EA,1,1,active,\n";
    let load = app
        .load("incoming/items/snapshot/items-20260302T000000Z.csv", rows)
        .await;
    assert_eq!(load["state"], "held", "{load}");
    let health = look(&app).await;
    assert_eq!(
        codes(&health),
        ["needs_attention", "held_loads"],
        "{}",
        health.text
    );
    let stuck = follow(&app, &health, "needs_attention", "submissions").await;
    assert_eq!(stuck["submissionId"], prepared.cart_id.as_str());
    assert_eq!(
        follow(&app, &health, "held_loads", "loads").await["loadId"],
        load["loadId"]
    );
    app.finish().await;
}
