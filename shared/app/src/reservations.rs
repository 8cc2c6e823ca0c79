//! The ledger of reservations: each one is written here before the ERP is asked for it, so that none
//! can be lost.
//!
//! An entry has the revision of the preparation that it belongs to, and the request that works on it
//! holds it for a while: two preparations of one cart, or a preparation and a release, never call the
//! ERP at the same time.

use std::sync::Arc;

use domain::ids::CartId;

use crate::error::UseCaseError;
use crate::ports::carts::{Carts, LedgerEntry, Written};
use crate::ports::erp::{CallContext, ErpCheckout, ErpError};
use crate::ports::{Clock, StoreError};

/// Milliseconds that must be left before another call to the ERP.
const MARGIN_MS: i64 = 5_000;

/// The ERP's code for a reservation that it does not have.
pub(crate) const NOT_THERE: &str = "not_found";

/// Notes and releases reservations.
pub struct Reservations {
    /// The ledger.
    pub carts: Arc<dyn Carts>,
    /// The ERP.
    pub erp: Arc<dyn ErpCheckout>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

impl Reservations {
    /// Notes that the ERP will be asked to reserve stock for a cart of version `version`, and holds
    /// the entry until the request's deadline. It replaces the entry with revision `replaces`, or one
    /// that no request holds.
    ///
    /// # Errors
    /// [`UseCaseError::Contention`] while another request prepares or releases the same cart, or if
    /// the cart was written since it was read; [`UseCaseError::Store`]. The ERP must not be asked then.
    pub async fn note(
        &self,
        entry: &LedgerEntry,
        version: u64,
        replaces: Option<&str>,
    ) -> Result<(), UseCaseError> {
        match self
            .carts
            .note_reservation(entry, version, replaces, self.clock.now())
            .await?
        {
            Written::Done => Ok(()),
            Written::Conflict => Err(UseCaseError::Contention),
        }
    }

    /// Releases the reservation of `revision`. One that cannot be released now stays in the ledger,
    /// and `reconcile` releases it when it expires.
    pub async fn release(&self, context: &CallContext, cart: &CartId, revision: &str) {
        if let Err(error) = self.try_release(context, cart, revision).await {
            tracing::warn!(%error, cart.id = %cart, "a reservation could not be released now");
        }
    }

    /// Releases the reservation of `revision`. If the entry is gone or has another revision, nothing
    /// happens.
    ///
    /// # Errors
    /// [`UseCaseError::Erp`] or [`UseCaseError::Store`]; the entry stays.
    async fn try_release(
        &self,
        context: &CallContext,
        cart: &CartId,
        revision: &str,
    ) -> Result<(), UseCaseError> {
        match self
            .carts
            .hold_reservation(cart, revision, context.deadline)
            .await?
        {
            Written::Conflict => return Ok(()),
            Written::Done => {}
        }
        match self.erp.cancel(context, cart.as_str()).await {
            Ok(()) => {}
            Err(ErpError::Refused { code, .. }) if code == NOT_THERE => {}
            Err(error) => return Err(error.into()),
        }
        Ok(self.carts.forget_reservation(cart, revision).await?)
    }

    /// Releases expired reservations while time is left. Returns how many it released.
    ///
    /// # Errors
    /// [`UseCaseError::Store`] if the ledger cannot be read.
    pub async fn release_due(
        &self,
        context: &CallContext,
        limit: usize,
    ) -> Result<usize, UseCaseError> {
        let due: Result<_, StoreError> = self.carts.due_reservations(self.clock.now(), limit).await;
        let mut released = 0;
        for entry in due? {
            if context.deadline.millis_since(self.clock.now()) < MARGIN_MS {
                break;
            }
            match self
                .try_release(context, &entry.cart, &entry.revision)
                .await
            {
                Ok(()) => released += 1,
                Err(error) => {
                    tracing::warn!(%error, cart.id = %entry.cart, "a reservation could not be released")
                }
            }
        }
        Ok(released)
    }
}
