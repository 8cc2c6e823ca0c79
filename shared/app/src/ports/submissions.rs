//! Submissions, their timelines, and the queue of the submit worker.

use async_trait::async_trait;
use domain::cart::Cart;
use domain::ids::{OrganizationId, SubmissionId};
use domain::submission::{State, Submission, SubmissionKind, TimelineEvent, Transition};
use domain::time::Timestamp;

use super::carts::Written;
use super::idempotency::Completion;
use super::{Cursor, Page, StoreError};

/// The cart that a capture closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CartClose<'a> {
    /// The cart as it is written.
    pub cart: &'a Cart,
    /// The version that the stored cart must still have.
    pub expected: u64,
    /// Until when the store keeps it.
    pub keep_until: Timestamp,
}

/// What a capture writes, all or nothing.
#[derive(Debug, Clone, Copy)]
pub struct Capture<'a> {
    /// The new submission, with the first entry of its timeline.
    pub transition: &'a Transition,
    /// The cart that it closes.
    pub cart: CartClose<'a>,
    /// The idempotency record that it completes.
    pub completion: Completion<'a>,
}

/// What becomes of the reservation of an order that an approver decided about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reserved {
    /// The order takes it over, if it does not expire before this instant.
    Keep(Timestamp),
    /// It expires at this instant, and `reconcile` releases it.
    End(Timestamp),
}

/// Whether a decision was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum DecisionWritten {
    /// It was.
    Done,
    /// Another write came first; nothing was written.
    Conflict,
    /// The reservation has expired; nothing was written.
    ReservationOver,
}

/// A submission as the index of its state shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indexed {
    /// Its id.
    pub id: SubmissionId,
    /// When it was captured.
    pub created_at: Timestamp,
}

/// Stores submissions.
#[async_trait]
pub trait Submissions: Send + Sync {
    /// Writes a submission, its first timeline entry and the completed idempotency record, closes
    /// its cart and hands the cart's reservation over to the submission, in **one** transaction.
    /// The reservation of an order that awaits approval stays in the ledger, so that it expires
    /// with the preparation. Returns `Conflict` if the cart was written since, its reservation is
    /// gone, the claim is another request's, or the submission exists; nothing is written then.
    async fn capture(&self, capture: &Capture<'_>) -> Result<Written, StoreError>;

    /// Returns the submission with this id, of any organization.
    async fn submission(&self, id: &SubmissionId) -> Result<Option<Submission>, StoreError>;

    /// Returns the submissions with these ids, of any organization, in no order. A submission that
    /// does not exist is left out. Up to 100 ids cost one call.
    async fn submissions(&self, ids: &[SubmissionId]) -> Result<Vec<Submission>, StoreError>;

    /// Writes a submission and its next timeline entry in one transaction, if the stored one has
    /// the revision before.
    async fn update(&self, transition: &Transition) -> Result<Written, StoreError>;

    /// Writes an order that an approver decided about and its next timeline entry, and settles what
    /// becomes of its reservation, in **one** transaction, if the stored one has the revision
    /// before.
    async fn decide(
        &self,
        transition: &Transition,
        reserved: Reserved,
    ) -> Result<DecisionWritten, StoreError>;

    /// Returns the timeline, oldest first.
    async fn timeline(&self, id: &SubmissionId) -> Result<Vec<TimelineEvent>, StoreError>;

    /// Returns the ids of submissions that are due at `now`, longest due first, at most `limit`.
    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<SubmissionId>, StoreError>;

    /// Returns submissions in a state, oldest capture first. A submission that moved a moment ago
    /// may be missing, or may be listed in its next state.
    async fn in_state(
        &self,
        state: State,
        cursor: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Submission>, StoreError>;

    /// Returns the oldest captures in a state, in that order, at most `most`, and only those behind
    /// `after` if it is given, in one call. It lags as [`Self::in_state`] does.
    async fn oldest(
        &self,
        state: State,
        after: Option<&Indexed>,
        most: usize,
    ) -> Result<Vec<Indexed>, StoreError>;

    /// Returns submissions of a kind of an organization, newest first.
    async fn of_organization(
        &self,
        organization: &OrganizationId,
        kind: SubmissionKind,
        cursor: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Submission>, StoreError>;
}

/// The queue of the submit worker.
#[async_trait]
pub trait SubmitQueue: Send + Sync {
    /// Enqueues a submission, to be delivered `delay_seconds` (at most 900) from now.
    async fn enqueue(&self, id: &SubmissionId, delay_seconds: u32) -> Result<(), StoreError>;
}
