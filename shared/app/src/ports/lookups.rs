//! The cache of prices and availabilities.

use async_trait::async_trait;
use domain::availability::Availability;
use domain::caller::Customer;
use domain::ids::{LocationId, Sku, StoreId, Unit};
use domain::money::Currency;
use domain::price::{OfferPrice, PriceScope};
use domain::quantity::Quantity;
use domain::time::Timestamp;

use super::StoreError;

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
    /// The ERP's offer; none when it does not know the item.
    pub offer: Option<OfferPrice>,
    /// When the ERP said so.
    pub as_of: Timestamp,
    /// Soft limit.
    pub fresh_until: Timestamp,
    /// Hard limit; the store may drop the entry after it, and nobody serves it.
    pub hard_until: Timestamp,
}

/// A cached availability. Its soft limit depends on the quantity asked for, so it is not stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvailabilityEntry {
    /// What the ERP said; none when it does not know the item.
    pub availability: Option<Availability>,
    /// When the ERP said so.
    pub as_of: Timestamp,
    /// Hard limit.
    pub hard_until: Timestamp,
}

/// The entries found for the keys asked, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cached {
    /// One per price key.
    pub prices: Vec<Option<PriceEntry>>,
    /// One per availability key.
    pub availabilities: Vec<Option<AvailabilityEntry>>,
}

/// Keeps answers of the ERP.
#[async_trait]
pub trait Lookups: Send + Sync {
    /// All entries for the keys in one round: one call per hundred keys.
    async fn read(&self, prices: &[PriceKey], availabilities: &[AvailabilityKey]) -> Result<Cached, StoreError>;

    /// Writes entries. Losing some is no failure of the request that brought them; the caller logs it.
    async fn write(
        &self,
        prices: &[(PriceKey, PriceEntry)],
        availabilities: &[(AvailabilityKey, AvailabilityEntry)],
    ) -> Result<(), StoreError>;
}
