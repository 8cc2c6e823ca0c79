//! Taking back what was kept, when somebody knows better: after a price change in the ERP that
//! cannot wait.

use std::sync::Arc;

use domain::caller::Operator;
use domain::ids::StoreId;

use crate::error::UseCaseError;
use crate::ports::Clock;
use crate::ports::lookups::{Invalidation, Lookups};

/// For how long an invalidation has to be remembered, in seconds: longer than any entry lives,
/// jitter included.
const REMEMBER_SECONDS: i64 = 2 * 86_400;

/// Invalidates entries of the cache.
pub struct Invalidate {
    /// The cache.
    pub cache: Arc<dyn Lookups>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Whose prices and availabilities.
    pub store: StoreId,
}

impl Invalidate {
    /// From now on nothing that the ERP said before is shown, not even as stale.
    ///
    /// # Errors
    /// [`UseCaseError::Store`].
    pub async fn run(&self, _: &Operator, what: &Invalidation) -> Result<(), UseCaseError> {
        let now = self.clock.now();
        self.cache
            .invalidate(&self.store, what, now, now.plus_seconds(-REMEMBER_SECONDS))
            .await?;
        Ok(())
    }
}
