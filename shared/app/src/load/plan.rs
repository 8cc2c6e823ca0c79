//! The beginning of a load: whether it has anything to say, and where its file can be cut.

use domain::load::{
    Chunk, Closing, Load, LoadMode, LoadState, Phase, Place, Pointer, Sequence, Warning, Work,
};
use futures::StreamExt;
use tabular::SplitFinder;

use super::hands::Hands;
use super::kinds::Rows;
use super::open::export_key;
use super::rows::place;
use super::run::{Arrival, LoadError, Loader, Step};
use crate::ports::{ExportFile, Stage};

/// Seconds ahead of the clock at which a sequence is in the future: more than time zones explain.
const TOMORROW_SECONDS: i64 = 86_400;
/// Most chunks of a file. Those of a larger file are larger.
const MOST_CHUNKS: u64 = 1000;

impl<R: Rows> Loader<R> {
    /// A load at its very beginning. `file` is its file, unless that is gone.
    pub(super) fn begun(&self, arrival: &Arrival, file: Option<&ExportFile>) -> Load {
        let now = self.clock.now();
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
            work: Work {
                declared: file.and_then(|file| file.declared_rows),
                ..Work::default()
            },
            started_at: now,
            updated_at: now,
            finished_at: None,
        }
    }

    /// Plans a load. Done again after an interruption it comes to the same.
    pub(super) async fn plan(
        &self,
        hands: &mut Hands,
        pointer: Pointer,
        file: &mut Option<ExportFile>,
    ) -> Result<Step, LoadError> {
        let form = self.form(hands).await?;
        let size = self
            .chunk_bytes
            .max(hands.load.bytes.div_ceil(MOST_CHUNKS))
            .max(1);
        let cut = form.splittable && hands.load.bytes > size;
        // A file in one piece is read once; one that is cut is looked at for its header, and then
        // for its rows.
        let opened = if cut {
            Some(
                self.opened(hands, (Place::START, None), file.take())
                    .await?,
            )
        } else {
            None
        };
        let warnings = opened
            .map(|opened| opened.header.warnings)
            .unwrap_or_default();
        hands.load.warnings = self
            .doubt(&hands.load)
            .into_iter()
            .chain(warnings)
            .collect();

        let begun = pointer.begun(hands.load.sequence, &hands.load.id);
        let prepared = is_prepared::<R>(&hands.load);
        hands.load.work.outdated =
            pointer.outdates(hands.load.sequence) || prepared && begun.is_err();
        if let (Ok(begun), true, false) = (&begun, prepared, hands.load.work.outdated) {
            if let Some(dropped) = pointer
                .pending
                .as_ref()
                .filter(|pending| !pending.is_of(&hands.load.id))
            {
                self.supersede(dropped.load.as_ref()).await?;
            }
            self.replace(&hands.load, &pointer, begun).await?;
        }

        // Asked before the load writes anything. One that was stopped before this was kept may find
        // rows of its own, and looks at all of them in the end. Only where rows are prepared:
        // others that come while this load stands still take what it will lack with them then, or
        // outdate it.
        let asks = prepared && !hands.load.work.outdated;
        hands.load.work.first = asks && self.rows.is_empty(hands.load.kind).await?;

        let chunks = if cut {
            self.cuts(hands, size).await?
        } else {
            Vec::new()
        };
        hands.load.work.phase = Phase::Count;
        hands.load.work.closing = Closing::default();
        hands.load.work.chunks = u32::try_from(chunks.len()).unwrap_or(u32::MAX).max(1);
        if chunks.len() < 2 {
            return Ok(Step::On);
        }
        self.loads
            .plan(&hands.load.id, Phase::Count, &chunks)
            .await?;
        self.keep(hands).await?;
        Ok(Step::On)
    }

    /// Where the file is cut.
    async fn cuts(&self, hands: &mut Hands, size: u64) -> Result<Vec<Chunk>, LoadError> {
        let form = self.form(hands).await?;
        let now = self.clock.now();
        let targets: Vec<u64> = (1..hands.load.bytes.div_ceil(size))
            .map(|number| number * size)
            .collect();
        let mut places = vec![Place::START];
        let mut found = |position| places.push(place(position));
        let mut finder = SplitFinder::new(&form.profile.framing(form.format), targets);
        let mut file = self.version(&hands.load, None).await?;
        // Nothing is done of the load so far but this.
        let nothing = Chunk::new(0, Place::START, None, now);
        while let Some(piece) = file.chunks.next().await {
            finder.feed(piece?, &mut found)?;
            self.renew(hands, &nothing).await?;
        }
        finder.end(&mut found)?;
        let ends = places
            .iter()
            .skip(1)
            .map(|place| Some(place.offset))
            .chain([None]);
        let numbered = (0_u32..).zip(places.iter().zip(ends));
        Ok(numbered
            .map(|(number, (from, to))| Chunk::new(number, *from, to, now))
            .collect())
    }

    /// What an ERP team should know of a file that loads all the same.
    fn doubt(&self, load: &Load) -> Option<Warning> {
        let tomorrow = Sequence::from(self.clock.now().plus_seconds(TOMORROW_SECONDS));
        let message = "the timestamp in the name is in the future: files with earlier ones change none of these rows";
        (load.sequence > tomorrow).then(|| Warning {
            code: "sequence_in_future".into(),
            message: message.to_owned(),
        })
    }

    /// What the rows of the phase are written as; none when another load took the place of this
    /// one.
    pub(super) fn stage(&self, load: &Load, pointer: Pointer) -> Option<Stage> {
        let (kind, mode, sequence) = (load.kind, load.mode, load.sequence);
        if load.work.outdated {
            return Some(Stage {
                kind,
                mode,
                sequence,
                pointer,
                generation: None,
                writes: false,
            });
        }
        if !is_prepared::<R>(load) {
            let writes = load.work.phase == Phase::Apply;
            let current = !pointer.outdates(sequence);
            return current.then_some(Stage {
                kind,
                mode,
                sequence,
                pointer,
                generation: None,
                writes,
            });
        }
        let pending = pointer
            .pending
            .as_ref()
            .filter(|pending| pending.is_of(&load.id));
        let generation = pending?.generation;
        Some(Stage {
            kind,
            mode,
            sequence,
            pointer,
            generation: Some(generation),
            writes: true,
        })
    }

    /// The end of a load whose place another one took while nobody was at it.
    pub(super) fn given_up(&self, hands: &mut Hands) -> LoadState {
        hands.load.warnings.push(superseded());
        LoadState::Superseded
    }

    pub(super) async fn replace(
        &self,
        load: &Load,
        from: &Pointer,
        to: &Pointer,
    ) -> Result<(), LoadError> {
        if from == to
            || self
                .publications
                .replace(load.kind, from.revision, to)
                .await?
        {
            return Ok(());
        }
        // Nobody moves the pointer of a kind without its turn, so this one was lost.
        Err(LoadError::Lost)
    }

    /// Notes at a held load that a newer snapshot took its place.
    async fn supersede(&self, id: Option<&domain::ids::LoadId>) -> Result<(), LoadError> {
        let Some(id) = id else { return Ok(()) };
        let (owner, now) = (self.ids.mint(), self.clock.now());
        let lease = now.plus_seconds(super::hands::LEASE_SECONDS);
        // One that is in somebody's hands finds it out by itself.
        let Some(mut load) = self.loads.claim(id, &owner, now, lease).await? else {
            return Ok(());
        };
        if load.state.is_final() {
            self.loads.keep(&load, &owner, None).await?;
            return Ok(());
        }
        load.state = LoadState::Superseded;
        load.warnings.push(superseded());
        load.updated_at = now;
        load.finished_at = Some(now);
        self.files
            .report(&export_key(&load)?.report(&load.id), &load)
            .await?;
        self.loads.keep(&load, &owner, None).await?;
        Ok(())
    }
}

/// Whether the rows are written beside what readers see.
pub(super) fn is_prepared<R: Rows>(load: &Load) -> bool {
    R::PREPARED && load.mode == LoadMode::Snapshot
}

fn superseded() -> Warning {
    Warning {
        code: "superseded".into(),
        message: "a newer snapshot took the place of this one".to_owned(),
    }
}
