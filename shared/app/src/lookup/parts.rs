//! What every lookup works with.

use std::sync::Arc;

use domain::freshness::{Freshness, Source};
use domain::ids::StoreId;

use super::declared::Declared;
use super::often::Often;
use crate::ports::erp::{CallContext, ErpCapabilities};
use crate::ports::lookups::Lookups;
use crate::ports::{Background, Clock, Ids, Metrics};

/// The longest that a call is given which makes an instance ready, in milliseconds.
const WARMING_MS: i64 = 1_000;

/// What every lookup works with. Cheap to clone; clones share what the instance remembers.
#[derive(Clone)]
pub struct LookupDeps {
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
    /// How often this instance was asked for what is near its end.
    pub(super) often: Arc<Often>,
    /// What renews it.
    pub(super) background: Option<Arc<dyn Background>>,
    /// What counts the values that are shown.
    metrics: Option<Arc<dyn Metrics>>,
}

impl LookupDeps {
    /// Over a cache, for one store of one ERP.
    #[must_use]
    pub fn new(
        erp: Arc<dyn ErpCapabilities>,
        cache: Arc<dyn Lookups>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        store: StoreId,
    ) -> Self {
        let declared = Arc::new(Declared::new(
            erp,
            cache.clone(),
            clock.clone(),
            store.clone(),
        ));
        Self {
            declared,
            cache,
            clock,
            ids,
            store,
            often: Arc::default(),
            background: None,
            metrics: None,
        }
    }

    /// With what renews entries that are asked for often before they end, so that nobody waits for
    /// it.
    #[must_use]
    pub fn renewing(mut self, background: Arc<dyn Background>) -> Self {
        self.background = Some(background);
        self
    }

    /// With what counts the values that are shown.
    #[must_use]
    pub fn measured(mut self, by: Arc<dyn Metrics>) -> Self {
        self.metrics = Some(by);
        self
    }

    /// Counts values that are shown. What is missing is no value.
    pub(super) fn shown<'a>(&self, values: impl Iterator<Item = &'a Freshness>) {
        let Some(metrics) = &self.metrics else {
            return;
        };
        let (mut shown, mut stale) = (0_usize, 0_usize);
        for freshness in values.filter(|freshness| freshness.source != Source::None) {
            shown = shown.saturating_add(1);
            stale = stale.saturating_add(usize::from(freshness.stale));
        }
        metrics.shown(shown, stale);
    }

    /// How a renewal on behalf of a request calls the ERP: within the time of one call, and of the
    /// request.
    pub(super) fn renewal(&self, context: &CallContext) -> CallContext {
        let end = self.clock.now().plus_millis(self.declared.lease_ms());
        CallContext {
            deadline: end.min(context.deadline),
            ..context.clone()
        }
    }

    /// Makes a new instance ready for its first request: what the ERP declares, from the table as a
    /// rule, and a connection to the ERP. What fails is left to the first request.
    pub async fn warm(&self) {
        let deadline = self.clock.now().plus_millis(WARMING_MS);
        let context = CallContext {
            deadline,
            correlation_id: format!("warm-up-{}", self.ids.mint()),
        };
        let (declared, reached) =
            futures::join!(self.declared.get(&context), self.declared.reach(&context));
        if let Err(error) = declared.and(reached) {
            tracing::info!(%error, "the ERP could not be reached while the function started");
        }
    }
}
