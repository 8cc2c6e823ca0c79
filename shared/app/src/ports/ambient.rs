//! What would make a run differ from its repetition (time, ids, randomness), and what a request
//! leaves behind without waiting for it (background work, metrics).

use domain::time::Timestamp;
use futures::future::BoxFuture;

/// Says what time it is.
pub trait Clock: Send + Sync {
    /// The current time.
    fn now(&self) -> Timestamp;
}

/// Runs work after the response to the request that caused it. No caller waits for the work, and an
/// implementation may drop it.
pub trait Background: Send + Sync {
    /// Takes the work.
    fn spawn(&self, work: BoxFuture<'static, ()>);
}

/// Counts what operators watch. Never fails and never blocks.
pub trait Metrics: Send + Sync {
    /// A call to the ERP ended; `failed` says that the ERP is not well. A refusal is not a failure,
    /// and a call that was never begun is not counted.
    fn erp_called(&self, failed: bool);

    /// `values` prices or availabilities were served, `stale` of them stale.
    fn values_served(&self, values: usize, stale: usize);
}

/// An environment variable without which an adapter cannot be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {reason}")]
pub struct VariableError {
    /// The variable.
    pub name: &'static str,
    /// What is wrong with it. Never its value, which may be a secret.
    pub reason: &'static str,
}

/// Creates ids and random numbers.
pub trait Ids: Send + Sync {
    /// A new id: lower-case letters, digits and `-`, at most 36 characters, never the same twice.
    /// Ids sort by the time of their creation.
    fn mint(&self) -> String;

    /// A uniformly random number below `bound`; 0 if `bound` is 0. For jitter, never for secrets.
    fn below(&self, bound: u64) -> u64;
}
