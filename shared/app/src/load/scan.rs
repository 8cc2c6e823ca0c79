//! Scans a chunk: counts every row once, and applies it to the target of the phase.

use std::collections::HashMap;

use domain::load::{Accepted, Chunk, Guard, Load, LoadMode, Phase, Reference, Split};
use domain::time::Timestamp;
use futures::join;

use super::batch::Batch;
use super::error::LoadError;
use super::lease::ScanLease;
use super::loader::Loader;
use super::open::OpenFile;
use super::records::RecordFamily;
use super::situation::ScanTarget;
use super::spill::{PassBuffer, WorkObjects};
use crate::ports::{RowOutcome, RowWriter, StoreError, WriteTarget};

/// The time between two checkpoints.
const CHECKPOINT_MILLIS: i64 = 10_000;
/// References whose existence is cached.
const MAX_CACHED_REFERENCES: usize = 20_000;

/// The end of a scan.
pub(super) enum ScanOutcome {
    /// All rows are processed. What was collected since the last checkpoint is not spilled.
    Done(PassBuffer),
    /// The time of the invocation is over. A checkpoint was made.
    OutOfTime,
}

/// Scans the rows of `chunk` after its last checkpoint.
pub(super) async fn scan_chunk<R: RecordFamily>(
    loader: &Loader<R>,
    lease: &mut dyn ScanLease,
    chunk: &mut Chunk,
    target: &ScanTarget,
    file: OpenFile,
) -> Result<ScanOutcome, LoadError> {
    let load = lease.load();
    let measures = load.work.phase == Phase::Measure;
    let mut scan = Scan {
        loader,
        target,
        measures,
        // A single chunk keeps its identities in memory, so both phases collect them. Those of
        // several chunks are objects, and the second phase uses the objects of the first.
        collects_identities: match load.work.split {
            Split::Parallel(_) => measures,
            Split::Single { .. } | Split::Unplanned => load.mode == LoadMode::Snapshot,
        },
        guard: loader.guard(load.kind),
        objects: WorkObjects::of(loader.files.as_ref(), load)?,
        references: ReferenceCache::default(),
        bytes_before: chunk.bytes_read,
        lease,
        chunk,
        file,
        buffer: PassBuffer::default(),
        rows_since_checkpoint: 0,
        last_checkpoint: loader.clock.now(),
    };
    let scanned = scan.run().await;
    if scanned.as_ref().is_err_and(LoadError::is_transient) && scan.rows_since_checkpoint > 0 {
        // Saves the rows that were processed. If it fails too, they are processed again.
        let _ = scan.checkpoint().await;
    }
    Ok(match scanned? {
        Progress::Complete => ScanOutcome::Done(scan.buffer),
        Progress::OutOfTime => ScanOutcome::OutOfTime,
    })
}

enum Progress {
    Complete,
    OutOfTime,
}

struct Scan<'a, R> {
    loader: &'a Loader<R>,
    lease: &'a mut dyn ScanLease,
    chunk: &'a mut Chunk,
    target: &'a ScanTarget,
    file: OpenFile,
    objects: WorkObjects<'a>,
    guard: Guard,
    /// Whether the phase counts its rows and their references.
    measures: bool,
    collects_identities: bool,
    /// Bytes that earlier invocations read of the chunk.
    bytes_before: u64,
    buffer: PassBuffer,
    references: ReferenceCache,
    rows_since_checkpoint: u64,
    last_checkpoint: Timestamp,
}

/// A batch that was read but not processed yet.
struct ReadBatch<R> {
    batch: Batch<R>,
    /// The identities of its records, rejected rows included.
    identities: Vec<u64>,
}

/// What the store said about the rows of a batch.
struct Processed {
    outcomes: Vec<RowOutcome>,
    unresolved: Vec<(Reference, u64)>,
}

impl<R: RecordFamily> Scan<'_, R> {
    async fn run(&mut self) -> Result<Progress, LoadError> {
        let mut read = self.read_batch().await?;
        while !read.batch.is_empty() {
            self.lease.heartbeat(self.chunk).await?;
            let rows = std::mem::take(&mut read.batch.rows);
            let (processed, next) = self.process_while_reading(rows).await;
            self.account(read, processed?);
            read = next?;
            if read.batch.is_empty() {
                break;
            }
            let now = self.loader.clock.now();
            let out_of_time = now >= self.lease.deadline();
            if out_of_time || self.checkpoint_is_due(now) {
                self.checkpoint().await?;
                self.rows_since_checkpoint = 0;
                self.last_checkpoint = now;
            }
            if out_of_time {
                return Ok(Progress::OutOfTime);
            }
        }
        Ok(Progress::Complete)
    }

    async fn read_batch(&mut self) -> Result<ReadBatch<R>, LoadError> {
        let collects = self.collects_identities;
        read_batch(self.loader, &mut self.file, self.lease.load(), collects).await
    }

    /// Processes rows, and reads the next batch while the store is busy with them.
    async fn process_while_reading(
        &mut self,
        rows: Vec<Accepted<R>>,
    ) -> (
        Result<Processed, LoadError>,
        Result<ReadBatch<R>, LoadError>,
    ) {
        let references = match (self.measures, self.target) {
            (true, ScanTarget::Table(_)) => count_references(self.loader.rows.as_ref(), &rows),
            _ => HashMap::new(),
        };
        let writer = self.loader.rows.as_ref();
        let (cache, target, load) = (&mut self.references, self.target, self.lease.load());
        let process = async {
            let (outcomes, unresolved) = join!(
                apply(writer, rows, target),
                cache.unresolved(writer, references, target),
            );
            let unresolved = unresolved?;
            let outcomes = outcomes?;
            Ok(Processed {
                outcomes,
                unresolved,
            })
        };
        let collects = self.collects_identities;
        let read = read_batch(self.loader, &mut self.file, load, collects);
        join!(process, read)
    }

    /// Counts the rows of a batch, each once.
    fn account(&mut self, read: ReadBatch<R>, processed: Processed) {
        let ReadBatch {
            mut batch,
            identities,
        } = read;
        let chunk = &mut *self.chunk;
        chunk.bytes_read = self.bytes_before + batch.bytes_read;
        chunk.at = batch.end;
        self.rows_since_checkpoint += processed.outcomes.len() as u64;
        self.buffer.identities.extend(identities);
        if !self.measures {
            return;
        }
        for (reference, times) in processed.unresolved {
            chunk.unresolved.note(reference, times);
        }
        for (index, outcome) in processed.outcomes.into_iter().enumerate() {
            match outcome {
                RowOutcome::Applied(change) => {
                    chunk.counts.applied += 1;
                    let jumps = change.is_some_and(|change| {
                        self.guard.is_price_jump(change.before, change.after)
                    });
                    chunk.price_jumps += u64::from(jumps);
                }
                RowOutcome::Unchanged => chunk.counts.unchanged += 1,
                RowOutcome::Rejected(problem) => batch.reject(index, problem),
            }
        }
        self.buffer
            .add_rejects(&mut batch, &self.file.rejects, chunk);
    }

    fn checkpoint_is_due(&self, now: Timestamp) -> bool {
        self.rows_since_checkpoint >= self.loader.checkpoint_rows
            || now.millis_since(self.last_checkpoint) >= CHECKPOINT_MILLIS
            || self.buffer.is_full()
    }

    async fn checkpoint(&mut self) -> Result<(), LoadError> {
        self.objects
            .checkpoint(self.lease, self.chunk, &mut self.buffer)
            .await
    }
}

async fn read_batch<R: RecordFamily>(
    loader: &Loader<R>,
    file: &mut OpenFile,
    load: &Load,
    collects_identities: bool,
) -> Result<ReadBatch<R>, LoadError> {
    let mut identities = Vec::new();
    let batch = file
        .batch(load, loader.batch_rows(), |row: &R| {
            if collects_identities {
                identities.push(loader.rows.identity(row));
            }
        })
        .await?;
    Ok(ReadBatch { batch, identities })
}

async fn apply<R: RecordFamily>(
    writer: &dyn RowWriter<R>,
    rows: Vec<Accepted<R>>,
    target: &ScanTarget,
) -> Result<Vec<RowOutcome>, StoreError> {
    match target {
        ScanTarget::Table(target) if !rows.is_empty() => writer.apply(rows, target).await,
        ScanTarget::Table(_) | ScanTarget::CountOnly => Ok(vec![RowOutcome::Unchanged; rows.len()]),
    }
}

/// The references of rows, each with the number of rows that have it.
fn count_references<R: RecordFamily>(
    writer: &dyn RowWriter<R>,
    rows: &[Accepted<R>],
) -> HashMap<Reference, u64> {
    let mut references = HashMap::new();
    for reference in rows.iter().flat_map(|row| writer.references(&row.record)) {
        *references.entry(reference).or_default() += 1;
    }
    references
}

/// Whether records exist that rows name, as far as the scan asked the store.
#[derive(Default)]
struct ReferenceCache(HashMap<Reference, bool>);

impl ReferenceCache {
    /// The references to missing records, each with the number of rows that have it.
    async fn unresolved<R: RecordFamily>(
        &mut self,
        writer: &dyn RowWriter<R>,
        references: HashMap<Reference, u64>,
        target: &ScanTarget,
    ) -> Result<Vec<(Reference, u64)>, StoreError> {
        let ScanTarget::Table(target) = target else {
            return Ok(Vec::new());
        };
        let unknown = references.keys().filter(|key| !self.0.contains_key(*key));
        self.look_up(writer, unknown.cloned().collect(), target)
            .await?;
        let is_missing = |(reference, _): &(Reference, u64)| self.0.get(reference) == Some(&false);
        Ok(references.into_iter().filter(is_missing).collect())
    }

    async fn look_up<R: RecordFamily>(
        &mut self,
        writer: &dyn RowWriter<R>,
        unknown: Vec<Reference>,
        target: &WriteTarget,
    ) -> Result<(), StoreError> {
        if self.0.len() + unknown.len() > MAX_CACHED_REFERENCES {
            self.0.clear();
        }
        if unknown.is_empty() {
            return Ok(());
        }
        let missing = writer.missing(unknown.clone(), target).await?;
        let existing = unknown.into_iter().map(|reference| (reference, true));
        self.0.extend(existing);
        self.0
            .extend(missing.into_iter().map(|reference| (reference, false)));
        Ok(())
    }
}
