//! The lease on one of several chunks.

use async_trait::async_trait;
use domain::load::{Chunk, Load};
use domain::time::Timestamp;

use super::{HEARTBEAT_MILLIS, Leases, ScanLease};
use crate::load::error::LoadError;
use crate::ports::{ChunkClaim, ChunkId, LeaseUpdate};

/// The lease on one of several chunks.
pub(in crate::load) struct ChunkLease<'a> {
    leases: Leases<'a>,
    owner: String,
    load: Load,
    /// The chunk as it was saved last.
    saved: Chunk,
    deadline: Timestamp,
    extended_at: Timestamp,
}

/// The answer to a claim on one of several chunks.
pub(in crate::load) enum ClaimedChunk<'a> {
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
