use super::*;
use crate::ids::{OrganizationId, SubmissionId, UserId};
use crate::member::{MemberStatus, Organization, Origin};
use crate::money::Currency;

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
        sends_without_trace: 0,
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

/// Starts a send under a lease that expires at once.
fn sent(submission: Submission, ms: i64) -> Submission {
    let lease = Lease {
        owner: "w".to_owned(),
        until: at(ms),
    };
    submission.send_started(lease, at(ms)).submission
}

fn retried(submission: Submission, ms: i64) -> Submission {
    match submission.retried(at(ms)).unwrap() {
        OperatorEffect::Moved(Transition { submission, event }) => {
            assert_eq!(event.kind, TimelineEventKind::Retried);
            submission
        }
        OperatorEffect::UnderWay(submission) => panic!("a worker works on {submission:?}"),
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
    s = sent(s, 0);
    s = s
        .send_ended(
            SendOutcome::Unknown { reason: "timeout" },
            at(5_000),
            LIMIT,
            0,
        )
        .submission;
    assert_eq!(s.state, State::Unknown);
    assert_eq!(next_step(&s, at(29_999), LIMIT), NextStep::Wait(at(30_000)));
    assert_eq!(next_step(&s, at(30_000), LIMIT), NextStep::LookUp);
}

#[test]
fn once_the_erp_answers_nothing_waits_for_its_backoff_but_for_time_limits() {
    let mut s = captured();
    s = sent(s, 0);
    s = s
        .send_ended(
            SendOutcome::Unavailable { reason: "refused" },
            at(10),
            LIMIT,
            u64::MAX,
        )
        .submission;
    assert!(matches!(next_step(&s, at(11), LIMIT), NextStep::Wait(_)));
    s = s.resume_now();
    assert_eq!(next_step(&s, at(11), LIMIT), NextStep::Send);

    assert!(s.is_unanswered());
    s = sent(s, 15);
    s = s
        .send_ended(SendOutcome::Pending, at(16), LIMIT, 0)
        .submission;
    assert!(!s.is_unanswered());
    s = sent(s, 20);
    s = s
        .send_ended(SendOutcome::Unknown { reason: "timeout" }, at(30), LIMIT, 0)
        .submission;
    assert!(s.is_unanswered());
    s = s.resume_now();
    assert_eq!(next_step(&s, at(31), LIMIT), NextStep::Wait(at(30_020)));
    assert_eq!(next_step(&s, at(30_020), LIMIT), NextStep::LookUp);

    // A refused duplicate that is not visible yet keeps its patience, and is an answer.
    s.refusal = Some(Refusal {
        code: "duplicate_reference".to_owned(),
        reason: None,
    });
    s = s
        .lookup_answered(
            LookupAnswer::NotFound,
            DuplicateProtection::IdempotencyKey,
            &LIMITS,
            at(40_000),
            u64::MAX,
        )
        .submission;
    s = s.resume_now();
    assert!(matches!(
        next_step(&s, at(40_001), LIMIT),
        NextStep::Wait(_)
    ));
    assert!(!s.is_unanswered());

    s = sent(s, 50_000);
    s = s.resume_now();
    assert_eq!(next_step(&s, at(50_001), LIMIT), NextStep::Wait(at(80_000)));
}

#[test]
fn an_attempt_without_a_recorded_end_is_unknown_and_never_sent_blindly() {
    let mut s = captured();
    let lease = Lease {
        owner: "w".to_owned(),
        until: at(60_000),
    };
    s = s.send_started(lease, at(0)).submission;
    assert_eq!(next_step(&s, at(59_999), LIMIT), NextStep::Wait(at(60_000)));
    assert_eq!(next_step(&s, at(60_000), LIMIT), NextStep::LookUp);
}

#[test]
fn found_is_not_accepted() {
    let mut s = captured();
    s = sent(s, 0);
    s = s
        .send_ended(SendOutcome::Unknown { reason: "reset" }, at(1), LIMIT, 0)
        .submission;
    let draft = ReferenceTrace {
        external_id: None,
        status: None,
        accepted: false,
    };
    s = s
        .lookup_answered(
            LookupAnswer::Found(draft),
            DuplicateProtection::IdempotencyKey,
            &LIMITS,
            at(40_000),
            0,
        )
        .submission;
    assert_eq!(s.state, State::Waiting);
    assert_eq!(next_step(&s, at(40_000), LIMIT), NextStep::Send);
}

#[test]
fn a_first_refusal_is_final_and_a_later_one_only_after_asking() {
    let mut first = captured();
    first = sent(first, 0);
    first = first
        .send_ended(SendOutcome::Rejected(refusal()), at(1), LIMIT, 0)
        .submission;
    assert_eq!(first.state, State::Rejected);

    let mut second = captured();
    second = sent(second, 0);
    second = second
        .send_ended(SendOutcome::Unavailable { reason: "busy" }, at(1), LIMIT, 0)
        .submission;
    second = sent(second, 5_000);
    second = second
        .send_ended(SendOutcome::Rejected(refusal()), at(5_001), LIMIT, 0)
        .submission;
    assert_eq!(second.state, State::Unknown);
    let twin = ReferenceTrace {
        external_id: ExternalId::parse("E1").ok(),
        status: None,
        accepted: true,
    };
    let mut doubled = second.clone();
    doubled = doubled
        .lookup_answered(
            LookupAnswer::Found(twin),
            DuplicateProtection::Lookup,
            &LIMITS,
            at(40_000),
            0,
        )
        .submission;
    assert_eq!(doubled.state, State::Confirmed);
    second = second
        .lookup_answered(
            LookupAnswer::NotFound,
            DuplicateProtection::Lookup,
            &LIMITS,
            at(40_000),
            0,
        )
        .submission;
    assert_eq!(
        (second.state, second.reason.as_deref()),
        (State::Rejected, Some("total_changed"))
    );
}

#[test]
fn a_duplicate_that_the_erp_does_not_show_is_asked_about_again_and_never_rejected() {
    let mut s = captured();
    s = sent(s, 0);
    let duplicate = Refusal {
        code: "duplicate_reference".to_owned(),
        reason: None,
    };
    s = s
        .send_ended(SendOutcome::Rejected(duplicate), at(1), LIMIT, 0)
        .submission;
    let mut asked = 0;
    while s.state == State::Unknown {
        s = s
            .lookup_answered(
                LookupAnswer::NotFound,
                DuplicateProtection::IdempotencyKey,
                &LIMITS,
                at(40_000),
                0,
            )
            .submission;
        asked += 1;
    }
    assert_eq!(
        (s.state, asked),
        (State::NeedsAttention, 25),
        "a person decides"
    );

    let mut shown = captured();
    shown = sent(shown, 0);
    shown = shown
        .send_ended(
            SendOutcome::Rejected(Refusal {
                code: "duplicate_reference".to_owned(),
                reason: None,
            }),
            at(1),
            LIMIT,
            0,
        )
        .submission;
    shown = shown
        .lookup_answered(
            LookupAnswer::NotFound,
            DuplicateProtection::IdempotencyKey,
            &LIMITS,
            at(40_000),
            0,
        )
        .submission;
    let twin = ReferenceTrace {
        external_id: ExternalId::parse("E1").ok(),
        status: None,
        accepted: true,
    };
    shown = shown
        .lookup_answered(
            LookupAnswer::Found(twin),
            DuplicateProtection::IdempotencyKey,
            &LIMITS,
            at(50_000),
            0,
        )
        .submission;
    assert_eq!(shown.state, State::Confirmed);
}

#[test]
fn an_erp_that_can_neither_tell_nor_be_asked_leaves_the_decision_to_a_person() {
    let mut s = captured();
    s = sent(s, 0);
    s = s
        .send_ended(SendOutcome::Unknown { reason: "reset" }, at(1), LIMIT, 0)
        .submission;
    s = s
        .lookup_answered(
            LookupAnswer::NotFound,
            DuplicateProtection::None,
            &LIMITS,
            at(40_000),
            0,
        )
        .submission;
    assert_eq!(s.state, State::NeedsAttention);
}

#[test]
fn eight_sends_without_a_trace_need_attention() {
    let mut s = captured();
    let mut now = 0;
    for sends in 1.. {
        s = sent(s, now);
        s = s
            .send_ended(SendOutcome::Unknown { reason: "reset" }, at(now), LIMIT, 0)
            .submission;
        now += LIMIT;
        s = s
            .lookup_answered(
                LookupAnswer::NotFound,
                DuplicateProtection::IdempotencyKey,
                &LIMITS,
                at(now),
                0,
            )
            .submission;
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
        s = sent(s, 0);
        s = s
            .send_ended(
                SendOutcome::Unavailable { reason: "refused" },
                at(0),
                LIMIT,
                u64::MAX,
            )
            .submission;
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
        sends_without_trace: 8,
        due_at: None,
        ..captured()
    }
}

#[test]
fn a_retry_asks_for_what_may_have_been_sent() {
    let was_sent = retried(needs_attention(3), 50_000);
    assert_eq!(next_step(&was_sent, at(50_000), LIMIT), NextStep::LookUp);
    let never_sent = retried(needs_attention(0), 50_000);
    assert_eq!(next_step(&never_sent, at(50_000), LIMIT), NextStep::Send);
}

#[test]
fn a_retry_never_asks_before_the_time_limit_and_never_disturbs_a_worker() {
    let mut s = captured();
    s = sent(s, 0);
    assert_eq!(
        s.clone().retried(at(1)),
        Ok(OperatorEffect::UnderWay(s.clone())),
        "a worker works on it"
    );
    s = s
        .send_ended(SendOutcome::Unknown { reason: "reset" }, at(2), LIMIT, 0)
        .submission;
    s = retried(s, 3);
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
        let s = needs_attention(2)
            .resolved(resolution, at(9))
            .unwrap()
            .submission;
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
        let other = Submission {
            state,
            ..captured()
        };
        assert_eq!(
            other.resolved(Resolution::Resend, at(9)),
            Err(NotDecidable),
            "{state:?}"
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
    s = released(s, false, 0, TimelineEventKind::ReleaseFailed);
    let due = s.due_at.unwrap();
    assert_eq!(next_step(&s, at(0), LIMIT), NextStep::Wait(due));
    assert_eq!(next_step(&s, due, LIMIT), NextStep::Release);
    let mut over = s.clone();
    s = released(
        s,
        true,
        due.as_millis(),
        TimelineEventKind::ReservationReleased,
    );
    assert_eq!(next_step(&s, due, LIMIT), NextStep::Nothing);
    let mut tries = 1;
    loop {
        let transition = over.released(false, due, 0);
        over = transition.submission;
        tries += 1;
        if transition.event.kind != TimelineEventKind::ReleaseFailed {
            break;
        }
    }
    assert_eq!(tries, RELEASE_TRIES);
    assert_eq!(next_step(&over, due, LIMIT), NextStep::Nothing);
}

fn released(submission: Submission, done: bool, ms: i64, kind: TimelineEventKind) -> Submission {
    let transition = submission.released(done, at(ms), 0);
    assert_eq!(transition.event.kind, kind);
    transition.submission
}

#[test]
fn a_transition_is_the_next_revision_with_its_entry_of_the_timeline() {
    let before = captured();
    let lease = Lease {
        owner: "w".to_owned(),
        until: at(60_000),
    };
    let Transition { submission, event } = before.clone().send_started(lease.clone(), at(7));
    assert_eq!(submission.revision(), before.revision() + 1);
    assert_eq!(submission.updated_at(), at(7));
    assert_eq!(submission.lease(), Some(&lease));
    assert_eq!(submission.due_at(), Some(at(60_000)));
    assert_eq!(
        (event.kind.as_str(), event.attempt, event.at),
        ("sending", Some(1), at(7))
    );
}

#[test]
fn an_event_of_another_release_keeps_its_name() {
    let known = TimelineEventKind::parse("asked_without_answer");
    assert_eq!(known, TimelineEventKind::LookupUnanswered);
    let other = TimelineEventKind::parse("of_tomorrow");
    assert_eq!(other.as_str(), "of_tomorrow");
}
