//! The cache of prices and availabilities.

use async_trait::async_trait;
use domain::availability::Availability;
use domain::caller::Customer;
use domain::freshness::{Absence, Reason};
use domain::ids::{LocationId, OrganizationId, Sku, StoreId, Unit};
use domain::money::Currency;
use domain::price::{OfferPrice, PriceScope};
use domain::quantity::Quantity;
use domain::time::Timestamp;

use super::StoreError;
use super::erp::Capabilities;

/// Every input of an offer price. Two callers whose answers may differ never share a key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PriceKey {
    /// The store.
    pub store: StoreId,
    /// Whose price it is.
    pub customer: Customer,
    /// Whether the user is part of the key, as the ERP declares.
    pub per_user: bool,
    /// The currency.
    pub currency: Currency,
    /// The item.
    pub sku: Sku,
    /// The unit.
    pub unit: Unit,
    /// The quantity; none for an entry with quantity breaks, which holds for all.
    pub quantity: Option<Quantity>,
}

impl PriceKey {
    /// Whether `scope` puts the user into the key.
    #[must_use]
    pub fn per_user(scope: PriceScope) -> bool {
        match scope {
            PriceScope::User => true,
            PriceScope::Organization => false,
        }
    }
}

/// Every input of an availability. It is nobody's secret, so no customer stands in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AvailabilityKey {
    /// The store.
    pub store: StoreId,
    /// The item.
    pub sku: Sku,
    /// The place; none = the online store's total.
    pub location: Option<LocationId>,
}

/// A cached price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceEntry {
    /// The ERP's offer, or its word that there is none.
    pub offer: Result<OfferPrice, Absence>,
    /// When the ERP said so.
    pub as_of: Timestamp,
    /// Soft limit.
    pub fresh_until: Timestamp,
    /// Hard limit; the store may drop the entry after it, and nobody serves it.
    pub expires_at: Timestamp,
}

/// A cached availability. Its soft limit depends on the quantity asked for, so it is not stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvailabilityEntry {
    /// What the ERP said, or its word that there is nothing to say.
    pub availability: Result<Availability, Absence>,
    /// When the ERP said so.
    pub as_of: Timestamp,
    /// How much longer or shorter than the rule says it is fresh, in thousandths: entries written
    /// together must not expire together.
    pub spread: i16,
    /// Hard limit.
    pub expires_at: Timestamp,
}

/// What an entry is kept under.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LookupKey {
    /// A price.
    Price(PriceKey),
    /// An availability.
    Availability(AvailabilityKey),
}

/// What stands under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot<E> {
    /// The answer, if there is a readable one that was not invalidated.
    pub entry: Option<E>,
    /// The state of the record, whatever is in it; none when there is no record. Whoever takes a
    /// lease names what was seen, so that an answer which arrived in between is noticed.
    pub revision: Option<String>,
    /// Until when somebody is asking the ERP for it.
    pub leased_until: Option<Timestamp>,
    /// When the last attempt to ask the ERP came to nothing, and why.
    pub failed: Option<(Timestamp, Reason)>,
}

impl<E> Slot<E> {
    /// Nothing stands there.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            entry: None,
            revision: None,
            leased_until: None,
            failed: None,
        }
    }
}

/// The wish to be the one that asks the ERP for an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseWish {
    /// Which entry.
    pub key: LookupKey,
    /// What was seen there.
    pub revision: Option<String>,
}

/// The right to ask the ERP, for a while: the others wait meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Whose it is; no other lease ever has the same owner.
    pub owner: String,
    /// When it is taken.
    pub from: Timestamp,
    /// When it ends by itself, so that the others go on when its owner is gone.
    pub until: Timestamp,
}

/// Which entries are no longer right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invalidation {
    /// Every entry.
    All,
    /// The prices of an organization and its users.
    Organization(OrganizationId),
    /// Prices and availabilities of these items, whoever asks.
    Skus(Vec<Sku>),
}

/// Keeps answers of the ERP, and who is asking for which.
#[async_trait]
pub trait Lookups: Send + Sync {
    /// What stands under each key, each at most once, in their order, in one round: one call per
    /// hundred keys. May lag behind the last write; [`Lookups::lease`] notices.
    async fn prices(&self, keys: &[PriceKey]) -> Result<Vec<Slot<PriceEntry>>, StoreError>;

    /// As [`Lookups::prices`].
    async fn availabilities(
        &self,
        keys: &[AvailabilityKey],
    ) -> Result<Vec<Slot<AvailabilityEntry>>, StoreError>;

    /// Writes entries, each key at most once, and ends the leases on them. Losing some is no
    /// failure of the request that brought them; the caller logs it.
    async fn cache_prices(&self, entries: &[(PriceKey, PriceEntry)]) -> Result<(), StoreError>;

    /// As [`Lookups::cache_prices`].
    async fn cache_availabilities(
        &self,
        entries: &[(AvailabilityKey, AvailabilityEntry)],
    ) -> Result<(), StoreError>;

    /// Takes a lease on each wish, each key at most once. One answer per wish, in their order: true
    /// = granted. Refused while somebody else's lease runs, and when the record is no longer what
    /// was seen. One call as long as nobody else wants the same.
    async fn lease(&self, wishes: &[LeaseWish], lease: &Lease) -> Result<Vec<bool>, StoreError>;

    /// Ends the leases of `owner` on `keys` without an answer, and leaves the reason for those who
    /// wait. A lease that is no longer the owner's stays.
    async fn give_up(
        &self,
        keys: &[LookupKey],
        owner: &str,
        at: Timestamp,
        reason: Reason,
    ) -> Result<(), StoreError>;

    /// What the ERP of `store` declared when it was last asked, and when that was.
    async fn declared(
        &self,
        store: &StoreId,
    ) -> Result<Option<(Capabilities, Timestamp)>, StoreError>;

    /// Keeps what the ERP of `store` declares.
    async fn cache_capabilities(
        &self,
        store: &StoreId,
        capabilities: &Capabilities,
        at: Timestamp,
    ) -> Result<(), StoreError>;

    /// Makes every entry that the ERP told until `at` invisible, of those that `what` says.
    /// Invalidations from before `forget` may be forgotten: no entry is that old.
    async fn invalidate(
        &self,
        store: &StoreId,
        what: &Invalidation,
        at: Timestamp,
        forget: Timestamp,
    ) -> Result<(), StoreError>;
}
