//! The end of a load: its last word, and the removal of what it kept while it ran.

use domain::load::{Chunk, ExportKey, Load, LoadFailure, LoadState, Phase, Work};

use super::hands::{Hands, LEASE_SECONDS};
use super::kinds::Rows;
use super::parts::Parts;
use super::run::{LoadError, Loader, Progress};

impl<R: Rows> Loader<R> {
    /// Makes sure that nothing is left of the work on a load that ended.
    pub(super) async fn settled(
        &self,
        key: &ExportKey,
        mut load: Load,
    ) -> Result<Progress, LoadError> {
        if load.work.chunks > 0 {
            let owner = self.ids.mint();
            let now = self.clock.now();
            let claimed = self
                .loads
                .claim(&load.id, &owner, now, now.plus_seconds(LEASE_SECONDS))
                .await?;
            load = claimed.ok_or(LoadError::Busy)?;
            if load.state != LoadState::Running {
                self.clean(key, &mut load, &owner).await?;
            }
        }
        if load.state != LoadState::Running {
            // Whoever ended it may have been stopped just before.
            self.loads.end_turn(load.kind, load.id.as_str()).await?;
        }
        Ok(Progress::Ended(Box::new(load)))
    }

    /// Ends a load: in its state, or as failed.
    pub(super) async fn end(
        &self,
        key: &ExportKey,
        hands: Hands,
        end: Result<LoadState, LoadFailure>,
    ) -> Result<Load, LoadError> {
        let Hands {
            mut load, owner, ..
        } = hands;
        match end {
            Ok(state) => load.state = state,
            Err(failure) => {
                load.state = LoadState::Failed;
                load.failure = Some(failure);
            }
        }
        self.warn_of_unresolved(&mut load).await?;
        load.updated_at = self.clock.now();
        load.finished_at = load.state.is_final().then_some(load.updated_at);
        let left = load.work.chunks > 1 || load.work.kept;
        if !left {
            load.work = Work::default();
        }
        self.files.report(&key.report(&load.id), &load).await?;
        let until = left.then(|| self.clock.now().plus_seconds(LEASE_SECONDS));
        if !self.loads.keep(&load, &owner, until).await? {
            return Err(LoadError::Lost);
        }
        if left {
            self.clean(key, &mut load, &owner).await?;
        }
        self.loads.end_turn(load.kind, load.id.as_str()).await?;
        Ok(load)
    }

    /// Removes what a load kept while it ran.
    async fn clean(&self, key: &ExportKey, load: &mut Load, owner: &str) -> Result<(), LoadError> {
        let parts = Parts {
            files: self.files.as_ref(),
            key,
            load: &load.id,
        };
        for phase in [Phase::Count, Phase::Apply] {
            let chunks = self.loads.chunks(&load.id, phase, self.clock.now()).await?;
            let chunks: Vec<Chunk> = chunks.into_iter().map(|(chunk, _)| chunk).collect();
            parts.remove(&chunks).await?;
            let numbers: Vec<u32> = chunks.iter().map(|chunk| chunk.number).collect();
            self.loads.forget(&load.id, phase, &numbers).await?;
        }
        load.work = Work::default();
        self.loads.keep(load, owner, None).await?;
        Ok(())
    }
}
