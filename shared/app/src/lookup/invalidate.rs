//! Invalidation: an operator hides cached entries at once, for example after a price change in the
//! ERP that cannot wait.

use std::sync::Arc;

use domain::caller::Operator;
use domain::ids::StoreId;

use crate::error::UseCaseError;
use crate::ports::Clock;
use crate::ports::lookups::{Invalidation, Lookups};

/// How long an invalidation is remembered, in seconds: longer than any entry lives, jitter
/// included.
const REMEMBER_SECONDS: i64 = 2 * 86_400;

/// Invalidates entries of the cache.
pub struct Invalidate {
    pub cache: Arc<dyn Lookups>,
    pub clock: Arc<dyn Clock>,
    pub store: StoreId,
}

impl Invalidate {
    /// From now on no answer is served that the ERP gave before, not even as stale.
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
