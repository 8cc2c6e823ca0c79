//! The rules by which a submission moves. They are pure: they take what the ERP answered and return
//! the next submission.
//!
//! Two rules carry the rest. *Found is not accepted*: a trace of the reference confirms nothing
//! unless the ERP says that it accepted it. *Unknown is not failed*: a send whose end was not
//! recorded is settled by a lookup, and not before the ERP's own time limit has passed, because
//! until then it may still be on its way.

use super::{Lease, Refusal, State, Submission, SubmissionKind, TimelineEventKind, Transition};
use crate::freshness::jittered;
use crate::ids::ExternalId;
use crate::time::Timestamp;

/// How an ERP distinguishes a repeated submission from a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DuplicateProtection {
    /// It stores our key and answers the repetition with the first result.
    IdempotencyKey,
    /// It finds a document by our reference.
    Lookup,
    /// Neither: a repetition may create a second document.
    None,
}

/// The reason of a submission that the ERP took and has not decided about.
const PENDING: &str = "erp_pending";

/// The code with which an ERP refuses a reference that it already has.
const DUPLICATE: &str = "duplicate_reference";

/// Lookups of a reference that the ERP says it has and does not find, before a person decides: with
/// the longest backoff about an hour and a half.
const DUPLICATE_LOOKUPS: u32 = 24;

/// The figures of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Sends without a trace after which a person decides.
    pub sends_without_trace: u32,
    /// Milliseconds of the first backoff; it doubles with every failure in a row.
    pub backoff_ms: i64,
    /// Milliseconds that no backoff exceeds.
    pub backoff_max_ms: i64,
}

/// The figures in force: eight sends, one second doubling up to five minutes.
pub const LIMITS: Limits = Limits {
    sends_without_trace: 8,
    backoff_ms: 1_000,
    backoff_max_ms: 300_000,
};

/// Tries to release the reservation of a rejected order: with the backoff in force a bit over an
/// hour, four times as long as a reservation lasts.
pub const RELEASE_TRIES: u32 = 20;

/// What to do with a submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextStep {
    /// Send it.
    Send,
    /// Look the reference up in the ERP.
    LookUp,
    /// Release its reservation: it is rejected, and that the ERP released it is not recorded yet.
    Release,
    /// Nothing before this instant.
    Wait(Timestamp),
    /// Nothing, or nothing before a person decides.
    Nothing,
}

/// How a send ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendOutcome {
    /// The ERP has it.
    Accepted {
        /// The ERP's number.
        external_id: ExternalId,
        /// The ERP's own status.
        status: Option<String>,
    },
    /// The ERP took it and decides later.
    Pending,
    /// The ERP refused it.
    Rejected(Refusal),
    /// Certainly not processed.
    Unavailable {
        /// A stable code of what failed.
        reason: &'static str,
    },
    /// Everything else: it is not known whether the ERP processed it.
    Unknown {
        /// A stable code of what failed.
        reason: &'static str,
    },
}

/// A trace of a reference in the ERP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceTrace {
    /// The ERP's number, if it has one yet.
    pub external_id: Option<ExternalId>,
    /// The ERP's own status.
    pub status: Option<String>,
    /// Whether the ERP accepted it. A draft is found, but not accepted.
    pub accepted: bool,
}

/// What the ERP answered to a lookup of a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LookupAnswer {
    /// The ERP has it.
    Found(ReferenceTrace),
    /// The ERP does not have it.
    NotFound,
    /// The ERP gave no usable answer.
    NoAnswer {
        /// A stable code of what failed.
        reason: &'static str,
    },
}

/// Returns what to do with `submission` at `now`. `time_limit_ms` is the longest time that a send
/// may take in the ERP.
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
        // A lease that expired without a record is a send whose end is unknown.
        State::Sending | State::Unknown => {
            let earliest = settled_from.max(
                submission
                    .due_at
                    .filter(|_| submission.state == State::Unknown),
            );
            match earliest.filter(|at| now < *at) {
                Some(at) => NextStep::Wait(at),
                None => NextStep::LookUp,
            }
        }
    }
}

impl Submission {
    /// A send starts under `lease`. It is due again when the lease expires.
    pub fn send_started(mut self, lease: Lease, now: Timestamp) -> Transition {
        self.state = State::Sending;
        self.attempt = self.attempt.saturating_add(1);
        self.last_sent_at = Some(now);
        self.refusal = None;
        self.reason = None;
        self.due_at = Some(lease.until);
        self.lease = Some(lease);
        self.moved(TimelineEventKind::Sending, now)
    }

    /// A send ended with `outcome`. `random` jitters the backoff.
    pub fn send_ended(
        mut self,
        outcome: SendOutcome,
        now: Timestamp,
        time_limit_ms: i64,
        random: u64,
    ) -> Transition {
        self.lease = None;
        let settle_at = self.last_sent_at.unwrap_or(now).plus_millis(time_limit_ms);
        let kind = match outcome {
            SendOutcome::Accepted {
                external_id,
                status,
            } => self.confirm(Some(external_id), status),
            SendOutcome::Rejected(refusal) if self.attempt > 1 || refusal.code == DUPLICATE => {
                // A duplicate may be refused while its twin succeeded.
                self.reason = Some(refusal.code.clone());
                self.refusal = Some(refusal);
                self.unknown(settle_at);
                TimelineEventKind::RefusedAfterEarlierAttempt
            }
            SendOutcome::Rejected(refusal) => self.reject(refusal, now),
            SendOutcome::Pending => {
                self.reason = Some(PENDING.to_owned());
                self.unknown(settle_at);
                TimelineEventKind::TakenByErp
            }
            SendOutcome::Unavailable { reason } => {
                self.reason = Some(reason.to_owned());
                self.state = State::Waiting;
                self.back_off(now, random);
                TimelineEventKind::Unavailable
            }
            SendOutcome::Unknown { reason } => {
                self.reason = Some(reason.to_owned());
                self.sends_without_trace = self.sends_without_trace.saturating_add(1);
                self.unknown(settle_at);
                TimelineEventKind::OutcomeUnknown
            }
        };
        self.moved(kind, now)
    }

    /// Resumes it now: the ERP answers again, so it does not wait for the end of its backoff. It
    /// still waits for the time limit of a send, and for an ERP that refused a duplicate and does
    /// not show the twin. This is not a transition: nothing is written before the next one.
    #[must_use]
    pub fn resume_now(mut self) -> Self {
        if matches!(self.state, State::Waiting | State::Unknown) && self.refusal.is_none() {
            self.due_at = None;
        }
        self
    }

    /// Whether the ERP did not answer when it was last sent or looked up: it neither took it nor
    /// refused it.
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

    /// The end of a send was not recorded. It is due at once.
    pub fn send_lost(mut self, now: Timestamp) -> Transition {
        self.sends_without_trace = self.sends_without_trace.saturating_add(1);
        self.reason = Some("attempt_not_recorded".to_owned());
        self.state = State::Unknown;
        self.lease = None;
        self.due_at = Some(now);
        self.moved(TimelineEventKind::OutcomeUnknown, now)
    }

    /// The ERP answered a lookup of the reference. `random` jitters the backoff.
    pub fn lookup_answered(
        mut self,
        answer: LookupAnswer,
        protection: DuplicateProtection,
        limits: &Limits,
        now: Timestamp,
        random: u64,
    ) -> Transition {
        self.lease = None;
        self.reason = None;
        let kind = match (answer, self.refusal.take()) {
            (LookupAnswer::Found(found), _) if found.accepted => {
                self.confirm(found.external_id, found.status)
            }
            (LookupAnswer::NoAnswer { reason }, refusal) => {
                self.refusal = refusal;
                self.reason = Some(reason.to_owned());
                self.state = State::Unknown;
                self.back_off(now, random);
                TimelineEventKind::LookupUnanswered
            }
            // The ERP says that it has it and does not show it yet. A rejection would release goods
            // that the ERP ships, and make the buyer order again.
            (LookupAnswer::NotFound, Some(refusal))
                if refusal.code == DUPLICATE && self.failures < DUPLICATE_LOOKUPS =>
            {
                self.reason = Some(refusal.code.clone());
                self.refusal = Some(refusal);
                self.state = State::Unknown;
                self.back_off(now, random);
                TimelineEventKind::DuplicateNotFound
            }
            (LookupAnswer::NotFound, Some(refusal)) if refusal.code == DUPLICATE => {
                self.needs_attention("duplicate_not_found")
            }
            (LookupAnswer::Found(_) | LookupAnswer::NotFound, Some(refusal)) => {
                self.reject(refusal, now)
            }
            (LookupAnswer::Found(_), None) => {
                self.requeue(now);
                TimelineEventKind::FoundNotAccepted
            }
            (LookupAnswer::NotFound, None) if protection == DuplicateProtection::None => {
                self.needs_attention("no_way_to_repeat")
            }
            (LookupAnswer::NotFound, None)
                if self.sends_without_trace >= limits.sends_without_trace =>
            {
                self.needs_attention("no_trace")
            }
            (LookupAnswer::NotFound, None) => {
                self.requeue(now);
                TimelineEventKind::NotFound
            }
        };
        self.moved(kind, now)
    }

    /// A release of the reservation of a rejected order ended. `done` is false if it is not known
    /// whether the ERP released it. After [`RELEASE_TRIES`] of these the reservation is left to
    /// expire, as it does long before then.
    pub fn released(mut self, done: bool, now: Timestamp, random: u64) -> Transition {
        let kind = if done {
            self.due_at = None;
            TimelineEventKind::ReservationReleased
        } else {
            self.back_off(now, random);
            if self.failures < RELEASE_TRIES {
                TimelineEventKind::ReleaseFailed
            } else {
                self.due_at = None;
                TimelineEventKind::ReleaseAbandoned
            }
        };
        self.moved(kind, now)
    }

    pub(super) fn confirm(
        &mut self,
        external_id: Option<ExternalId>,
        status: Option<String>,
    ) -> TimelineEventKind {
        self.state = State::Confirmed;
        self.external_id = external_id.or(self.external_id.take());
        self.external_status = status;
        self.refusal = None;
        self.reason = None;
        self.due_at = None;
        TimelineEventKind::Confirmed
    }

    /// Only an order has a reservation; it is due to be released at once.
    pub(super) fn reject(&mut self, refusal: Refusal, now: Timestamp) -> TimelineEventKind {
        self.state = State::Rejected;
        self.reason = Some(refusal.code.clone());
        self.refusal = Some(refusal);
        self.failures = 0;
        self.due_at = (self.content.kind() == SubmissionKind::Order).then_some(now);
        TimelineEventKind::Rejected
    }

    fn needs_attention(&mut self, reason: &str) -> TimelineEventKind {
        self.state = State::NeedsAttention;
        self.reason = Some(reason.to_owned());
        self.due_at = None;
        TimelineEventKind::NeedsAttention
    }

    fn unknown(&mut self, settle_at: Timestamp) {
        self.state = State::Unknown;
        self.failures = 0;
        self.due_at = Some(settle_at);
    }

    pub(super) fn requeue(&mut self, now: Timestamp) {
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
