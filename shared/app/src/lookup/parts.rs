//! What every lookup works with.

use std::sync::Arc;

use domain::ids::StoreId;

use super::declared::Declared;
use crate::ports::erp::ErpCapabilities;
use crate::ports::lookups::Lookups;
use crate::ports::{Clock, Ids};

/// What every lookup works with. Cheap to clone; clones share what the instance remembers.
#[derive(Clone)]
pub struct LookupParts {
    /// What the ERP can do.
    pub(super) declared: Arc<Declared>,
    /// The cache.
    pub(super) cache: Arc<dyn Lookups>,
    /// Time.
    pub(super) clock: Arc<dyn Clock>,
    /// Owners of leases, and jitter.
    pub(super) ids: Arc<dyn Ids>,
    /// The store that is asked for.
    pub(super) store: StoreId,
}

impl LookupParts {
    /// Over a cache, for one store of one ERP.
    #[must_use]
    pub fn new(
        erp: Arc<dyn ErpCapabilities>,
        cache: Arc<dyn Lookups>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        store: StoreId,
    ) -> Self {
        let declared = Arc::new(Declared::new(erp, cache.clone(), clock.clone(), store.clone()));
        Self { declared, cache, clock, ids, store }
    }
}
