//! However the hand-over of an order goes wrong, the ERP ends with exactly one order and the buyer
//! with the truth.

use serde_json::{Value, json};

use crate::app::{ADA, Prepared, TestApp};

const LINES: [(&str, u32); 2] = [("BLT-HEX-M8", 20), ("WRN-CMB-13", 1)];
/// Longer than a submission may take in the ERP, and its lease.
const SETTLED: i64 = 60;

async fn captured(app: &TestApp) -> Prepared {
    let prepared = app.prepared(ADA, &LINES).await;
    app.place(ADA, "key-1", 0, &prepared.order())
        .await
        .expect(202);
    prepared
}

/// Time passes and the schedule runs until the order is confirmed.
async fn drive(app: &TestApp, id: &str) {
    for _ in 0..6 {
        let state = app.state(ADA, id).await;
        if state == "confirmed" {
            return;
        }
        app.advance(SETTLED);
        app.reconcile().await;
        app.eventually("the queue is processed", async || {
            (app.messages("SubmitQueue").await == 0).then_some(())
        })
        .await;
    }
    panic!("not confirmed: {:?}", app.timeline(ADA, id).await);
}

/// One send goes wrong; returns the order's timeline.
async fn settles(fault: Value) -> Vec<String> {
    let app = TestApp::start().await;
    app.fault(fault);
    let prepared = captured(&app).await;
    let id = &prepared.cart_id;
    let after = [
        "unknown",
        "waiting",
        "confirmed",
        "rejected",
        "needs_attention",
    ];
    let state = app.until_state(ADA, id, &after).await;
    assert!(
        matches!(state.as_str(), "unknown" | "waiting" | "confirmed"),
        "{state}"
    );
    drive(&app, id).await;

    let held = app.orders_of(id);
    assert_eq!(held.len(), 1, "{held:?}");
    assert_eq!(held[0]["accepted"], true);
    assert_eq!(
        held[0]["totals"]["grand"],
        prepared.preparation["totals"]["grand"]
    );
    assert_eq!(app.reservations_of(id), [] as [Value; 0]);
    let shown = app.get(ADA, &format!("/orders/{id}")).await.expect(200);
    assert_eq!(shown["externalOrderId"], held[0]["externalOrderId"]);
    let keys = app.simulator().calls().calls;
    let keys = keys
        .iter()
        .filter(|call| call.operation == "submit-order")
        .map(|call| call.idempotency_key.clone());
    assert!(
        keys.clone().all(|key| key.as_deref() == Some(id)),
        "the same key forever: {:?}",
        keys.collect::<Vec<_>>()
    );
    let answer = app.place(ADA, "key-1", 0, &prepared.order()).await;
    assert_eq!(
        answer.status, 202,
        "the first answer again: {}",
        answer.text
    );
    let events = app.timeline(ADA, id).await;
    app.finish().await;
    events
}

fn fault(kind: &str) -> Value {
    json!({"operation": "submit-order", "kind": kind})
}

#[tokio::test]
async fn an_answer_lost_on_its_way_is_found_by_asking() {
    let events = settles(fault("commit-then-drop")).await;
    assert_eq!(
        events,
        ["captured", "sending", "outcome_unknown", "confirmed"]
    );
}

#[tokio::test]
async fn a_failure_after_the_commit_is_found_by_asking() {
    let events = settles(fault("commit-then-status")).await;
    assert_eq!(
        events,
        ["captured", "sending", "outcome_unknown", "confirmed"]
    );
}

#[tokio::test]
async fn an_unreadable_answer_is_found_by_asking() {
    let events = settles(fault("garbage")).await;
    assert_eq!(
        events,
        ["captured", "sending", "outcome_unknown", "confirmed"]
    );
}

#[tokio::test]
async fn an_answer_cut_in_the_middle_is_found_by_asking() {
    let events = settles(fault("partial")).await;
    assert_eq!(
        events,
        ["captured", "sending", "outcome_unknown", "confirmed"]
    );
}

#[tokio::test]
async fn an_answer_for_another_order_is_found_by_asking() {
    let events = settles(fault("wrong-reference")).await;
    assert_eq!(
        events,
        ["captured", "sending", "outcome_unknown", "confirmed"]
    );
}

#[tokio::test]
async fn silence_is_asked_about_and_sent_again() {
    let events =
        settles(json!({"operation": "submit-order", "kind": "hang", "delayMs": 300})).await;
    assert_eq!(
        events,
        [
            "captured",
            "sending",
            "outcome_unknown",
            "not_found",
            "sending",
            "confirmed"
        ]
    );
}

#[tokio::test]
async fn a_status_500_is_asked_about_and_sent_again() {
    let events =
        settles(json!({"operation": "submit-order", "kind": "status", "status": 500})).await;
    assert_eq!(
        events,
        [
            "captured",
            "sending",
            "outcome_unknown",
            "not_found",
            "sending",
            "confirmed"
        ]
    );
}

#[tokio::test]
async fn a_refused_connection_is_sent_again() {
    let events = settles(fault("refuse")).await;
    assert_eq!(
        events.last().map(String::as_str),
        Some("confirmed"),
        "{events:?}"
    );
}

#[tokio::test]
async fn an_error_with_a_good_status_that_says_not_processed_is_sent_again_without_asking() {
    let events = settles(fault("error-200")).await;
    assert_eq!(
        events,
        ["captured", "sending", "unavailable", "sending", "confirmed"]
    );
}

#[tokio::test]
async fn an_error_with_a_good_status_that_says_maybe_is_asked_about() {
    let events =
        settles(json!({"operation": "submit-order", "kind": "error-200", "processed": "maybe"}))
            .await;
    assert_eq!(
        events,
        [
            "captured",
            "sending",
            "outcome_unknown",
            "not_found",
            "sending",
            "confirmed"
        ]
    );
}

#[tokio::test]
async fn a_refusal_in_words_alone_decides_nothing() {
    let events = settles(fault("error-sentence")).await;
    assert_eq!(
        events,
        [
            "captured",
            "sending",
            "outcome_unknown",
            "not_found",
            "sending",
            "confirmed"
        ]
    );
}

#[tokio::test]
async fn a_draft_that_was_half_made_is_finished_under_the_same_key() {
    let events = settles(fault("half-made")).await;
    assert_eq!(
        events,
        [
            "captured",
            "sending",
            "outcome_unknown",
            "found_not_accepted",
            "sending",
            "confirmed"
        ]
    );
}

#[tokio::test]
async fn an_order_that_becomes_visible_late_is_not_made_twice() {
    let app = TestApp::start().await;
    app.fault(json!({"operation": "submit-order", "kind": "late-visible", "delayMs": 3_000_000}));
    app.fault(fault("commit-then-drop"));
    let prepared = captured(&app).await;
    app.until_state(ADA, &prepared.cart_id, &["unknown"]).await;
    drive(&app, &prepared.cart_id).await;
    assert_eq!(app.orders_of(&prepared.cart_id).len(), 1);
    app.finish().await;
}

#[tokio::test]
async fn a_duplicate_that_is_refused_while_its_twin_succeeded_is_confirmed() {
    let app = TestApp::start().await;
    // The first send arrives and is lost; asked, the ERP does not see it yet; the second send is
    // refused as a duplicate.
    app.fault(json!({"operation": "submit-order", "kind": "duplicate-refused"}));
    app.fault(json!({"operation": "find", "kind": "late-visible", "delayMs": 3_000_000}));
    app.fault(fault("commit-then-drop"));
    let prepared = captured(&app).await;
    app.until_state(ADA, &prepared.cart_id, &["unknown"]).await;
    drive(&app, &prepared.cart_id).await;
    let events = app.timeline(ADA, &prepared.cart_id).await;
    assert!(
        events
            .iter()
            .any(|event| event == "refused_after_earlier_attempt"),
        "{events:?}"
    );
    assert_eq!(app.orders_of(&prepared.cart_id).len(), 1);
    app.finish().await;
}

#[tokio::test]
async fn an_erp_that_is_down_for_hours_loses_nothing_and_fills_no_dead_letters() {
    let mut app = TestApp::start().await;
    let prepared = app.prepared(ADA, &LINES).await;
    app.fault(json!({"operation": "*", "kind": "refuse", "times": 1_000}));
    let placed = app
        .place(ADA, "key-1", 1, &prepared.order())
        .await
        .expect(202);
    assert_eq!(placed["externalOrderId"], Value::Null);
    let id = placed.text_of("orderId");
    for _ in 0..5 {
        app.advance(3600);
        app.reconcile().await;
        app.eventually("the queue is processed", async || {
            (app.messages("SubmitQueue").await == 0).then_some(())
        })
        .await;
        let orders = app.get(ADA, "/orders").await.expect(200);
        assert_eq!(orders["stale"], true);
        let state = orders.list("orders")[0]["state"].as_str().unwrap();
        assert!(matches!(state, "unknown" | "waiting"), "{}", orders.text);
    }
    app.simulator().disarm();
    app.leave_faults();
    drive(&app, &id).await;
    assert_eq!(app.orders_of(&id).len(), 1);
    app.finish().await;
}

#[tokio::test]
async fn a_queue_message_that_came_twice_or_late_changes_nothing() {
    let app = TestApp::start().await;
    let prepared = app.prepared(ADA, &LINES).await;
    app.place(ADA, "key-1", 10, &prepared.order())
        .await
        .expect(201);
    let record = |id: &str, body: &str| {
        json!({"messageId": id, "receiptHandle": "r", "body": body, "attributes": {},
            "messageAttributes": {},
            "md5OfBody": "", "eventSource": "aws:sqs", "eventSourceARN": "arn",
            "awsRegion": "eu-central-1"})
    };
    let message = json!({"submissionId": prepared.cart_id}).to_string();
    let batch = json!({"Records": [
        record("late", &message),
        record("poison", "not json"),
        record("late-again", &message),
        record("unknown", r#"{"submissionId":"never-was"}"#),
    ]});
    let answer = app.stack().invoke("submit-worker", batch).await.unwrap();
    assert_eq!(
        answer["batchItemFailures"],
        json!([{"itemIdentifier": "poison"}]),
        "one poison message alone"
    );
    assert_eq!(app.calls("submit-order"), 1);
    assert_eq!(
        app.timeline(ADA, &prepared.cart_id).await,
        ["captured", "sending", "confirmed"]
    );
    app.finish().await;
}

#[tokio::test]
async fn an_order_whose_total_the_erp_disputes_is_rejected_and_holds_no_stock() {
    let app = TestApp::start().await;
    let prepared = app.prepared(ADA, &LINES).await;
    assert_eq!(app.reservations_of(&prepared.cart_id).len(), 1);
    app.change_price("WRN-CMB-13", "1.5").await;
    let placed = app
        .place(ADA, "key-1", 10, &prepared.order())
        .await
        .expect(202);
    assert_eq!(
        (placed["state"].as_str(), placed["reason"].as_str()),
        (Some("rejected"), Some("total_changed"))
    );
    let order = app
        .get(ADA, &format!("/orders/{}", prepared.cart_id))
        .await
        .expect(200);
    assert_eq!(
        (order["state"].as_str(), order["reason"].as_str()),
        (Some("rejected"), Some("total_changed"))
    );
    assert_eq!(app.orders_of(&prepared.cart_id), [] as [Value; 0]);
    app.eventually("the stock is released", async || {
        app.reservations_of(&prepared.cart_id)
            .is_empty()
            .then_some(())
    })
    .await;
    app.finish().await;
}

#[tokio::test]
async fn an_erp_that_cannot_tell_repetitions_apart_leaves_the_decision_to_a_person() {
    let app = TestApp::start().await;
    app.control(
        "PUT",
        "/_sim/capabilities",
        Some(json!({"submission": "none"})),
    )
    .await;
    app.fault(json!({"operation": "submit-order", "kind": "status", "status": 500}));
    let prepared = captured(&app).await;
    app.until_state(ADA, &prepared.cart_id, &["unknown"]).await;
    app.advance(SETTLED);
    app.reconcile().await;
    app.until_state(ADA, &prepared.cart_id, &["needs_attention"])
        .await;
    assert_eq!(app.calls("submit-order"), 1, "it was not sent again");
    app.finish().await;
}

#[tokio::test]
async fn an_order_is_captured_while_the_queue_is_away_and_handed_over_later() {
    let app = TestApp::start().await;
    let prepared = app.prepared(ADA, &LINES).await;
    let sqs = aws_sdk_sqs::Client::new(app.stack().sdk_config());
    let url = app.stack().edge().sqs().queue_url("SubmitQueue");
    sqs.delete_queue().queue_url(&url).send().await.unwrap();
    let placed = app
        .place(ADA, "key-1", 0, &prepared.order())
        .await
        .expect(202);
    assert_eq!(placed["state"], "accepted");
    sqs.create_queue()
        .queue_name("SubmitQueue")
        .send()
        .await
        .unwrap();
    app.advance(31);
    assert_eq!(app.reconcile().await["enqueued"], 1);
    app.until_state(ADA, &prepared.cart_id, &["confirmed"])
        .await;
    app.advance(60);
    assert_eq!(
        app.reconcile().await["enqueued"],
        0,
        "nothing is left to do"
    );
    app.finish().await;
}
