//! The end of a phase: adds up its chunks, applies what needs all rows of the file, and decides
//! what follows. Repeated after an interruption it leads to the same result.

use domain::load::{
    Chunk, Counts, FinishProgress, Load, LoadState, Measured, Phase, Reason, Unresolved,
};
use tabular::RejectsFile;

use super::error::LoadError;
use super::lease::LoadLease;
use super::loader::Loader;
use super::open::{LoadFile, export_key};
use super::records::RecordFamily;
use super::situation::{Next, PhaseVerdict, ScanTarget, verdict};
use super::spill::{PassBuffer, WorkObjects};
use super::sweep::{Sweep, SweepOutcome};
use crate::ports::WriteTarget;

/// The delay of the chunks of the second phase: the load should be in that phase when the first
/// of them begins.
const APPLY_DELAY_SECONDS: u32 = 1;

/// The chunks of a phase whose rows are all processed.
pub(super) enum ScannedChunks {
    /// As they are stored.
    Stored(Vec<Chunk>),
    /// The only chunk, of which nothing is stored.
    InMemory(Box<InMemoryChunk>),
}

/// A chunk, and what the scan collected of it.
pub(super) struct InMemoryChunk {
    pub chunk: Chunk,
    pub buffer: PassBuffer,
    /// The layout of the file of rejected rows.
    pub rejects: RejectsFile,
}

impl ScannedChunks {
    fn chunks(&self) -> &[Chunk] {
        match self {
            Self::Stored(chunks) => chunks,
            Self::InMemory(only) => std::slice::from_ref(&only.chunk),
        }
    }

    fn unspilled(&self) -> Option<&PassBuffer> {
        match self {
            Self::Stored(_) => None,
            Self::InMemory(only) => Some(&only.buffer),
        }
    }
}

/// Finishes the phase whose chunks are all done.
pub(super) async fn finish_phase<R: RecordFamily>(
    loader: &Loader<R>,
    lease: &mut LoadLease<'_>,
    file: &mut LoadFile<'_>,
    target: &ScanTarget,
    scanned: ScannedChunks,
) -> Result<Next, LoadError> {
    let measures = lease.load.work.phase == Phase::Measure;
    lease.load.bytes_read = lease.load.bytes;
    if measures && lease.load.work.finish.is_new() {
        add_up(&mut lease.load, scanned.chunks());
        write_rejects::<R>(loader, &lease.load, file, &scanned).await?;
    }
    let target = match target {
        // A newer snapshot was published first.
        ScanTarget::CountOnly => return Ok(Next::Finished(LoadState::Superseded)),
        ScanTarget::Table(target) => target,
    };
    let mut sweep = Sweep {
        loader,
        lease,
        file,
        target,
    };
    let swept = sweep
        .sweep_rounds(scanned.chunks(), scanned.unspilled())
        .await?;
    if swept == SweepOutcome::OutOfTime {
        return requeue(loader, lease, scanned).await;
    }
    let measured = measured(&lease.load, scanned.chunks());
    if measures {
        lease.load.removed = measured.removed;
    }
    match verdict(&lease.load, &measured, &loader.guard(lease.load.kind)) {
        PhaseVerdict::Hold(reasons) => {
            lease.load.held_for = reasons;
            Ok(Next::Finished(LoadState::Held))
        }
        PhaseVerdict::Apply => start_apply(loader, lease, scanned.chunks()).await,
        PhaseVerdict::Publish => {
            publish(loader, lease, target).await?;
            Ok(Next::Finished(LoadState::Published))
        }
        PhaseVerdict::Complete => Ok(Next::Finished(LoadState::Published)),
    }
}

/// Adds the chunks of the phase up in their load.
fn add_up(load: &mut Load, chunks: &[Chunk]) {
    let total = Total::of(chunks);
    load.counts = total.counts;
    load.first_reasons = total.first_reasons;
    let mut unresolved = Unresolved::default();
    for chunk in chunks {
        unresolved.add(&chunk.unresolved);
    }
    load.work.unresolved = unresolved;
}

/// Writes the files of rejected rows and their reasons.
async fn write_rejects<R: RecordFamily>(
    loader: &Loader<R>,
    load: &Load,
    file: &mut LoadFile<'_>,
    scanned: &ScannedChunks,
) -> Result<(), LoadError> {
    if load.counts.rejected == 0 {
        return Ok(());
    }
    let objects = WorkObjects::of(loader.files.as_ref(), load)?;
    let stored_layout;
    let layout = match scanned {
        ScannedChunks::InMemory(only) => &only.rejects,
        ScannedChunks::Stored(_) => {
            stored_layout = file.open::<R>(load).await?.rejects;
            &stored_layout
        }
    };
    Ok(objects
        .assemble_rejects(layout, scanned.chunks(), scanned.unspilled())
        .await?)
}

/// Lets another invocation continue with the end of the phase. It finds there what was in memory.
async fn requeue<R: RecordFamily>(
    loader: &Loader<R>,
    lease: &mut LoadLease<'_>,
    scanned: ScannedChunks,
) -> Result<Next, LoadError> {
    if let ScannedChunks::InMemory(mut only) = scanned {
        WorkObjects::of(loader.files.as_ref(), &lease.load)?
            .last_checkpoint(lease, &mut only.chunk, &mut only.buffer)
            .await?;
    }
    let key = export_key(&lease.load)?;
    loader.queue.enqueue(&key, &lease.load.id, &[], 0).await?;
    Ok(Next::Requeued)
}

fn measured(load: &Load, chunks: &[Chunk]) -> Measured {
    let finish = &load.work.finish;
    Measured {
        counts: load.counts,
        existing: finish.existing,
        removed: finish.removed,
        price_jumps: chunks.iter().map(|chunk| chunk.price_jumps).sum(),
        declared_rows: load.work.declared_rows,
    }
}

/// Moves the load from its first phase to the second.
async fn start_apply<R: RecordFamily>(
    loader: &Loader<R>,
    lease: &mut LoadLease<'_>,
    chunks: &[Chunk],
) -> Result<Next, LoadError> {
    let several = chunks.len() > 1;
    if several {
        let now = loader.clock.now();
        let restarted: Vec<Chunk> = chunks.iter().map(|chunk| chunk.restarted(now)).collect();
        let (key, id) = (export_key(&lease.load)?, &lease.load.id);
        loader.loads.plan(id, Phase::Apply, &restarted).await?;
        // Enqueued before the load is saved in its second phase. A worker that is stopped in
        // between comes again with a message of the first phase, finds its chunks done, and
        // finishes it once more. In the other order, that message would count as one of the second
        // phase, and no message would name the other chunks.
        let numbers: Vec<u32> = restarted.iter().map(|chunk| chunk.number).collect();
        loader
            .queue
            .enqueue(&key, id, &numbers, APPLY_DELAY_SECONDS)
            .await?;
    }
    lease.load.work.finish = FinishProgress::default();
    lease.load.work.phase = Phase::Apply;
    lease.save().await?;
    Ok(if several {
        Next::Requeued
    } else {
        Next::Continue
    })
}

/// Publishes a snapshot.
async fn publish<R: RecordFamily>(
    loader: &Loader<R>,
    lease: &mut LoadLease<'_>,
    target: &WriteTarget,
) -> Result<(), LoadError> {
    // A worker that lost its lease must not publish, and the counts of what is published are saved.
    lease.heartbeat_now().await?;
    let load = &lease.load;
    let begun = target.versions.begin(load.sequence, &load.id);
    let published = begun
        .and_then(|begun| begun.publish(&load.id))
        .map_err(|_| LoadError::Lost)?;
    loader
        .replace_versions(load, &target.versions, &published)
        .await
}

/// The sums of chunks.
pub(super) struct Total {
    pub counts: Counts,
    pub bytes_read: u64,
    pub first_reasons: Vec<Reason>,
}

impl Total {
    pub fn of<'c>(chunks: impl IntoIterator<Item = &'c Chunk>) -> Self {
        let mut total = Self {
            counts: Counts::default(),
            bytes_read: 0,
            first_reasons: Vec::new(),
        };
        for chunk in chunks {
            total.counts.add(chunk.counts);
            total.bytes_read += chunk.bytes_read;
            let free = Load::FIRST_REASONS - total.first_reasons.len();
            total
                .first_reasons
                .extend(chunk.first_reasons.iter().take(free).cloned());
        }
        total
    }
}
