//! At three in the morning: what is stuck, why, and what an operator does about it.

use serde_json::{Value, json};

use crate::app::{ADA, OPERATOR, TestApp};

const LINES: [(&str, u32); 2] = [("BLT-HEX-M8", 20), ("WRN-CMB-13", 1)];

/// An order whose outcome is unknown, with an ERP that cannot tell.
async fn stuck(app: &TestApp, fault: &str) -> String {
    app.control(
        "PUT",
        "/_sim/capabilities",
        Some(json!({"submission": "none"})),
    )
    .await;
    app.fault(json!({"operation": "submit-order", "kind": fault, "status": 500}));
    let prepared = app.prepared(ADA, &LINES).await;
    app.place(ADA, "key-1", 0, &prepared.order())
        .await
        .expect(202);
    app.until_state(ADA, &prepared.cart_id, &["unknown"]).await;
    if fault == "commit-then-drop" {
        // The ERP forgets, so asking finds nothing.
        app.fault(json!({"operation": "find", "kind": "late-visible", "delayMs": 3_000_000}));
    }
    app.advance(60);
    app.reconcile().await;
    app.until_state(ADA, &prepared.cart_id, &["needs_attention"])
        .await;
    prepared.cart_id
}

async fn open(app: &TestApp, query: &str) -> Vec<Value> {
    let page = app
        .get(OPERATOR, &format!("/operations/submissions{query}"))
        .await
        .expect(200);
    page.list("submissions").to_vec()
}

#[tokio::test]
async fn what_needs_a_person_is_seen_and_sent_again_when_the_person_knows_that_the_erp_has_nothing()
{
    let app = TestApp::start().await;
    let id = stuck(&app, "status").await;
    let listed = open(&app, "").await;
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!(
        (
            listed[0]["submissionId"].as_str(),
            listed[0]["kind"].as_str()
        ),
        (Some(id.as_str()), Some("order"))
    );
    assert_eq!(listed[0]["reason"], "no_way_to_repeat");
    assert_eq!(open(&app, "?state=needs_attention").await, listed);
    assert_eq!(open(&app, "?state=confirmed").await, [] as [Value; 0]);

    let path = format!("/operations/submissions/{id}/resolve");
    let resolved = app
        .post(OPERATOR, &path, json!({"decision": "resend"}))
        .await
        .expect(200);
    assert_eq!(resolved["state"], "waiting");
    app.until_state(ADA, &id, &["confirmed"]).await;
    let timeline = app.timeline(ADA, &id).await;
    assert_eq!(
        timeline[timeline.len() - 3..],
        ["resolved_to_resend", "sending", "confirmed"]
    );
    assert_eq!(app.orders_of(&id).len(), 1);
    app.post(OPERATOR, &path, json!({"decision": "resend"}))
        .await
        .expect_problem(409, "already_decided");
    assert_eq!(open(&app, "").await, [] as [Value; 0]);
    app.finish().await;
}

#[tokio::test]
async fn an_operator_records_what_the_erp_has_and_the_buyer_sees_its_number() {
    let mut app = TestApp::start().await;
    let id = stuck(&app, "commit-then-drop").await;
    let held = app.orders_of(&id)[0]["externalOrderId"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/operations/submissions/{id}/resolve");
    app.post(OPERATOR, &path, json!({"decision": "confirm"}))
        .await
        .expect_problem(400, "invalid_request");
    app.post(
        OPERATOR,
        &path,
        json!({"decision": "reject", "externalId": held}),
    )
    .await
    .expect_problem(400, "invalid_request");
    app.post(
        OPERATOR,
        &path,
        json!({"decision": "confirm", "externalId": held}),
    )
    .await
    .expect(200);
    let order = app.get(ADA, &format!("/orders/{id}")).await.expect(200);
    assert_eq!(
        (order["state"].as_str(), order["externalOrderId"].as_str()),
        (Some("confirmed"), Some(held.as_str()))
    );
    app.leave_faults();
    app.finish().await;
}

#[tokio::test]
async fn an_operator_gives_an_order_up_and_its_stock_is_released() {
    let app = TestApp::start().await;
    let id = stuck(&app, "status").await;
    assert_eq!(app.reservations_of(&id).len(), 1);
    let body = json!({"decision": "reject", "reason": "the customer called"});
    let resolved = app
        .post(
            OPERATOR,
            &format!("/operations/submissions/{id}/resolve"),
            body,
        )
        .await
        .expect(200);
    assert_eq!(
        (resolved["state"].as_str(), resolved["refusal"].as_str()),
        (Some("rejected"), Some("the customer called"))
    );
    app.eventually("the stock is released", async || {
        app.reservations_of(&id).is_empty().then_some(())
    })
    .await;
    let order = app.get(ADA, &format!("/orders/{id}")).await.expect(200);
    assert_eq!(
        (order["state"].as_str(), order["reason"].as_str()),
        (Some("rejected"), Some("resolved_by_operator"))
    );
    assert!(
        !order.text.contains("the customer called"),
        "operators alone see why"
    );
    app.finish().await;
}

#[tokio::test]
async fn a_retry_asks_at_once_and_never_sends_blindly() {
    let app = TestApp::start().await;
    let id = stuck(&app, "status").await;
    app.control(
        "PUT",
        "/_sim/capabilities",
        Some(json!({"submission": "lookup"})),
    )
    .await;
    app.advance(3600);
    app.request(
        http::Method::POST,
        OPERATOR,
        &format!("/operations/submissions/{id}/retry"),
        &[],
        None,
    )
    .await
    .expect(200);
    app.until_state(ADA, &id, &["confirmed"]).await;
    let timeline = app.timeline(ADA, &id).await;
    assert_eq!(
        timeline[timeline.len() - 4..],
        ["retried", "not_found", "sending", "confirmed"]
    );
    app.finish().await;
}

#[tokio::test]
async fn the_stock_of_a_rejected_order_is_released_though_the_erp_was_away_at_that_moment() {
    let app = TestApp::start().await;
    let prepared = app.prepared(ADA, &LINES).await;
    app.change_price("WRN-CMB-13", "1.5").await;
    app.fault(json!({"operation": "cancel", "kind": "status", "status": 503, "times": 2}));
    app.place(ADA, "key-1", 10, &prepared.order())
        .await
        .expect(202);
    app.until_state(ADA, &prepared.cart_id, &["rejected"]).await;
    for _ in 0..3 {
        app.advance(60);
        app.reconcile().await;
        app.eventually("the queue is processed", async || {
            (app.messages("SubmitQueue").await == 0).then_some(())
        })
        .await;
    }
    assert_eq!(app.reservations_of(&prepared.cart_id), [] as [Value; 0]);
    let timeline = app.timeline(ADA, &prepared.cart_id).await;
    assert_eq!(
        timeline.last().map(String::as_str),
        Some("reservation_released"),
        "{timeline:?}"
    );
    app.finish().await;
}

async fn letters(app: &TestApp) -> usize {
    app.get(OPERATOR, "/operations/dead-letters")
        .await
        .expect(200)
        .list("deadLetters")
        .len()
}

#[tokio::test]
async fn dead_letters_say_why_whose_and_what_next_and_go_back_to_their_queue() {
    let app = TestApp::start().await;
    let id = stuck(&app, "status").await;
    let sqs = aws_sdk_sqs::Client::new(app.stack().sdk_config());
    let url = app.stack().edge().sqs().queue_url("SubmitDeadLetters");
    for body in [
        json!({"submissionId": id}).to_string(),
        "not json".to_owned(),
    ] {
        sqs.send_message()
            .queue_url(&url)
            .message_body(body)
            .send()
            .await
            .unwrap();
    }
    let listed = app
        .get(OPERATOR, "/operations/dead-letters")
        .await
        .expect(200);
    let of = |answer: &crate::app::Answer, reason: &str| {
        answer
            .list("deadLetters")
            .iter()
            .find(|letter| letter["reason"] == reason)
            .cloned()
            .unwrap_or_else(|| panic!("{reason}: {}", answer.text))
    };
    let (done, poison) = (of(&listed, "nothing_left"), of(&listed, "unreadable"));
    assert_eq!(
        (done["state"].as_str(), done["nextAction"].as_str()),
        (Some("needs_attention"), Some("discard"))
    );
    assert_eq!(
        (
            done["organizationId"].as_str(),
            poison["organizationId"].as_str()
        ),
        (Some("ORG-100"), None)
    );

    // Its work goes on, so its letter is worth something again.
    app.post(
        OPERATOR,
        &format!("/operations/submissions/{id}/resolve"),
        json!({"decision": "resend"}),
    )
    .await
    .expect(200);
    app.until_state(ADA, &id, &["confirmed"]).await;
    let dry = app
        .post(
            OPERATOR,
            "/operations/dead-letters/redrive",
            json!({"dryRun": true, "discard": true}),
        )
        .await
        .expect(200);
    assert_eq!(of(&dry, "unreadable")["done"], "discard");
    assert_eq!(letters(&app).await, 2, "only shown");
    let only = json!({"messageIds": [poison["messageId"]], "discard": true});
    let moved = app
        .post(OPERATOR, "/operations/dead-letters/redrive", only)
        .await
        .expect(200);
    assert_eq!(moved.list("deadLetters").len(), 1);
    assert_eq!(letters(&app).await, 1);
    app.post(
        OPERATOR,
        "/operations/dead-letters/redrive",
        json!({"discard": true}),
    )
    .await
    .expect(200);
    assert_eq!(letters(&app).await, 0);
    app.finish().await;
}

#[tokio::test]
async fn a_dead_letter_whose_work_is_not_done_is_processed_when_it_is_redriven() {
    let app = TestApp::start().await;
    let prepared = app.prepared(ADA, &LINES).await;
    let sqs = aws_sdk_sqs::Client::new(app.stack().sdk_config());
    // The queue is away when the order is captured, and its message turns up among the dead.
    sqs.delete_queue()
        .queue_url(app.stack().edge().sqs().queue_url("SubmitQueue"))
        .send()
        .await
        .unwrap();
    app.place(ADA, "key-1", 0, &prepared.order())
        .await
        .expect(202);
    sqs.create_queue()
        .queue_name("SubmitQueue")
        .send()
        .await
        .unwrap();
    let body = json!({"submissionId": prepared.cart_id}).to_string();
    let dead = app.stack().edge().sqs().queue_url("SubmitDeadLetters");
    sqs.send_message()
        .queue_url(dead)
        .message_body(body)
        .send()
        .await
        .unwrap();
    let moved = app
        .post(OPERATOR, "/operations/dead-letters/redrive", json!({}))
        .await
        .expect(200);
    assert_eq!(
        (
            moved.list("deadLetters")[0]["done"].as_str(),
            moved.list("deadLetters").len()
        ),
        (Some("redrive"), 1)
    );
    app.until_state(ADA, &prepared.cart_id, &["confirmed"])
        .await;
    assert_eq!(app.orders_of(&prepared.cart_id).len(), 1);
    app.finish().await;
}

#[tokio::test]
async fn the_list_of_open_submissions_goes_on_where_its_page_ended() {
    let app = TestApp::start().await;
    app.fault(json!({"operation": "*", "kind": "delay", "delayMs": 1, "times": 1}));
    let mut made = Vec::new();
    app.control(
        "PUT",
        "/_sim/capabilities",
        Some(json!({"submission": "none"})),
    )
    .await;
    for n in 0..5 {
        let prepared = app.prepared(ADA, &[("WRN-CMB-13", 1)]).await;
        app.fault(json!({"operation": "submit-order", "kind": "status", "status": 500}));
        app.place(ADA, &format!("key-{n}"), 0, &prepared.order())
            .await
            .expect(202);
        app.until_state(ADA, &prepared.cart_id, &["unknown"]).await;
        made.push(prepared.cart_id);
    }
    let mut seen = Vec::new();
    let mut path = "/operations/submissions?limit=2".to_owned();
    loop {
        let page = app.get(OPERATOR, &path).await.expect(200);
        seen.extend(
            page.list("submissions")
                .iter()
                .map(|one| one["submissionId"].as_str().unwrap().to_owned()),
        );
        match page["nextCursor"].as_str() {
            Some(cursor) => path = format!("/operations/submissions?limit=2&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(seen, made, "longest captured first");
    app.get(OPERATOR, "/operations/submissions?cursor=x")
        .await
        .expect_problem(400, "invalid_cursor");
    app.get(OPERATOR, "/operations/submissions?state=lost")
        .await
        .expect_problem(400, "invalid_request");
    app.finish().await;
}

#[tokio::test]
async fn only_operators_see_or_move_any_of_it() {
    let app = TestApp::start().await;
    for path in ["/operations/submissions", "/operations/dead-letters"] {
        app.get(ADA, path).await.expect_problem(403, "forbidden");
    }
    for (path, body) in [
        (
            "/operations/submissions/x/resolve",
            Some(json!({"decision": "resend"})),
        ),
        ("/operations/submissions/x/retry", None),
        ("/operations/dead-letters/redrive", Some(json!({}))),
    ] {
        app.request(http::Method::POST, ADA, path, &[], body.as_ref())
            .await
            .expect_problem(403, "forbidden");
    }
    app.finish().await;
}
