//! The steps of the end of a phase that need the identities of all rows of the file: records that
//! occur in several chunks are applied again, and a snapshot removes the records that it lacks. A
//! large file takes several rounds.

use domain::load::{Chunk, Effect, Load, LoadMode, Phase};

use super::error::LoadError;
use super::key_index::KeyIndex;
use super::lease::LoadLease;
use super::loader::Loader;
use super::open::LoadFile;
use super::records::RecordFamily;
use super::spill::{PassBuffer, WorkObjects};
use crate::ports::{Cursor, WriteTarget};

/// The time between two saves of the progress of a sweep.
const SAVE_MILLIS: i64 = 10_000;

/// The end of a step that may take longer than the invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SweepOutcome {
    /// All rounds are over.
    Done,
    /// The time of the invocation is over. The progress was saved.
    OutOfTime,
}

/// The end of a phase, for the steps that need all identities.
pub(super) struct Sweep<'a, 'l, 'f, R> {
    pub loader: &'a Loader<R>,
    pub lease: &'a mut LoadLease<'l>,
    pub file: &'a mut LoadFile<'f>,
    pub target: &'a WriteTarget,
}

impl<R: RecordFamily> Sweep<'_, '_, '_, R> {
    /// Runs the rounds that are left. `unspilled` is what the only chunk holds in memory.
    pub async fn sweep_rounds(
        &mut self,
        chunks: &[Chunk],
        unspilled: Option<&PassBuffer>,
    ) -> Result<SweepOutcome, LoadError> {
        let load = &self.lease.load;
        let reapplies = self.target.writes() && chunks.len() > 1;
        let sweeps = load.mode == LoadMode::Snapshot && load.work.effect != Effect::AddsOnly;
        if !reapplies && !sweeps {
            return Ok(SweepOutcome::Done);
        }
        let measured;
        let with_identities = if load.work.phase == Phase::Apply && chunks.len() > 1 {
            measured = measured_chunks(self.loader, load).await?;
            &measured
        } else {
            chunks
        };
        let rounds = KeyIndex::rounds(self.lease.load.counts.rows());
        while self.lease.load.work.finish.round < rounds {
            let index = self.index(rounds, with_identities, unspilled).await?;
            if reapplies && !self.lease.load.work.finish.duplicates_reapplied {
                self.reapply_duplicates(&index.duplicates()).await?;
                self.lease.load.work.finish.duplicates_reapplied = true;
            }
            if sweeps && self.sweep(&index).await? == SweepOutcome::OutOfTime {
                return Ok(SweepOutcome::OutOfTime);
            }
            self.lease.load.work.finish.next_round();
        }
        Ok(SweepOutcome::Done)
    }

    async fn index(
        &mut self,
        rounds: u32,
        chunks: &[Chunk],
        unspilled: Option<&PassBuffer>,
    ) -> Result<KeyIndex, LoadError> {
        let mut index = KeyIndex::new(self.lease.load.work.finish.round, rounds);
        let objects = WorkObjects::of(self.loader.files.as_ref(), &self.lease.load)?;
        for chunk in chunks {
            objects
                .identities(chunk, |identity| index.add(identity, chunk.number))
                .await?;
            self.lease.heartbeat_if_due().await?;
        }
        let in_memory = unspilled.map(|buffer| buffer.identities.as_slice());
        for identity in in_memory.unwrap_or_default() {
            index.add(*identity, 0);
        }
        index.sort();
        Ok(index)
    }

    /// Removes the records that the snapshot lacks, or only counts them, as the target says.
    async fn sweep(&mut self, index: &KeyIndex) -> Result<SweepOutcome, LoadError> {
        let mut saved_at = self.loader.clock.now();
        loop {
            let from = self.lease.load.work.finish.cursor.clone().map(Cursor::new);
            let in_file = |identity| index.contains(identity);
            let page = self.loader.rows.sweep(self.target, &in_file, from).await?;
            let finish = &mut self.lease.load.work.finish;
            finish.existing += page.existing;
            finish.removed += page.removed;
            let Some(next) = page.next else {
                return Ok(SweepOutcome::Done);
            };
            finish.cursor = Some(next.as_str().to_owned());
            let now = self.loader.clock.now();
            let out_of_time = now >= self.lease.deadline;
            if out_of_time || now.millis_since(saved_at) >= SAVE_MILLIS {
                self.lease.save().await?;
                saved_at = now;
            }
            if out_of_time {
                return Ok(SweepOutcome::OutOfTime);
            }
            self.lease.heartbeat_if_due().await?;
        }
    }

    /// Applies the rows of records that occur in several chunks again, in the order of the file, so
    /// that the last one wins. Rows that are applied together have different records: each row
    /// writes what follows from its record, and removes what followed from the row before.
    async fn reapply_duplicates(&mut self, records: &[u64]) -> Result<(), LoadError> {
        if records.is_empty() {
            return Ok(());
        }
        let (writer, most) = (&self.loader.rows, self.loader.batch_rows());
        let mut open = self.file.open::<R>(&self.lease.load).await?;
        loop {
            let batch = open.batch(&self.lease.load, most, |_: &R| {}).await?;
            if batch.is_empty() {
                return Ok(());
            }
            let (mut together, mut identities) = (Vec::new(), Vec::new());
            for row in batch.rows {
                let identity = writer.identity(&row.record);
                if records.binary_search(&identity).is_err() {
                    continue;
                }
                if identities.contains(&identity) {
                    let rows = std::mem::take(&mut together);
                    writer.apply(rows, self.target).await?;
                    self.lease.heartbeat_if_due().await?;
                    identities.clear();
                }
                identities.push(identity);
                together.push(row);
            }
            if !together.is_empty() {
                writer.apply(together, self.target).await?;
            }
            self.lease.heartbeat_if_due().await?;
        }
    }
}

/// The chunks of the first phase: the second phase uses their objects.
async fn measured_chunks<R>(loader: &Loader<R>, load: &Load) -> Result<Vec<Chunk>, LoadError> {
    let (now, phase) = (loader.clock.now(), Phase::Measure);
    let chunks = loader.loads.chunks(&load.id, phase, now).await?;
    Ok(chunks.into_iter().map(|status| status.chunk).collect())
}
