//! What operators see of the loads.

use std::sync::Arc;

use domain::caller::Operator;
use domain::ids::LoadId;
use domain::load::{Load, LoadState, Phase};
use domain::time::Timestamp;

use super::close::Total;
use crate::error::UseCaseError;
use crate::ports::{Cursor, LoadFilter, LoadStore, Page};

/// Lists loads for operators.
pub struct Loads {
    /// Where the loads are kept.
    pub loads: Arc<dyn LoadStore>,
}

impl Loads {
    /// At most `limit` loads, the newest first.
    ///
    /// # Errors
    /// [`UseCaseError::Store`].
    pub async fn list(
        &self,
        _: &Operator,
        filter: LoadFilter,
        limit: usize,
        cursor: Option<&Cursor>,
    ) -> Result<Page<Load>, UseCaseError> {
        let mut page = self.loads.loads(filter, limit, cursor).await?;
        for load in &mut page.items {
            self.look_closer(load).await?;
        }
        Ok(page)
    }

    /// One load.
    ///
    /// # Errors
    /// [`UseCaseError::NotFound`] when there is no
    /// such load.
    pub async fn get(&self, _: &Operator, id: &LoadId) -> Result<Load, UseCaseError> {
        let mut load = self.loads.load(id).await?.ok_or(UseCaseError::NotFound)?;
        self.look_closer(&mut load).await?;
        Ok(load)
    }

    /// How far the workers of a running load are, by the checkpoints of their chunks.
    async fn look_closer(&self, load: &mut Load) -> Result<(), UseCaseError> {
        let phase = load.work.phase;
        if load.state != LoadState::Running || load.work.chunks < 2 || phase == Phase::Plan {
            return Ok(());
        }
        let chunks = self.loads.chunks(&load.id, phase, load.updated_at).await?;
        let chunks: Vec<_> = chunks.into_iter().map(|(chunk, _)| chunk).collect();
        let total = Total::of(&chunks);
        load.bytes_read = total.bytes_read;
        if phase == Phase::Count {
            load.counts = total.counts;
            load.first_reasons = total.first_reasons;
        }
        load.updated_at = chunks
            .iter()
            .map(|chunk| chunk.updated_at)
            .fold(load.updated_at, Timestamp::max);
        Ok(())
    }
}
