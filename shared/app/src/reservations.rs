//! The ledger of reservations: every reservation that the ERP may have is recorded here first, so
//! that none is forgotten.
//!
//! An entry has the revision of its preparation, and the request that works on it holds it for a
//! limited time: two preparations of one cart, or a preparation and a release, never call the ERP
//! at the same time.

use std::sync::Arc;

use domain::ids::CartId;

use crate::error::UseCaseError;
use crate::ports::carts::{Carts, LedgerEntry, Written};
use crate::ports::erp::{CallContext, ErpCheckout, ErpError};
use crate::ports::{Clock, StoreError};

/// Milliseconds that must be left before the end of the run to release another reservation.
const MARGIN_MS: i64 = 5_000;

/// The ERP's code for a reservation that it does not have.
pub(crate) const NOT_THERE: &str = "not_found";

/// Records and releases reservations.
pub struct Reservations {
    pub carts: Arc<dyn Carts>,
    pub erp: Arc<dyn ErpCheckout>,
    pub clock: Arc<dyn Clock>,
}

impl Reservations {
    /// Records that the ERP will be asked to reserve stock for a cart of version `version`, and
    /// holds the entry until the request's deadline. It replaces the entry with revision
    /// `replaces`, or one that is not held.
    ///
    /// # Errors
    /// [`UseCaseError::Contention`] while another request prepares or releases the same cart, or if
    /// the cart was written since it was read; [`UseCaseError::Store`]. The ERP must not be asked
    /// then.
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

    /// Releases the reservation with this revision. If that fails, the entry stays in the ledger,
    /// and `reconcile` releases it after its end.
    pub async fn release(&self, context: &CallContext, cart: &CartId, revision: &str) {
        if let Err(error) = self.try_release(context, cart, revision).await {
            tracing::warn!(%error, cart.id = %cart, "a reservation could not be released now");
        }
    }

    /// Releases the reservation with this revision. Does nothing if the entry is gone or has
    /// another revision: then it belongs to another request.
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

    /// Releases reservations after their end, as many as time allows. Returns how many.
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
                    tracing::warn!(
                        %error, cart.id = %entry.cart,
                        "a reservation could not be released"
                    )
                }
            }
        }
        Ok(released)
    }
}
