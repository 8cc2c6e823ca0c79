//! What operators see of loads, and decide about them: release a held load, or roll a load back.

use std::sync::Arc;

use domain::caller::Operator;
use domain::ids::LoadId;
use domain::load::{
    CatalogVersions, ExportKey, Load, LoadState, Phase, Split, VersionError, Warning, Work,
};
use domain::time::Timestamp;

use super::finish::Total;
use super::lease::Leases;
use crate::error::UseCaseError;
use crate::ports::{
    Clock, Cursor, ExportFiles, Ids, LeaseUpdate, LoadFilter, LoadQueue, LoadStore, Page,
    VersionStore,
};

/// Lists, releases and rolls back loads.
pub struct LoadOperator {
    /// The loads and their chunks.
    pub loads: Arc<dyn LoadStore>,
    /// The versions of the catalog's kinds.
    pub versions: Arc<dyn VersionStore>,
    /// The reports of loads.
    pub files: Arc<dyn ExportFiles>,
    /// The queues of the load functions.
    pub queue: Arc<dyn LoadQueue>,
    /// The clock of leases.
    pub clock: Arc<dyn Clock>,
    /// Mints the owners of leases.
    pub ids: Arc<dyn Ids>,
}

impl LoadOperator {
    /// At most `limit` loads, the newest first.
    ///
    /// # Errors
    /// [`UseCaseError::Store`] if the store failed.
    pub async fn list(
        &self,
        _: &Operator,
        filter: LoadFilter,
        limit: usize,
        cursor: Option<&Cursor>,
    ) -> Result<Page<Load>, UseCaseError> {
        let mut page = self.loads.loads(filter, limit, cursor).await?;
        for load in &mut page.items {
            self.add_progress_of_chunks(load).await?;
        }
        Ok(page)
    }

    /// One load.
    ///
    /// # Errors
    /// [`UseCaseError::NotFound`] if the load is not stored.
    pub async fn get(&self, _: &Operator, id: &LoadId) -> Result<Load, UseCaseError> {
        let mut load = self.find(id).await?;
        self.add_progress_of_chunks(&mut load).await?;
        Ok(load)
    }

    /// Releases a held load: a snapshot of the catalog is published at once, the rows of any other
    /// file are applied as soon as its function runs.
    ///
    /// # Errors
    /// [`UseCaseError::NotFound`] if the load is not stored, [`UseCaseError::AlreadyDecided`] if it
    /// is not held, [`UseCaseError::Contention`] while another load of the kind runs.
    pub async fn release(&self, _: &Operator, id: &LoadId) -> Result<Load, UseCaseError> {
        let load = self.find(id).await?;
        if load.released && load.state == LoadState::Running {
            // Its message may be lost. A second one does no harm.
            self.enqueue(&load).await?;
            return Ok(load);
        }
        if load.state != LoadState::Held {
            return Err(UseCaseError::AlreadyDecided);
        }
        self.with_lease(&load, async |load, owner| {
            self.release_held(load, owner).await
        })
        .await
    }

    async fn release_held(&self, mut load: Load, owner: &str) -> Result<Load, UseCaseError> {
        if load.state != LoadState::Held {
            return Err(UseCaseError::AlreadyDecided);
        }
        load.released = true;
        load.updated_at = self.clock.now();
        if load.is_versioned() {
            self.change_versions(&load, |versions| versions.publish(&load.id))
                .await?;
            load.state = LoadState::Published;
            load.finished_at = Some(load.updated_at);
            self.save(&load, owner).await?;
        } else {
            // It is measured once more, because other files may have come since. This time
            // guardrails do not hold it.
            load.state = LoadState::Running;
            load.work = Work::default();
            self.save(&load, owner).await?;
            // The function can start only while the kind is not locked.
            self.loads.unlock_kind(load.kind, owner).await?;
            self.enqueue(&load).await?;
        }
        Ok(load)
    }

    /// Drops a held load, or rolls a published snapshot of the catalog back: readers see the
    /// version before it again at once, without the deltas that came since then.
    ///
    /// # Errors
    /// [`UseCaseError::NotFound`] if the load is not stored, [`UseCaseError::AlreadyDecided`] if it
    /// is neither held nor the published snapshot with a previous version,
    /// [`UseCaseError::Contention`] while another load of the kind runs.
    pub async fn roll_back(&self, _: &Operator, id: &LoadId) -> Result<Load, UseCaseError> {
        let load = self.find(id).await?;
        self.with_lease(&load, async |mut load, owner| {
            match load.state {
                LoadState::Held => {}
                LoadState::Published if load.is_versioned() => {}
                LoadState::Running
                | LoadState::Published
                | LoadState::Failed
                | LoadState::Superseded => {
                    return Err(UseCaseError::AlreadyDecided);
                }
            }
            if load.is_versioned() {
                self.change_versions(&load, |versions| versions.roll_back(&load.id))
                    .await?;
            }
            load.state = LoadState::Superseded;
            load.warnings.push(Warning {
                code: "rolled_back".into(),
                message: "an operator rolled this load back: nothing of it is in effect".to_owned(),
            });
            load.updated_at = self.clock.now();
            load.finished_at = Some(load.updated_at);
            self.save(&load, owner).await?;
            Ok(load)
        })
        .await
    }

    /// Decides on a load under its lease, while no other load of its kind runs.
    async fn with_lease(
        &self,
        load: &Load,
        decide: impl AsyncFnOnce(Load, &str) -> Result<Load, UseCaseError>,
    ) -> Result<Load, UseCaseError> {
        let owner = self.ids.mint();
        let leases = Leases {
            loads: self.loads.as_ref(),
            clock: self.clock.as_ref(),
        };
        let request = leases.request(&owner);
        if !self.loads.lock_kind(load.kind, request).await? {
            return Err(UseCaseError::Contention);
        }
        let decided = match self.loads.claim(&load.id, request).await? {
            None => Err(UseCaseError::Contention),
            Some(claimed) => {
                let decided = decide(claimed.clone(), &owner).await;
                if decided.is_err() {
                    let release = LeaseUpdate::Release { owner: &owner };
                    self.loads.save(&claimed, release).await?;
                }
                decided
            }
        };
        let unlocked = self.loads.unlock_kind(load.kind, &owner).await;
        let load = decided?;
        unlocked?;
        Ok(load)
    }

    async fn change_versions(
        &self,
        load: &Load,
        change: impl FnOnce(&CatalogVersions) -> Result<CatalogVersions, VersionError>,
    ) -> Result<(), UseCaseError> {
        let versions = self.versions.versions(load.kind).await?;
        let next = change(&versions).map_err(|_| UseCaseError::AlreadyDecided)?;
        if next == versions
            || self
                .versions
                .replace(load.kind, versions.revision, &next)
                .await?
        {
            return Ok(());
        }
        Err(UseCaseError::Contention)
    }

    /// Writes the report again, saves the load and releases it.
    async fn save(&self, load: &Load, owner: &str) -> Result<(), UseCaseError> {
        self.files
            .report(&export_key(load)?.report(&load.id), load)
            .await
            .map_err(|error| UseCaseError::Internal(error.to_string()))?;
        if self
            .loads
            .save(load, LeaseUpdate::Release { owner })
            .await?
        {
            Ok(())
        } else {
            Err(UseCaseError::Contention)
        }
    }

    async fn enqueue(&self, load: &Load) -> Result<(), UseCaseError> {
        Ok(self
            .queue
            .enqueue(&export_key(load)?, &load.id, &[], 0)
            .await?)
    }

    async fn find(&self, id: &LoadId) -> Result<Load, UseCaseError> {
        self.loads.load(id).await?.ok_or(UseCaseError::NotFound)
    }

    /// Adds the checkpoints of the chunks of a running load, which the load itself does not hold.
    async fn add_progress_of_chunks(&self, load: &mut Load) -> Result<(), UseCaseError> {
        let phase = load.work.phase;
        let parallel = matches!(load.work.split, Split::Parallel(_));
        if load.state != LoadState::Running || !parallel || phase == Phase::Plan {
            return Ok(());
        }
        let chunks = self.loads.chunks(&load.id, phase, load.updated_at).await?;
        let chunks = || chunks.iter().map(|status| &status.chunk);
        let total = Total::of(chunks());
        load.bytes_read = total.bytes_read;
        if phase == Phase::Measure {
            load.counts = total.counts;
            load.first_reasons = total.first_reasons;
        }
        load.updated_at = chunks()
            .map(|chunk| chunk.updated_at)
            .fold(load.updated_at, Timestamp::max);
        Ok(())
    }
}

fn export_key(load: &Load) -> Result<ExportKey, UseCaseError> {
    ExportKey::parse(&load.key).map_err(|error| UseCaseError::Internal(error.to_string()))
}
