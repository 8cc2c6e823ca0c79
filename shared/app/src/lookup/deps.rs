//! What every lookup works with.

use std::sync::Arc;

use domain::freshness::{Freshness, ValueSource};
use domain::ids::StoreId;

use super::capabilities::CapabilitiesCache;
use super::hot_keys::HotKeys;
use crate::ports::erp::{CallContext, ErpCapabilities};
use crate::ports::lookups::Lookups;
use crate::ports::{Background, Clock, Ids, Metrics};

/// The longest that a warm-up call may take, in milliseconds.
const WARM_UP_MS: i64 = 1_000;

/// What every lookup works with. Cheap to clone; clones share what the instance remembers.
#[derive(Clone)]
pub struct LookupDeps {
    pub(super) capabilities: Arc<CapabilitiesCache>,
    pub(super) cache: Arc<dyn Lookups>,
    pub(super) clock: Arc<dyn Clock>,
    /// Creates owners of leases, and jitter.
    pub(super) ids: Arc<dyn Ids>,
    pub(super) store: StoreId,
    pub(super) hot_keys: Arc<HotKeys>,
    /// Runs refreshes after the response; without it there are none.
    pub(super) background: Option<Arc<dyn Background>>,
    metrics: Option<Arc<dyn Metrics>>,
}

impl LookupDeps {
    /// Lookups in one store of one ERP.
    #[must_use]
    pub fn new(
        erp: Arc<dyn ErpCapabilities>,
        cache: Arc<dyn Lookups>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        store: StoreId,
    ) -> Self {
        let capabilities = Arc::new(CapabilitiesCache::new(
            erp,
            cache.clone(),
            clock.clone(),
            store.clone(),
        ));
        Self {
            capabilities,
            cache,
            clock,
            ids,
            store,
            hot_keys: Arc::default(),
            background: None,
            metrics: None,
        }
    }

    /// Refreshes hot entries ahead of their end, after the response to a request.
    #[must_use]
    pub fn refreshing_ahead(mut self, background: Arc<dyn Background>) -> Self {
        self.background = Some(background);
        self
    }

    /// Counts the values that are served.
    #[must_use]
    pub fn with_metrics(mut self, metrics: Arc<dyn Metrics>) -> Self {
        self.metrics = Some(metrics);
        self
    }

    /// A refresh may take as long as one call, and no longer than the request that caused it.
    pub(super) fn refresh_context(&self, context: &CallContext) -> CallContext {
        let end = self.clock.now().plus_millis(self.capabilities.lease_ms());
        CallContext {
            deadline: end.min(context.deadline),
            ..context.clone()
        }
    }

    /// Counts the values that are served. A missing one is not a value.
    pub(super) fn count_served<'a>(&self, values: impl Iterator<Item = &'a Freshness>) {
        let Some(metrics) = &self.metrics else {
            return;
        };
        let (mut served, mut stale) = (0_usize, 0_usize);
        for freshness in values.filter(|freshness| freshness.source != ValueSource::None) {
            served = served.saturating_add(1);
            stale = stale.saturating_add(usize::from(freshness.stale));
        }
        metrics.values_served(served, stale);
    }

    /// Prepares a new instance for its first request: loads the ERP's capabilities, usually from
    /// the table, and opens a connection to the ERP. If this fails, the first request does it.
    pub async fn warm_up(&self) {
        let deadline = self.clock.now().plus_millis(WARM_UP_MS);
        let context = CallContext {
            deadline,
            correlation_id: format!("warm-up-{}", self.ids.mint()),
        };
        let (loaded, connected) = futures::join!(
            self.capabilities.get(&context),
            self.capabilities.connect(&context)
        );
        if let Err(error) = loaded.and(connected) {
            tracing::info!(%error, "the ERP could not be reached while the function started");
        }
    }
}
