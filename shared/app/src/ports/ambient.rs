//! Time and ids: everything that would make a run differ from its repetition is handed in.

use domain::time::Timestamp;
use futures::future::BoxFuture;

/// Tells what time it is.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// Does what nobody waits for, after the answer of the request that caused it. May leave it undone.
pub trait Background: Send + Sync {
    /// Takes the work.
    fn spawn(&self, work: BoxFuture<'static, ()>);
}

/// Counts what operators watch. Never fails, and keeps nobody waiting.
pub trait Metrics: Send + Sync {
    /// A call to the ERP came to an end; `failed` says that the ERP is not well. A refusal is no
    /// failure, and a call that was never begun is none.
    fn erp_called(&self, failed: bool);

    /// So many prices or availabilities were shown, of which so many are stale.
    fn shown(&self, values: usize, stale: usize);
}

/// Mints ids and random numbers.
pub trait Ids: Send + Sync {
    /// A new id: lower-case letters, digits and `-`, at most 36 characters, never the same twice,
    /// sorting by time of minting.
    fn mint(&self) -> String;

    /// A uniformly random number below `bound`; 0 when `bound` is 0. For jitter, never for secrets.
    fn below(&self, bound: u64) -> u64;
}
