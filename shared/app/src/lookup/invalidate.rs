//! Invalidation: an operator hides cached entries at once, for example after a price change in the
//! ERP that cannot wait.

use std::sync::Arc;

use domain::caller::Caller;
use domain::ids::StoreId;

use crate::error::{UseCaseError, ensure_operator};
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
    /// [`UseCaseError::Forbidden`] for callers who are not operators; [`UseCaseError::Store`].
    pub async fn run(&self, caller: &Caller, what: &Invalidation) -> Result<(), UseCaseError> {
        ensure_operator(caller)?;
        let now = self.clock.now();
        self.cache
            .invalidate(&self.store, what, now, now.plus_seconds(-REMEMBER_SECONDS))
            .await?;
        Ok(())
    }
}
