//! What operators decide about loads: release what a guardrail holds, take a load back.

use std::sync::Arc;

use domain::caller::Operator;
use domain::ids::LoadId;
use domain::load::{ExportKey, Load, LoadKind, LoadState, Pointer, PointerError, Warning, Work};

use super::hands::LEASE_SECONDS;
use crate::error::UseCaseError;
use crate::ports::{Clock, ExportFiles, Ids, LoadQueue, LoadStore, Publications};

/// Releases and takes back loads.
pub struct Decisions {
    /// Where the loads are kept.
    pub loads: Arc<dyn LoadStore>,
    /// What readers see of the catalog's kinds.
    pub catalog: Arc<dyn Publications>,
    /// Where the reports are.
    pub files: Arc<dyn ExportFiles>,
    /// Wakes the load functions.
    pub queue: Arc<dyn LoadQueue>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Tells this decision from running loads.
    pub ids: Arc<dyn Ids>,
}

/// Whether the pointer of the kind decides what readers see of it.
fn is_prepared(load: &Load) -> bool {
    let catalog = match load.kind {
        LoadKind::Categories
        | LoadKind::Items
        | LoadKind::ItemDescriptions
        | LoadKind::ListPrices => true,
        LoadKind::Organizations | LoadKind::Users | LoadKind::Addresses => false,
    };
    catalog && load.mode == domain::load::LoadMode::Snapshot
}

impl Decisions {
    /// Lets a held load take effect: a snapshot of the catalog at once, any other file as soon as
    /// its function took it up.
    ///
    /// # Errors
    /// [`UseCaseError::NotFound`] when there is no
    /// such load, [`UseCaseError::AlreadyDecided`] when it is not held, [`UseCaseError::Contention`] while
    /// another load of the kind runs.
    pub async fn release(&self, _: &Operator, id: &LoadId) -> Result<Load, UseCaseError> {
        let load = self.found(id).await?;
        if load.released && load.state == LoadState::Running {
            // The queue may not have been told. Telling it again harms nothing.
            self.wake(&load).await?;
            return Ok(load);
        }
        if load.state != LoadState::Held {
            return Err(UseCaseError::AlreadyDecided);
        }
        self.in_hands(&load, async |mut load, owner| {
            if load.state != LoadState::Held {
                return Err(UseCaseError::AlreadyDecided);
            }
            load.released = true;
            load.updated_at = self.clock.now();
            if is_prepared(&load) {
                self.move_pointer(&load, |pointer| pointer.publish(&load.id))
                    .await?;
                load.state = LoadState::Published;
                load.finished_at = Some(load.updated_at);
                self.keep(&load, owner).await?;
            } else {
                // It is measured once more: other files may have come since. This time nothing
                // holds it.
                load.state = LoadState::Running;
                load.work = Work::default();
                self.keep(&load, owner).await?;
                // The turn must be free before the function is woken.
                self.loads.end_turn(load.kind, owner).await?;
                self.wake(&load).await?;
            }
            Ok(load)
        })
        .await
    }

    /// Drops a held load. Takes a published snapshot of the catalog back: what was there before it
    /// was published is there again at once. What deltas brought since then goes with it.
    ///
    /// # Errors
    /// [`UseCaseError::NotFound`] when there is no
    /// such load, [`UseCaseError::AlreadyDecided`] when it is neither held nor the published snapshot
    /// with a predecessor that can be brought back, [`UseCaseError::Contention`] while another load of
    /// the kind runs.
    pub async fn rollback(&self, _: &Operator, id: &LoadId) -> Result<Load, UseCaseError> {
        let load = self.found(id).await?;
        self.in_hands(&load, async |mut load, owner| {
            match load.state {
                LoadState::Held => {}
                LoadState::Published if is_prepared(&load) => {}
                LoadState::Running
                | LoadState::Published
                | LoadState::Failed
                | LoadState::Superseded => {
                    return Err(UseCaseError::AlreadyDecided);
                }
            }
            if is_prepared(&load) {
                self.move_pointer(&load, |pointer| pointer.rolled_back(&load.id))
                    .await?;
            }
            load.state = LoadState::Superseded;
            load.warnings.push(Warning {
                code: "rolled_back".into(),
                message: "an operator took this load back: nothing of it is in effect".to_owned(),
            });
            load.updated_at = self.clock.now();
            load.finished_at = Some(load.updated_at);
            self.keep(&load, owner).await?;
            Ok(load)
        })
        .await
    }

    async fn wake(&self, load: &Load) -> Result<(), UseCaseError> {
        let key = ExportKey::parse(&load.key)
            .map_err(|error| UseCaseError::Internal(error.to_string()))?;
        Ok(self.queue.enqueue(&key, &load.id, &[], 0).await?)
    }

    /// Writes the report anew, keeps the load and gives it back.
    async fn keep(&self, load: &Load, owner: &str) -> Result<(), UseCaseError> {
        let key = ExportKey::parse(&load.key)
            .map_err(|error| UseCaseError::Internal(error.to_string()))?;
        self.files
            .report(&key.report(&load.id), load)
            .await
            .map_err(|error| UseCaseError::Internal(error.to_string()))?;
        if self.loads.keep(load, owner, None).await? {
            Ok(())
        } else {
            Err(UseCaseError::Contention)
        }
    }

    async fn found(&self, id: &LoadId) -> Result<Load, UseCaseError> {
        self.loads.load(id).await?.ok_or(UseCaseError::NotFound)
    }

    /// Decides on a load that no worker has, while no other load of its kind runs.
    async fn in_hands(
        &self,
        load: &Load,
        decide: impl AsyncFnOnce(Load, &str) -> Result<Load, UseCaseError>,
    ) -> Result<Load, UseCaseError> {
        let (owner, now) = (self.ids.mint(), self.clock.now());
        let until = now.plus_seconds(LEASE_SECONDS);
        if !self.loads.take_turn(load.kind, &owner, now, until).await? {
            return Err(UseCaseError::Contention);
        }
        let end = match self.loads.claim(&load.id, &owner, now, until).await? {
            None => Err(UseCaseError::Contention),
            Some(claimed) => {
                let end = decide(claimed.clone(), &owner).await;
                if end.is_err() {
                    self.loads.keep(&claimed, &owner, None).await?;
                }
                end
            }
        };
        let ended = self.loads.end_turn(load.kind, &owner).await;
        let load = end?;
        ended?;
        Ok(load)
    }

    async fn move_pointer(
        &self,
        load: &Load,
        moved: impl FnOnce(&Pointer) -> Result<Pointer, PointerError>,
    ) -> Result<(), UseCaseError> {
        let pointer = self.catalog.pointer(load.kind).await?;
        let next = moved(&pointer).map_err(|_| UseCaseError::AlreadyDecided)?;
        if next == pointer
            || self
                .catalog
                .replace(load.kind, pointer.revision, &next)
                .await?
        {
            return Ok(());
        }
        Err(UseCaseError::Contention)
    }
}
