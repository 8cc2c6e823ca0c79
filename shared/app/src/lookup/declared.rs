//! What the ERP declares that it can do, remembered well enough to outlive its outages.
//!
//! Without the capabilities no price can be found even in the cache, for they say what its key is
//! made of. So they are kept in the table too, where an instance that starts during an outage finds
//! them.

use std::sync::{Arc, Mutex, PoisonError};

use domain::ids::StoreId;
use domain::time::Timestamp;

use crate::ports::Clock;
use crate::ports::erp::{CallContext, Capabilities, ErpCapabilities, ErpError};
use crate::ports::lookups::Lookups;

/// How long a declaration is taken for granted, in milliseconds.
const KEEP_MS: i64 = 300_000;
/// How long after a failed attempt the ERP is left in peace with the question, in milliseconds.
const RETRY_MS: i64 = 30_000;
/// The longest that a request waits for a new declaration while there is an old one, in
/// milliseconds.
const PATIENCE_MS: i64 = 1_500;

/// What a lease lasts longer than the call that it is for, in milliseconds.
const MARGIN_MS: i64 = 2_000;

#[derive(Clone)]
struct Known {
    capabilities: Capabilities,
    /// When to ask again.
    due: Timestamp,
}

/// What the ERP declares.
pub(super) struct Declared {
    erp: Arc<dyn ErpCapabilities>,
    kept: Arc<dyn Lookups>,
    clock: Arc<dyn Clock>,
    store: StoreId,
    known: Mutex<Option<Known>>,
    /// Held by the one request of this instance that finds out what it does not know. Holds when
    /// and how the last one failed: those who waited for it share that, or they would fail one
    /// after the other.
    first: tokio::sync::Mutex<Option<(Timestamp, ErpError)>>,
}

impl Declared {
    pub(super) fn new(
        erp: Arc<dyn ErpCapabilities>,
        kept: Arc<dyn Lookups>,
        clock: Arc<dyn Clock>,
        store: StoreId,
    ) -> Self {
        Self {
            erp,
            kept,
            clock,
            store,
            known: Mutex::new(None),
            first: tokio::sync::Mutex::new(None),
        }
    }

    /// How long a lease must run, in milliseconds: the time of one call, and a little to keep the
    /// answer.
    pub(super) fn lease_ms(&self) -> i64 {
        self.erp.lookup_limit_ms().saturating_add(MARGIN_MS)
    }

    /// Opens a connection to the ERP.
    ///
    /// # Errors
    /// [`ErpError`] when it cannot be reached.
    pub(super) async fn reach(&self, context: &CallContext) -> Result<(), ErpError> {
        self.erp.reach(context).await
    }

    /// The capabilities: what this instance remembers, else what the table holds, else what the ERP
    /// says. What is older than some minutes is asked again, and stands when the ERP does not
    /// answer.
    ///
    /// # Errors
    /// [`ErpError`] when the ERP does not say and never said before.
    pub(super) async fn get(&self, context: &CallContext) -> Result<Capabilities, ErpError> {
        let start = self.clock.now();
        let mut held = None;
        let known = match self.remembered() {
            Some(known) => Some(known),
            None => {
                let failed = self.first.lock().await;
                let known = match (self.remembered(), &*failed) {
                    (Some(known), _) => Some(known),
                    (None, Some((at, error))) if *at >= start => return Err(error.clone()),
                    (None, _) => self.find().await,
                };
                held = Some(failed);
                known
            }
        };
        let now = self.clock.now();
        let (old, patience) = match known {
            Some(known) if now < known.due => return Ok(known.capabilities),
            Some(known) => (
                Some(known.capabilities),
                now.plus_millis(PATIENCE_MS).min(context.deadline),
            ),
            None => (None, context.deadline),
        };
        // Taken for granted at once, so that of many requests in this instance only one asks.
        if let Some(old) = &old {
            self.remember(old.clone(), now.plus_millis(RETRY_MS));
        }
        let context = CallContext {
            deadline: patience,
            ..context.clone()
        };
        let error = match self.erp.capabilities(&context).await {
            Ok(capabilities) => {
                self.remember(capabilities.clone(), now.plus_millis(KEEP_MS));
                drop(held);
                if let Err(error) = self
                    .kept
                    .cache_capabilities(&self.store, &capabilities, now)
                    .await
                {
                    tracing::warn!(%error, "the ERP's capabilities were not kept");
                }
                return Ok(capabilities);
            }
            Err(error) => error,
        };
        match old {
            Some(old) => {
                tracing::warn!(%error, "the ERP did not enqueue its capabilities; the last known ones stand");
                Ok(old)
            }
            None => {
                if let Some(mut failed) = held {
                    *failed = Some((self.clock.now(), error.clone()));
                }
                Err(error)
            }
        }
    }

    /// The capabilities that were declared before, without a call to the ERP.
    pub(super) async fn known(&self) -> Option<Capabilities> {
        match self.remembered() {
            Some(known) => Some(known.capabilities),
            None => self.find().await.map(|known| known.capabilities),
        }
    }

    async fn find(&self) -> Option<Known> {
        match self.kept.declared(&self.store).await {
            Ok(found) => {
                let (capabilities, at) = found?;
                let due = at.plus_millis(KEEP_MS);
                self.remember(capabilities.clone(), due);
                Some(Known { capabilities, due })
            }
            Err(error) => {
                tracing::warn!(%error, "the kept capabilities could not be read");
                None
            }
        }
    }

    fn remembered(&self) -> Option<Known> {
        self.known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn remember(&self, capabilities: Capabilities, due: Timestamp) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(Known { capabilities, due });
    }
}
