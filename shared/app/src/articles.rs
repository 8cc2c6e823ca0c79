//! What lookups need to know of items: unit, multiples, list prices.

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

/// How long an instance keeps what it read of an item.
const KEEP_MS: i64 = 30_000;

/// An item with its list prices.
#[derive(Debug, Clone)]
pub struct Article {
    /// The item.
    pub item: Item,
    /// Its list prices of all times and currencies.
    pub list_prices: Vec<ListPrice>,
}

impl Article {
    /// The list price in `currency` that is valid at `now`; the latest that began, should there be
    /// several.
    #[must_use]
    pub fn list_price(&self, currency: Currency, now: Timestamp) -> Option<Money> {
        self.list_prices
            .iter()
            .filter(|p| p.price.currency() == currency && p.valid_at(now))
            .max_by_key(|p| p.valid_from)
            .map(|p| p.price)
    }
}

/// Finds items, a warm instance without asking the store again.
pub struct Articles {
    catalog: Arc<dyn CatalogReader>,
    memo: TtlCache<Sku, Option<Arc<Article>>>,
}

impl Articles {
    /// Over a catalog.
    #[must_use]
    pub fn new(catalog: Arc<dyn CatalogReader>, clock: Arc<dyn Clock>) -> Self {
        Self {
            catalog,
            memo: TtlCache::new(clock, KEEP_MS, 5_000),
        }
    }

    /// The items with these numbers; what is not there is absent.
    ///
    /// # Errors
    /// [`UseCaseError::Store`].
    pub async fn find(&self, skus: &[Sku]) -> Result<HashMap<Sku, Arc<Article>>, UseCaseError> {
        let mut found = HashMap::with_capacity(skus.len());
        let mut missing: Vec<Sku> = Vec::new();
        for (sku, known) in skus.iter().zip(self.memo.get_all(skus)) {
            match known {
                Some(Some(article)) => {
                    found.insert(sku.clone(), article);
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
            let article = items.remove(&sku).map(|item| {
                let list_prices = prices.extract_if(.., |p| p.sku == sku).collect();
                Arc::new(Article { item, list_prices })
            });
            self.memo.put(sku.clone(), article.clone());
            if let Some(article) = article {
                found.insert(sku, article);
            }
        }
        Ok(found)
    }
}
