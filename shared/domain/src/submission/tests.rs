use super::*;
use crate::ids::{OrganizationId, SubmissionId, UserId};
use crate::member::{MemberStatus, Origin};

const LIMIT: i64 = 30_000;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn captured() -> Submission {
    let organization = OrganizationId::parse("o1").unwrap();
    Submission {
        id: SubmissionId::parse("s1").unwrap(),
        organization: organization.clone(),
        user: UserId::parse("u1").unwrap(),
        state: State::Accepted,
        revision: 0,
        attempt: 0,
        untraced: 0,
        failures: 0,
        lease: None,
        last_sent_at: None,
        refusal: None,
        due_at: Some(at(0)),
        created_at: at(0),
        updated_at: at(0),
        external_id: None,
        external_status: None,
        reason: None,
        approval: None,
        correlation_id: "c".to_owned(),
        content: Content::Organization(Box::new(Organization {
            id: organization,
            name: "O".to_owned(),
            parent: None,
            status: MemberStatus::Active,
            currency: Currency::parse("USD").unwrap(),
            tax_id: None,
            origin: Origin::Registered,
        })),
    }
}

fn refusal() -> Refusal {
    Refusal {
        code: "total_changed".to_owned(),
        reason: None,
    }
}

#[test]
fn a_timed_out_send_is_asked_for_and_not_before_the_time_limit() {
    let mut s = captured();
    s.send_started(at(0));
    s.send_ended(Outcome::Unknown { reason: "timeout" }, at(5_000), LIMIT, 0);
    assert_eq!(s.state, State::Unknown);
    assert_eq!(next_step(&s, at(29_999), LIMIT), NextStep::Wait(at(30_000)));
    assert_eq!(next_step(&s, at(30_000), LIMIT), NextStep::Ask);
}

#[test]
fn once_the_erp_answers_nothing_waits_for_its_backoff_but_for_time_limits() {
    let mut s = captured();
    s.send_started(at(0));
    s.send_ended(
        Outcome::Unavailable { reason: "refused" },
        at(10),
        LIMIT,
        u64::MAX,
    );
    assert!(matches!(next_step(&s, at(11), LIMIT), NextStep::Wait(_)));
    s.go_on();
    assert_eq!(next_step(&s, at(11), LIMIT), NextStep::Send);

    assert!(s.is_unanswered());
    s.send_started(at(15));
    s.send_ended(Outcome::Pending, at(16), LIMIT, 0);
    assert!(!s.is_unanswered());
    s.send_started(at(20));
    s.send_ended(Outcome::Unknown { reason: "timeout" }, at(30), LIMIT, 0);
    assert!(s.is_unanswered());
    s.go_on();
    assert_eq!(next_step(&s, at(31), LIMIT), NextStep::Wait(at(30_020)));
    assert_eq!(next_step(&s, at(30_020), LIMIT), NextStep::Ask);

    // A refused duplicate that is not visible yet keeps its patience, and is an answer.
    s.refusal = Some(Refusal {
        code: "duplicate_reference".to_owned(),
        reason: None,
    });
    s.asked(
        Answer::NotFound,
        DuplicateProtection::IdempotencyKey,
        &LIMITS,
        at(40_000),
        u64::MAX,
    );
    s.go_on();
    assert!(matches!(
        next_step(&s, at(40_001), LIMIT),
        NextStep::Wait(_)
    ));
    assert!(!s.is_unanswered());

    s.send_started(at(50_000));
    s.go_on();
    assert_eq!(next_step(&s, at(50_001), LIMIT), NextStep::Wait(at(80_000)));
}

#[test]
fn an_attempt_whose_end_nobody_recorded_is_unknown_and_never_sent_blindly() {
    let mut s = captured();
    s.send_started(at(0));
    s.lease = Some(Lease {
        owner: "w".to_owned(),
        until: at(60_000),
    });
    assert_eq!(next_step(&s, at(59_999), LIMIT), NextStep::Wait(at(60_000)));
    assert_eq!(next_step(&s, at(60_000), LIMIT), NextStep::Ask);
}

#[test]
fn found_is_not_accepted() {
    let mut s = captured();
    s.send_started(at(0));
    s.send_ended(Outcome::Unknown { reason: "reset" }, at(1), LIMIT, 0);
    let draft = Found {
        external_id: None,
        status: None,
        accepted: false,
    };
    s.asked(
        Answer::Found(draft),
        DuplicateProtection::IdempotencyKey,
        &LIMITS,
        at(40_000),
        0,
    );
    assert_eq!(s.state, State::Waiting);
    assert_eq!(next_step(&s, at(40_000), LIMIT), NextStep::Send);
}

#[test]
fn a_first_refusal_is_final_and_a_later_one_only_after_asking() {
    let mut first = captured();
    first.send_started(at(0));
    first.send_ended(Outcome::Rejected(refusal()), at(1), LIMIT, 0);
    assert_eq!(first.state, State::Rejected);

    let mut second = captured();
    second.send_started(at(0));
    second.send_ended(Outcome::Unavailable { reason: "busy" }, at(1), LIMIT, 0);
    second.send_started(at(5_000));
    second.send_ended(Outcome::Rejected(refusal()), at(5_001), LIMIT, 0);
    assert_eq!(second.state, State::Unknown);
    let twin = Found {
        external_id: ExternalId::parse("E1").ok(),
        status: None,
        accepted: true,
    };
    let mut doubled = second.clone();
    doubled.asked(
        Answer::Found(twin),
        DuplicateProtection::Lookup,
        &LIMITS,
        at(40_000),
        0,
    );
    assert_eq!(doubled.state, State::Confirmed);
    second.asked(
        Answer::NotFound,
        DuplicateProtection::Lookup,
        &LIMITS,
        at(40_000),
        0,
    );
    assert_eq!(
        (second.state, second.reason.as_deref()),
        (State::Rejected, Some("total_changed"))
    );
}

#[test]
fn a_duplicate_that_the_erp_does_not_show_is_asked_about_again_and_never_rejected() {
    let mut s = captured();
    s.send_started(at(0));
    let duplicate = Refusal {
        code: "duplicate_reference".to_owned(),
        reason: None,
    };
    s.send_ended(Outcome::Rejected(duplicate), at(1), LIMIT, 0);
    let mut asked = 0;
    while s.state == State::Unknown {
        s.asked(
            Answer::NotFound,
            DuplicateProtection::IdempotencyKey,
            &LIMITS,
            at(40_000),
            0,
        );
        asked += 1;
    }
    assert_eq!(
        (s.state, asked),
        (State::NeedsAttention, 25),
        "a person decides"
    );

    let mut shown = captured();
    shown.send_started(at(0));
    shown.send_ended(
        Outcome::Rejected(Refusal {
            code: "duplicate_reference".to_owned(),
            reason: None,
        }),
        at(1),
        LIMIT,
        0,
    );
    shown.asked(
        Answer::NotFound,
        DuplicateProtection::IdempotencyKey,
        &LIMITS,
        at(40_000),
        0,
    );
    let twin = Found {
        external_id: ExternalId::parse("E1").ok(),
        status: None,
        accepted: true,
    };
    shown.asked(
        Answer::Found(twin),
        DuplicateProtection::IdempotencyKey,
        &LIMITS,
        at(50_000),
        0,
    );
    assert_eq!(shown.state, State::Confirmed);
}

#[test]
fn an_erp_that_can_neither_tell_nor_be_asked_leaves_the_decision_to_a_person() {
    let mut s = captured();
    s.send_started(at(0));
    s.send_ended(Outcome::Unknown { reason: "reset" }, at(1), LIMIT, 0);
    s.asked(
        Answer::NotFound,
        DuplicateProtection::None,
        &LIMITS,
        at(40_000),
        0,
    );
    assert_eq!(s.state, State::NeedsAttention);
}

#[test]
fn eight_sends_without_a_trace_need_attention() {
    let mut s = captured();
    let mut now = 0;
    for sends in 1.. {
        s.send_started(at(now));
        s.send_ended(Outcome::Unknown { reason: "reset" }, at(now), LIMIT, 0);
        now += LIMIT;
        s.asked(
            Answer::NotFound,
            DuplicateProtection::IdempotencyKey,
            &LIMITS,
            at(now),
            0,
        );
        if s.state == State::NeedsAttention {
            assert_eq!(sends, 8);
            break;
        }
    }
}

#[test]
fn an_outage_waits_longer_and_longer_but_never_over_five_minutes_and_a_bit() {
    let mut s = captured();
    let mut last = 0;
    for _ in 0..40 {
        s.send_started(at(0));
        s.send_ended(
            Outcome::Unavailable { reason: "refused" },
            at(0),
            LIMIT,
            u64::MAX,
        );
        last = s.due_at.unwrap().as_millis();
        assert!(last <= 330_000, "{last}");
        assert_eq!(s.state, State::Waiting);
    }
    assert!(last >= 270_000, "{last}");
}

fn needs_attention(attempts: u32) -> Submission {
    Submission {
        state: State::NeedsAttention,
        attempt: attempts,
        untraced: 8,
        due_at: None,
        ..captured()
    }
}

#[test]
fn a_retry_asks_for_what_may_have_been_sent() {
    let mut sent = needs_attention(3);
    assert_eq!(sent.retried(at(50_000)), Ok(Some("retried")));
    assert_eq!(next_step(&sent, at(50_000), LIMIT), NextStep::Ask);
    let mut never_sent = needs_attention(0);
    assert_eq!(never_sent.retried(at(50_000)), Ok(Some("retried")));
    assert_eq!(next_step(&never_sent, at(50_000), LIMIT), NextStep::Send);
}

#[test]
fn a_retry_never_asks_before_the_time_limit_and_disturbs_nobody() {
    let mut s = captured();
    s.send_started(at(0));
    assert_eq!(s.retried(at(1)), Ok(None), "somebody works on it");
    s.send_ended(Outcome::Unknown { reason: "reset" }, at(2), LIMIT, 0);
    assert_eq!(s.retried(at(3)), Ok(Some("retried")));
    assert_eq!(next_step(&s, at(3), LIMIT), NextStep::Wait(at(LIMIT)));
    for state in [State::Confirmed, State::Rejected, State::AwaitingApproval] {
        assert_eq!(
            Submission {
                state,
                due_at: None,
                ..captured()
            }
            .retried(at(0)),
            Err(NotDecidable),
            "{state:?}"
        );
    }
}

#[test]
fn a_person_resolves_what_needs_attention_and_nothing_else() {
    let resolve = |resolution: Resolution| {
        let mut s = needs_attention(2);
        s.resolved(resolution, at(9)).unwrap();
        (s.state, next_step(&s, at(9), LIMIT))
    };
    let id = ExternalId::parse("E9").unwrap();
    assert_eq!(
        resolve(Resolution::Confirmed(id)),
        (State::Confirmed, NextStep::Nothing)
    );
    assert_eq!(
        resolve(Resolution::Rejected(None)),
        (State::Rejected, NextStep::Nothing)
    );
    assert_eq!(
        resolve(Resolution::Resend),
        (State::Waiting, NextStep::Send)
    );
    for state in State::ALL
        .into_iter()
        .filter(|state| *state != State::NeedsAttention)
    {
        let mut other = Submission {
            state,
            ..captured()
        };
        assert_eq!(
            other.resolved(Resolution::Resend, at(9)),
            Err(NotDecidable),
            "{state:?}"
        );
        assert_eq!(
            other,
            Submission {
                state,
                ..captured()
            }
        );
    }
}

#[test]
fn a_rejected_order_stays_due_until_its_reservation_is_released_or_over() {
    let mut s = Submission {
        state: State::Rejected,
        due_at: Some(at(0)),
        ..captured()
    };
    assert_eq!(next_step(&s, at(0), LIMIT), NextStep::Release);
    assert_eq!(s.released(false, at(0), 0), "release_failed");
    let due = s.due_at.unwrap();
    assert_eq!(next_step(&s, at(0), LIMIT), NextStep::Wait(due));
    assert_eq!(next_step(&s, due, LIMIT), NextStep::Release);
    let mut over = s.clone();
    assert_eq!(s.released(true, due, 0), "reservation_released");
    assert_eq!(next_step(&s, due, LIMIT), NextStep::Nothing);
    let tries = (1..)
        .take_while(|_| over.released(false, due, 0) == "release_failed")
        .count();
    assert_eq!(tries + 2, RELEASE_TRIES as usize);
    assert_eq!(next_step(&over, due, LIMIT), NextStep::Nothing);
}
