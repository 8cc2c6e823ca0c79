//! The ERP's capabilities, cached in the instance and in the table so that they outlive outages.
//!
//! Without the capabilities no price can be found even in the cache, because they decide what a
//! price key consists of. An instance that starts during an outage reads them from the table.
//!
//! 1. An instance that remembers them uses them. Its first request reads the table, while the
//!    others wait for it.
//! 2. Capabilities older than [`VALID_MS`] are declared again by the ERP. One request asks; the
//!    others meanwhile use the old ones.
//! 3. If the ERP does not answer, the old ones stay valid for another [`RETRY_MS`].

use std::sync::{Arc, Mutex, PoisonError};

use domain::ids::StoreId;
use domain::time::Timestamp;

use crate::ports::Clock;
use crate::ports::erp::{CallContext, Capabilities, ErpCapabilities, ErpError};
use crate::ports::lookups::{CachedCapabilities, Lookups};

/// How long capabilities are used without asking the ERP again, in milliseconds.
const VALID_MS: i64 = 300_000;
/// How long after a failed attempt the ERP is not asked again, in milliseconds.
const RETRY_MS: i64 = 30_000;
/// The longest that a request waits for new capabilities if it has old ones, in milliseconds.
const PATIENCE_MS: i64 = 1_500;

/// How much longer a lease lasts than the call it is for, in milliseconds: the time to cache the
/// answer.
const LEASE_MARGIN_MS: i64 = 2_000;

#[derive(Clone)]
struct Remembered {
    capabilities: Capabilities,
    /// When to ask the ERP again.
    ask_at: Timestamp,
}

/// How the last attempt of a first request failed.
struct FirstFailure {
    at: Timestamp,
    error: ErpError,
}

/// Capabilities, and whether the ERP has just declared them.
enum Current {
    Known(Capabilities),
    Declared(CachedCapabilities),
}

pub(super) struct CapabilitiesCache {
    erp: Arc<dyn ErpCapabilities>,
    table: Arc<dyn Lookups>,
    clock: Arc<dyn Clock>,
    store: StoreId,
    remembered: Mutex<Option<Remembered>>,
    /// Held by the request of this instance that finds out what the instance does not remember.
    /// Those that waited for it share its failure, else they would fail one after the other.
    first_request: tokio::sync::Mutex<Option<FirstFailure>>,
}

impl CapabilitiesCache {
    pub(super) fn new(
        erp: Arc<dyn ErpCapabilities>,
        table: Arc<dyn Lookups>,
        clock: Arc<dyn Clock>,
        store: StoreId,
    ) -> Self {
        Self {
            erp,
            table,
            clock,
            store,
            remembered: Mutex::new(None),
            first_request: tokio::sync::Mutex::new(None),
        }
    }

    /// How long a lease must run, in milliseconds: one call, and the time to cache its answer.
    pub(super) fn lease_ms(&self) -> i64 {
        self.erp.lookup_limit_ms().saturating_add(LEASE_MARGIN_MS)
    }

    /// Opens a connection to the ERP.
    pub(super) async fn connect(&self, context: &CallContext) -> Result<(), ErpError> {
        self.erp.reach(context).await
    }

    /// The capabilities: remembered, from the table, or declared by the ERP.
    ///
    /// # Errors
    /// [`ErpError`] if the ERP does not declare them and never did before.
    pub(super) async fn get(&self, context: &CallContext) -> Result<Capabilities, ErpError> {
        match self.current(context).await? {
            Current::Known(capabilities) => Ok(capabilities),
            Current::Declared(declared) => {
                let cached = self.table.cache_capabilities(&self.store, &declared).await;
                if let Err(error) = cached {
                    tracing::warn!(%error, "the ERP's capabilities could not be cached");
                }
                Ok(declared.capabilities)
            }
        }
    }

    /// The capabilities that were declared before, without a call to the ERP.
    pub(super) async fn known(&self) -> Option<Capabilities> {
        match self.remembered() {
            Some(known) => Some(known.capabilities),
            None => self.read_table().await.map(|known| known.capabilities),
        }
    }

    async fn current(&self, context: &CallContext) -> Result<Current, ErpError> {
        let started_at = self.clock.now();
        if let Some(known) = self.remembered() {
            return Ok(self.renewed_if_due(context, known).await);
        }
        let mut first_failure = self.first_request.lock().await;
        if let Some(known) = self.remembered() {
            return Ok(self.renewed_if_due(context, known).await);
        }
        if let Some(failure) = first_failure.as_ref().filter(|last| last.at >= started_at) {
            return Err(failure.error.clone());
        }
        if let Some(known) = self.read_table().await {
            return Ok(self.renewed_if_due(context, known).await);
        }
        self.ask_erp(context).await.inspect_err(|error| {
            *first_failure = Some(FirstFailure {
                at: self.clock.now(),
                error: error.clone(),
            });
        })
    }

    /// Asks the ERP again if these capabilities are old; keeps them if it does not answer.
    async fn renewed_if_due(&self, context: &CallContext, known: Remembered) -> Current {
        let now = self.clock.now();
        if now < known.ask_at {
            return Current::Known(known.capabilities);
        }
        // Valid again at once, so that of many requests in this instance only one asks.
        self.remember(known.capabilities.clone(), now.plus_millis(RETRY_MS));
        let context = CallContext {
            deadline: now.plus_millis(PATIENCE_MS).min(context.deadline),
            ..context.clone()
        };
        self.ask_erp(&context).await.unwrap_or_else(|error| {
            tracing::warn!(
                %error,
                "the ERP did not declare its capabilities; the last known ones are used"
            );
            Current::Known(known.capabilities)
        })
    }

    async fn ask_erp(&self, context: &CallContext) -> Result<Current, ErpError> {
        let declared_at = self.clock.now();
        let capabilities = self.erp.capabilities(context).await?;
        self.remember(capabilities.clone(), declared_at.plus_millis(VALID_MS));
        Ok(Current::Declared(CachedCapabilities {
            capabilities,
            declared_at,
        }))
    }

    async fn read_table(&self) -> Option<Remembered> {
        match self.table.capabilities(&self.store).await {
            Ok(cached) => {
                let cached = cached?;
                let ask_at = cached.declared_at.plus_millis(VALID_MS);
                self.remember(cached.capabilities.clone(), ask_at);
                Some(Remembered {
                    capabilities: cached.capabilities,
                    ask_at,
                })
            }
            Err(error) => {
                tracing::warn!(%error, "the cached capabilities could not be read");
                None
            }
        }
    }

    fn remembered(&self) -> Option<Remembered> {
        self.remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn remember(&self, capabilities: Capabilities, ask_at: Timestamp) {
        *self
            .remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(Remembered {
            capabilities,
            ask_at,
        });
    }
}
