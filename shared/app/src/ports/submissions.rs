//! Submissions, their timelines, the queue that wakes the worker, and idempotency records.

use async_trait::async_trait;
use domain::cart::Cart;
use domain::ids::{OrganizationId, SubmissionId};
use domain::submission::{State, Submission, SubmissionKind, TimelineEvent};
use domain::time::Timestamp;

use super::carts::Written;
use super::{Cursor, Page, StoreError};

/// An answer that a repetition of its request gets again, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredResponse {
    /// HTTP status.
    pub status: u16,
    /// The body.
    pub body: String,
}

/// Identifies a request that may be repeated: who asked, what route, which key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// Caller, route and key in one text; never shown.
    pub key: String,
    /// A hash of the body.
    pub fingerprint: String,
    /// When the record may go.
    pub expires_at: Timestamp,
}

/// What a request with an idempotency key meets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// It is the first; the token marks its record as its own.
    First {
        /// Owner token of the record.
        owner: String,
    },
    /// It was answered before.
    Done(StoredResponse),
    /// The first still runs.
    InProgress,
    /// The key was used with another body.
    Reused,
}

/// Keeps idempotency records.
#[async_trait]
pub trait Idempotency: Send + Sync {
    /// Begins a request. A record whose request died (`owner`'s time `until` is over) is taken
    /// over. An answer that its request may better is given out only once that request's time is
    /// over, and is final from then on.
    async fn begin(
        &self,
        key: &IdempotencyKey,
        owner: &str,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Begun, StoreError>;

    /// Records the answer, if the record is still `owner`'s and no other answer was given out.
    async fn finish(
        &self,
        key: &IdempotencyKey,
        owner: &str,
        answer: &StoredResponse,
    ) -> Result<Written, StoreError>;

    /// Gives the key back after a failure that wrote nothing, if the record is still `owner`'s.
    async fn abandon(&self, key: &IdempotencyKey, owner: &str) -> Result<(), StoreError>;
}

/// What a capture writes, all or nothing.
#[derive(Debug, Clone)]
pub struct Capture<'a> {
    /// The submission, new.
    pub submission: &'a Submission,
    /// The first entry of its timeline.
    pub event: &'a TimelineEvent,
    /// The cart that it closes, with the version that it was read at and the instant until which it
    /// is kept; none for registrations.
    pub cart: Option<(&'a Cart, u64, Timestamp)>,
    /// The idempotency record that it completes, with the owner token, the answer, and the instant
    /// until which the request still runs and may better the answer; none where the caller is no
    /// storefront.
    pub answer: Option<(
        &'a IdempotencyKey,
        &'a str,
        &'a StoredResponse,
        Option<Timestamp>,
    )>,
}

/// What becomes of the reservation of an order that an approver decided about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reserved {
    /// The order takes it over, if it still stands beyond this instant.
    Keep(Timestamp),
    /// It is over at this instant, and `reconcile` releases it.
    End(Timestamp),
}

/// Whether a decision was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum DecisionWritten {
    /// It was.
    Done,
    /// Somebody else was faster; nothing was written.
    Conflict,
    /// The reservation is over already; nothing was written.
    ReservationOver,
}

/// A submission, as the index of its state shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indexed {
    /// Its id.
    pub id: SubmissionId,
    /// When it was captured.
    pub created_at: Timestamp,
}

/// Keeps submissions.
#[async_trait]
pub trait Submissions: Send + Sync {
    /// Writes a submission, its first timeline entry and the answered idempotency record, closes
    /// its cart and hands the cart's reservation over to the submission, in **one** transaction.
    /// The reservation of an order that awaits approval stays in the ledger, so that it ends with
    /// the preparation. `Conflict` when the cart was written since, its reservation is gone, or the
    /// submission exists; nothing is written then.
    async fn capture(&self, capture: &Capture<'_>) -> Result<Written, StoreError>;

    /// The submission with this id, whoever it belongs to.
    async fn submission(&self, id: &SubmissionId) -> Result<Option<Submission>, StoreError>;

    /// The submissions with these ids, whoever they belong to, in no order; what is not there is
    /// absent. Up to 100 ids cost one call.
    async fn submissions(&self, ids: &[SubmissionId]) -> Result<Vec<Submission>, StoreError>;

    /// Writes a submission and its next timeline entry in one transaction, if the stored one still
    /// has revision `submission.revision - 1`.
    async fn update(
        &self,
        submission: &Submission,
        event: &TimelineEvent,
    ) -> Result<Written, StoreError>;

    /// Writes an order that an approver decided about and its next timeline entry, and settles what
    /// becomes of its reservation, in **one** transaction, if the stored one still has revision
    /// `order.revision - 1`.
    async fn decide(
        &self,
        order: &Submission,
        event: &TimelineEvent,
        reserved: Reserved,
    ) -> Result<DecisionWritten, StoreError>;

    /// The timeline, oldest first.
    async fn timeline(&self, id: &SubmissionId) -> Result<Vec<TimelineEvent>, StoreError>;

    /// Ids of submissions that somebody must look at by `now`, longest due first, at most `limit`.
    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<SubmissionId>, StoreError>;

    /// Submissions in a state, longest captured first. What moved a moment ago may still be
    /// missing, or be there in its next state.
    async fn in_state(
        &self,
        state: State,
        cursor: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Submission>, StoreError>;

    /// The longest captured ones of a state, in that order, at most `most`, those behind `after` if
    /// it is given, in one call. As late as [`Self::in_state`].
    async fn oldest(
        &self,
        state: State,
        after: Option<&Indexed>,
        most: usize,
    ) -> Result<Vec<Indexed>, StoreError>;

    /// Submissions of a kind of an organization, newest first.
    async fn of_organization(
        &self,
        organization: &OrganizationId,
        kind: SubmissionKind,
        cursor: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Submission>, StoreError>;
}

/// Wakes the submit worker.
#[async_trait]
pub trait SubmitQueue: Send + Sync {
    /// Tells the worker of a submission, `delay_seconds` (at most 900) from now.
    async fn enqueue(&self, id: &SubmissionId, delay_seconds: u32) -> Result<(), StoreError>;
}
