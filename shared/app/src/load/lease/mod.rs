//! Leases. A worker may change a load, or a chunk, only while it has the lease on it. Heartbeats
//! extend the lease; a lease that is neither extended nor released expires, so that another worker
//! resumes the work of one that was stopped.

mod chunk;
mod load;

use async_trait::async_trait;
use domain::load::{Chunk, Load};
use domain::time::Timestamp;

pub(super) use chunk::{ChunkLease, ClaimedChunk};
pub(super) use load::{AfterEnd, LoadLease};

use super::error::LoadError;
use crate::ports::{Clock, LeaseTerm, LeaseUpdate, LoadStore};

/// The length of the lease on a load or a chunk, and of the lock of a kind. It is longer than the
/// longest write of a store with all its retries, so that a worker whose lease expired writes no
/// more.
const LEASE_SECONDS: i64 = 180;
/// The minimum time between two heartbeats.
const HEARTBEAT_MILLIS: i64 = 20_000;

/// The store of the leases, and their clock.
#[derive(Clone, Copy)]
pub(super) struct Leases<'a> {
    pub loads: &'a dyn LoadStore,
    pub clock: &'a dyn Clock,
}

impl<'a> Leases<'a> {
    /// A request of `owner` for a lease from now on.
    pub fn request<'o>(&self, owner: &'o str) -> LeaseTerm<'o> {
        let now = self.clock.now();
        LeaseTerm {
            owner,
            now,
            until: now.plus_seconds(LEASE_SECONDS),
        }
    }

    fn extend<'o>(&self, owner: &'o str) -> LeaseUpdate<'o> {
        LeaseUpdate::Extend {
            owner,
            until: self.clock.now().plus_seconds(LEASE_SECONDS),
        }
    }

    /// Locks the kind of a load for it, or extends its lock. All workers of a load share the lock.
    async fn lock_kind_of(&self, load: &Load) -> Result<(), LoadError> {
        let request = self.request(load.id.as_str());
        if self.loads.lock_kind(load.kind, request).await? {
            Ok(())
        } else {
            Err(LoadError::Busy)
        }
    }
}

/// A lease under which a worker scans a chunk.
#[async_trait]
pub(super) trait ScanLease: Send {
    /// The load of the chunk.
    fn load(&self) -> &Load;

    /// When the worker must stop.
    fn deadline(&self) -> Timestamp;

    /// Extends the lease, and the lock of the kind, if it is time. `chunk` is the progress of the
    /// worker.
    async fn heartbeat(&mut self, chunk: &Chunk) -> Result<(), LoadError>;

    /// Saves a checkpoint of the chunk. Releases the chunk if it is done.
    async fn save_chunk(&mut self, chunk: &mut Chunk) -> Result<(), LoadError>;
}
