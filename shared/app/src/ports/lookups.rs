//! The cache of prices and availabilities, and the leases that decide which request asks the ERP.

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
    /// The customer whose price it is.
    pub customer: Customer,
    /// Whether the user is part of the key, as the ERP declares.
    pub per_user: bool,
    /// The currency.
    pub currency: Currency,
    /// The item.
    pub sku: Sku,
    /// The unit.
    pub unit: Unit,
    /// The quantity; `None` for an entry with quantity breaks, which is valid for every quantity.
    pub quantity: Option<Quantity>,
}

impl PriceKey {
    /// Whether prices of this scope differ between the users of an organization.
    #[must_use]
    pub fn per_user(scope: PriceScope) -> bool {
        match scope {
            PriceScope::User => true,
            PriceScope::Organization => false,
        }
    }
}

/// Every input of an availability. All customers see the same one, so it has no customer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AvailabilityKey {
    /// The store.
    pub store: StoreId,
    /// The item.
    pub sku: Sku,
    /// The location; `None` = the online store's total.
    pub location: Option<LocationId>,
}

/// A cached price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceEntry {
    /// The ERP's offer, or its answer that there is none.
    pub offer: Result<OfferPrice, Absence>,
    /// When the ERP answered.
    pub as_of: Timestamp,
    /// Until when it is served as fresh.
    pub fresh_until: Timestamp,
    /// When it expires: from then on it is not served at all, and the store may drop it.
    pub expires_at: Timestamp,
}

/// A cached availability. How long it is fresh depends on the quantity of each request, so the end
/// is not stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvailabilityEntry {
    /// The ERP's availability, or its answer that there is none.
    pub availability: Result<Availability, Absence>,
    /// When the ERP answered.
    pub as_of: Timestamp,
    /// How much longer or shorter than its rule says it is fresh, in thousandths, so that entries
    /// written together do not end together.
    pub jitter: i16,
    /// When it expires.
    pub expires_at: Timestamp,
}

/// The key of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LookupKey {
    /// A price.
    Price(PriceKey),
    /// An availability.
    Availability(AvailabilityKey),
}

/// What the cache holds under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot<E> {
    /// The entry, if there is a readable one that was not invalidated.
    pub entry: Option<E>,
    /// The revision of the record; `None` without a record. A request for a lease names the
    /// revision that it read, so that the store notices an entry that was written in between.
    pub revision: Option<String>,
    /// Until when a request holds the lease and asks the ERP.
    pub leased_until: Option<Timestamp>,
    /// The end of the last lease, if the ERP did not answer its owner.
    pub failure: Option<LeaseFailure>,
}

/// A lease whose owner got no answer from the ERP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseFailure {
    /// When the owner abandoned the lease.
    pub at: Timestamp,
    /// Why the ERP did not answer.
    pub reason: Reason,
}

impl<E> Slot<E> {
    /// A key without a record.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            entry: None,
            revision: None,
            leased_until: None,
            failure: None,
        }
    }
}

/// Asks for the lease on one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseRequest {
    /// The entry.
    pub key: LookupKey,
    /// The revision that was read.
    pub revision: Option<String>,
}

/// The right to ask the ERP for an entry, for a limited time. Other requests for the entry wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryLease {
    /// The owner; unique to this lease.
    pub owner: String,
    /// When it starts.
    pub from: Timestamp,
    /// When it expires, so that the others continue if its owner died.
    pub until: Timestamp,
}

/// The capabilities that an ERP declared, as they are cached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachedCapabilities {
    /// The capabilities.
    pub capabilities: Capabilities,
    /// When the ERP was asked for them.
    pub declared_at: Timestamp,
}

/// Which entries are no longer valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invalidation {
    /// Every entry.
    All,
    /// The prices of an organization and its users.
    Organization(OrganizationId),
    /// Prices and availabilities of these items, for every customer.
    Skus(Vec<Sku>),
}

/// Caches answers of the ERP, and holds the leases on them.
#[async_trait]
pub trait Lookups: Send + Sync {
    /// The slot of each key, in their order; each key occurs at most once. One round: one call per
    /// hundred keys. May lag behind the last write; [`Lookups::acquire_leases`] notices.
    async fn prices(&self, keys: &[PriceKey]) -> Result<Vec<Slot<PriceEntry>>, StoreError>;

    /// As [`Lookups::prices`].
    async fn availabilities(
        &self,
        keys: &[AvailabilityKey],
    ) -> Result<Vec<Slot<AvailabilityEntry>>, StoreError>;

    /// Writes entries, each key at most once, and ends the leases on them. Losing some is not a
    /// failure of the request that brought them; the caller logs it.
    async fn cache_prices(&self, entries: &[(PriceKey, PriceEntry)]) -> Result<(), StoreError>;

    /// As [`Lookups::cache_prices`].
    async fn cache_availabilities(
        &self,
        entries: &[(AvailabilityKey, AvailabilityEntry)],
    ) -> Result<(), StoreError>;

    /// Acquires `lease` on each entry; each key occurs at most once. One answer per request, in
    /// their order: `true` = granted. Must refuse while another owner's lease runs, and if the
    /// record no longer has the revision that was read. One call unless others want the same
    /// entries.
    async fn acquire_leases(
        &self,
        requests: &[LeaseRequest],
        lease: &EntryLease,
    ) -> Result<Vec<bool>, StoreError>;

    /// Ends the leases of `owner` on `keys` without an entry, and stores the failure for the
    /// requests that wait. Must leave a lease alone that another owner has acquired since.
    async fn abandon_leases(
        &self,
        keys: &[LookupKey],
        owner: &str,
        failure: LeaseFailure,
    ) -> Result<(), StoreError>;

    /// The capabilities that the ERP of `store` declared last.
    async fn capabilities(&self, store: &StoreId)
    -> Result<Option<CachedCapabilities>, StoreError>;

    /// Caches the capabilities that the ERP of `store` declares.
    async fn cache_capabilities(
        &self,
        store: &StoreId,
        declared: &CachedCapabilities,
    ) -> Result<(), StoreError>;

    /// Hides every entry within `what` that the ERP answered at `at` or before. Invalidations from
    /// before `forget` may be forgotten: no entry is that old.
    async fn invalidate(
        &self,
        store: &StoreId,
        what: &Invalidation,
        at: Timestamp,
        forget: Timestamp,
    ) -> Result<(), StoreError>;
}
