//! One pass over a chunk: every row counted once, and applied as far as its load is that far.

use std::collections::HashMap;

use domain::load::{Accepted, Chunk, LoadMode, Phase, Reference};

use super::hands::Hands;
use super::kinds::Rows;
use super::open::{Opened, export_key};
use super::parts::{Gathered, Parts};
use super::rows::{BATCH_ROWS, Batch};
use super::run::{LoadError, Loader};
use crate::ports::{Outcome, Stage, StoreError};

/// A checkpoint is made after so many rows, or so much time.
const CHECKPOINT_MILLIS: i64 = 10_000;
/// References that are remembered as known, whether they lead somewhere or not.
const MOST_KNOWN: usize = 20_000;

/// How a pass ended.
pub(super) enum Passed {
    /// All rows are worked off. What was gathered since the last checkpoint is not laid down.
    Done(Gathered),
    /// There is no time left. A checkpoint was made.
    Stopped,
}

/// What one pass knows and gathers.
struct Pass<'a> {
    stage: Option<&'a Stage>,
    gathered: Gathered,
    known: HashMap<Reference, bool>,
    rows: u64,
    since: i64,
}

impl<R: Rows> Loader<R> {
    /// Goes over the rows of `chunk` that are not worked off. Without a stage they are counted and
    /// change nothing.
    pub(super) async fn pass(
        &self,
        hands: &mut Hands,
        chunk: &mut Chunk,
        stage: Option<&Stage>,
        opened: Opened,
    ) -> Result<Passed, LoadError> {
        let since = self.clock.now().as_millis();
        let mut pass = Pass {
            stage,
            gathered: Gathered::default(),
            known: HashMap::new(),
            rows: 0,
            since,
        };
        let end = self.batches(hands, chunk, &mut pass, opened).await;
        if end.as_ref().is_err_and(LoadError::is_passing) && pass.rows > 0 {
            // What was done is not to be done again. Should this fail as well, it is.
            let _ = self
                .checkpoint(hands, chunk, &mut pass.gathered, false)
                .await;
        }
        Ok(if end? {
            Passed::Done(pass.gathered)
        } else {
            Passed::Stopped
        })
    }

    /// Whether all rows are worked off.
    async fn batches(
        &self,
        hands: &mut Hands,
        chunk: &mut Chunk,
        pass: &mut Pass<'_>,
        opened: Opened,
    ) -> Result<bool, LoadError> {
        let Opened {
            rows: mut file,
            header,
            layout,
        } = opened;
        let (kind, sequence) = (hands.load.kind, hands.load.sequence);
        let counts = hands.load.work.phase == Phase::Count;
        // What the first phase laid down serves the second as well; what it kept in memory is
        // gathered again.
        let alone = hands.load.work.chunks == 1;
        let gathers = if alone {
            hands.load.mode == LoadMode::Snapshot
        } else {
            counts
        };
        let before = chunk.bytes_read;
        let most = self.batch_rows();
        let mut ahead = Vec::new();
        let mut batch = file
            .batch::<R>(most, kind, &header, sequence, |row| {
                note(self, gathers, &mut ahead, row)
            })
            .await?;
        while !batch.is_empty() {
            self.renew(hands, chunk).await?;
            let rows = std::mem::take(&mut batch.rows);
            let identities = std::mem::take(&mut ahead);
            let references = if counts {
                self.references(&rows)
            } else {
                HashMap::new()
            };
            // While the store works on this batch, the next one is read.
            let ((outcomes, unresolved), next) = futures::join!(
                async {
                    let outcomes = self.outcomes(rows, pass.stage).await;
                    // What the batch itself brought is there now.
                    (
                        outcomes,
                        self.unresolved(references, pass.stage, &mut pass.known)
                            .await,
                    )
                },
                file.batch::<R>(most, kind, &header, sequence, |row| note(
                    self, gathers, &mut ahead, row
                )),
            );
            let unresolved = unresolved?;
            let outcomes = outcomes?;
            chunk.bytes_read = before + batch.bytes_read;
            chunk.at = batch.end;
            pass.rows += outcomes.len() as u64;
            pass.gathered.identities.extend(identities);
            if counts {
                unresolved
                    .into_iter()
                    .for_each(|(reference, times)| chunk.unresolved.note(reference, times));
                self.count(hands, chunk, &mut batch, outcomes);
                pass.gathered.take(&mut batch, &layout, chunk);
            }
            batch = next?;
            let now = self.clock.now();
            let stops = now >= hands.until && !batch.is_empty();
            if stops || self.is_due(pass, now.as_millis()) && !batch.is_empty() {
                self.checkpoint(hands, chunk, &mut pass.gathered, false)
                    .await?;
                (pass.rows, pass.since) = (0, now.as_millis());
            }
            if stops {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn is_due(&self, pass: &Pass<'_>, now: i64) -> bool {
        pass.rows >= self.checkpoint_rows
            || now - pass.since >= CHECKPOINT_MILLIS
            || pass.gathered.is_full()
    }

    /// No more rows than may lie between two checkpoints.
    pub(super) fn batch_rows(&self) -> usize {
        usize::try_from(self.checkpoint_rows).map_or(BATCH_ROWS, |rows| rows.clamp(1, BATCH_ROWS))
    }

    async fn outcomes(
        &self,
        rows: Vec<Accepted<R>>,
        stage: Option<&Stage>,
    ) -> Result<Vec<Outcome>, StoreError> {
        match stage {
            Some(stage) if !rows.is_empty() => self.rows.apply(rows, stage).await,
            _ => Ok(vec![Outcome::Unchanged; rows.len()]),
        }
    }

    /// Counts each row that was understood once.
    fn count(
        &self,
        hands: &Hands,
        chunk: &mut Chunk,
        batch: &mut Batch<R>,
        outcomes: Vec<Outcome>,
    ) {
        let guard = self.guard(hands.load.kind);
        for (index, outcome) in outcomes.into_iter().enumerate() {
            match outcome {
                Outcome::Applied(change) => {
                    chunk.counts.applied += 1;
                    let jumps =
                        change.is_some_and(|change| guard.is_jump(change.before, change.after));
                    chunk.jumps += u64::from(jumps);
                }
                Outcome::Unchanged => chunk.counts.unchanged += 1,
                Outcome::Refused(problem) => batch.refuse(index, problem),
            }
        }
    }

    fn references(&self, rows: &[Accepted<R>]) -> HashMap<Reference, u64> {
        let mut references = HashMap::new();
        for reference in rows
            .iter()
            .flat_map(|row| self.rows.references(&row.record))
        {
            *references.entry(reference).or_default() += 1;
        }
        references
    }

    /// Which of the references lead nowhere, and how many rows have them.
    async fn unresolved(
        &self,
        references: HashMap<Reference, u64>,
        stage: Option<&Stage>,
        known: &mut HashMap<Reference, bool>,
    ) -> Result<Vec<(Reference, u64)>, StoreError> {
        let Some(stage) = stage else {
            return Ok(Vec::new());
        };
        let asked: Vec<Reference> = references
            .keys()
            .filter(|reference| !known.contains_key(*reference))
            .cloned()
            .collect();
        if known.len() + asked.len() > MOST_KNOWN {
            known.clear();
        }
        if !asked.is_empty() {
            let missing = self.rows.missing(asked.clone(), stage).await?;
            known.extend(asked.into_iter().map(|reference| (reference, true)));
            known.extend(missing.into_iter().map(|reference| (reference, false)));
        }
        let missing = |(reference, _): &(Reference, u64)| known.get(reference) == Some(&false);
        Ok(references.into_iter().filter(missing).collect())
    }

    /// Keeps how far a chunk is. What was gathered of it is laid down before.
    pub(super) async fn checkpoint(
        &self,
        hands: &mut Hands,
        chunk: &mut Chunk,
        gathered: &mut Gathered,
        done: bool,
    ) -> Result<(), LoadError> {
        let key = export_key(&hands.load)?;
        let parts = Parts {
            files: self.files.as_ref(),
            key: &key,
            load: &hands.load.id,
        };
        parts.lay_down(gathered, chunk).await?;
        chunk.updated_at = self.clock.now();
        chunk.done = done;
        hands.load.work.kept = true;
        self.keep_chunk(hands, chunk, done).await
    }
}

fn note<R: Rows>(loader: &Loader<R>, gathers: bool, identities: &mut Vec<u64>, row: &R) {
    if gathers {
        identities.push(loader.rows.identity(row));
    }
}
