//! The end of a load: its report, and the removal of its chunks and objects.

use domain::load::{Load, LoadFailure, LoadState, Phase, Unresolved, Work};

use super::error::LoadError;
use super::lease::{AfterEnd, LoadLease};
use super::loader::Loader;
use super::open::export_key;
use super::records::RecordFamily;
use super::spill::WorkObjects;
use crate::ports::{WriteMode, WriteTarget};

/// Ends a load: in its state, or as failed.
pub(super) async fn end_load<R: RecordFamily>(
    loader: &Loader<R>,
    mut lease: LoadLease<'_>,
    end: Result<LoadState, LoadFailure>,
) -> Result<Load, LoadError> {
    match end {
        Ok(state) => lease.load.state = state,
        Err(failure) => {
            lease.load.state = LoadState::Failed;
            lease.load.failure = Some(failure);
        }
    }
    warn_of_unresolved(loader, &mut lease.load).await?;
    let load = &mut lease.load;
    load.updated_at = loader.clock.now();
    load.finished_at = load.state.is_final().then_some(load.updated_at);
    let then = if load.work.left_chunks() {
        AfterEnd::CleanUp
    } else {
        load.work = Work::default();
        AfterEnd::Nothing
    };
    let report = export_key(load)?.report(&load.id);
    loader.files.report(&report, load).await?;
    lease.save_ended(then).await?;
    if then == AfterEnd::CleanUp {
        clean_up(loader, &mut lease).await?;
    }
    let load = lease.load;
    unlock_kind(loader, &load).await?;
    Ok(load)
}

/// Removes what is left of the work on a load that ended or is held. The worker that ended it may
/// have been stopped before it did so.
pub(super) async fn finish_cleanup<R: RecordFamily>(
    loader: &Loader<R>,
    load: Load,
    deadline: domain::time::Timestamp,
) -> Result<Load, LoadError> {
    if load.work.is_unplanned() {
        unlock_kind(loader, &load).await?;
        return Ok(load);
    }
    let owner = loader.ids.mint();
    let mut lease = LoadLease::claim(loader.leases(), &load.id, owner, deadline)
        .await?
        .ok_or(LoadError::Busy)?;
    // An operator may have released it in the meantime.
    if lease.load.state != LoadState::Running {
        clean_up(loader, &mut lease).await?;
        unlock_kind(loader, &lease.load).await?;
    }
    Ok(lease.load)
}

/// Removes the objects and chunks of a load, and releases the lease.
async fn clean_up<R: RecordFamily>(
    loader: &Loader<R>,
    lease: &mut LoadLease<'_>,
) -> Result<(), LoadError> {
    let id = lease.load.id.clone();
    let objects = WorkObjects::of(loader.files.as_ref(), &lease.load)?;
    for phase in [Phase::Measure, Phase::Apply] {
        let chunks = loader.loads.chunks(&id, phase, loader.clock.now()).await?;
        objects
            .remove(chunks.iter().map(|status| &status.chunk))
            .await?;
        let numbers: Vec<u32> = chunks.iter().map(|status| status.chunk.number).collect();
        loader.loads.delete_chunks(&id, phase, &numbers).await?;
    }
    lease.load.work = Work::default();
    lease.release().await
}

/// Unlocks the kind of a load, if the load has the lock.
pub(super) async fn unlock_kind<R: RecordFamily>(
    loader: &Loader<R>,
    load: &Load,
) -> Result<(), LoadError> {
    let owner = load.id.as_str();
    Ok(loader.loads.unlock_kind(load.kind, owner).await?)
}

/// Warns of references to records that are still missing after all rows were written.
async fn warn_of_unresolved<R: RecordFamily>(
    loader: &Loader<R>,
    load: &mut Load,
) -> Result<(), LoadError> {
    let unresolved = std::mem::take(&mut load.work.unresolved);
    if unresolved == Unresolved::default() {
        return Ok(());
    }
    let versions = loader.versions.versions(load.kind).await?;
    let pending = versions.pending.as_ref();
    let write = match pending.filter(|pending| pending.is_of(&load.id)) {
        Some(pending) => WriteMode::Pending {
            generation: pending.generation,
        },
        None => WriteMode::DryRun,
    };
    let target = WriteTarget {
        kind: load.kind,
        mode: load.mode,
        sequence: load.sequence,
        versions,
        write,
    };
    let named = unresolved.missing.keys().cloned().collect();
    let missing = loader.rows.missing(named, &target).await?;
    let mut left = Unresolved {
        more: unresolved.more,
        ..Unresolved::default()
    };
    for reference in missing {
        let times = unresolved.missing.get(&reference).copied();
        left.note(reference, times.unwrap_or_default());
    }
    load.warnings.extend(left.warning());
    Ok(())
}
