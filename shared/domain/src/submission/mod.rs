//! A submission: something captured here that the ERP must get exactly once in effect.
//!
//! Its fields are private: only the transitions of this module change them. Each transition takes a
//! submission and returns a [`Transition`]: the next revision and its entry of the timeline, with
//! lease, due time and counters set as the new state demands.

mod approval;
mod content;
mod machine;
mod operator;
mod snapshot;
mod state;
#[cfg(test)]
mod tests;
mod timeline;
mod transition;

use crate::ids::{ExternalId, OrganizationId, SubmissionId, UserId};
use crate::time::Timestamp;

pub use approval::{Approval, ApprovalEffect};
pub use content::{Content, Order, OrderLine, Payment, QuoteRequest};
pub use machine::{
    DuplicateProtection, LIMITS, Limits, LookupAnswer, NextStep, RELEASE_TRIES, ReferenceTrace,
    SendOutcome, next_step,
};
pub use operator::{NotDecidable, OperatorEffect, Resolution};
pub use snapshot::SubmissionSnapshot;
pub use state::{State, SubmissionKind};
pub use timeline::{TimelineEvent, TimelineEventKind};
pub use transition::{GRACE_SECONDS, NewSubmission, Transition};

/// A worker's exclusive right to work on a submission for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// A token of the worker that holds it.
    pub owner: String,
    /// When it expires.
    pub until: Timestamp,
}

/// Why the ERP refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The ERP's code. It decides.
    pub code: String,
    /// The ERP's words, for operators only because they may contain names.
    pub reason: Option<String>,
}

/// Something captured here that the ERP must get exactly once in effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    id: SubmissionId,
    organization: OrganizationId,
    user: UserId,
    state: State,
    revision: u64,
    attempt: u32,
    sends_without_trace: u32,
    failures: u32,
    lease: Option<Lease>,
    last_sent_at: Option<Timestamp>,
    refusal: Option<Refusal>,
    due_at: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
    external_id: Option<ExternalId>,
    external_status: Option<String>,
    reason: Option<String>,
    approval: Option<Approval>,
    correlation_id: String,
    content: Content,
}

impl Submission {
    /// Returns its identifier: the `reference` in the ERP, and the idempotency key of every send.
    #[must_use]
    pub fn id(&self) -> &SubmissionId {
        &self.id
    }

    /// Returns the kind of its content.
    #[must_use]
    pub fn kind(&self) -> SubmissionKind {
        self.content.kind()
    }

    /// Returns the organization that it belongs to.
    #[must_use]
    pub fn organization(&self) -> &OrganizationId {
        &self.organization
    }

    /// Returns the user who submitted it.
    #[must_use]
    pub fn user(&self) -> &UserId {
        &self.user
    }

    /// Returns its state.
    #[must_use]
    pub fn state(&self) -> State {
        self.state
    }

    /// Returns its revision. It grows by one with every write, and every write expects the revision
    /// that it read.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Returns the number of sends that started.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Returns the number of sends whose end is unknown and of which the ERP has no trace.
    #[must_use]
    pub fn sends_without_trace(&self) -> u32 {
        self.sends_without_trace
    }

    /// Returns the number of failures in a row; it sets the backoff.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Returns the lease of the worker that works on it.
    #[must_use]
    pub fn lease(&self) -> Option<&Lease> {
        self.lease.as_ref()
    }

    /// Returns when the last send started.
    #[must_use]
    pub fn last_sent_at(&self) -> Option<Timestamp> {
        self.last_sent_at
    }

    /// Returns a refusal that is not final before the reference was looked up.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        self.refusal.as_ref()
    }

    /// Returns when a worker has to look at it next; `None` if nothing is left to do. A rejected
    /// order is due until its reservation is released.
    #[must_use]
    pub fn due_at(&self) -> Option<Timestamp> {
        self.due_at
    }

    /// Returns when it was captured.
    #[must_use]
    pub fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// Returns when it was last written.
    #[must_use]
    pub fn updated_at(&self) -> Timestamp {
        self.updated_at
    }

    /// Returns the ERP's number of it.
    #[must_use]
    pub fn external_id(&self) -> Option<&ExternalId> {
        self.external_id.as_ref()
    }

    /// Returns the ERP's own status of it.
    #[must_use]
    pub fn external_status(&self) -> Option<&str> {
        self.external_status.as_deref()
    }

    /// Returns the code of why it is rejected, waiting, unknown or in need of attention; the words
    /// of an approver who did not approve.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// Returns what an approver decided, if the order had to wait for one.
    #[must_use]
    pub fn approval(&self) -> Option<&Approval> {
        self.approval.as_ref()
    }

    /// Returns the correlation id of the request that captured it; it travels to the ERP.
    #[must_use]
    pub fn correlation_id(&self) -> &str {
        &self.correlation_id
    }

    /// Returns what is in it.
    #[must_use]
    pub fn content(&self) -> &Content {
        &self.content
    }
}
