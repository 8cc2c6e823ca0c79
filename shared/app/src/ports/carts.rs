//! Carts and the ledger of reservations.

use async_trait::async_trait;
use domain::caller::Customer;
use domain::cart::Cart;
use domain::ids::CartId;
use domain::time::Timestamp;

use super::StoreError;

/// Whether a conditional write took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Written {
    /// It did.
    Done,
    /// A concurrent request was faster; nothing was written.
    Conflict,
}

/// A reservation in the ERP that must be released unless it is ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    /// The cart; the reference of the reservation.
    pub cart: CartId,
    /// When the reservation ends.
    pub expires_at: Timestamp,
    /// Distinguishes one preparation of a cart from the next.
    pub revision: String,
    /// Until when a request holds it, so that no other request works on the same reservation.
    pub held_until: Timestamp,
}

/// Stores carts. A cart that is not written for its time to live expires.
#[async_trait]
pub trait Carts: Send + Sync {
    /// The cart with this id, of any customer.
    async fn cart(&self, id: &CartId, now: Timestamp) -> Result<Option<Cart>, StoreError>;

    /// The id of the customer's newest cart, which may be gone or submitted.
    async fn current(&self, customer: &Customer) -> Result<Option<CartId>, StoreError>;

    /// Writes a new cart and makes it the customer's current one, in one step.
    async fn create(&self, cart: &Cart, keep_until: Timestamp) -> Result<(), StoreError>;

    /// Writes a cart, if the stored one still has version `expected`.
    async fn put(
        &self,
        cart: &Cart,
        expected: u64,
        keep_until: Timestamp,
    ) -> Result<Written, StoreError>;

    /// Removes a cart, if it still has version `expected`, and with it the customer's current cart.
    async fn delete(&self, cart: &Cart, expected: u64) -> Result<Written, StoreError>;

    /// Records a reservation **before** the ERP is asked for it, if the cart still has version
    /// `version` and either no entry, or one with revision `replaces`, or one that is not held at
    /// `now`. So a cart that has become an order is left alone: its goods are the order's.
    async fn note_reservation(
        &self,
        entry: &LedgerEntry,
        version: u64,
        replaces: Option<&str>,
        now: Timestamp,
    ) -> Result<Written, StoreError>;

    /// Holds the cart's entry for the caller that releases it, if it still has this revision.
    async fn hold_reservation(
        &self,
        cart: &CartId,
        revision: &str,
        until: Timestamp,
    ) -> Result<Written, StoreError>;

    /// Removes the cart's entry after the ERP released it; leaves an entry of another revision
    /// alone.
    async fn forget_reservation(&self, cart: &CartId, revision: &str) -> Result<(), StoreError>;

    /// Entries that ended before `now`, oldest first, at most `limit`.
    async fn due_reservations(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<LedgerEntry>, StoreError>;
}
