//! Leases. A worker may change a load, or a chunk, only while it has the lease on it. Heartbeats
//! extend the lease; a lease that is neither extended nor released expires, so that another worker
//! resumes the work of one that was stopped.

use async_trait::async_trait;
use domain::ids::LoadId;
use domain::load::{Chunk, Load, Phase, Split};
use domain::time::Timestamp;

use super::error::LoadError;
use crate::ports::{ChunkClaim, ChunkId, Clock, LeaseRequest, LeaseUpdate, LoadStore};

/// The length of the lease on a load or a chunk, and of the lock of a kind. It is longer than the
/// longest write of a store with all its retries, so that a worker whose lease expired writes no
/// more.
const LEASE_SECONDS: i64 = 180;
/// The minimum time between two heartbeats.
const HEARTBEAT_MILLIS: i64 = 20_000;
/// The minimum time between two saves of the progress of a load with a single chunk.
const PROGRESS_MILLIS: i64 = 1000;

/// The store of the leases, and their clock.
#[derive(Clone, Copy)]
pub(super) struct Leases<'a> {
    pub loads: &'a dyn LoadStore,
    pub clock: &'a dyn Clock,
}

impl<'a> Leases<'a> {
    /// A request of `owner` for a lease from now on.
    pub fn request<'o>(&self, owner: &'o str) -> LeaseRequest<'o> {
        let now = self.clock.now();
        LeaseRequest {
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

/// The lease on a load as a whole, its only chunk included.
pub(super) struct LoadLease<'a> {
    leases: Leases<'a>,
    owner: String,
    /// The load as it was read or saved last, with the changes since then.
    pub load: Load,
    /// When the worker must stop.
    pub deadline: Timestamp,
    extended_at: Timestamp,
}

impl<'a> LoadLease<'a> {
    /// Claims a stored load. `None` if another worker has it.
    pub async fn claim(
        leases: Leases<'a>,
        id: &LoadId,
        owner: String,
        deadline: Timestamp,
    ) -> Result<Option<Self>, LoadError> {
        let request = leases.request(&owner);
        let (extended_at, load) = (request.now, leases.loads.claim(id, request).await?);
        Ok(load.map(|load| Self {
            leases,
            owner,
            load,
            deadline,
            extended_at,
        }))
    }

    /// Stores a new load. `None` if it is stored already.
    pub async fn begin(
        leases: Leases<'a>,
        load: Load,
        owner: String,
        deadline: Timestamp,
    ) -> Result<Option<Self>, LoadError> {
        let request = leases.request(&owner);
        let (extended_at, until) = (request.now, request.until);
        let begun = leases.loads.begin(&load, &owner, until).await?;
        Ok(begun.then_some(Self {
            leases,
            owner,
            load,
            deadline,
            extended_at,
        }))
    }

    /// Claims the only chunk of the load. The lease on the load protects it, so the claim ends at
    /// once.
    pub async fn claim_only_chunk(&self) -> Result<ChunkClaim, LoadError> {
        let now = self.leases.clock.now();
        let request = LeaseRequest {
            owner: &self.owner,
            now,
            until: now,
        };
        let id = ChunkId {
            load: &self.load.id,
            phase: self.load.work.phase,
            number: 0,
        };
        Ok(self.leases.loads.claim_chunk(id, request).await?)
    }

    /// Notes that a checkpoint of the only chunk is stored.
    pub fn note_saved_chunk(&mut self) {
        if let Split::Single { saved } = &mut self.load.work.split {
            *saved = true;
        }
    }

    /// Extends the lease and the lock if it is time.
    pub async fn heartbeat_if_due(&mut self) -> Result<(), LoadError> {
        if self.heartbeat_is_due(self.leases.clock.now()) {
            self.heartbeat_now().await
        } else {
            Ok(())
        }
    }

    /// Extends the lease and the lock before a step that a worker without them must not take.
    pub async fn heartbeat_now(&mut self) -> Result<(), LoadError> {
        self.save().await?;
        self.leases.lock_kind_of(&self.load).await?;
        self.extended_at = self.leases.clock.now();
        Ok(())
    }

    /// Saves the load and extends the lease.
    pub async fn save(&mut self) -> Result<(), LoadError> {
        self.load.updated_at = self.leases.clock.now();
        let extended = self.leases.extend(&self.owner);
        if self.leases.loads.save(&self.load, extended).await? {
            Ok(())
        } else {
            Err(LoadError::Lost)
        }
    }

    /// Saves a load that ended.
    pub async fn save_ended(&self, then: AfterEnd) -> Result<(), LoadError> {
        let update = match then {
            AfterEnd::CleanUp => self.leases.extend(&self.owner),
            AfterEnd::Nothing => LeaseUpdate::Release { owner: &self.owner },
        };
        if self.leases.loads.save(&self.load, update).await? {
            Ok(())
        } else {
            Err(LoadError::Lost)
        }
    }

    /// Saves the load as it is and releases the lease. Does nothing if another worker has it.
    pub async fn release(&self) -> Result<(), LoadError> {
        let release = LeaseUpdate::Release { owner: &self.owner };
        self.leases.loads.save(&self.load, release).await?;
        Ok(())
    }

    fn heartbeat_is_due(&self, now: Timestamp) -> bool {
        now.millis_since(self.extended_at) >= HEARTBEAT_MILLIS
    }
}

/// What follows the save of a load that ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AfterEnd {
    /// Chunks and objects are removed, under the lease.
    CleanUp,
    /// Nothing: the lease is released.
    Nothing,
}

#[async_trait]
impl ScanLease for LoadLease<'_> {
    fn load(&self) -> &Load {
        &self.load
    }

    fn deadline(&self) -> Timestamp {
        self.deadline
    }

    async fn heartbeat(&mut self, chunk: &Chunk) -> Result<(), LoadError> {
        let now = self.leases.clock.now();
        let due = self.heartbeat_is_due(now);
        if self.load.work.phase == Phase::Measure {
            self.load.counts = chunk.counts;
            self.load.first_reasons.clone_from(&chunk.first_reasons);
        }
        if due || now.millis_since(self.load.updated_at) >= PROGRESS_MILLIS {
            self.load.bytes_read = chunk.bytes_read;
            self.save().await?;
        }
        if due {
            self.leases.lock_kind_of(&self.load).await?;
            self.extended_at = now;
        }
        Ok(())
    }

    async fn save_chunk(&mut self, chunk: &mut Chunk) -> Result<(), LoadError> {
        chunk.updated_at = self.leases.clock.now();
        self.note_saved_chunk();
        let id = ChunkId {
            load: &self.load.id,
            phase: self.load.work.phase,
            number: chunk.number,
        };
        // The lease on the load protects the chunk.
        let release = LeaseUpdate::Release { owner: &self.owner };
        if self.leases.loads.save_chunk(id, chunk, release).await? {
            Ok(())
        } else {
            Err(LoadError::Lost)
        }
    }
}

/// The lease on one of several chunks.
pub(super) struct ChunkLease<'a> {
    leases: Leases<'a>,
    owner: String,
    load: Load,
    /// The chunk as it was saved last.
    saved: Chunk,
    deadline: Timestamp,
    extended_at: Timestamp,
}

/// The answer to a claim on one of several chunks.
pub(super) enum ClaimedChunk<'a> {
    /// The caller has the lease.
    Claimed(Box<ChunkLease<'a>>),
    /// All its rows are processed.
    Done,
    /// Another worker has it.
    Busy,
    /// It is not stored.
    Missing,
}

impl<'a> ChunkLease<'a> {
    /// Claims a chunk of the load's phase.
    pub async fn claim(
        leases: Leases<'a>,
        load: Load,
        number: u32,
        owner: String,
        deadline: Timestamp,
    ) -> Result<ClaimedChunk<'a>, LoadError> {
        let request = leases.request(&owner);
        let extended_at = request.now;
        let id = ChunkId {
            load: &load.id,
            phase: load.work.phase,
            number,
        };
        Ok(match leases.loads.claim_chunk(id, request).await? {
            ChunkClaim::Done => ClaimedChunk::Done,
            ChunkClaim::Busy => ClaimedChunk::Busy,
            ChunkClaim::Missing => ClaimedChunk::Missing,
            ChunkClaim::Claimed(saved) => ClaimedChunk::Claimed(Box::new(Self {
                leases,
                owner,
                load,
                saved: *saved,
                deadline,
                extended_at,
            })),
        })
    }

    /// The chunk as it was saved last.
    pub fn chunk(&self) -> &Chunk {
        &self.saved
    }

    /// Locks the kind of the load, or extends its lock.
    pub async fn lock_kind(&self) -> Result<(), LoadError> {
        self.leases.lock_kind_of(&self.load).await
    }

    /// Releases the lease. Does nothing if another worker has it.
    pub async fn release(self) -> Result<(), LoadError> {
        let release = LeaseUpdate::Release { owner: &self.owner };
        let saved = &self.saved;
        self.leases
            .loads
            .save_chunk(self.chunk_id(saved.number), saved, release)
            .await?;
        Ok(())
    }

    fn chunk_id(&self, number: u32) -> ChunkId<'_> {
        ChunkId {
            load: &self.load.id,
            phase: self.load.work.phase,
            number,
        }
    }

    async fn put(&self, chunk: &Chunk, lease: LeaseUpdate<'_>) -> Result<(), LoadError> {
        let id = self.chunk_id(chunk.number);
        if self.leases.loads.save_chunk(id, chunk, lease).await? {
            Ok(())
        } else {
            Err(LoadError::Lost)
        }
    }
}

#[async_trait]
impl ScanLease for ChunkLease<'_> {
    fn load(&self) -> &Load {
        &self.load
    }

    fn deadline(&self) -> Timestamp {
        self.deadline
    }

    async fn heartbeat(&mut self, _: &Chunk) -> Result<(), LoadError> {
        let now = self.leases.clock.now();
        if now.millis_since(self.extended_at) < HEARTBEAT_MILLIS {
            return Ok(());
        }
        // The rows since the last checkpoint are not saved: their objects are not written yet.
        self.put(&self.saved, self.leases.extend(&self.owner))
            .await?;
        self.lock_kind().await?;
        self.extended_at = now;
        Ok(())
    }

    async fn save_chunk(&mut self, chunk: &mut Chunk) -> Result<(), LoadError> {
        chunk.updated_at = self.leases.clock.now();
        let update = if chunk.done {
            LeaseUpdate::Release { owner: &self.owner }
        } else {
            self.leases.extend(&self.owner)
        };
        self.put(chunk, update).await?;
        self.saved = chunk.clone();
        Ok(())
    }
}
