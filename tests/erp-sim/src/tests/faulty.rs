use super::*;

async fn struck(kind: &str, extra: Value) -> (Erp, Result<(StatusCode, Value), reqwest::Error>) {
    let erp = Erp::start().await;
    let mut fault = json!({"operation": "submit-order", "kind": kind, "times": 1});
    for (name, value) in extra.as_object().into_iter().flatten() {
        fault[name] = value.clone();
    }
    erp.fault(fault).await;
    let answer = erp.send(Method::POST, "/orders", Some(order("R1"))).await;
    (erp, answer)
}

#[tokio::test]
async fn what_does_nothing_leaves_nothing_behind() {
    for (kind, extra) in [
        ("refuse", json!({})),
        ("hang", json!({"delayMs": 50})),
        ("hang", json!({})),
        ("status", json!({"status": 429})),
        ("error-200", json!({})),
        ("error-sentence", json!({})),
    ] {
        let (erp, answer) = struck(kind, extra).await;
        match (kind, answer) {
            ("refuse" | "hang", answer) => assert!(answer.is_err(), "{kind}"),
            ("status", answer) => assert_eq!(answer.unwrap().0, StatusCode::TOO_MANY_REQUESTS),
            ("error-200", answer) => {
                let (status, body) = answer.unwrap();
                assert_eq!(
                    (status, &body["error"]["processed"]),
                    (StatusCode::OK, &json!("no"))
                );
            }
            (_, answer) => assert_eq!(answer.unwrap(), (StatusCode::BAD_REQUEST, Value::Null)),
        }
        assert_eq!(erp.held("R1"), 0, "{kind}");
        assert_eq!(
            erp.post("/orders", order("R1")).await.0,
            StatusCode::CREATED,
            "{kind} hits once"
        );
        let arrived = if kind == "refuse" { 1 } else { 2 };
        assert_eq!(erp.simulator.calls().counts["submit-order"], arrived);
    }
}

#[tokio::test]
async fn what_does_it_and_answers_badly_leaves_one_order_behind() {
    for (kind, extra) in [
        ("delay", json!({"delayMs": 5000})),
        ("commit-then-drop", json!({})),
        ("commit-then-status", json!({"status": 502})),
        ("garbage", json!({})),
        ("slow-drip", json!({"delayMs": 200})),
        ("partial", json!({})),
        ("wrong-reference", json!({})),
        ("half-made", json!({})),
    ] {
        let (erp, answer) = struck(kind, extra).await;
        match kind {
            "commit-then-status" => assert_eq!(answer.unwrap().0, StatusCode::BAD_GATEWAY),
            "garbage" => assert_eq!(answer.unwrap(), (StatusCode::CREATED, Value::Null)),
            "wrong-reference" => assert_eq!(answer.unwrap().1["reference"], "another-R1"),
            _ => assert!(answer.is_err(), "{kind}"),
        }
        assert_eq!(erp.held("R1"), 1, "{kind}");
        let (_, found) = erp.get("/orders?reference=R1").await;
        assert_eq!(found["accepted"], kind != "half-made", "{kind}");
        let (status, again) = erp.post("/orders", order("R1")).await;
        assert_eq!(
            (status, &again["accepted"]),
            (StatusCode::CREATED, &json!(true)),
            "{kind}"
        );
        assert_eq!(erp.held("R1"), 1, "{kind}");
    }
}

#[tokio::test]
async fn a_delayed_or_dripping_answer_is_whole_at_last() {
    for (kind, delay) in [("delay", 50), ("slow-drip", 1)] {
        let (_, answer) = struck(kind, json!({"delayMs": delay})).await;
        assert_eq!(answer.unwrap().1["accepted"], true, "{kind}");
    }
}

#[tokio::test]
async fn of_a_draft_and_an_order_of_one_reference_the_order_is_found() {
    let (erp, answer) = struck("half-made", json!({})).await;
    assert!(answer.is_err());
    // Without keys the repetition makes a second document.
    assert_eq!(
        erp.put("/_sim/capabilities", json!({"submission": "lookup"}))
            .await
            .0,
        StatusCode::OK
    );
    let (status, order) = erp.post("/orders", order("R1")).await;
    assert_eq!(
        (status, &order["accepted"]),
        (StatusCode::CREATED, &json!(true))
    );
    let (_, found) = erp.get("/orders?reference=R1").await;
    assert_eq!(
        (&found["accepted"], &found["externalOrderId"]),
        (&json!(true), &order["externalOrderId"])
    );
}

#[tokio::test]
async fn a_late_order_is_found_only_after_its_delay() {
    let (erp, answer) = struck("late-visible", json!({"delayMs": 3000})).await;
    assert_eq!(answer.unwrap().0, StatusCode::CREATED);
    assert_eq!(
        erp.get("/orders?reference=R1").await.0,
        StatusCode::NOT_FOUND
    );
    erp.pass(3000);
    assert_eq!(erp.get("/orders?reference=R1").await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_refused_duplicate_goes_together_with_a_lost_answer() {
    let erp = Erp::start().await;
    erp.fault(json!({"operation": "submit-order", "kind": "duplicate-refused", "times": 1}))
        .await;
    erp.fault(json!({"operation": "submit-order", "kind": "commit-then-drop", "times": 1}))
        .await;
    assert!(
        erp.send(Method::POST, "/orders", Some(order("R1")))
            .await
            .is_err()
    );
    let (status, answer) = erp.post("/orders", order("R1")).await;
    assert_eq!(
        (status, &answer["error"]["code"]),
        (StatusCode::CONFLICT, &json!("duplicate_reference"))
    );
    assert_eq!(erp.held("R1"), 1);
}

#[tokio::test]
async fn omitted_items_are_missing_and_wrong_ones_have_other_names() {
    let erp = Erp::start().await;
    erp.fault(json!({"operation": "*", "kind": "omit-items", "times": 1}))
        .await;
    let (_, answer) = erp
        .post("/prices", prices(&["TAP-5", "TAP-8", "LVL-60"], 1))
        .await;
    assert_eq!(answer["items"].as_array().unwrap().len(), 1);
    erp.fault(json!({"operation": "prices", "kind": "wrong-reference", "times": 1}))
        .await;
    let (_, answer) = erp.post("/prices", prices(&["TAP-5"], 1)).await;
    assert_eq!(answer["items"][0]["sku"], "another-TAP-5");
}

#[tokio::test]
async fn a_stale_connection_breaks_the_request_that_comes_too_late() {
    let erp = Erp::start().await;
    erp.fault(
        json!({"operation": "prices", "kind": "stale-keepalive", "times": 1, "delayMs": 100}),
    )
    .await;
    erp.post("/prices", prices(&["TAP-5"], 1)).await;
    erp.post("/prices", prices(&["TAP-5"], 1)).await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    // A POST is not repeated by the client, so it sees the cut.
    assert!(
        erp.send(Method::POST, "/orders", Some(order("R1")))
            .await
            .is_err()
    );
    assert_eq!(erp.held("R1"), 0);
}

#[tokio::test]
async fn faults_are_checked_shown_and_taken_back() {
    let erp = Erp::start().await;
    for wrong in [
        json!({"operation": "submit", "kind": "hang", "times": 1}),
        json!({"operation": "*", "kind": "explode", "times": 1}),
        json!({"operation": "*", "kind": "hang", "times": 1, "delay": 1}),
    ] {
        assert_eq!(
            erp.post("/_sim/faults", wrong).await.0,
            StatusCode::BAD_REQUEST
        );
    }
    erp.fault(json!({"operation": "*", "kind": "hang", "times": 3}))
        .await;
    assert_eq!(erp.get("/_sim/faults").await.1["faults"][0]["times"], 3);
    erp.send(Method::DELETE, "/_sim/faults", None)
        .await
        .unwrap();
    assert_eq!(erp.get("/health").await.0, StatusCode::OK);
}
