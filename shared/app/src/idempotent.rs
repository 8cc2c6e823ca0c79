//! Requests that may be repeated: the same key and the same body get the first response again.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use domain::caller::{Caller, Customer};
use domain::time::Timestamp;

use crate::UseCaseError;
use crate::ports::idempotency::{
    ClaimResult, Idempotency, IdempotencyClaim, IdempotencyKey, StoredResponse,
};
use crate::ports::{Clock, Ids, Written};

/// How long a key is stored: the API promises seven days, and the eighth covers clocks and time
/// zones.
const KEPT_SECONDS: i64 = 8 * 24 * 60 * 60;

/// The caller to whom a key belongs: keys of different callers never meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyScope(String);

impl KeyScope {
    /// Returns the scope of a caller. Callers without a token share one because nothing
    /// distinguishes them. A key of 122 random bits, as clients make them, cannot be guessed. A
    /// guess with another body learns that the key is in use and nothing more, and a guess with the
    /// same body already has everything that the response says.
    #[must_use]
    pub fn of_caller(caller: Option<&Caller>) -> Self {
        // No id contains a slash, so two callers never have the same scope.
        match caller {
            None => Self("anonymous".to_owned()),
            Some(Caller {
                organization: None,
                user,
                ..
            }) => Self(format!("operator/{user}")),
            Some(Caller {
                organization: Some(organization),
                user,
                ..
            }) => Self::of_member(&Customer {
                organization: organization.clone(),
                user: user.clone(),
            }),
        }
    }

    /// Returns the scope of a member.
    #[must_use]
    pub fn of_member(customer: &Customer) -> Self {
        Self(format!(
            "member/{}/{}",
            customer.organization, customer.user
        ))
    }
}

/// A request that may be repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepeatableRequest {
    /// Whose key it is.
    pub scope: KeyScope,
    /// The route, such as `POST /orders`: the same key on another route is another key.
    pub route: &'static str,
    /// The key that the caller chose.
    pub key: String,
    /// A hash of the body.
    pub fingerprint: String,
    /// When the invocation ends, and with it the claim on the key.
    pub deadline: Timestamp,
}

/// How the work of a request succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Completed {
    /// The write stored the response in its own transaction: work and record cannot disagree.
    Recorded(StoredResponse),
    /// The write stored one response, and the request waited and has a later one. The stored one is
    /// not returned before the request's deadline; see [`Idempotency::claim`].
    Upgraded {
        /// What the write stored.
        recorded: StoredResponse,
        /// What is known now.
        upgraded: StoredResponse,
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
    /// Uses the given records.
    #[must_use]
    pub fn new(store: Arc<dyn Idempotency>, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self { store, clock, ids }
    }

    /// Answers a request: by `work` if it is the first with its key, otherwise with the response of
    /// the first.
    ///
    /// `work` gets the claim on the key, to complete the record in the transaction of its own
    /// write. After a failure that wrote nothing the key is released, so that the caller may
    /// correct the request and use the key again. After an unknown outcome the claim lasts until
    /// the deadline; then a repetition does the work again, and the conditions of its write decide.
    ///
    /// # Errors
    /// [`UseCaseError::IdempotencyKeyReused`] for another body,
    /// [`UseCaseError::IdempotencyInProgress`] while the first runs, and every error of `work`.
    pub async fn run<W, F>(
        &self,
        request: RepeatableRequest,
        work: W,
    ) -> Result<StoredResponse, UseCaseError>
    where
        W: FnOnce(IdempotencyClaim) -> F + Send,
        F: Future<Output = Result<Completed, UseCaseError>> + Send,
    {
        let now = self.clock.now();
        let claim = self.new_claim(request, now);
        match self.store.claim(&claim, now).await? {
            ClaimResult::Claimed => {}
            ClaimResult::Completed(response) => return Ok(response),
            ClaimResult::InProgress => return Err(UseCaseError::IdempotencyInProgress),
            ClaimResult::Reused => return Err(UseCaseError::IdempotencyKeyReused),
        }
        match work(claim.clone()).await {
            Ok(Completed::Recorded(response)) => Ok(response),
            Ok(Completed::Upgraded { recorded, upgraded }) => {
                self.upgrade_answer(&claim, recorded, upgraded).await
            }
            Err(failure) => {
                if failure.wrote_nothing() {
                    self.release(&claim).await;
                }
                Err(failure)
            }
        }
    }

    fn new_claim(&self, request: RepeatableRequest, now: Timestamp) -> IdempotencyClaim {
        let RepeatableRequest {
            scope: KeyScope(scope),
            route,
            key,
            fingerprint,
            deadline,
        } = request;
        IdempotencyClaim {
            key: IdempotencyKey {
                key: format!("{scope}/{route}/{key}"),
                fingerprint,
                expires_at: now.plus_seconds(KEPT_SECONDS),
            },
            owner: self.ids.mint(),
            deadline,
        }
    }

    /// Stores the later response. The caller gets what every repetition will get, byte for byte.
    async fn upgrade_answer(
        &self,
        claim: &IdempotencyClaim,
        recorded: StoredResponse,
        upgraded: StoredResponse,
    ) -> Result<StoredResponse, UseCaseError> {
        match self.store.complete(claim, &upgraded).await {
            Ok(Written::Done) => Ok(upgraded),
            Ok(Written::Conflict) => {
                tracing::warn!(
                    "the request outlived its deadline; a repetition got the first response"
                );
                Ok(recorded)
            }
            Err(error) if recorded == upgraded => {
                tracing::warn!(
                    %error,
                    "a response was not stored as final; it is final after the request's deadline"
                );
                Ok(upgraded)
            }
            // It is unknown which of the two is stored. A repetition of the request gets it.
            Err(error) => Err(error.into()),
        }
    }

    async fn release(&self, claim: &IdempotencyClaim) {
        if let Err(error) = self.store.release(claim).await {
            tracing::warn!(
                %error,
                "an idempotency key was not released; it is free after the request's deadline"
            );
        }
    }
}
