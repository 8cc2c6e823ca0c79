//! The ledger of reservations: every one that the ERP may hold is noted here first, so that none can be forgotten.

use std::sync::Arc;

use domain::ids::CartId;
use domain::time::Timestamp;

use crate::failure::Failure;
use crate::ports::Clock;
use crate::ports::carts::{Carts, LedgerEntry};
use crate::ports::erp::{CallContext, ErpCheckout, ErpError};

/// Milliseconds kept between two calls to the ERP and the end of the run.
const MARGIN_MS: i64 = 5_000;

/// Releases reservations.
pub struct Reservations {
    /// The ledger.
    pub carts: Arc<dyn Carts>,
    /// The ERP.
    pub erp: Arc<dyn ErpCheckout>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

impl Reservations {
    /// Notes that the ERP will be asked to set stock aside for `cart`.
    ///
    /// # Errors
    /// [`Failure::Store`]; the ERP must not be asked then.
    pub async fn note(&self, cart: &CartId, expires_at: Timestamp, revision: String) -> Result<LedgerEntry, Failure> {
        let entry = LedgerEntry { cart: cart.clone(), expires_at, revision };
        self.carts.note_reservation(&entry).await?;
        Ok(entry)
    }

    /// Releases the reservation of `cart`, if there may be one. What cannot be released now stays in the ledger, and
    /// `reconcile` releases it when it is over.
    pub async fn release(&self, context: &CallContext, cart: &CartId) {
        let released = match self.carts.reservation(cart).await {
            Ok(None) => Ok(()),
            Ok(Some(entry)) => self.release_entry(context, &entry).await,
            Err(error) => Err(error.into()),
        };
        if let Err(error) = released {
            tracing::warn!(%error, cart.id = %cart, "a reservation could not be released now");
        }
    }

    /// Releases the reservation that `noted` stands for, unless somebody prepares the same cart anew by now: the
    /// reservation is theirs then.
    pub async fn release_own(&self, context: &CallContext, noted: &LedgerEntry) {
        match self.carts.reservation(&noted.cart).await {
            Ok(Some(entry)) if entry.revision == noted.revision => self.release(context, &noted.cart).await,
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, cart.id = %noted.cart, "a reservation could not be released now"),
        }
    }

    /// Releases what an entry stands for.
    ///
    /// # Errors
    /// [`Failure::Erp`] or [`Failure::Store`]; the entry stays.
    pub async fn release_entry(&self, context: &CallContext, entry: &LedgerEntry) -> Result<(), Failure> {
        match self.erp.cancel(context, entry.cart.as_str()).await {
            // An ERP that does not know the reservation has nothing to release.
            Ok(()) | Err(ErpError::Refused { .. }) => Ok(self.carts.forget_reservation(entry).await?),
            Err(error) => Err(error.into()),
        }
    }

    /// Releases the reservations that are over, as many as there is time for. Returns how many.
    ///
    /// # Errors
    /// [`Failure::Store`] when the ledger cannot be read.
    pub async fn release_due(&self, context: &CallContext, limit: usize) -> Result<usize, Failure> {
        let mut released = 0;
        for entry in self.carts.due_reservations(self.clock.now(), limit).await? {
            if context.deadline.millis_since(self.clock.now()) < MARGIN_MS {
                break;
            }
            match self.release_entry(context, &entry).await {
                Ok(()) => released += 1,
                Err(error) => tracing::warn!(%error, cart.id = %entry.cart, "a reservation could not be released"),
            }
        }
        Ok(released)
    }
}
