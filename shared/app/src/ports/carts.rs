//! Carts and the ledger of reservations.

use async_trait::async_trait;
use domain::caller::Customer;
use domain::cart::Cart;
use domain::ids::CartId;
use domain::time::Timestamp;

use super::StoreError;

/// Whether a conditional write took place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Written {
    /// It did.
    Done,
    /// Somebody else was faster; nothing was written.
    Conflict,
}

/// A reservation in the ERP that somebody has to release if nobody orders it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    /// The cart; the reference of the reservation.
    pub cart: CartId,
    /// When the reservation ends.
    pub expires_at: Timestamp,
    /// Tells one entry of a cart from the next: whoever removes one names it.
    pub revision: String,
}

/// Keeps carts. A cart that is not written for its time to live is gone.
#[async_trait]
pub trait Carts: Send + Sync {
    /// The cart with this id, whoever it belongs to.
    async fn cart(&self, id: &CartId, now: Timestamp) -> Result<Option<Cart>, StoreError>;

    /// The id of the customer's current cart.
    async fn current(&self, customer: &Customer, now: Timestamp) -> Result<Option<CartId>, StoreError>;

    /// Writes a new cart and makes it the customer's current one, in one step.
    async fn create(&self, cart: &Cart, keep_until: Timestamp) -> Result<(), StoreError>;

    /// Writes a cart, if the stored one still has version `expected`.
    async fn put(&self, cart: &Cart, expected: u64, keep_until: Timestamp) -> Result<Written, StoreError>;

    /// Removes a cart, if it still has version `expected`, and with it the customer's current cart.
    async fn delete(&self, cart: &Cart, expected: u64) -> Result<Written, StoreError>;

    /// Notes a reservation **before** the ERP is asked for it; replaces the cart's earlier entry.
    async fn note_reservation(&self, entry: &LedgerEntry) -> Result<(), StoreError>;

    /// The cart's entry.
    async fn reservation(&self, cart: &CartId) -> Result<Option<LedgerEntry>, StoreError>;

    /// Removes an entry after the ERP released it; leaves a newer entry of the same cart alone.
    async fn forget_reservation(&self, entry: &LedgerEntry) -> Result<(), StoreError>;

    /// Entries that ended before `now`, oldest first, at most `limit`.
    async fn due_reservations(&self, now: Timestamp, limit: usize) -> Result<Vec<LedgerEntry>, StoreError>;
}
