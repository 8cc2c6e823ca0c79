//! The end of a phase: what the chunks came to, what a snapshot takes away, and whether it may be
//! shown.

use domain::load::{
    Chunk, Closing, Counts, Load, LoadMode, LoadState, Measured, Phase, Place, Unresolved,
};
use tabular::RejectsFile;

use super::hands::Hands;
use super::kinds::Rows;
use super::open::export_key;
use super::parts::{Gathered, Parts};
use super::plan::is_prepared;
use super::run::{LoadError, Loader, Step};
use super::seen::Seen;
use crate::ports::{Cursor, Stage};

/// How far a sweep is, is kept after so much time.
const SWEEP_MILLIS: i64 = 10_000;

/// How long the chunks of the second phase wait, so that the load has moved on when the first of
/// them begins.
const TURN_SECONDS: u32 = 1;

/// What a load of one chunk gathered without laying it down, and the layout of its refused rows.
pub(super) type Tail = (Gathered, RejectsFile);

impl<R: Rows> Loader<R> {
    /// Closes the phase whose chunks are all done. Done again after an interruption it comes to the
    /// same.
    pub(super) async fn close(
        &self,
        hands: &mut Hands,
        stage: &Stage,
        chunks: &[Chunk],
        tail: Option<Tail>,
    ) -> Result<Step, LoadError> {
        let counts = hands.load.work.phase == Phase::Count;
        hands.load.bytes_read = hands.load.bytes;
        let (tail, layout) = tail.map_or((None, None), |(tail, layout)| (Some(tail), Some(layout)));
        if counts && hands.load.work.closing == Closing::default() {
            self.add_up(hands, chunks);
            self.lay_out(hands, chunks, tail.as_ref(), layout).await?;
        }
        let outdated = hands.load.work.outdated;
        if !outdated && !self.rounds(hands, stage, chunks, tail.as_ref()).await? {
            if let (Some(mut gathered), [chunk]) = (tail, chunks) {
                // Whoever goes on finds what is in memory here.
                self.checkpoint(hands, &mut chunk.clone(), &mut gathered, true)
                    .await?;
            }
            let key = export_key(&hands.load)?;
            self.queue.enqueue(&key, &hands.load.id, &[], 0).await?;
            return Ok(Step::Away);
        }
        let measured = Measured {
            counts: hands.load.counts,
            there: hands.load.work.closing.there,
            removed: hands.load.work.closing.removed,
            jumps: chunks.iter().map(|chunk| chunk.jumps).sum(),
            declared: hands.load.work.declared,
        };
        if counts {
            hands.load.removed = measured.removed;
            if outdated {
                return Ok(Step::End(LoadState::Superseded));
            }
            if !hands.load.released {
                hands.load.held_for = self.guard(hands.load.kind).holds(&measured);
                if !hands.load.held_for.is_empty() {
                    return Ok(Step::End(LoadState::Held));
                }
            }
            if !is_prepared::<R>(&hands.load) {
                return self.turn_to_apply(hands, chunks).await;
            }
        }
        if hands.load.mode == LoadMode::Snapshot {
            // Whoever lost the load must not show anything, and what is shown has its counts.
            self.renew_now(hands).await?;
            let begun = stage.pointer.begun(hands.load.sequence, &hands.load.id);
            let shown = begun
                .and_then(|begun| begun.publish(&hands.load.id))
                .map_err(|_| LoadError::Lost)?;
            self.replace(&hands.load, &stage.pointer, &shown).await?;
        }
        Ok(Step::End(LoadState::Published))
    }

    /// What the chunks came to, taken over by the load.
    fn add_up(&self, hands: &mut Hands, chunks: &[Chunk]) {
        let load = &mut hands.load;
        let total = Total::of(chunks);
        load.counts = total.counts;
        load.first_reasons = total.first_reasons;
        let mut unresolved = Unresolved::default();
        chunks
            .iter()
            .for_each(|chunk| unresolved.add(&chunk.unresolved));
        load.work.unresolved = unresolved;
    }

    /// The refused rows of all chunks as files.
    async fn lay_out(
        &self,
        hands: &mut Hands,
        chunks: &[Chunk],
        tail: Option<&Gathered>,
        layout: Option<RejectsFile>,
    ) -> Result<(), LoadError> {
        if hands.load.counts.rejected == 0 {
            return Ok(());
        }
        let layout = match layout {
            Some(layout) => layout,
            None => self.opened(hands, (Place::START, None), None).await?.layout,
        };
        let key = export_key(&hands.load)?;
        let parts = Parts {
            files: self.files.as_ref(),
            key: &key,
            load: &hands.load.id,
        };
        Ok(parts.put_together(&layout, chunks, tail).await?)
    }

    /// What takes all rows of a file to be known, in as many rounds as it takes. False when there
    /// is no time left.
    async fn rounds(
        &self,
        hands: &mut Hands,
        stage: &Stage,
        chunks: &[Chunk],
        tail: Option<&Gathered>,
    ) -> Result<bool, LoadError> {
        let repeats = stage.writes && chunks.len() > 1;
        let sweeps = hands.load.mode == LoadMode::Snapshot && !hands.load.work.first;
        if !repeats && !sweeps {
            return Ok(true);
        }
        // In the second phase the objects are those of the first.
        let gathered: Vec<Chunk>;
        let of_count = if hands.load.work.phase == Phase::Apply && chunks.len() > 1 {
            let chunks = self
                .loads
                .chunks(&hands.load.id, Phase::Count, self.clock.now())
                .await?;
            gathered = chunks.into_iter().map(|(chunk, _)| chunk).collect();
            &gathered
        } else {
            chunks
        };
        let rounds = Seen::rounds(hands.load.counts.rows());
        while hands.load.work.closing.round < rounds {
            let seen = self.seen(hands, rounds, of_count, tail).await?;
            if repeats && !hands.load.work.closing.repeated {
                self.repeat(hands, stage, &seen.repeated()).await?;
                hands.load.work.closing.repeated = true;
            }
            if sweeps && !self.sweep(hands, stage, &seen).await? {
                return Ok(false);
            }
            let closing = &mut hands.load.work.closing;
            *closing = Closing {
                round: closing.round + 1,
                repeated: false,
                cursor: None,
                ..closing.clone()
            };
        }
        Ok(true)
    }

    async fn seen(
        &self,
        hands: &mut Hands,
        rounds: u32,
        chunks: &[Chunk],
        tail: Option<&Gathered>,
    ) -> Result<Seen, LoadError> {
        let mut seen = Seen::new(hands.load.work.closing.round, rounds);
        for chunk in chunks {
            let key = export_key(&hands.load)?;
            let parts = Parts {
                files: self.files.as_ref(),
                key: &key,
                load: &hands.load.id,
            };
            parts
                .identities(chunk, |identity| seen.note(identity, chunk.number))
                .await?;
            self.keep_alive(hands).await?;
        }
        tail.iter()
            .flat_map(|tail| &tail.identities)
            .for_each(|identity| seen.note(*identity, 0));
        seen.sort();
        Ok(seen)
    }

    /// Takes away what the snapshot lacks, or only counts it, as the stage says. False when there
    /// is no time left.
    async fn sweep(
        &self,
        hands: &mut Hands,
        stage: &Stage,
        seen: &Seen,
    ) -> Result<bool, LoadError> {
        let mut kept = self.clock.now();
        loop {
            let from = hands.load.work.closing.cursor.clone().map(Cursor::new);
            let swept = self
                .rows
                .sweep(stage, &|identity| seen.has(identity), from)
                .await?;
            let closing = &mut hands.load.work.closing;
            closing.there += swept.there;
            closing.removed += swept.removed;
            let Some(next) = swept.next else {
                return Ok(true);
            };
            closing.cursor = Some(next.as_str().to_owned());
            let now = self.clock.now();
            if now >= hands.until || now.millis_since(kept) >= SWEEP_MILLIS {
                self.keep(hands).await?;
                kept = now;
            }
            if now >= hands.until {
                return Ok(false);
            }
            self.keep_alive(hands).await?;
        }
    }

    /// Lets the rows that are about records of several chunks take effect once more, in the order
    /// of the file, so that the last one wins. No record occurs twice among rows that are applied
    /// together: each leaves its traces, and takes away those of the one before.
    async fn repeat(
        &self,
        hands: &mut Hands,
        stage: &Stage,
        records: &[u64],
    ) -> Result<(), LoadError> {
        if records.is_empty() {
            return Ok(());
        }
        let (kind, sequence) = (hands.load.kind, hands.load.sequence);
        let mut opened = self.opened(hands, (Place::START, None), None).await?;
        loop {
            let batch = opened
                .rows
                .batch::<R>(self.batch_rows(), kind, &opened.header, sequence, |_| {})
                .await?;
            if batch.is_empty() {
                return Ok(());
            }
            let (mut some, mut held) = (Vec::new(), Vec::new());
            for row in batch.rows {
                let identity = self.rows.identity(&row.record);
                if records.binary_search(&identity).is_err() {
                    continue;
                }
                if held.contains(&identity) {
                    self.rows.apply(std::mem::take(&mut some), stage).await?;
                    self.keep_alive(hands).await?;
                    held.clear();
                }
                held.push(identity);
                some.push(row);
            }
            if !some.is_empty() {
                self.rows.apply(some, stage).await?;
            }
            self.keep_alive(hands).await?;
        }
    }

    /// From what was measured to letting it take effect.
    async fn turn_to_apply(&self, hands: &mut Hands, chunks: &[Chunk]) -> Result<Step, LoadError> {
        let several = chunks.len() > 1;
        if several {
            let now = self.clock.now();
            let again: Vec<Chunk> = chunks.iter().map(|chunk| chunk.again(now)).collect();
            self.loads
                .plan(&hands.load.id, Phase::Apply, &again)
                .await?;
            // Told before the load moves on. Whoever is stopped in between comes again with a
            // message of the first phase, finds its chunks done, and closes it once more. The other
            // way round that message would be taken for one of the second phase, and nobody would
            // hear of its other chunks.
            let numbers: Vec<u32> = again.iter().map(|chunk| chunk.number).collect();
            self.queue
                .enqueue(
                    &export_key(&hands.load)?,
                    &hands.load.id,
                    &numbers,
                    TURN_SECONDS,
                )
                .await?;
        }
        hands.load.work.closing = Closing::default();
        hands.load.work.phase = Phase::Apply;
        self.keep(hands).await?;
        Ok(if several { Step::Away } else { Step::On })
    }

    async fn keep_alive(&self, hands: &mut Hands) -> Result<(), LoadError> {
        let now = self.clock.now();
        if now.millis_since(hands.renewed) >= super::hands::RENEW_MILLIS {
            self.renew_now(hands).await
        } else {
            Ok(())
        }
    }

    /// Warns of references that still lead nowhere, now that all rows are there.
    pub(super) async fn warn_of_unresolved(&self, load: &mut Load) -> Result<(), LoadError> {
        let unresolved = std::mem::take(&mut load.work.unresolved);
        if unresolved == Unresolved::default() {
            return Ok(());
        }
        let pointer = self.publications.pointer(load.kind).await?;
        let generation = pointer
            .pending
            .as_ref()
            .filter(|pending| pending.is_of(&load.id))
            .map(|p| p.generation);
        let (kind, mode, sequence) = (load.kind, load.mode, load.sequence);
        let stage = Stage {
            kind,
            mode,
            sequence,
            pointer,
            generation,
            writes: false,
        };
        let missing = self
            .rows
            .missing(unresolved.missing.keys().cloned().collect(), &stage)
            .await?;
        let mut left = Unresolved {
            more: unresolved.more,
            ..Unresolved::default()
        };
        for reference in missing {
            let times = unresolved
                .missing
                .get(&reference)
                .copied()
                .unwrap_or_default();
            left.note(reference, times);
        }
        load.warnings.extend(left.warning());
        Ok(())
    }
}

/// What chunks came to.
pub(super) struct Total {
    pub counts: Counts,
    pub bytes_read: u64,
    pub first_reasons: Vec<domain::load::Reason>,
}

impl Total {
    pub fn of(chunks: &[Chunk]) -> Self {
        let mut counts = Counts::default();
        chunks.iter().for_each(|chunk| counts.add(chunk.counts));
        let reasons = chunks.iter().flat_map(|chunk| &chunk.first_reasons);
        Self {
            counts,
            bytes_read: chunks.iter().map(|chunk| chunk.bytes_read).sum(),
            first_reasons: reasons.take(Load::FIRST_REASONS).cloned().collect(),
        }
    }
}
