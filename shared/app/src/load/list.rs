//! What operators see of the loads.

use std::sync::Arc;

use domain::caller::{Caller, Role};
use domain::ids::LoadId;
use domain::load::Load;

use crate::Failure;
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
    /// [`Failure::Forbidden`] for anyone but an operator.
    pub async fn list(
        &self,
        caller: &Caller,
        filter: LoadFilter,
        limit: usize,
        cursor: Option<&Cursor>,
    ) -> Result<Page<Load>, Failure> {
        ensure_operator(caller)?;
        Ok(self.loads.loads(filter, limit, cursor).await?)
    }

    /// One load.
    ///
    /// # Errors
    /// [`Failure::Forbidden`] for anyone but an operator, [`Failure::NotFound`] when there is no such load.
    pub async fn get(&self, caller: &Caller, id: &LoadId) -> Result<Load, Failure> {
        ensure_operator(caller)?;
        self.loads.load(id).await?.ok_or(Failure::NotFound)
    }
}

fn ensure_operator(caller: &Caller) -> Result<(), Failure> {
    if caller.is(Role::Operator) { Ok(()) } else { Err(Failure::Forbidden) }
}
