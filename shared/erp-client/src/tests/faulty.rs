use super::*;
use app::ports::ErpError;
use app::ports::erp::{
    DocumentKind, ErpAvailability, ErpCheckout, ErpPrices, ErpSubmission, ErpTracking, ItemAnswer,
};
use domain::ids::ExternalId;
use domain::submission::{LookupAnswer, SendOutcome, SubmissionKind};
use wire::erp::Processed;

fn id(text: &str) -> SubmissionId {
    SubmissionId::parse(text).unwrap()
}

/// Each fault of a submission: what is concluded, and how many orders or drafts the ERP holds.
#[tokio::test]
async fn a_faulty_submission_is_unknown_unless_it_certainly_was_not_processed() {
    let unknown = |reason| SendOutcome::Unknown { reason };
    let unavailable = |reason| SendOutcome::Unavailable { reason };
    let with = |kind, status: Option<u16>, delay: Option<u64>| Fault {
        status,
        delay_ms: delay,
        ..Fault::new("submit-order", kind, 1)
    };
    let claims = |processed| Fault {
        processed: Some(processed),
        ..Fault::new("submit-order", FaultKind::Error200, 1)
    };
    let cases = [
        (
            with(FaultKind::Refuse, None, None),
            unknown("connection_broken"),
            0,
        ),
        (with(FaultKind::Hang, None, None), unknown("timeout"), 0),
        (
            with(FaultKind::Delay, None, Some(3_000)),
            unknown("timeout"),
            1,
        ),
        (
            with(FaultKind::Status, None, None),
            unknown("status_503"),
            0,
        ),
        (
            with(FaultKind::Status, Some(429), None),
            unavailable("status_429"),
            0,
        ),
        (
            with(FaultKind::Status, Some(307), None),
            unknown("status_3xx"),
            0,
        ),
        (claims(Processed::No), unavailable("not_processed"), 0),
        (claims(Processed::Maybe), unknown("processed_maybe"), 0),
        (
            with(FaultKind::CommitThenDrop, None, None),
            unknown("connection_broken"),
            1,
        ),
        (
            with(FaultKind::CommitThenStatus, None, None),
            unknown("status_500"),
            1,
        ),
        (
            with(FaultKind::CommitThenStatus, Some(202), None),
            SendOutcome::Pending,
            1,
        ),
        (
            with(FaultKind::Garbage, None, None),
            unknown("unreadable"),
            1,
        ),
        (
            with(FaultKind::SlowDrip, None, Some(100)),
            unknown("timeout"),
            1,
        ),
        (
            with(FaultKind::Partial, None, None),
            unknown("connection_broken"),
            1,
        ),
        (
            with(FaultKind::WrongReference, None, None),
            unknown("wrong_reference"),
            1,
        ),
        (
            with(FaultKind::HalfMade, None, None),
            unknown("connection_broken"),
            1,
        ),
        (
            with(FaultKind::ErrorSentence, None, None),
            unknown("status_400"),
            0,
        ),
    ];
    for (fault, expected, held) in cases {
        let pair = Pair::start().await;
        let kind = fault.kind;
        pair.simulator.arm(fault);
        assert_eq!(
            pair.client.submit(&context(), &submission("C1")).await,
            expected,
            "{kind:?}"
        );
        assert_eq!(pair.held("C1"), held, "{kind:?}");
        // Whatever happened, the same reference and key lead to exactly one order.
        let answer = pair
            .client
            .find(&context(), SubmissionKind::Order, &id("C1"))
            .await;
        match (held, answer) {
            (0, answer) => assert_eq!(answer, LookupAnswer::NotFound, "{kind:?}"),
            (_, LookupAnswer::Found(found)) => {
                assert_eq!(found.accepted, kind != FaultKind::HalfMade, "{kind:?}")
            }
            (_, answer) => panic!("{kind:?}: {answer:?}"),
        }
        let again = pair.client.submit(&context(), &submission("C1")).await;
        assert!(
            matches!(again, SendOutcome::Accepted { .. }),
            "{kind:?}: {again:?}"
        );
        assert_eq!(pair.held("C1"), 1, "{kind:?}");
    }
}

#[tokio::test]
async fn a_closed_port_and_a_wrong_credential_are_unavailable() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let lonely = client(format!("http://{address}/base/"));
    let outcome = lonely.submit(&context(), &submission("C1")).await;
    assert_eq!(
        outcome,
        SendOutcome::Unavailable {
            reason: "no_connection"
        }
    );
    let answer = lonely
        .find(&context(), SubmissionKind::Order, &id("C1"))
        .await;
    assert_eq!(
        answer,
        LookupAnswer::NoAnswer {
            reason: "no_connection"
        }
    );
    let mut pair = Pair::start().await;
    pair.client.config.token = "old".to_owned();
    let outcome = pair.client.submit(&context(), &submission("C1")).await;
    assert_eq!(
        outcome,
        SendOutcome::Unavailable {
            reason: "status_401"
        }
    );
}

#[tokio::test]
async fn a_refused_duplicate_is_a_refusal_and_its_twin_is_found() {
    let pair = Pair::start().await;
    pair.arm("submit-order", FaultKind::DuplicateRefused);
    pair.arm("submit-order", FaultKind::CommitThenDrop);
    assert!(matches!(
        pair.client.submit(&context(), &submission("C1")).await,
        SendOutcome::Unknown { .. }
    ));
    let outcome = pair.client.submit(&context(), &submission("C1")).await;
    let SendOutcome::Rejected(refusal) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(refusal.code, "duplicate_reference");
    let answer = pair
        .client
        .find(&context(), SubmissionKind::Order, &id("C1"))
        .await;
    assert!(matches!(answer, LookupAnswer::Found(found) if found.accepted));
}

#[tokio::test]
async fn a_question_for_a_reference_is_never_answered_by_something_else() {
    for (kind, reason) in [
        (FaultKind::WrongReference, "wrong_reference"),
        (FaultKind::Garbage, "unreadable"),
        (FaultKind::ErrorSentence, "status_400"),
        (FaultKind::Error200, "not_processed"),
    ] {
        let pair = Pair::start().await;
        pair.client.submit(&context(), &submission("C1")).await;
        pair.arm("find", kind);
        let answer = pair
            .client
            .find(&context(), SubmissionKind::Order, &id("C1"))
            .await;
        assert_eq!(answer, LookupAnswer::NoAnswer { reason }, "{kind:?}");
    }
    let pair = Pair::start().await;
    pair.arm("submit-order", FaultKind::LateVisible);
    pair.client.submit(&context(), &submission("C1")).await;
    let answer = pair
        .client
        .find(&context(), SubmissionKind::Order, &id("C1"))
        .await;
    assert_eq!(answer, LookupAnswer::NotFound);
}

#[tokio::test]
async fn items_that_are_omitted_or_misnamed_are_missing() {
    let pair = Pair::start().await;
    let items = [price_of("TAP-5"), price_of("TAP-8"), price_of("LVL-60")];
    pair.arm("prices", FaultKind::OmitItems);
    let answers = pair
        .client
        .prices(&context(), &customer(), usd(), &items)
        .await
        .unwrap();
    assert_eq!(
        answers
            .iter()
            .filter(|answer| **answer == ItemAnswer::Missing)
            .count(),
        2
    );
    pair.arm("prices", FaultKind::WrongReference);
    let answers = pair
        .client
        .prices(&context(), &customer(), usd(), &items)
        .await
        .unwrap();
    assert!(answers.iter().all(|answer| *answer == ItemAnswer::Missing));
    pair.arm("availability", FaultKind::OmitItems);
    let answers = pair
        .client
        .availability(&context(), &[stock_of("TAP-5"), stock_of("TAP-8")])
        .await
        .unwrap();
    assert_eq!(answers[0], ItemAnswer::Missing);
    assert!(matches!(answers[1], ItemAnswer::Known(_)));
    pair.arm("reserve", FaultKind::OmitItems);
    let until = Timestamp::from_millis(NOON + 900_000);
    let lines = [checkout_line("a", "TAP-5", 1)];
    let reserved = pair
        .client
        .reserve(
            &context(),
            &reservation(&cart("C1"), &customer(), &lines, until),
        )
        .await;
    assert_eq!(reserved, Err(ErpError::Invalid("line_missing")));
}

#[tokio::test]
async fn a_failing_read_never_reads_as_success() {
    for (kind, expected) in [
        (FaultKind::Hang, ErpError::Timeout),
        (FaultKind::Status, ErpError::Unavailable("status_503")),
        (FaultKind::Error200, ErpError::Unavailable("not_processed")),
        (FaultKind::Garbage, ErpError::Invalid("unreadable")),
        (
            FaultKind::Partial,
            ErpError::Unavailable("connection_broken"),
        ),
        (
            FaultKind::ErrorSentence,
            ErpError::Unavailable("status_400"),
        ),
    ] {
        let pair = Pair::start().await;
        // Twice: what may pass is tried again.
        pair.simulator.arm(Fault::new("prices", kind, 2));
        let prices = pair
            .client
            .prices(&context(), &customer(), usd(), &[price_of("TAP-5")])
            .await;
        assert_eq!(prices, Err(expected), "{kind:?}");
    }
    let pair = Pair::start().await;
    pair.arm("detail", FaultKind::WrongReference);
    let number = ExternalId::parse("SO-1001").unwrap();
    let detail = pair
        .client
        .detail(&context(), DocumentKind::Order, &number)
        .await;
    assert_eq!(detail, Err(ErpError::Invalid("wrong_number")));
}

/// The server closes idle connections after a second; the client has closed its own by then.
#[tokio::test]
async fn an_idle_connection_is_given_up_before_the_server_does() {
    let pair = Pair::start().await;
    pair.arm("prices", FaultKind::StaleKeepalive);
    pair.client
        .prices(&context(), &customer(), usd(), &[price_of("TAP-5")])
        .await
        .unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let outcome = pair.client.submit(&context(), &submission("C1")).await;
    assert!(
        matches!(outcome, SendOutcome::Accepted { .. }),
        "{outcome:?}"
    );
}
