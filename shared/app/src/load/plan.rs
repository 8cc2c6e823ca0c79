//! The plan of a load: its warnings, its effect, and how its file is split. Repeated after an
//! interruption it leads to the same plan.

use domain::ids::LoadId;
use domain::load::{
    CatalogVersions, Chunk, Effect, FilePosition, FinishProgress, Load, LoadState, Phase, Sequence,
    Split, Warning, Work,
};
use domain::time::Timestamp;
use futures::StreamExt;
use tabular::SplitFinder;

use super::batch::stored_position;
use super::error::LoadError;
use super::lease::{LoadLease, ScanLease};
use super::loader::{Arrival, Loader};
use super::open::{LoadFile, export_key};
use super::records::RecordFamily;
use super::situation::Next;
use crate::ports::ExportFile;

/// A sequence further ahead of the clock than this is in the future: time zones do not explain it.
const FUTURE_SECONDS: i64 = 86_400;

/// A load at its very beginning. `file` is its file, if it still exists.
pub(super) fn new_load(arrival: &Arrival, file: Option<&ExportFile>, now: Timestamp) -> Load {
    Load {
        id: arrival.load.clone(),
        kind: arrival.key.kind(),
        mode: arrival.key.mode(),
        key: arrival.key.as_str().to_owned(),
        version: file.map(|file| file.version.clone()).unwrap_or_default(),
        sequence: arrival
            .key
            .sequence(file.map_or(now, |file| file.last_modified)),
        state: LoadState::Running,
        counts: Default::default(),
        bytes: file.map_or(0, |file| file.bytes),
        bytes_read: 0,
        first_reasons: Vec::new(),
        warnings: Vec::new(),
        held_for: Vec::new(),
        released: false,
        removed: 0,
        failure: None,
        work: Work::unplanned(file.and_then(|file| file.declared_rows)),
        started_at: now,
        updated_at: now,
        finished_at: None,
    }
}

/// Plans a load.
pub(super) async fn plan<R: RecordFamily>(
    loader: &Loader<R>,
    lease: &mut LoadLease<'_>,
    file: &mut LoadFile<'_>,
    versions: &CatalogVersions,
) -> Result<Next, LoadError> {
    let chunk_size = loader.chunk_size(lease.load.bytes);
    let read_plan = file.read_plan(&lease.load).await?;
    let profile = read_plan.profile_mark;
    let splits = read_plan.splittable && lease.load.bytes > chunk_size;
    // The scan of a file in one piece reads its header too. The header of a file that is split is
    // read here, so that all its chunks are planned from a readable one.
    let header_warnings = if splits {
        file.open::<R>(&lease.load).await?.header.warnings
    } else {
        Vec::new()
    };
    let warnings = future_sequence_warning(&lease.load, loader.clock.now());
    lease.load.warnings = warnings.into_iter().chain(header_warnings).collect();
    lease.load.work.effect = begin_version(loader, &lease.load, versions).await?;
    let chunks = if splits {
        find_chunks(loader, lease, file, chunk_size).await?
    } else {
        Vec::new()
    };
    let parallel = chunks.len() > 1;
    let work = &mut lease.load.work;
    work.profile = profile;
    work.phase = Phase::Measure;
    work.finish = FinishProgress::default();
    work.split = if parallel {
        Split::Parallel(u32::try_from(chunks.len()).unwrap_or(u32::MAX))
    } else {
        Split::Single { saved: false }
    };
    if parallel {
        let id = &lease.load.id;
        loader.loads.plan(id, Phase::Measure, &chunks).await?;
        lease.save().await?;
    }
    Ok(Next::Continue)
}

/// Decides what the rows of a load may change. For a snapshot of the catalog it begins a pending
/// version.
async fn begin_version<R: RecordFamily>(
    loader: &Loader<R>,
    load: &Load,
    versions: &CatalogVersions,
) -> Result<Effect, LoadError> {
    if versions.outdates(load.sequence) {
        return Ok(Effect::Nothing);
    }
    if !load.is_versioned() {
        return Ok(Effect::Full);
    }
    let Ok(begun) = versions.begin(load.sequence, &load.id) else {
        return Ok(Effect::Nothing);
    };
    let pending = versions.pending.as_ref();
    let dropped = pending.filter(|pending| !pending.is_of(&load.id));
    if let Some(dropped) = dropped.and_then(|dropped| dropped.load.as_ref()) {
        supersede(loader, dropped).await?;
    }
    loader.replace_versions(load, versions, &begun).await?;
    // Asked before the load writes anything. A load that was stopped before the answer was saved
    // may find its own rows, and sweeps all records then. Asked only for a pending version: files
    // that come while it is pending either are written into it as well, or outdate it.
    if loader.rows.is_empty(load.kind).await? {
        Ok(Effect::AddsOnly)
    } else {
        Ok(Effect::Full)
    }
}

/// The chunks of a file.
async fn find_chunks<R: RecordFamily>(
    loader: &Loader<R>,
    lease: &mut LoadLease<'_>,
    file: &mut LoadFile<'_>,
    chunk_size: u64,
) -> Result<Vec<Chunk>, LoadError> {
    let now = loader.clock.now();
    let targets: Vec<u64> = (1..lease.load.bytes.div_ceil(chunk_size))
        .map(|number| number * chunk_size)
        .collect();
    let mut starts = vec![FilePosition::START];
    let mut found = |position| starts.push(stored_position(position));
    let mut finder = SplitFinder::new(&file.read_plan(&lease.load).await?.framing, targets);
    let mut pieces = file.pieces(&lease.load).await?.chunks;
    let no_progress = Chunk::new(0, FilePosition::START, None, now);
    while let Some(piece) = pieces.next().await {
        finder.feed(piece?, &mut found)?;
        lease.heartbeat(&no_progress).await?;
    }
    finder.end(&mut found)?;
    let ends = starts.iter().skip(1).map(|start| Some(start.offset));
    let numbered = (0_u32..).zip(starts.iter().zip(ends.chain([None])));
    Ok(numbered
        .map(|(number, (from, to))| Chunk::new(number, *from, to, now))
        .collect())
}

/// A warning for the ERP team, about a file that loads all the same.
fn future_sequence_warning(load: &Load, now: Timestamp) -> Option<Warning> {
    let message = "the timestamp in the name is in the future: files with earlier timestamps \
                   change none of these rows";
    let limit = Sequence::from(now.plus_seconds(FUTURE_SECONDS));
    (load.sequence > limit).then(|| Warning {
        code: "sequence_in_future".into(),
        message: message.to_owned(),
    })
}

/// Ends a held load whose pending version is replaced by a newer snapshot.
async fn supersede<R: RecordFamily>(loader: &Loader<R>, id: &LoadId) -> Result<(), LoadError> {
    let now = loader.clock.now();
    let lease = LoadLease::claim(loader.leases(), id, loader.ids.mint(), now).await?;
    // A worker that has the load detects it itself.
    let Some(mut lease) = lease else {
        return Ok(());
    };
    if !lease.load.state.is_final() {
        let load = &mut lease.load;
        load.state = LoadState::Superseded;
        load.warnings.push(superseded_warning());
        load.updated_at = now;
        load.finished_at = Some(now);
        let report = export_key(load)?.report(&load.id);
        loader.files.report(&report, load).await?;
    }
    lease.release().await
}

/// A warning of a load that a newer snapshot replaced.
pub(super) fn superseded_warning() -> Warning {
    Warning {
        code: "superseded".into(),
        message: "a newer snapshot replaced this one".to_owned(),
    }
}
