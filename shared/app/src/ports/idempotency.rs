//! Idempotency records: a repeated request gets the response of the first.

use async_trait::async_trait;
use domain::time::Timestamp;

use super::{StoreError, Written};

/// Milliseconds after a request's deadline in which its last write may still arrive. Its key is not
/// taken over before.
const GRACE_MS: i64 = 1_000;

/// A response that a repetition of its request gets again, byte for byte. It is opaque here: the
/// functions make it and read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredResponse {
    code: u16,
    body: String,
}

impl StoredResponse {
    /// Takes a response as its function encodes it.
    #[must_use]
    pub fn new(code: u16, body: String) -> Self {
        Self { code, body }
    }

    /// Returns the number by which the function knows the kind of the response.
    #[must_use]
    pub fn code(&self) -> u16 {
        self.code
    }

    /// Returns the body.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.body
    }
}

/// Makes the response of a result. The functions implement it; a use case needs it before it
/// writes, because the response is stored in the same transaction as the result.
pub trait Respond<T>: Send + Sync {
    /// Returns the response of `result`.
    fn respond(&self, result: &T) -> StoredResponse;
}

impl<T, F: Fn(&T) -> StoredResponse + Send + Sync> Respond<T> for F {
    fn respond(&self, result: &T) -> StoredResponse {
        self(result)
    }
}

/// Identifies a request that may be repeated: its caller, its route and the caller's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// Caller, route and key in one text; never shown.
    pub key: String,
    /// A hash of the body.
    pub fingerprint: String,
    /// When the record may be deleted.
    pub expires_at: Timestamp,
}

/// A request's claim on its key. It ends when the request completes or releases the key, or some
/// time after the deadline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyClaim {
    /// The key.
    pub key: IdempotencyKey,
    /// The token that marks the record as this request's own.
    pub owner: String,
    /// When the request must be answered.
    pub deadline: Timestamp,
}

impl IdempotencyClaim {
    /// Returns the instant until which no other request takes the key over.
    #[must_use]
    pub fn held_until(&self) -> Timestamp {
        self.deadline.plus_millis(GRACE_MS)
    }
}

/// What a claim on a key meets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimResult {
    /// The key is this request's.
    Claimed,
    /// The first request was answered.
    Completed(StoredResponse),
    /// The first request still runs.
    InProgress,
    /// The key was used with another body.
    Reused,
}

/// The response with which a write completes its request's record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Completion<'a> {
    /// The claim that the write completes.
    pub claim: &'a IdempotencyClaim,
    /// The response.
    pub response: &'a StoredResponse,
    /// Whether the request still runs until its deadline and may upgrade the response.
    pub upgradable: bool,
}

/// Stores idempotency records.
#[async_trait]
pub trait Idempotency: Send + Sync {
    /// Claims a key. A record whose request died (its `held_until` has passed) is taken over. A
    /// response that its request may upgrade is returned only after that request's deadline, and is
    /// final from then on.
    async fn claim(
        &self,
        claim: &IdempotencyClaim,
        now: Timestamp,
    ) -> Result<ClaimResult, StoreError>;

    /// Stores the response, if the record is still the claim's and no other response was returned.
    async fn complete(
        &self,
        claim: &IdempotencyClaim,
        response: &StoredResponse,
    ) -> Result<Written, StoreError>;

    /// Releases the key after a failure that wrote nothing, if the record is still the claim's.
    async fn release(&self, claim: &IdempotencyClaim) -> Result<(), StoreError>;
}
