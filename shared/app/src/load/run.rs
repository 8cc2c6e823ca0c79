//! The load of one file: one pass over it, with flat memory.

use std::sync::Arc;

use domain::ids::LoadId;
use domain::load::{ExportKey, Load, LoadFailure, LoadMode, LoadState, Sequence, Warning};

use super::kinds::Rows;
use super::rejects::Rejects;
use super::rows::{FileRows, Origins};
use crate::ports::{Clock, ExportFile, ExportFiles, FilesError, LoadStore, Outcome, RowWriter, StoreError};

/// Progress is kept at most this often.
const PROGRESS_MILLIS: i64 = 1000;

/// Seconds ahead of the clock at which a sequence is in the future: more than time zones explain.
const TOMORROW_SECONDS: i64 = 86_400;

/// A load could not go on for reasons outside its file. Repeating it later makes it whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The files failed.
    #[error(transparent)]
    Files(#[from] FilesError),
}

/// Word of a file that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Its key.
    pub key: ExportKey,
    /// The load that it leads to: the same however often the word is repeated.
    pub load: LoadId,
}

/// Loads files of a family of kinds.
pub struct Loader<R> {
    /// Where the files are.
    pub files: Arc<dyn ExportFiles>,
    /// Where the loads are kept.
    pub loads: Arc<dyn LoadStore>,
    /// Where the rows go.
    pub rows: Arc<dyn RowWriter<R>>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

impl<R: Rows> Loader<R> {
    /// Whether the file is of a kind that is loaded here.
    #[must_use]
    pub fn takes(&self, key: &ExportKey) -> bool {
        R::fields(key.kind()).is_some()
    }

    /// Loads a file to its end, unless that was done before. A bad row is refused and the others apply; a file that
    /// cannot be used at all makes a load that is [`LoadState::Failed`].
    ///
    /// # Errors
    /// [`LoadError`] when store or files failed. The load stays [`LoadState::Running`] then, and the same arrival handled
    /// again begins anew: rows that took effect already are unchanged in the second run.
    pub async fn run(&self, arrival: &Arrival) -> Result<Load, LoadError> {
        if let Some(load) = self.loads.load(&arrival.load).await?
            && load.state.is_final()
        {
            return Ok(load);
        }
        let file = self.files.open(arrival.key.as_str()).await?;
        let mut load = self.begin(arrival, file.as_ref());
        self.loads.put(&load).await?;
        let end = match file {
            None => Err(unusable("file_missing", "the file was gone before it could be read".to_owned())),
            Some(_) if arrival.key.format().is_none() => {
                Err(unusable("format", "files of this format cannot be read; drop a file that ends in .csv".to_owned()))
            }
            Some(file) => self.apply(&arrival.key, &mut load, file).await?,
        };
        match end {
            Ok(state) => load.state = state,
            Err(failure) => {
                load.state = LoadState::Failed;
                load.failure = Some(failure);
            }
        }
        load.updated_at = self.clock.now();
        load.finished_at = Some(load.updated_at);
        self.files.report(&arrival.key.report(&load.id), &load).await?;
        if load.state == LoadState::Published && load.mode == LoadMode::Snapshot {
            self.loads.note_snapshot(load.kind, load.sequence).await?;
        }
        self.loads.put(&load).await?;
        Ok(load)
    }

    fn begin(&self, arrival: &Arrival, file: Option<&ExportFile>) -> Load {
        let now = self.clock.now();
        Load {
            id: arrival.load.clone(),
            kind: arrival.key.kind(),
            mode: arrival.key.mode(),
            key: arrival.key.as_str().to_owned(),
            sequence: arrival.key.sequence(file.map_or(now, |file| file.last_modified)),
            state: LoadState::Running,
            counts: Default::default(),
            bytes: file.map_or(0, |file| file.bytes),
            bytes_read: 0,
            first_reasons: Vec::new(),
            warnings: Vec::new(),
            failure: None,
            started_at: now,
            updated_at: now,
            finished_at: None,
        }
    }

    /// Applies the rows, and says how the load ends.
    async fn apply(
        &self,
        key: &ExportKey,
        load: &mut Load,
        file: ExportFile,
    ) -> Result<Result<LoadState, LoadFailure>, LoadError> {
        let newest = self.loads.newest_snapshot(load.kind).await?;
        let superseded = newest.is_some_and(|newest| load.sequence < newest);
        let mut file = FileRows::new(file);
        let (header, header_line) = match file.header::<R>(load.kind, load.mode).await? {
            Ok(header) => header,
            Err(failure) => return Ok(Err(failure)),
        };
        load.warnings = header.warnings.clone();
        load.warnings.extend(self.doubts(load));
        let mut rejects = Rejects::new(key, &load.id, &header_line);
        let mut batch = file.batch::<R>(load.kind, &header, load.sequence, &mut rejects).await?;
        loop {
            let (rows, origins) = batch.split();
            if rows.is_empty() && file.ended() {
                break;
            }
            // While the store works on this batch, the next one is read.
            let (outcomes, next) = futures::join!(
                self.outcomes(rows, load.mode, superseded),
                file.batch::<R>(load.kind, &header, load.sequence, &mut rejects),
            );
            count(load, outcomes?, &origins, &mut rejects);
            batch = next?;
            note(load, &file, &rejects);
            self.keep_progress(load).await?;
            rejects.pass_on(self.files.as_ref()).await?;
        }
        note(load, &file, &rejects);
        rejects.finish(self.files.as_ref()).await?;
        Ok(Ok(if superseded { LoadState::Superseded } else { LoadState::Published }))
    }

    /// What an ERP team should know of a file that loads all the same.
    fn doubts(&self, load: &Load) -> Vec<Warning> {
        let mut doubts = Vec::new();
        let tomorrow = Sequence::from(self.clock.now().plus_seconds(TOMORROW_SECONDS));
        if load.sequence > tomorrow {
            let message =
                "the timestamp in the name is in the future: files with earlier ones change none of these rows";
            doubts.push(Warning { code: "sequence_in_future".into(), message: message.to_owned() });
        }
        if load.mode == LoadMode::Snapshot {
            let message = "what the file lacks stays: this release applies the rows of a snapshot and removes none";
            doubts.push(Warning { code: "nothing_removed".into(), message: message.to_owned() });
        }
        doubts
    }

    async fn outcomes(
        &self,
        rows: Vec<domain::load::Accepted<R>>,
        mode: LoadMode,
        superseded: bool,
    ) -> Result<Vec<Outcome>, StoreError> {
        if superseded || rows.is_empty() {
            return Ok(vec![Outcome::Unchanged; rows.len()]);
        }
        self.rows.apply(rows, mode).await
    }

    async fn keep_progress(&self, load: &mut Load) -> Result<(), StoreError> {
        let now = self.clock.now();
        if now.millis_since(load.updated_at) < PROGRESS_MILLIS {
            return Ok(());
        }
        load.updated_at = now;
        self.loads.put(load).await
    }
}

/// Takes over what file and rejects know.
fn note(load: &mut Load, file: &FileRows, rejects: &Rejects) {
    load.bytes_read = file.bytes_read;
    load.counts.rejected = rejects.refused();
    if load.first_reasons.len() < rejects.first().len() {
        load.first_reasons = rejects.first().to_vec();
    }
}

/// Counts each row once.
fn count(load: &mut Load, outcomes: Vec<Outcome>, origins: &Origins, rejects: &mut Rejects) {
    debug_assert_eq!(outcomes.len(), origins.len(), "one outcome for each row");
    for (index, outcome) in outcomes.into_iter().enumerate() {
        match outcome {
            Outcome::Applied => load.counts.applied += 1,
            Outcome::Unchanged => load.counts.unchanged += 1,
            Outcome::Refused(problem) => origins.refuse(index, &problem, rejects),
        }
    }
}

fn unusable(code: &'static str, message: String) -> LoadFailure {
    LoadFailure { code: code.into(), message }
}
