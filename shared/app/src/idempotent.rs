//! Requests that may be repeated: the same key and the same body get the first answer again.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use domain::caller::{Caller, Customer};
use domain::time::Timestamp;

use crate::UseCaseError;
use crate::ports::submissions::{Begun, Idempotency, IdempotencyKey, StoredResponse};
use crate::ports::{Clock, Ids, Written};

/// How long a key is remembered: the API promises seven days, and the eighth covers clocks and time
/// zones.
const KEPT_SECONDS: i64 = 8 * 24 * 60 * 60;

/// Milliseconds after a request's deadline in which its last write may still arrive. Nobody takes
/// its key before.
const GRACE_MS: i64 = 1_000;

/// A request that may be repeated, as its handler hands it in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepeatableRequest {
    /// Who asks: keys of different callers never meet. See [`scope`].
    pub scope: String,
    /// The route, as `POST /orders`: the same key on another route is another key.
    pub route: &'static str,
    /// The key that the caller chose.
    pub key: String,
    /// A hash of the body.
    pub fingerprint: String,
    /// When the invocation ends, and with it the claim on the key.
    pub deadline: Timestamp,
}

/// The scope of a caller's keys. Callers without a token share one: they have nothing to be told
/// apart by, and a key of 122 random bits, as clients make them, is not guessed. A guess with
/// another body learns that the key is in use and nothing more, and a guess with the same body
/// knows all that the answer says.
#[must_use]
pub fn scope(caller: Option<&Caller>) -> String {
    // No id holds a slash, so no two callers write the same scope.
    match caller {
        None => "anonymous".to_owned(),
        Some(Caller {
            organization: None,
            user,
            ..
        }) => format!("operator/{user}"),
        Some(Caller {
            organization: Some(organization),
            user,
            ..
        }) => scope_of(&Customer {
            organization: organization.clone(),
            user: user.clone(),
        }),
    }
}

/// The scope of a member's keys.
#[must_use]
pub fn scope_of(customer: &Customer) -> String {
    format!("member/{}/{}", customer.organization, customer.user)
}

/// A key that this request has, until it completes or its time is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldKey {
    /// The record.
    pub key: IdempotencyKey,
    /// The token that marks the record as this request's own.
    pub owner: String,
}

/// How the work of a request ended well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Completed {
    /// The write recorded the answer in its own transaction: work and record cannot disagree.
    Recorded(StoredResponse),
    /// The write recorded one answer, and the request waited and has a better one. Until its
    /// deadline nobody is given the recorded one; see [`Idempotency::begin`].
    Upgraded {
        /// What the write recorded.
        recorded: StoredResponse,
        /// What is known by now.
        answer: StoredResponse,
    },
}

/// Does the work of requests that may be repeated, once each.
#[derive(Clone)]
pub struct Idempotent {
    store: Arc<dyn Idempotency>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

impl Idempotent {
    /// Over the given records.
    #[must_use]
    pub fn new(store: Arc<dyn Idempotency>, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self { store, clock, ids }
    }

    /// Answers a request: by `work` if it is the first with its key, else with what the first was
    /// answered.
    ///
    /// `work` gets the key that it holds, to complete the record in the transaction of its own
    /// write. After a failure that wrote nothing the key is given back, so that the caller may
    /// correct the request and keep the key. After an outcome that nobody knows it is kept until
    /// the deadline; then a repetition does the work again, and the conditions of its write decide.
    ///
    /// # Errors
    /// [`UseCaseError::IdempotencyKeyReused`] for another body, [`UseCaseError::IdempotencyInProgress`] while
    /// the first runs, and whatever `work` fails with.
    pub async fn run<W, F>(
        &self,
        request: RepeatableRequest,
        work: W,
    ) -> Result<StoredResponse, UseCaseError>
    where
        W: FnOnce(HeldKey) -> F + Send,
        F: Future<Output = Result<Completed, UseCaseError>> + Send,
    {
        let now = self.clock.now();
        let RepeatableRequest {
            scope,
            route,
            key,
            fingerprint,
            deadline,
        } = request;
        let key = IdempotencyKey {
            key: format!("{scope}/{route}/{key}"),
            fingerprint,
            expires_at: now.plus_seconds(KEPT_SECONDS),
        };
        let owner = match self
            .store
            .begin(&key, &self.ids.mint(), deadline.plus_millis(GRACE_MS), now)
            .await?
        {
            Begun::First { owner } => owner,
            Begun::Done(answer) => return Ok(answer),
            Begun::InProgress => return Err(UseCaseError::IdempotencyInProgress),
            Begun::Reused => return Err(UseCaseError::IdempotencyKeyReused),
        };
        let held = HeldKey { key, owner };
        match work(held.clone()).await {
            Ok(Completed::Recorded(answer)) => Ok(answer),
            Ok(Completed::Upgraded { recorded, answer }) => {
                self.better(&held, recorded, answer).await
            }
            Err(failure) => {
                if failure.wrote_nothing() {
                    self.give_back(&held).await;
                }
                Err(failure)
            }
        }
    }

    /// Records the better answer. The caller hears what every repetition will hear, to the last
    /// byte.
    async fn better(
        &self,
        held: &HeldKey,
        recorded: StoredResponse,
        answer: StoredResponse,
    ) -> Result<StoredResponse, UseCaseError> {
        match self.store.finish(&held.key, &held.owner, &answer).await {
            Ok(Written::Done) => Ok(answer),
            Ok(Written::Conflict) => {
                tracing::warn!(
                    "the request outlived its deadline; a repetition was given the first answer"
                );
                Ok(recorded)
            }
            Err(error) if recorded == answer => {
                tracing::warn!(%error, "an answer was not recorded as final; it is when the request's deadline is over");
                Ok(answer)
            }
            // Nobody knows which of the two stands. Whoever asks again is told.
            Err(error) => Err(error.into()),
        }
    }

    async fn give_back(&self, held: &HeldKey) {
        if let Err(error) = self.store.abandon(&held.key, &held.owner).await {
            tracing::warn!(%error, "an idempotency key was not given back; it is free after the request's deadline");
        }
    }
}
