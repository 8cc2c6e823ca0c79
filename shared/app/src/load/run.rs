//! The load of one file: planned, worked off in chunks, closed. Whoever takes it up finds in its
//! store how far it is.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::ids::LoadId;
use domain::load::{
    Chunk, Closing, ExportKey, Guard, Load, LoadFailure, LoadKind, LoadState, Phase, Place,
};
use domain::time::Timestamp;
use tabular::FileError;

use super::hands::{Hands, LEASE_SECONDS};
use super::kinds::Rows;
use super::open::export_key;
use super::pass::Passed;
use crate::ports::{
    Clock, ExportFile, ExportFiles, FilesError, Ids, LoadQueue, LoadStore, Publications, RowWriter,
    Stage, StoreError, Taken,
};

/// A load could not go on for reasons outside its file. Taken up again later it goes on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The files failed.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// Another load of the kind runs, or another worker has what was to be taken up.
    #[error("another load of this kind runs, or another worker is at it")]
    Busy,
    /// Another worker took the work over, because this one showed no sign of life for too long.
    #[error("the work was lost to another worker")]
    Lost,
    /// The file was replaced while it was read.
    #[error("the file was replaced while it was read")]
    FileChanged,
    /// The file cannot be used.
    #[error("the file cannot be used: {}", .0.message)]
    Unusable(LoadFailure),
}

impl From<FileError> for LoadError {
    fn from(error: FileError) -> Self {
        Self::Unusable(unusable(error.code, &error.message))
    }
}

impl LoadError {
    pub(super) fn failed(code: &'static str, message: &str) -> Self {
        Self::Unusable(unusable(code, message))
    }

    /// Whether it passes by itself, and nobody else is at the work.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Store(_) | Self::Files(_) => true,
            Self::Busy | Self::Lost | Self::FileChanged | Self::Unusable(_) => false,
        }
    }
}

/// Word of a file that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Its key.
    pub key: ExportKey,
    /// The load that it leads to: the same however often the word is repeated.
    pub load: LoadId,
}

/// What became of a piece of work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// The load ended, or waits for a person.
    Ended(Box<Load>),
    /// It goes on with messages of its queue, which were sent.
    GoesOn,
}

/// Loads files of a family of kinds.
pub struct Loader<R> {
    /// Where the files are.
    pub files: Arc<dyn ExportFiles>,
    /// Where the loads are kept.
    pub loads: Arc<dyn LoadStore>,
    /// Where the rows go.
    pub rows: Arc<dyn RowWriter<R>>,
    /// What readers see of the kinds.
    pub publications: Arc<dyn Publications>,
    /// The queue of the function that runs this.
    pub queue: Arc<dyn LoadQueue>,
    /// The guardrails of each kind; the default ones for a kind that is not here.
    pub guards: BTreeMap<LoadKind, Guard>,
    /// What a compressed file may unpack to, in bytes.
    pub max_unpacked_bytes: u64,
    /// A larger file is cut into chunks of about this many bytes.
    pub chunk_bytes: u64,
    /// Rows between two checkpoints of a chunk, at most.
    pub checkpoint_rows: u64,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Tells workers apart.
    pub ids: Arc<dyn Ids>,
}

/// What became of the work on a chunk.
enum Worked {
    /// All its rows are worked off.
    Done,
    /// There is no time left.
    Stopped,
    /// Another load took the place of this one. The load as a whole ends with that.
    Superseded,
}

/// Where a step leads.
pub(super) enum Step {
    /// To the next one.
    On,
    /// To messages that were sent.
    Away,
    /// To the end of the load.
    End(LoadState),
}

impl<R: Rows> Loader<R> {
    /// Whether the file is of a kind that is loaded here.
    #[must_use]
    pub fn takes(&self, key: &ExportKey) -> bool {
        R::fields(key.kind()).is_some()
    }

    /// Takes up a load, or one of its chunks, and goes on with it until it ends, or `until`. A bad
    /// row is refused and the others apply; a file that cannot be used at all makes a load that is
    /// [`LoadState::Failed`]; one that a guardrail stops is [`LoadState::Held`]. It may be called
    /// any number of times, also beside itself: each row is counted once.
    ///
    /// # Errors
    /// [`LoadError::Busy`] when another load of the kind runs or another worker is at it: to be
    /// called again later. [`LoadError`] when store or files failed. The load stays
    /// [`LoadState::Running`] then, and called again it goes on.
    pub async fn run(
        &self,
        arrival: &Arrival,
        chunk: Option<u32>,
        until: Timestamp,
    ) -> Result<Progress, LoadError> {
        let load = self.loads.load(&arrival.load).await?;
        if let Some(load) = load
            .as_ref()
            .filter(|load| load.state != LoadState::Running)
        {
            return self.settled(&arrival.key, load.clone()).await;
        }
        match (load, chunk) {
            (Some(load), Some(chunk)) if load.work.phase != Phase::Plan && load.work.chunks > 1 => {
                self.run_chunk(arrival, load, chunk, until).await
            }
            (load, _) => self.run_whole(arrival, load.is_some(), None, until).await,
        }
    }

    async fn run_chunk(
        &self,
        arrival: &Arrival,
        load: Load,
        number: u32,
        until: Timestamp,
    ) -> Result<Progress, LoadError> {
        let (owner, now, phase) = (self.ids.mint(), self.clock.now(), load.work.phase);
        let lease = now.plus_seconds(LEASE_SECONDS);
        match self
            .loads
            .take_chunk(&load.id, phase, number, &owner, now, lease)
            .await?
        {
            Taken::Busy => return Err(LoadError::Busy),
            Taken::Missing => return self.run_whole(arrival, true, None, until).await,
            Taken::Done => {}
            Taken::Mine(chunk) => {
                let kept = Some((*chunk).clone());
                let mut hands = Hands {
                    load,
                    owner,
                    whole: false,
                    kept,
                    form: None,
                    renewed: now,
                    until,
                };
                match self.work_chunk(&mut hands, *chunk).await {
                    Ok(Worked::Done) => {}
                    Ok(Worked::Superseded) => {
                        self.give_back(&mut hands).await?;
                        return self.run_whole(arrival, true, None, until).await;
                    }
                    Ok(Worked::Stopped) => {
                        self.give_back(&mut hands).await?;
                        self.queue
                            .enqueue(&arrival.key, &arrival.load, &[number], 0)
                            .await?;
                        return Ok(Progress::GoesOn);
                    }
                    // What cannot be used ends the load, whoever finds it out.
                    Err(error @ (LoadError::FileChanged | LoadError::Unusable(_))) => {
                        self.give_back(&mut hands).await?;
                        return self.run_whole(arrival, true, Some(error), until).await;
                    }
                    Err(error) => {
                        // Should this fail, the lease ends by itself.
                        let _ = self.give_back(&mut hands).await;
                        return Err(error);
                    }
                }
            }
        }
        // Whoever finds that nothing is left to do closes the phase; of several one gets hold of
        // the load.
        let chunks = self.loads.chunks(&arrival.load, phase, now).await?;
        if chunks.iter().any(|(chunk, _)| !chunk.done) {
            return Ok(Progress::GoesOn);
        }
        self.run_whole(arrival, true, None, until).await
    }

    async fn work_chunk(&self, hands: &mut Hands, mut chunk: Chunk) -> Result<Worked, LoadError> {
        self.take_turn(&hands.load).await?;
        let pointer = self.publications.pointer(hands.load.kind).await?;
        let Some(stage) = self.stage(&hands.load, pointer) else {
            return Ok(Worked::Superseded);
        };
        let opened = self.opened(hands, (chunk.at, chunk.to), None).await?;
        let stage = (!hands.load.work.outdated).then_some(&stage);
        match self.pass(hands, &mut chunk, stage, opened).await? {
            Passed::Stopped => Ok(Worked::Stopped),
            Passed::Done(mut gathered) => {
                self.checkpoint(hands, &mut chunk, &mut gathered, true)
                    .await?;
                Ok(Worked::Done)
            }
        }
    }

    async fn give_back(&self, hands: &mut Hands) -> Result<(), LoadError> {
        if let Some(kept) = hands.kept.take() {
            let (id, phase) = (&hands.load.id, hands.load.work.phase);
            self.loads
                .keep_chunk(id, phase, &kept, &hands.owner, None)
                .await?;
        }
        Ok(())
    }

    /// Takes up the load as a whole. `broken` is what a worker found that ends it.
    async fn run_whole(
        &self,
        arrival: &Arrival,
        exists: bool,
        broken: Option<LoadError>,
        until: Timestamp,
    ) -> Result<Progress, LoadError> {
        let (kind, owner, now) = (arrival.key.kind(), self.ids.mint(), self.clock.now());
        let lease = now.plus_seconds(LEASE_SECONDS);
        if !self
            .loads
            .take_turn(kind, arrival.load.as_str(), now, lease)
            .await?
        {
            return Err(LoadError::Busy);
        }
        let mut file = None;
        let load = if exists {
            let load = self.loads.claim(&arrival.load, &owner, now, lease).await?;
            load.ok_or(LoadError::Busy)?
        } else {
            file = self.files.open(arrival.key.as_str(), None).await?;
            let load = self.begun(arrival, file.as_ref());
            if !self.loads.begin(&load, &owner, lease).await? {
                return Err(LoadError::Busy);
            }
            load
        };
        if load.state != LoadState::Running {
            self.loads.end_turn(kind, arrival.load.as_str()).await?;
            self.loads.keep(&load, &owner, None).await?;
            return self.settled(&arrival.key, load).await;
        }
        let mut hands = Hands {
            load,
            owner,
            whole: true,
            kept: None,
            form: None,
            renewed: now,
            until,
        };
        let end = match broken {
            Some(error) => Err(error),
            None => self.steps(&mut hands, file, exists).await,
        };
        let end = match end {
            Err(LoadError::FileChanged) => Ok(Err(unusable(
                "file_changed",
                "the file was replaced before it was read to its end; drop it again",
            ))),
            Err(LoadError::Unusable(failure)) => Ok(Err(failure)),
            Err(error) => Err(error),
            Ok(Step::Away | Step::On) => {
                self.loads.keep(&hands.load, &hands.owner, None).await?;
                return Ok(Progress::GoesOn);
            }
            Ok(Step::End(state)) => Ok(Ok(state)),
        };
        match end {
            Ok(end) => self
                .end(&arrival.key, hands, end)
                .await
                .map(|load| Progress::Ended(Box::new(load))),
            Err(error) => {
                // Should these fail, they end by themselves.
                let _ = self.loads.keep(&hands.load, &hands.owner, None).await;
                if hands.load.work.chunks <= 1 {
                    let _ = self.loads.end_turn(kind, arrival.load.as_str()).await;
                }
                Err(error)
            }
        }
    }

    /// From step to step until the load ends, or others go on with it.
    async fn steps(
        &self,
        hands: &mut Hands,
        mut file: Option<ExportFile>,
        resumed: bool,
    ) -> Result<Step, LoadError> {
        if hands.load.version.is_empty() {
            return Err(LoadError::failed(
                "file_missing",
                "the file was gone before it could be read",
            ));
        }
        loop {
            let pointer = self.publications.pointer(hands.load.kind).await?;
            if pointer.published.is_of(&hands.load.id) {
                // Its rows were shown just before it was stopped, and its counts were kept just
                // before that.
                return Ok(Step::End(LoadState::Published));
            }
            let step = match hands.load.work.phase {
                Phase::Plan => self.plan(hands, pointer, &mut file).await?,
                Phase::Count | Phase::Apply => match self.stage(&hands.load, pointer) {
                    None => return Ok(Step::End(self.given_up(hands))),
                    Some(stage) if hands.load.work.chunks == 1 => {
                        self.alone(hands, &stage, file.take(), resumed).await?
                    }
                    Some(stage) => self.together(hands, &stage).await?,
                },
            };
            match step {
                Step::On => {}
                step => return Ok(step),
            }
        }
    }

    /// Works off the only chunk, and closes the phase.
    async fn alone(
        &self,
        hands: &mut Hands,
        stage: &Stage,
        file: Option<ExportFile>,
        resumed: bool,
    ) -> Result<Step, LoadError> {
        let (id, phase, now) = (
            hands.load.id.clone(),
            hands.load.work.phase,
            self.clock.now(),
        );
        let mut chunk = Chunk::new(0, Place::START, None, now);
        if resumed {
            match self
                .loads
                .take_chunk(&id, phase, 0, &hands.owner, now, now)
                .await?
            {
                Taken::Mine(there) => {
                    hands.load.work.kept = true;
                    chunk = *there;
                }
                Taken::Done => {
                    hands.load.work.kept = true;
                    let chunks = self.loads.chunks(&id, phase, now).await?;
                    let chunks: Vec<Chunk> = chunks.into_iter().map(|(chunk, _)| chunk).collect();
                    return self.close(hands, stage, &chunks, None).await;
                }
                Taken::Missing => {}
                Taken::Busy => return Err(LoadError::Busy),
            }
        }
        // What was closed of a pass that is not done, or was kept by nobody, is closed again.
        hands.load.work.closing = Closing::default();
        let opened = self.opened(hands, (chunk.at, None), file).await?;
        let layout = opened.layout.clone();
        if phase == Phase::Count {
            for warning in &opened.header.warnings {
                if !hands.load.warnings.contains(warning) {
                    hands.load.warnings.push(warning.clone());
                }
            }
        }
        let applied = (!hands.load.work.outdated).then_some(stage);
        match self.pass(hands, &mut chunk, applied, opened).await? {
            Passed::Stopped => {
                let key = export_key(&hands.load)?;
                self.queue.enqueue(&key, &id, &[], 0).await?;
                Ok(Step::Away)
            }
            // What was never laid down stays in memory.
            Passed::Done(gathered) if chunk.identity_parts == 0 && chunk.reject_parts == 0 => {
                self.close(hands, stage, &[chunk], Some((gathered, layout)))
                    .await
            }
            Passed::Done(mut gathered) => {
                self.checkpoint(hands, &mut chunk, &mut gathered, true)
                    .await?;
                self.close(hands, stage, &[chunk], None).await
            }
        }
    }

    /// Closes the phase once all chunks are done; before that it tells of those that nobody has.
    async fn together(&self, hands: &mut Hands, stage: &Stage) -> Result<Step, LoadError> {
        let chunks = self
            .loads
            .chunks(&hands.load.id, hands.load.work.phase, self.clock.now())
            .await?;
        let open = |(chunk, taken): &&(Chunk, bool)| !chunk.done && !taken;
        if chunks.iter().all(|(chunk, _)| chunk.done) {
            let chunks: Vec<Chunk> = chunks.into_iter().map(|(chunk, _)| chunk).collect();
            // A chunk that cannot be read to its end says why when it is read again.
            return self.close(hands, stage, &chunks, None).await;
        }
        let free: Vec<u32> = chunks
            .iter()
            .filter(open)
            .map(|(chunk, _)| chunk.number)
            .collect();
        if !free.is_empty() {
            let key = export_key(&hands.load)?;
            self.queue.enqueue(&key, &hands.load.id, &free, 0).await?;
        }
        Ok(Step::Away)
    }

    pub(super) fn guard(&self, kind: LoadKind) -> Guard {
        self.guards.get(&kind).copied().unwrap_or_default()
    }
}

fn unusable(code: &'static str, message: &str) -> LoadFailure {
    LoadFailure {
        code: code.into(),
        message: message.to_owned(),
    }
}
