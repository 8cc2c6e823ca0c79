//! Decides what to do next. Every function here is pure: it reads the load as stored, the catalog
//! versions and the request of the invocation, and the other files of this module carry out its
//! answer. A load that was stopped anywhere is stored in one of these situations, so it resumes
//! without a trace of where it was stopped.

#[cfg(test)]
mod tests;

use domain::load::{
    CatalogVersions, Chunk, Effect, Guard, Load, LoadMode, LoadState, Measured, Phase, Split,
    Warning,
};

use crate::ports::{ChunkStatus, WriteMode, WriteTarget};

/// What an invocation has to do, before it has a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Assignment {
    /// Store the load and process it.
    Begin,
    /// Resume the stored load as a whole.
    Resume,
    /// Process one chunk of the load.
    Chunk(Box<Load>, u32),
    /// The load ended or is held: remove what is left of its work.
    CleanUp(Box<Load>),
}

/// The assignment of an invocation for a load, or for one of its chunks.
pub(super) fn assignment(stored: Option<Load>, chunk: Option<u32>) -> Assignment {
    let Some(load) = stored else {
        return Assignment::Begin;
    };
    if load.state != LoadState::Running {
        return Assignment::CleanUp(Box::new(load));
    }
    match (load.work.phase, load.work.split, chunk) {
        (Phase::Measure | Phase::Apply, Split::Parallel(_), Some(number)) => {
            Assignment::Chunk(Box::new(load), number)
        }
        _ => Assignment::Resume,
    }
}

/// What the rows of a phase are applied to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ScanTarget {
    /// Nothing: a newer snapshot was published first. The rows are only counted.
    CountOnly,
    /// A table.
    Table(WriteTarget),
}

/// What the worker with the lease on a load has to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Situation {
    /// The file is to be planned.
    Plan(CatalogVersions),
    /// The phase reads the file as one chunk.
    SingleChunk(ScanTarget),
    /// The phase reads the file in several chunks.
    ParallelChunks(ScanTarget),
    /// The snapshot was published, and the worker was stopped before it ended the load. The counts
    /// were saved before.
    Published,
    /// A newer snapshot replaced this one while no worker had it.
    Superseded,
}

/// The situation of a running load.
pub(super) fn situation(load: &Load, versions: CatalogVersions) -> Situation {
    if versions.published.is_of(&load.id) {
        return Situation::Published;
    }
    if load.work.phase == Phase::Plan {
        return Situation::Plan(versions);
    }
    match (scan_target(load, versions), load.work.split) {
        (None, _) => Situation::Superseded,
        (Some(target), Split::Parallel(_)) => Situation::ParallelChunks(target),
        (Some(target), Split::Single { .. } | Split::Unplanned) => Situation::SingleChunk(target),
    }
}

/// What the rows of the load's phase are applied to; `None` if another load replaced this one.
pub(super) fn scan_target(load: &Load, versions: CatalogVersions) -> Option<ScanTarget> {
    let write = if load.work.effect == Effect::Nothing {
        return Some(ScanTarget::CountOnly);
    } else if load.is_versioned() {
        let pending = versions.pending.as_ref();
        let generation = pending
            .filter(|pending| pending.is_of(&load.id))?
            .generation;
        WriteMode::Pending { generation }
    } else if versions.outdates(load.sequence) {
        return None;
    } else if load.work.phase == Phase::Apply {
        WriteMode::Immediate
    } else {
        WriteMode::DryRun
    };
    Some(ScanTarget::Table(WriteTarget {
        kind: load.kind,
        mode: load.mode,
        sequence: load.sequence,
        versions,
        write,
    }))
}

/// The progress of the chunks of a phase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ChunksProgress {
    /// All rows are processed.
    Done(Vec<Chunk>),
    /// Some chunks are not done. No worker has these of them.
    Open {
        /// Their numbers.
        unclaimed: Vec<u32>,
    },
}

/// The progress of stored chunks.
pub(super) fn chunks_progress(chunks: Vec<ChunkStatus>) -> ChunksProgress {
    if chunks.iter().all(|status| status.chunk.done) {
        return ChunksProgress::Done(chunks.into_iter().map(|status| status.chunk).collect());
    }
    let unclaimed = chunks
        .iter()
        .filter(|status| !status.chunk.done && !status.leased)
        .map(|status| status.chunk.number);
    ChunksProgress::Open {
        unclaimed: unclaimed.collect(),
    }
}

/// What follows a phase whose rows are all processed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PhaseVerdict {
    /// Guardrails hold the load, for these reasons.
    Hold(Vec<Warning>),
    /// The rows were measured, and are applied next.
    Apply,
    /// The snapshot is published.
    Publish,
    /// Every row is applied: nothing is left to do.
    Complete,
}

/// What follows the phase of a load that came to `measured`.
pub(super) fn verdict(load: &Load, measured: &Measured, guard: &Guard) -> PhaseVerdict {
    if load.work.phase == Phase::Measure {
        let reasons = if load.released {
            Vec::new()
        } else {
            guard.holds(measured)
        };
        if !reasons.is_empty() {
            return PhaseVerdict::Hold(reasons);
        }
        if !load.is_versioned() {
            return PhaseVerdict::Apply;
        }
    }
    match load.mode {
        LoadMode::Snapshot => PhaseVerdict::Publish,
        LoadMode::Delta => PhaseVerdict::Complete,
    }
}

/// What follows a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// The next step, in this invocation.
    Continue,
    /// Another invocation: its messages are in the queue, or other workers have the chunks.
    Requeued,
    /// The load ends in this state.
    Finished(LoadState),
}
