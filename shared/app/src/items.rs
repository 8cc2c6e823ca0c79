//! Items with their list prices, read from the catalog and remembered by the instance.

use std::collections::HashMap;
use std::sync::Arc;

use domain::catalog::{Item, ListPrice};
use domain::ids::Sku;
use domain::money::{Currency, Money};
use domain::time::Timestamp;

use crate::error::UseCaseError;
use crate::ports::Clock;
use crate::ports::catalog::CatalogReader;
use crate::ttl_cache::TtlCache;

/// How long an instance remembers an item.
const REMEMBER_MS: i64 = 30_000;

/// An item with its list prices.
#[derive(Debug, Clone)]
pub struct PricedItem {
    pub item: Item,
    /// Its list prices, past and future ones and all currencies included.
    pub list_prices: Vec<ListPrice>,
}

impl PricedItem {
    /// The list price in `currency` that is valid at `now`. If several are, the one that began
    /// last.
    #[must_use]
    pub fn list_price(&self, currency: Currency, now: Timestamp) -> Option<Money> {
        self.list_prices
            .iter()
            .filter(|p| p.price.currency() == currency && p.valid_at(now))
            .max_by_key(|p| p.valid_from)
            .map(|p| p.price)
    }
}

/// Finds items. A warm instance does not read the store again.
pub struct PricedItems {
    catalog: Arc<dyn CatalogReader>,
    remembered: TtlCache<Sku, Option<Arc<PricedItem>>>,
}

impl PricedItems {
    /// Finds the items of a catalog.
    #[must_use]
    pub fn new(catalog: Arc<dyn CatalogReader>, clock: Arc<dyn Clock>) -> Self {
        Self {
            catalog,
            remembered: TtlCache::new(clock, REMEMBER_MS, 5_000),
        }
    }

    /// The items with these SKUs. Unknown SKUs are absent from the answer.
    ///
    /// # Errors
    /// [`UseCaseError::Store`].
    pub async fn find(&self, skus: &[Sku]) -> Result<HashMap<Sku, Arc<PricedItem>>, UseCaseError> {
        let mut found = HashMap::with_capacity(skus.len());
        let mut missing: Vec<Sku> = Vec::new();
        for (sku, remembered) in skus.iter().zip(self.remembered.get_all(skus)) {
            match remembered {
                Some(Some(item)) => {
                    found.insert(sku.clone(), item);
                }
                Some(None) => {}
                None if missing.contains(sku) => {}
                None => missing.push(sku.clone()),
            }
        }
        if missing.is_empty() {
            return Ok(found);
        }
        let (items, mut prices) = futures::try_join!(
            self.catalog.items(&missing),
            self.catalog.list_prices(&missing)
        )?;
        let mut items: HashMap<Sku, Item> = items
            .into_iter()
            .map(|item| (item.sku.clone(), item))
            .collect();
        for sku in missing {
            let item = items.remove(&sku).map(|item| {
                let list_prices = prices.extract_if(.., |p| p.sku == sku).collect();
                Arc::new(PricedItem { item, list_prices })
            });
            self.remembered.put(sku.clone(), item.clone());
            if let Some(item) = item {
                found.insert(sku, item);
            }
        }
        Ok(found)
    }
}
