//! The load of one file, with flat memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::ids::LoadId;
use domain::load::{ExportKey, Guard, Load, LoadFailure, LoadKind, LoadMode, LoadState, Pointer, Sequence, Warning};
use domain::time::Timestamp;

use super::kinds::Rows;
use super::pass::{Opened, Work};
use super::seen::Seen;
use crate::ports::{
    Clock, ExportFile, ExportFiles, FilesError, Ids, LoadStore, Publications, RowWriter, Stage, StoreError,
};

/// Progress is kept at most this often.
const PROGRESS_MILLIS: i64 = 1000;
/// How long a turn lasts without a sign of life. Longer than the longest call of a store with all its repetitions, so that
/// whoever lost the turn no longer writes.
pub(super) const TURN_SECONDS: i64 = 180;
/// A turn is prolonged at most this often.
const PROLONG_MILLIS: i64 = 20_000;

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
    /// Another load of the kind runs.
    #[error("another load of this kind runs")]
    Busy,
    /// The turn went to another load, because this one showed no sign of life for too long.
    #[error("the turn was lost to another load")]
    TurnLost,
    /// The file was replaced while it was read.
    #[error("the file was replaced while it was read")]
    FileChanged,
    /// The file became unusable while it was read again.
    #[error("the file cannot be used any more: {}", .0.message)]
    Unusable(LoadFailure),
}

impl From<LoadFailure> for LoadError {
    fn from(failure: LoadFailure) -> Self {
        Self::Unusable(failure)
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
    /// The guardrails of each kind; the default ones for a kind that is not here.
    pub guards: BTreeMap<LoadKind, Guard>,
    /// What a compressed file may unpack to, in bytes.
    pub max_unpacked_bytes: u64,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Tells this run from others.
    pub ids: Arc<dyn Ids>,
}

/// The turn of a kind, in the hands of one run.
pub(super) struct Turn {
    owner: String,
    prolonged: Timestamp,
}

impl<R: Rows> Loader<R> {
    /// Whether the file is of a kind that is loaded here.
    #[must_use]
    pub fn takes(&self, key: &ExportKey) -> bool {
        R::fields(key.kind()).is_some()
    }

    /// Loads a file to its end, unless that was done before. A bad row is refused and the others apply; a file that
    /// cannot be used at all makes a load that is [`LoadState::Failed`]; one that a guardrail stops is [`LoadState::Held`].
    ///
    /// # Errors
    /// [`LoadError::Busy`] when another load of the kind runs: the same arrival is to be handled again later.
    /// [`LoadError`] when store or files failed. The load stays [`LoadState::Running`] then, and the same arrival handled
    /// again begins anew: rows that took effect already are unchanged in the second run.
    pub async fn run(&self, arrival: &Arrival) -> Result<Load, LoadError> {
        if let Some(load) = self.settled(arrival).await? {
            return Ok(load);
        }
        let (kind, now) = (arrival.key.kind(), self.clock.now());
        let mut turn = Turn { owner: self.ids.mint(), prolonged: now };
        if !self.loads.take_turn(kind, &turn.owner, now, now.plus_seconds(TURN_SECONDS)).await? {
            return Err(LoadError::Busy);
        }
        let end = self.in_turn(arrival, &mut turn).await;
        // Should this fail, the turn ends by itself.
        let ended = self.loads.end_turn(kind, &turn.owner).await;
        let load = end?;
        ended?;
        Ok(load)
    }

    /// The load, if there is nothing to do for it.
    async fn settled(&self, arrival: &Arrival) -> Result<Option<Load>, StoreError> {
        let load = self.loads.load(&arrival.load).await?;
        Ok(load.filter(|load| load.state != LoadState::Running))
    }

    async fn in_turn(&self, arrival: &Arrival, turn: &mut Turn) -> Result<Load, LoadError> {
        let before = self.loads.load(&arrival.load).await?;
        if let Some(load) = before.as_ref().filter(|load| load.state != LoadState::Running) {
            return Ok(load.clone());
        }
        if let Some(load) = before.as_ref()
            && self.publications.pointer(load.kind).await?.published.is_of(&load.id)
        {
            // Its rows were shown just before it was stopped, and its counts were kept just before that.
            return self.end(arrival, load.clone(), Ok(LoadState::Published)).await;
        }
        let file = self.files.open(arrival.key.as_str()).await?;
        let mut load = self.begin(arrival, file.as_ref(), before.as_ref());
        self.loads.put(&load).await?;
        let end = match file {
            None => Err(unusable("file_missing", "the file was gone before it could be read")),
            Some(_) if arrival.key.format().is_none() => Err(unusable(
                "format",
                "files of this format cannot be read; drop a .csv, .ndjson or .xml file, plain or packed as .gz or .zst",
            )),
            // What a person released is what was held, and nothing else.
            Some(file) if load.released && before.is_some_and(|before| before.version != file.version) => {
                Err(unusable("file_changed", "the file was replaced after it was held; drop it again"))
            }
            Some(file) => match self.apply(&arrival.key, &mut load, file, turn).await {
                Err(LoadError::FileChanged) => {
                    Err(unusable("file_changed", "the file was replaced while it was read; drop it again"))
                }
                Err(LoadError::Unusable(failure)) => Err(failure),
                end => Ok(end?),
            },
        };
        self.end(arrival, load, end).await
    }

    async fn end(
        &self,
        arrival: &Arrival,
        mut load: Load,
        end: Result<LoadState, LoadFailure>,
    ) -> Result<Load, LoadError> {
        match end {
            Ok(state) => load.state = state,
            Err(failure) => {
                load.state = LoadState::Failed;
                load.failure = Some(failure);
            }
        }
        load.updated_at = self.clock.now();
        load.finished_at = load.state.is_final().then_some(load.updated_at);
        self.files.report(&arrival.key.report(&load.id), &load).await?;
        self.loads.put(&load).await?;
        Ok(load)
    }

    fn begin(&self, arrival: &Arrival, file: Option<&ExportFile>, before: Option<&Load>) -> Load {
        let now = self.clock.now();
        Load {
            id: arrival.load.clone(),
            kind: arrival.key.kind(),
            mode: arrival.key.mode(),
            key: arrival.key.as_str().to_owned(),
            version: file.map(|file| file.version.clone()).unwrap_or_default(),
            sequence: arrival.key.sequence(file.map_or(now, |file| file.last_modified)),
            state: LoadState::Running,
            counts: Default::default(),
            bytes: file.map_or(0, |file| file.bytes),
            bytes_read: 0,
            first_reasons: Vec::new(),
            warnings: Vec::new(),
            held_for: before.map(|before| before.held_for.clone()).unwrap_or_default(),
            released: before.is_some_and(|before| before.released),
            removed: 0,
            failure: None,
            started_at: before.map_or(now, |before| before.started_at),
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
        turn: &mut Turn,
    ) -> Result<LoadState, LoadError> {
        let mut opened = self.opened(load, file).await??;
        load.warnings.clone_from(&opened.header.warnings);
        load.warnings.extend(self.doubt(load));
        let pointer = self.publications.pointer(load.kind).await?;
        let begun = pointer.begun(load.sequence, &load.id);
        let prepared = R::PREPARED && load.mode == LoadMode::Snapshot;
        if pointer.outdates(load.sequence) || prepared && begun.is_err() {
            self.pass(key, load, &mut opened, Work::Outdated, turn, None).await?;
            return Ok(LoadState::Superseded);
        }
        match begun {
            Ok(begun) if prepared => self.prepare(key, load, opened, (pointer, begun), turn).await,
            _ => self.direct(key, load, opened, pointer, turn).await,
        }
    }

    /// What an ERP team should know of a file that loads all the same.
    fn doubt(&self, load: &Load) -> Option<Warning> {
        let tomorrow = Sequence::from(self.clock.now().plus_seconds(TOMORROW_SECONDS));
        let message = "the timestamp in the name is in the future: files with earlier ones change none of these rows";
        (load.sequence > tomorrow).then(|| Warning { code: "sequence_in_future".into(), message: message.to_owned() })
    }

    /// Writes a snapshot beside what readers see, and shows it.
    async fn prepare(
        &self,
        key: &ExportKey,
        load: &mut Load,
        mut opened: Opened,
        (before, pointer): (Pointer, Pointer),
        turn: &mut Turn,
    ) -> Result<LoadState, LoadError> {
        self.replace(load.kind, &before, &pointer).await?;
        if let Some(dropped) = before.pending.as_ref().filter(|pending| !pending.is_of(&load.id)) {
            self.supersede(dropped.load.as_ref()).await?;
        }
        let generation = pointer.pending.as_ref().map(|pending| pending.generation);
        let stage = stage(load, pointer.clone(), generation, true);
        let mut seen = Seen::all();
        let mut measured = self.pass(key, load, &mut opened, Work::Stage(&stage), turn, Some(&mut seen)).await?;
        self.sweep(load, &stage, (seen, &opened.profile), turn, &mut measured).await?;
        if self.is_held(load, &measured) {
            return Ok(LoadState::Held);
        }
        // Whoever lost the turn must not show anything.
        self.prolong(load, turn).await?;
        self.loads.put(load).await?;
        let published = pointer.publish(&load.id).map_err(|_| LoadError::TurnLost)?;
        self.replace(load.kind, &pointer, &published).await?;
        Ok(LoadState::Published)
    }

    /// Lets each row take effect by itself, once the first pass found nothing that holds the load.
    async fn direct(
        &self,
        key: &ExportKey,
        load: &mut Load,
        mut opened: Opened,
        pointer: Pointer,
        turn: &mut Turn,
    ) -> Result<LoadState, LoadError> {
        let snapshot = load.mode == LoadMode::Snapshot;
        for writes in [false, true] {
            if load.released && !writes {
                continue;
            }
            let stage = stage(load, pointer.clone(), None, writes);
            let mut seen = snapshot.then(Seen::all);
            let mut measured = self.pass(key, load, &mut opened, Work::Stage(&stage), turn, seen.as_mut()).await?;
            if let Some(seen) = seen {
                self.sweep(load, &stage, (seen, &opened.profile), turn, &mut measured).await?;
            }
            if !writes {
                if self.is_held(load, &measured) {
                    return Ok(LoadState::Held);
                }
                opened = self.reopened(load, &opened.profile).await?;
            }
        }
        if snapshot {
            self.loads.put(load).await?;
            let next = pointer.begun(load.sequence, &load.id).and_then(|begun| begun.publish(&load.id));
            self.replace(load.kind, &pointer, &next.map_err(|_| LoadError::TurnLost)?).await?;
        }
        Ok(LoadState::Published)
    }

    fn is_held(&self, load: &mut Load, measured: &domain::load::Measured) -> bool {
        if load.released {
            return false;
        }
        load.held_for = self.guard(load.kind).holds(measured);
        !load.held_for.is_empty()
    }

    async fn replace(&self, kind: LoadKind, from: &Pointer, to: &Pointer) -> Result<(), LoadError> {
        let unchanged = from == to;
        if unchanged || self.publications.replace(kind, from.revision, to).await? {
            return Ok(());
        }
        Err(LoadError::TurnLost)
    }

    /// Notes at a held load that a newer snapshot took its place.
    async fn supersede(&self, id: Option<&LoadId>) -> Result<(), LoadError> {
        let Some(id) = id else { return Ok(()) };
        let Some(mut load) = self.loads.load(id).await?.filter(|load| !load.state.is_final()) else { return Ok(()) };
        load.state = LoadState::Superseded;
        load.warnings.push(Warning {
            code: "superseded".into(),
            message: "a newer snapshot arrived before this one was released".to_owned(),
        });
        load.updated_at = self.clock.now();
        load.finished_at = Some(load.updated_at);
        Ok(self.loads.put(&load).await?)
    }

    pub(super) async fn keep_progress(&self, load: &mut Load, turn: &mut Turn) -> Result<(), LoadError> {
        let now = self.clock.now();
        if now.millis_since(turn.prolonged) >= PROLONG_MILLIS {
            self.prolong(load, turn).await?;
        }
        if now.millis_since(load.updated_at) < PROGRESS_MILLIS {
            return Ok(());
        }
        load.updated_at = now;
        Ok(self.loads.put(load).await?)
    }

    async fn prolong(&self, load: &Load, turn: &mut Turn) -> Result<(), LoadError> {
        let now = self.clock.now();
        let kept = self.loads.take_turn(load.kind, &turn.owner, now, now.plus_seconds(TURN_SECONDS)).await?;
        turn.prolonged = now;
        if kept { Ok(()) } else { Err(LoadError::TurnLost) }
    }
}

fn stage(load: &Load, pointer: Pointer, generation: Option<u64>, writes: bool) -> Stage {
    Stage { kind: load.kind, mode: load.mode, sequence: load.sequence, pointer, generation, writes }
}

fn unusable(code: &'static str, message: &str) -> LoadFailure {
    LoadFailure { code: code.into(), message: message.to_owned() }
}
