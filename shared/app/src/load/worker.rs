//! The worker: finds out what is to be done with a load, and lets the other files do it.

use domain::ids::LoadId;
use domain::load::{Chunk, ExportKey, FilePosition, FinishProgress, Load, LoadState, Phase, Split};
use domain::time::Timestamp;

use super::end::{end_load, finish_cleanup, unlock_kind};
use super::error::LoadError;
use super::finish::{InMemoryChunk, ScannedChunks, finish_phase};
use super::lease::{ChunkLease, ClaimedChunk, LoadLease, ScanLease};
use super::loader::{Arrival, Loader};
use super::open::{LoadFile, export_key};
use super::plan::{new_load, plan, superseded_warning};
use super::records::RecordFamily;
use super::scan::{ScanOutcome, scan_chunk};
use super::situation::{
    Assignment, ChunksProgress, Next, ScanTarget, Situation, assignment, chunks_progress,
    scan_target, situation,
};
use super::spill::WorkObjects;
use crate::ports::ChunkClaim;

/// The result of an invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoadProgress {
    /// The load ended, or waits for an operator.
    Ended(Box<Load>),
    /// Other invocations continue it: their messages are in the queue.
    Continues,
}

impl<R: RecordFamily> Loader<R> {
    /// Whether files with this key are loaded here.
    #[must_use]
    pub fn takes(&self, key: &ExportKey) -> bool {
        R::fields(key.kind()).is_some()
    }

    /// Processes a load, or one of its chunks, until it ends or until `deadline`. A bad row is
    /// rejected and the others are applied. A file that cannot be used at all makes a load that is
    /// [`LoadState::Failed`]; one that a guardrail stops is [`LoadState::Held`]. It may be called
    /// any number of times, also concurrently: each row is counted once.
    ///
    /// # Errors
    /// [`LoadError::Busy`] if another load of the kind runs or another worker has the lease; call
    /// it again later. [`LoadError`] if a store or the files failed. The load stays
    /// [`LoadState::Running`] then, and the next call resumes it.
    pub async fn run(
        &self,
        arrival: &Arrival,
        chunk: Option<u32>,
        deadline: Timestamp,
    ) -> Result<LoadProgress, LoadError> {
        let worker = Worker {
            loader: self,
            arrival,
            deadline,
        };
        match assignment(self.loads.load(&arrival.load).await?, chunk) {
            Assignment::Begin => worker.begin().await,
            Assignment::Resume => worker.resume().await,
            Assignment::Chunk(load, number) => worker.run_chunk(*load, number).await,
            Assignment::CleanUp(load) => worker.clean_up(*load).await,
        }
    }
}

/// One invocation.
struct Worker<'a, R> {
    loader: &'a Loader<R>,
    arrival: &'a Arrival,
    deadline: Timestamp,
}

/// The end of the work on one of several chunks.
enum ChunkOutcome {
    /// All its rows are processed.
    Done,
    /// The time of the invocation is over.
    OutOfTime,
    /// Another load replaced this one, which ends the load as a whole.
    Superseded,
}

/// Whether the load was stored before this invocation, and with it perhaps its only chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    New,
    Resumed,
}

impl<'a, R: RecordFamily> Worker<'a, R> {
    async fn clean_up(&self, load: Load) -> Result<LoadProgress, LoadError> {
        let load = finish_cleanup(self.loader, load, self.deadline).await?;
        Ok(LoadProgress::Ended(Box::new(load)))
    }

    async fn begin(&self) -> Result<LoadProgress, LoadError> {
        let loader = self.loader;
        self.lock_kind().await?;
        let opened = loader.files.open(self.arrival.key.as_str(), None).await?;
        let load = new_load(self.arrival, opened.as_ref(), loader.clock.now());
        let owner = loader.ids.mint();
        let mut lease = LoadLease::begin(loader.leases(), load, owner, self.deadline)
            .await?
            .ok_or(LoadError::Busy)?;
        let mut file = LoadFile::new(loader.files.as_ref(), loader.max_unpacked_bytes, opened);
        let end = self.run_load(&mut lease, &mut file, Start::New).await;
        self.conclude(lease, end).await
    }

    async fn resume(&self) -> Result<LoadProgress, LoadError> {
        let mut lease = self.claim().await?;
        if lease.load.state != LoadState::Running {
            return self.leave(lease).await;
        }
        let files = self.loader.files.as_ref();
        let mut file = LoadFile::new(files, self.loader.max_unpacked_bytes, None);
        let end = self.run_load(&mut lease, &mut file, Start::Resumed).await;
        self.conclude(lease, end).await
    }

    /// Ends the load because of what a worker of one of its chunks found.
    async fn fail(&self, error: LoadError) -> Result<LoadProgress, LoadError> {
        let lease = self.claim().await?;
        if lease.load.state != LoadState::Running {
            return self.leave(lease).await;
        }
        self.conclude(lease, Err(error)).await
    }

    async fn claim(&self) -> Result<LoadLease<'a>, LoadError> {
        self.lock_kind().await?;
        let (leases, owner) = (self.loader.leases(), self.loader.ids.mint());
        LoadLease::claim(leases, &self.arrival.load, owner, self.deadline)
            .await?
            .ok_or(LoadError::Busy)
    }

    async fn lock_kind(&self) -> Result<(), LoadError> {
        let request = self.loader.leases().request(self.arrival.load.as_str());
        let kind = self.arrival.key.kind();
        if self.loader.loads.lock_kind(kind, request).await? {
            Ok(())
        } else {
            Err(LoadError::Busy)
        }
    }

    /// Leaves a load that another worker ended before this one claimed it.
    async fn leave(&self, lease: LoadLease<'a>) -> Result<LoadProgress, LoadError> {
        unlock_kind(self.loader, &lease.load).await?;
        lease.release().await?;
        self.clean_up(lease.load).await
    }

    /// Ends the load, or releases it for the next invocation.
    async fn conclude(
        &self,
        lease: LoadLease<'a>,
        end: Result<Next, LoadError>,
    ) -> Result<LoadProgress, LoadError> {
        let end = match end {
            Ok(Next::Finished(state)) => Ok(state),
            Err(LoadError::Unusable(failure)) => Err(failure),
            Err(LoadError::FileChanged) => Err(file_changed()),
            Ok(Next::Requeued | Next::Continue) => {
                lease.release().await?;
                return Ok(LoadProgress::Continues);
            }
            Err(error) => {
                // If these fail, lease and lock expire.
                let _ = lease.release().await;
                if !matches!(lease.load.work.split, Split::Parallel(_)) {
                    let _ = unlock_kind(self.loader, &lease.load).await;
                }
                return Err(error);
            }
        };
        let load = end_load(self.loader, lease, end).await?;
        Ok(LoadProgress::Ended(Box::new(load)))
    }

    /// Goes from situation to situation until the load ends, or other invocations continue it.
    async fn run_load(
        &self,
        lease: &mut LoadLease<'a>,
        file: &mut LoadFile<'a>,
        start: Start,
    ) -> Result<Next, LoadError> {
        if lease.load.version.is_empty() {
            return Err(LoadError::unusable(
                "file_missing",
                "the file was removed before it could be read",
            ));
        }
        loop {
            let versions = self.loader.versions.versions(lease.load.kind).await?;
            let next = match situation(&lease.load, versions) {
                Situation::Published => Next::Finished(LoadState::Published),
                Situation::Superseded => {
                    lease.load.warnings.push(superseded_warning());
                    Next::Finished(LoadState::Superseded)
                }
                Situation::Plan(versions) => plan(self.loader, lease, file, &versions).await?,
                Situation::SingleChunk(target) => {
                    self.run_single_chunk(lease, file, &target, start).await?
                }
                Situation::ParallelChunks(target) => {
                    self.run_parallel_chunks(lease, file, &target).await?
                }
            };
            if next != Next::Continue {
                return Ok(next);
            }
        }
    }

    /// Scans the only chunk, and finishes the phase.
    async fn run_single_chunk(
        &self,
        lease: &mut LoadLease<'a>,
        file: &mut LoadFile<'a>,
        target: &ScanTarget,
        start: Start,
    ) -> Result<Next, LoadError> {
        let loader = self.loader;
        let Some(mut chunk) = self.only_chunk(lease, start).await? else {
            lease.note_saved_chunk();
            let scanned = ScannedChunks::Stored(self.stored_chunks(&lease.load).await?);
            return finish_phase(loader, lease, file, target, scanned).await;
        };
        // The end of a phase begins anew if rows are left, or if nothing of the phase was saved.
        lease.load.work.finish = FinishProgress::default();
        let open = file.open_at::<R>(&lease.load, chunk.at, None).await?;
        let rejects = open.rejects.clone();
        if lease.load.work.phase == Phase::Measure {
            for warning in &open.header.warnings {
                if !lease.load.warnings.contains(warning) {
                    lease.load.warnings.push(warning.clone());
                }
            }
        }
        let mut buffer = match scan_chunk(loader, lease, &mut chunk, target, open).await? {
            ScanOutcome::Done(buffer) => buffer,
            ScanOutcome::OutOfTime => {
                self.enqueue(&lease.load, &[]).await?;
                return Ok(Next::Requeued);
            }
        };
        let scanned = if chunk.has_objects() {
            WorkObjects::of(loader.files.as_ref(), &lease.load)?
                .last_checkpoint(lease, &mut chunk, &mut buffer)
                .await?;
            ScannedChunks::Stored(vec![chunk])
        } else {
            ScannedChunks::InMemory(Box::new(InMemoryChunk {
                chunk,
                buffer,
                rejects,
            }))
        };
        finish_phase(loader, lease, file, target, scanned).await
    }

    /// The only chunk of a load as of its last checkpoint; `None` if all its rows are processed.
    async fn only_chunk(
        &self,
        lease: &mut LoadLease<'a>,
        start: Start,
    ) -> Result<Option<Chunk>, LoadError> {
        let now = self.loader.clock.now();
        let new = Chunk::new(0, FilePosition::START, None, now);
        if start == Start::New {
            return Ok(Some(new));
        }
        match lease.claim_only_chunk().await? {
            ChunkClaim::Missing => Ok(Some(new)),
            ChunkClaim::Done => Ok(None),
            ChunkClaim::Busy => Err(LoadError::Busy),
            ChunkClaim::Claimed(chunk) => {
                lease.note_saved_chunk();
                Ok(Some(*chunk))
            }
        }
    }

    /// Finishes the phase if all chunks are done, else enqueues those that no worker has.
    async fn run_parallel_chunks(
        &self,
        lease: &mut LoadLease<'a>,
        file: &mut LoadFile<'a>,
        target: &ScanTarget,
    ) -> Result<Next, LoadError> {
        match self.chunks_progress(&lease.load).await? {
            ChunksProgress::Done(chunks) => {
                let scanned = ScannedChunks::Stored(chunks);
                finish_phase(self.loader, lease, file, target, scanned).await
            }
            ChunksProgress::Open { unclaimed } => {
                if !unclaimed.is_empty() {
                    self.enqueue(&lease.load, &unclaimed).await?;
                }
                Ok(Next::Requeued)
            }
        }
    }

    /// Processes one of several chunks. The worker that finds all of them done finishes the phase;
    /// of several such workers one gets the lease on the load.
    async fn run_chunk(&self, load: Load, number: u32) -> Result<LoadProgress, LoadError> {
        let (leases, owner) = (self.loader.leases(), self.loader.ids.mint());
        let claim = ChunkLease::claim(leases, load.clone(), number, owner, self.deadline).await?;
        match claim {
            ClaimedChunk::Busy => return Err(LoadError::Busy),
            ClaimedChunk::Missing => return self.resume().await,
            ClaimedChunk::Done => {}
            ClaimedChunk::Claimed(mut lease) => match self.process_chunk(&mut lease).await {
                Ok(ChunkOutcome::Done) => {}
                Ok(ChunkOutcome::Superseded) => {
                    lease.release().await?;
                    return self.resume().await;
                }
                Ok(ChunkOutcome::OutOfTime) => {
                    lease.release().await?;
                    self.enqueue(&load, &[number]).await?;
                    return Ok(LoadProgress::Continues);
                }
                Err(error @ (LoadError::FileChanged | LoadError::Unusable(_))) => {
                    lease.release().await?;
                    return self.fail(error).await;
                }
                Err(error) => {
                    // If this fails, the lease expires.
                    let _ = lease.release().await;
                    return Err(error);
                }
            },
        }
        match self.chunks_progress(&load).await? {
            ChunksProgress::Open { .. } => Ok(LoadProgress::Continues),
            ChunksProgress::Done(_) => self.resume().await,
        }
    }

    async fn process_chunk(&self, lease: &mut ChunkLease<'a>) -> Result<ChunkOutcome, LoadError> {
        let loader = self.loader;
        let (load, mut chunk) = (lease.load().clone(), lease.chunk().clone());
        lease.lock_kind().await?;
        let versions = loader.versions.versions(load.kind).await?;
        let Some(target) = scan_target(&load, versions) else {
            return Ok(ChunkOutcome::Superseded);
        };
        let files = loader.files.as_ref();
        let mut file = LoadFile::new(files, loader.max_unpacked_bytes, None);
        let open = file.open_at::<R>(&load, chunk.at, chunk.to).await?;
        match scan_chunk(loader, lease, &mut chunk, &target, open).await? {
            ScanOutcome::OutOfTime => Ok(ChunkOutcome::OutOfTime),
            ScanOutcome::Done(mut buffer) => {
                WorkObjects::of(files, &load)?
                    .last_checkpoint(lease, &mut chunk, &mut buffer)
                    .await?;
                Ok(ChunkOutcome::Done)
            }
        }
    }

    async fn chunks_progress(&self, load: &Load) -> Result<ChunksProgress, LoadError> {
        let (now, phase) = (self.loader.clock.now(), load.work.phase);
        let chunks = self.loader.loads.chunks(&load.id, phase, now).await?;
        Ok(chunks_progress(chunks))
    }

    async fn stored_chunks(&self, load: &Load) -> Result<Vec<Chunk>, LoadError> {
        let (now, phase) = (self.loader.clock.now(), load.work.phase);
        let chunks = self.loader.loads.chunks(&load.id, phase, now).await?;
        Ok(chunks.into_iter().map(|status| status.chunk).collect())
    }

    /// Enqueues chunks of a load, or the load as a whole if none is given.
    async fn enqueue(&self, load: &Load, chunks: &[u32]) -> Result<(), LoadError> {
        let (key, id): (_, &LoadId) = (export_key(load)?, &load.id);
        Ok(self.loader.queue.enqueue(&key, id, chunks, 0).await?)
    }
}

fn file_changed() -> domain::load::LoadFailure {
    domain::load::LoadFailure {
        code: "file_changed".into(),
        message: "the file was replaced before it was read to its end; drop it again".to_owned(),
    }
}
