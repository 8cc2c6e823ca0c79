//! One pass over a file: every row applied, or only measured, and counted once.

use domain::load::{Accepted, Counts, ExportKey, Guard, Load, LoadFailure, Measured};

use super::header::Header;
use super::kinds::Rows;
use super::profile::{self, MAX_PROFILE, Profile};
use super::rejects::Rejects;
use super::rows::{FileRows, Origins};
use super::run::{LoadError, Loader, Turn};
use super::seen::Seen;
use super::source::{RefusedFile, Source, Unpacker};
use crate::ports::{ExportFile, Outcome, Stage, StoreError};

/// A file whose header was read.
pub(super) struct Opened {
    pub rows: FileRows,
    pub header: Header,
    pub refused: RefusedFile,
    pub declared: Option<u64>,
    pub profile: Profile,
}

/// What the rows of a pass are for.
pub(super) enum Work<'a> {
    /// They are applied, or measured, as the stage says.
    Stage(&'a Stage),
    /// A newer snapshot was there first: they change nothing.
    Outdated,
}

impl<R: Rows> Loader<R> {
    /// Goes over the rows of an opened file. Rejects and reasons are written anew.
    pub(super) async fn pass(
        &self,
        key: &ExportKey,
        load: &mut Load,
        opened: &mut Opened,
        work: Work<'_>,
        turn: &mut Turn,
        mut seen: Option<&mut Seen>,
    ) -> Result<Measured, LoadError> {
        let guard = self.guard(load.kind);
        let Opened { rows: file, header, refused, declared, .. } = opened;
        let (kind, sequence) = (load.kind, load.sequence);
        let mut note = |row: &R| {
            if let Some(seen) = &mut seen {
                seen.note(self.rows.identity(row));
            }
        };
        let mut rejects = Rejects::new(key, &load.id, refused);
        let mut measured = Measured { declared: *declared, ..Measured::default() };
        load.counts = Counts::default();
        let mut batch = file.batch::<R>(kind, header, sequence, &mut rejects, &mut note).await?;
        loop {
            let (rows, origins) = batch.split();
            if rows.is_empty() && file.ended() {
                break;
            }
            // While the store works on this batch, the next one is read.
            let (outcomes, next) = futures::join!(
                self.outcomes(rows, &work),
                file.batch::<R>(kind, header, sequence, &mut rejects, &mut note),
            );
            count(&mut measured, outcomes?, &origins, &mut rejects, &guard);
            batch = next?;
            measured.counts.rejected = rejects.refused();
            take_over(load, &measured, file, &rejects);
            self.keep_progress(load, turn).await?;
            rejects.pass_on(self.files.as_ref()).await?;
        }
        measured.counts.rejected = rejects.refused();
        take_over(load, &measured, file, &rejects);
        rejects.finish(self.files.as_ref()).await?;
        Ok(measured)
    }

    async fn outcomes(&self, rows: Vec<Accepted<R>>, work: &Work<'_>) -> Result<Vec<Outcome>, StoreError> {
        match work {
            Work::Stage(stage) if !rows.is_empty() => self.rows.apply(rows, stage).await,
            Work::Stage(_) | Work::Outdated => Ok(vec![Outcome::Unchanged; rows.len()]),
        }
    }

    /// Takes away what the snapshot lacks, or only counts it, as the stage says. `seen` holds the rows of the pass before.
    pub(super) async fn sweep(
        &self,
        load: &mut Load,
        stage: &Stage,
        (mut seen, profile): (Seen, &Profile),
        turn: &mut Turn,
        measured: &mut Measured,
    ) -> Result<(), LoadError> {
        loop {
            seen.sort();
            let mut from = None;
            loop {
                let swept = self.rows.sweep(stage, &|identity| seen.has(identity), from.take()).await?;
                measured.there += swept.there;
                measured.removed += swept.removed;
                self.keep_progress(load, turn).await?;
                from = swept.next;
                if from.is_none() {
                    break;
                }
            }
            let Some(next) = seen.next_part() else { break };
            seen = next;
            self.collect(load, &mut seen, profile, turn).await?;
        }
        load.removed = measured.removed;
        Ok(())
    }

    /// Reads the file once more for the identities of one part of its rows.
    async fn collect(
        &self,
        load: &mut Load,
        seen: &mut Seen,
        profile: &Profile,
        turn: &mut Turn,
    ) -> Result<(), LoadError> {
        let mut opened = self.reopened(load, profile).await?;
        let key = ExportKey::parse(&load.key).map_err(|_| LoadError::FileChanged)?;
        // Its refused rows are known from the pass before.
        let mut rejects = Rejects::new(&key, &load.id, &opened.refused);
        loop {
            let mut note = |row: &R| seen.note(self.rows.identity(row));
            let (kind, sequence) = (load.kind, load.sequence);
            let batch = opened.rows.batch::<R>(kind, &opened.header, sequence, &mut rejects, &mut note).await?;
            if batch.rows.is_empty() && opened.rows.ended() {
                return Ok(());
            }
            rejects.forget();
            self.keep_progress(load, turn).await?;
        }
    }

    /// Reads the header.
    pub(super) async fn opened(&self, load: &Load, file: ExportFile) -> Result<Result<Opened, LoadFailure>, LoadError> {
        let declared = file.declared_rows;
        let Some(key) = ExportKey::parse(&load.key).ok() else { return Err(LoadError::FileChanged) };
        let (Some(format), compression) = (key.format(), key.compression()) else {
            return Err(LoadError::FileChanged);
        };
        let profile = match self.profile(&key).await? {
            Ok(profile) => profile,
            Err(failure) => return Ok(Err(failure)),
        };
        let unpacker = match Unpacker::new(compression, self.max_unpacked_bytes) {
            Ok(unpacker) => unpacker,
            Err(failure) => return Ok(Err(failure)),
        };
        let mut rows = FileRows::new(file, unpacker, Source::new(format, &profile));
        let header = rows.header::<R>(load.kind, load.mode, &profile).await?;
        Ok(header.map(|(header, refused)| Opened { rows, header, refused, declared, profile }))
    }

    /// Opens the file of a load once more. What came of it so far holds only if nothing changed.
    pub(super) async fn reopened(&self, load: &Load, profile: &Profile) -> Result<Opened, LoadError> {
        let file = self.files.open(&load.key).await?.filter(|file| file.version == load.version);
        let opened = self.opened(load, file.ok_or(LoadError::FileChanged)?).await??;
        if opened.profile == *profile {
            return Ok(opened);
        }
        let message = "the profile was changed while the file was loaded; drop the file again".to_owned();
        Err(LoadError::Unusable(LoadFailure { code: "profile_changed".into(), message }))
    }

    /// The profile of a file: its own, else that of its kind, else our own layout.
    async fn profile(&self, key: &ExportKey) -> Result<Result<Profile, LoadFailure>, LoadError> {
        for key in Profile::keys(key.as_str(), key.kind()) {
            match self.files.read(&key, MAX_PROFILE).await? {
                None => {}
                Some(text) if text.len() > MAX_PROFILE => {
                    return Ok(Err(profile::unusable(format!("{key} is larger than {MAX_PROFILE} bytes"))));
                }
                Some(text) => return Ok(Profile::parse(&text)),
            }
        }
        Ok(Ok(Profile::default()))
    }

    pub(super) fn guard(&self, kind: domain::load::LoadKind) -> Guard {
        self.guards.get(&kind).copied().unwrap_or_default()
    }
}

fn take_over(load: &mut Load, measured: &Measured, file: &FileRows, rejects: &Rejects) {
    load.counts = measured.counts;
    load.bytes_read = file.bytes_read;
    if load.first_reasons.len() != rejects.first().len() {
        load.first_reasons = rejects.first().to_vec();
    }
}

/// Counts each row once.
fn count(measured: &mut Measured, outcomes: Vec<Outcome>, origins: &Origins, rejects: &mut Rejects, guard: &Guard) {
    debug_assert_eq!(outcomes.len(), origins.len(), "one outcome for each row");
    for (index, outcome) in outcomes.into_iter().enumerate() {
        match outcome {
            Outcome::Applied(change) => {
                measured.counts.applied += 1;
                let jumps = change.is_some_and(|change| guard.is_jump(change.before, change.after));
                measured.jumps += u64::from(jumps);
            }
            Outcome::Unchanged => measured.counts.unchanged += 1,
            Outcome::Refused(problem) => origins.refuse(index, &problem, rejects),
        }
    }
}
