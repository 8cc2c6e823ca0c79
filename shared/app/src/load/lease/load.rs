//! The lease on a load as a whole.

use async_trait::async_trait;
use domain::ids::LoadId;
use domain::load::{Chunk, Load, Phase, Split};
use domain::time::Timestamp;

use super::{HEARTBEAT_MILLIS, Leases, ScanLease};
use crate::load::error::LoadError;
use crate::ports::{ChunkClaim, ChunkId, LeaseTerm, LeaseUpdate};

/// The minimum time between two saves of the progress of a load with a single chunk.
const PROGRESS_MILLIS: i64 = 1000;

/// The lease on a load as a whole, its only chunk included.
pub(in crate::load) struct LoadLease<'a> {
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
        let request = LeaseTerm {
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
pub(in crate::load) enum AfterEnd {
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
