//! The rules by which a submission moves. Pure: what was heard of the ERP goes in, the next
//! submission comes out.
//!
//! Two rules carry the rest. *Found is not accepted*: a trace of the reference confirms nothing
//! unless the ERP says that it accepted it. *Unknown is not failed*: a send whose end nobody
//! recorded is settled by asking, and no earlier than the ERP's own time limit after it, because
//! until then it may still be on its way.

use super::{Refusal, State, Submission, SubmissionKind};
use crate::freshness::jittered;
use crate::ids::ExternalId;
use crate::time::Timestamp;

/// How an ERP lets a repeated submission be told from a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DuplicateProtection {
    /// It keeps our key and answers the repetition with the first result.
    IdempotencyKey,
    /// It can be asked for a reference.
    Lookup,
    /// Neither: a repetition may double.
    None,
}

/// The reason of what the ERP took and has not decided about.
const PENDING: &str = "erp_pending";

/// The code by which an ERP refuses a reference that it has already.
const DUPLICATE: &str = "duplicate_reference";

/// Questions about a reference that the ERP says it has and does not find, before a person decides:
/// at the longest backoff about an hour and a half.
const DUPLICATE_ASKS: u32 = 24;

/// The figures of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Sends without a trace after which a person decides.
    pub untraced_sends: u32,
    /// Milliseconds of the first backoff; doubles with every failure in a row.
    pub backoff_ms: i64,
    /// Milliseconds that no backoff exceeds.
    pub backoff_max_ms: i64,
}

/// The figures in force: eight sends, one second doubling up to five minutes.
pub const LIMITS: Limits = Limits {
    untraced_sends: 8,
    backoff_ms: 1_000,
    backoff_max_ms: 300_000,
};

/// Tries to release what was set aside for a rejected order: with the backoff in force a bit over
/// an hour, four times as long as a reservation lasts.
pub const RELEASE_TRIES: u32 = 20;

/// What to do with a submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextStep {
    /// Send it.
    Send,
    /// Ask the ERP for the reference.
    Ask,
    /// Release what was set aside for it: it is rejected, and nobody recorded yet that the ERP let
    /// go of it.
    Release,
    /// Nothing before this instant.
    Wait(Timestamp),
    /// Nothing, ever, or not before a person decided.
    Nothing,
}

/// How a send ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The ERP has it.
    Accepted {
        /// The ERP's number.
        external_id: ExternalId,
        /// The ERP's own status.
        status: Option<String>,
    },
    /// The ERP took it and decides later.
    Pending,
    /// The ERP said no.
    Rejected(Refusal),
    /// Certainly not processed.
    Unavailable {
        /// A stable code of what failed.
        reason: &'static str,
    },
    /// Everything else.
    Unknown {
        /// A stable code of what failed.
        reason: &'static str,
    },
}

/// A trace of a reference in the ERP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The ERP's number, if it has one by now.
    pub external_id: Option<ExternalId>,
    /// The ERP's own status.
    pub status: Option<String>,
    /// Whether the ERP accepted it. A draft is found, but not accepted.
    pub accepted: bool,
}

/// What the ERP said when it was asked for a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// There is something.
    Found(Found),
    /// There is nothing.
    NotFound,
    /// It did not say.
    NoAnswer {
        /// A stable code of what failed.
        reason: &'static str,
    },
}

/// What to do with `submission` at `now`. `time_limit_ms` is the longest that a send may take in
/// the ERP.
#[must_use]
pub fn next_step(submission: &Submission, now: Timestamp, time_limit_ms: i64) -> NextStep {
    if let Some(lease) = submission.lease.as_ref().filter(|lease| now < lease.until) {
        return NextStep::Wait(lease.until);
    }
    let settled_from = submission
        .last_sent_at
        .map(|at| at.plus_millis(time_limit_ms));
    match submission.state {
        State::AwaitingApproval | State::Confirmed | State::NeedsAttention => NextStep::Nothing,
        State::Rejected => match submission.due_at {
            None => NextStep::Nothing,
            Some(due) if now < due => NextStep::Wait(due),
            Some(_) => NextStep::Release,
        },
        State::Accepted => NextStep::Send,
        State::Waiting => match submission.due_at.filter(|due| now < *due) {
            Some(due) => NextStep::Wait(due),
            None => NextStep::Send,
        },
        // A lease that ended without a record is a send whose end nobody knows.
        State::Sending | State::Unknown => {
            let earliest = settled_from.max(
                submission
                    .due_at
                    .filter(|_| submission.state == State::Unknown),
            );
            match earliest.filter(|at| now < *at) {
                Some(at) => NextStep::Wait(at),
                None => NextStep::Ask,
            }
        }
    }
}

impl Submission {
    /// A send starts.
    pub fn send_started(&mut self, now: Timestamp) {
        self.state = State::Sending;
        self.attempt = self.attempt.saturating_add(1);
        self.last_sent_at = Some(now);
        self.refusal = None;
        self.reason = None;
    }

    /// A send ended with `outcome`. `random` jitters the backoff. Returns the event for the
    /// timeline.
    pub fn send_ended(
        &mut self,
        outcome: Outcome,
        now: Timestamp,
        time_limit_ms: i64,
        random: u64,
    ) -> &'static str {
        self.lease = None;
        let settle_at = self.last_sent_at.unwrap_or(now).plus_millis(time_limit_ms);
        match outcome {
            Outcome::Accepted {
                external_id,
                status,
            } => self.confirm(Some(external_id), status),
            Outcome::Rejected(refusal) if self.attempt > 1 || refusal.code == DUPLICATE => {
                // A duplicate may be refused while its twin succeeded.
                self.reason = Some(refusal.code.clone());
                self.refusal = Some(refusal);
                self.unknown(settle_at);
                "refused_after_earlier_attempt"
            }
            Outcome::Rejected(refusal) => self.reject(refusal, now),
            Outcome::Pending => {
                self.reason = Some(PENDING.to_owned());
                self.unknown(settle_at);
                "taken_by_erp"
            }
            Outcome::Unavailable { reason } => {
                self.reason = Some(reason.to_owned());
                self.state = State::Waiting;
                self.back_off(now, random);
                "unavailable"
            }
            Outcome::Unknown { reason } => {
                self.reason = Some(reason.to_owned());
                self.untraced = self.untraced.saturating_add(1);
                self.unknown(settle_at);
                "outcome_unknown"
            }
        }
    }

    /// The ERP answers again, so nothing waits for the end of its backoff. The time limit of a send
    /// stands, and so does the patience with an ERP that refused a duplicate and does not show the
    /// twin.
    pub fn go_on(&mut self) {
        if matches!(self.state, State::Waiting | State::Unknown) && self.refusal.is_none() {
            self.due_at = None;
        }
    }

    /// Whether the ERP said nothing when it was last sent or asked for: neither that it takes its
    /// time nor that it refuses.
    #[must_use]
    pub fn is_unanswered(&self) -> bool {
        match self.state {
            State::Waiting => true,
            State::Unknown => self.refusal.is_none() && self.reason.as_deref() != Some(PENDING),
            State::AwaitingApproval
            | State::Accepted
            | State::Sending
            | State::Confirmed
            | State::Rejected
            | State::NeedsAttention => false,
        }
    }

    /// A send was found whose end nobody recorded. Returns the event for the timeline.
    pub fn send_lost(&mut self) -> &'static str {
        self.untraced = self.untraced.saturating_add(1);
        self.reason = Some("attempt_not_recorded".to_owned());
        self.state = State::Unknown;
        "outcome_unknown"
    }

    /// The ERP was asked for the reference. Returns the event for the timeline.
    pub fn asked(
        &mut self,
        answer: Answer,
        support: DuplicateProtection,
        limits: &Limits,
        now: Timestamp,
        random: u64,
    ) -> &'static str {
        self.lease = None;
        self.reason = None;
        match (answer, self.refusal.take()) {
            (Answer::Found(found), _) if found.accepted => {
                self.confirm(found.external_id, found.status)
            }
            (Answer::NoAnswer { reason }, refusal) => {
                self.refusal = refusal;
                self.reason = Some(reason.to_owned());
                self.state = State::Unknown;
                self.back_off(now, random);
                "asked_without_answer"
            }
            // The ERP says that it has it and does not show it yet. To call it refused would let go
            // of goods that it ships, and make the buyer order again.
            (Answer::NotFound, Some(refusal))
                if refusal.code == DUPLICATE && self.failures < DUPLICATE_ASKS =>
            {
                self.reason = Some(refusal.code.clone());
                self.refusal = Some(refusal);
                self.state = State::Unknown;
                self.back_off(now, random);
                "duplicate_not_found"
            }
            (Answer::NotFound, Some(refusal)) if refusal.code == DUPLICATE => {
                self.needs_attention("duplicate_not_found")
            }
            (Answer::Found(_) | Answer::NotFound, Some(refusal)) => self.reject(refusal, now),
            (Answer::Found(_), None) => {
                self.again(now);
                "found_not_accepted"
            }
            (Answer::NotFound, None) if support == DuplicateProtection::None => {
                self.needs_attention("no_way_to_repeat")
            }
            (Answer::NotFound, None) if self.untraced >= limits.untraced_sends => {
                self.needs_attention("no_trace")
            }
            (Answer::NotFound, None) => {
                self.again(now);
                "not_found"
            }
        }
    }

    /// The ERP was asked to let go of what was set aside for a rejected order. `done` is false when
    /// nobody knows whether it did; after [`RELEASE_TRIES`] of these the reservation is left to end
    /// by itself, as it does long before then. Returns the event for the timeline.
    pub fn released(&mut self, done: bool, now: Timestamp, random: u64) -> &'static str {
        if done {
            self.due_at = None;
            return "reservation_released";
        }
        self.back_off(now, random);
        if self.failures < RELEASE_TRIES {
            return "release_failed";
        }
        self.due_at = None;
        "release_given_up"
    }

    pub(super) fn confirm(
        &mut self,
        external_id: Option<ExternalId>,
        status: Option<String>,
    ) -> &'static str {
        self.state = State::Confirmed;
        self.external_id = external_id.or(self.external_id.take());
        self.external_status = status;
        self.refusal = None;
        self.reason = None;
        self.due_at = None;
        "confirmed"
    }

    /// Only orders have something set aside for them; it is due to be released at once.
    pub(super) fn reject(&mut self, refusal: Refusal, now: Timestamp) -> &'static str {
        self.state = State::Rejected;
        self.reason = Some(refusal.code.clone());
        self.refusal = Some(refusal);
        self.failures = 0;
        self.due_at = (self.content.kind() == SubmissionKind::Order).then_some(now);
        "rejected"
    }

    fn needs_attention(&mut self, reason: &str) -> &'static str {
        self.state = State::NeedsAttention;
        self.reason = Some(reason.to_owned());
        self.due_at = None;
        "needs_attention"
    }

    fn unknown(&mut self, settle_at: Timestamp) {
        self.state = State::Unknown;
        self.failures = 0;
        self.due_at = Some(settle_at);
    }

    pub(super) fn again(&mut self, now: Timestamp) {
        self.state = State::Waiting;
        self.failures = 0;
        self.due_at = Some(now);
    }

    fn back_off(&mut self, now: Timestamp, random: u64) {
        let doubled = LIMITS
            .backoff_ms
            .saturating_mul(1_i64 << self.failures.min(20));
        self.failures = self.failures.saturating_add(1);
        self.due_at = Some(now.plus_millis(jittered(doubled.min(LIMITS.backoff_max_ms), random)));
    }
}
