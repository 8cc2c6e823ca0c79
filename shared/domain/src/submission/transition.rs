//! A step of a submission, together with the entry of its timeline.

use super::{Content, State, Submission, TimelineEvent, TimelineEventKind};
use crate::caller::Customer;
use crate::ids::SubmissionId;
use crate::time::Timestamp;

/// Seconds after capture at which `reconcile` enqueues a submission that did not move since: the
/// queue was not available when it was captured.
pub const GRACE_SECONDS: i64 = 30;

/// A submission after a step, and the entry of its timeline. A store writes both or neither.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Transition {
    /// The submission after the step. Its revision is one higher than before.
    pub submission: Submission,
    /// The entry of its timeline.
    pub event: TimelineEvent,
}

impl Transition {
    /// Sets how long the ERP took.
    pub fn with_duration_ms(mut self, duration_ms: i64) -> Self {
        self.event.duration_ms = Some(duration_ms);
        self
    }

    /// Sets the correlation id of the request that caused the step, where this is not the request
    /// that captured the submission.
    pub fn with_correlation_id(mut self, correlation_id: &str) -> Self {
        correlation_id.clone_into(&mut self.event.correlation_id);
        self
    }

    /// Sets the reason that the timeline shows.
    pub fn with_event_reason(mut self, reason: &str) -> Self {
        self.event.reason = Some(reason.to_owned());
        self
    }
}

/// What is captured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSubmission {
    /// Its identifier.
    pub id: SubmissionId,
    /// Who submits it.
    pub customer: Customer,
    /// The correlation id of the request; travels to the ERP.
    pub correlation_id: String,
    /// What is in it.
    pub content: Content,
}

impl NewSubmission {
    /// Captures a submission that the worker sends as soon as it is enqueued.
    pub fn accepted(self, now: Timestamp) -> Transition {
        self.accepted_after(0, now)
    }

    /// Captures a submission that the worker sends `delay_seconds` from now.
    pub fn accepted_after(self, delay_seconds: i64, now: Timestamp) -> Transition {
        let due_at = now.plus_seconds(GRACE_SECONDS + delay_seconds);
        self.captured(State::Accepted, Some(due_at), now)
    }

    /// Captures an order that waits for its approver. The worker does not send it before.
    pub fn awaiting_approval(self, now: Timestamp) -> Transition {
        self.captured(State::AwaitingApproval, None, now)
    }

    fn captured(self, state: State, due_at: Option<Timestamp>, now: Timestamp) -> Transition {
        let submission = Submission {
            id: self.id,
            organization: self.customer.organization,
            user: self.customer.user,
            state,
            revision: 0,
            attempt: 0,
            sends_without_trace: 0,
            failures: 0,
            lease: None,
            last_sent_at: None,
            refusal: None,
            due_at,
            created_at: now,
            updated_at: now,
            external_id: None,
            external_status: None,
            reason: None,
            approval: None,
            correlation_id: self.correlation_id,
            content: self.content,
        };
        submission.with_event(TimelineEventKind::Captured, now)
    }
}

impl Submission {
    /// Ends a step: the next revision, with its entry of the timeline.
    pub(super) fn moved(mut self, kind: TimelineEventKind, now: Timestamp) -> Transition {
        self.revision = self.revision.saturating_add(1);
        self.updated_at = now;
        self.with_event(kind, now)
    }

    fn with_event(self, kind: TimelineEventKind, now: Timestamp) -> Transition {
        let event = TimelineEvent {
            at: now,
            kind,
            attempt: (self.attempt > 0).then_some(self.attempt),
            reason: self.reason.clone(),
            duration_ms: None,
            correlation_id: self.correlation_id.clone(),
        };
        Transition {
            submission: self,
            event,
        }
    }
}
