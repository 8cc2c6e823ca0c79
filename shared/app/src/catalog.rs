//! Browsing the catalog.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use domain::catalog::{Category, Item, ItemText, ListPrice, with_descendants};
use domain::ids::{CategoryId, Language, Sku};
use domain::money::Money;
use domain::time::Timestamp;

use crate::UseCaseError;
use crate::ports::{CatalogReader, Cursor, Page};

/// Most items of one query.
pub const MAX_ITEMS: usize = 100;

/// An item as a storefront shows it: in the caller's language, with the list prices valid now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownItem {
    /// The item, its name and description in the first of the caller's languages that has them.
    pub item: Item,
    /// The list prices valid now, one for each currency, ordered by currency.
    pub list_prices: Vec<Money>,
}

/// Browses the catalog.
pub struct Catalog {
    pub reader: Arc<dyn CatalogReader>,
}

impl Catalog {
    /// All categories, siblings by their sequence.
    ///
    /// # Errors
    /// [`UseCaseError::Store`].
    pub async fn categories(&self) -> Result<Vec<Category>, UseCaseError> {
        let mut categories = self.reader.categories().await?;
        categories
            .sort_by(|a, b| (&a.parent, a.sequence, &a.id).cmp(&(&b.parent, b.sequence, &b.id)));
        Ok(categories)
    }

    /// The items of a category and of the categories below it, each once.
    ///
    /// # Errors
    /// [`UseCaseError::NotFound`] if the category does not exist; [`UseCaseError::Store`] for a
    /// cursor of another list.
    pub async fn items_in(
        &self,
        category: &CategoryId,
        limit: usize,
        cursor: Option<&Cursor>,
        languages: &[Language],
        now: Timestamp,
    ) -> Result<Page<ShownItem>, UseCaseError> {
        let categories = with_descendants(&self.reader.categories().await?, category);
        if categories.is_empty() {
            return Err(UseCaseError::NotFound);
        }
        let page = self.reader.items_in(&categories, limit, cursor).await?;
        Ok(Page {
            items: self.shown(page.items, languages, now).await?,
            next: page.next,
        })
    }

    /// One item.
    ///
    /// # Errors
    /// [`UseCaseError::NotFound`] if the item does not exist.
    pub async fn item(
        &self,
        sku: &Sku,
        languages: &[Language],
        now: Timestamp,
    ) -> Result<ShownItem, UseCaseError> {
        let item = self.reader.item(sku).await?.ok_or(UseCaseError::NotFound)?;
        self.shown(vec![item], languages, now)
            .await?
            .pop()
            .ok_or(UseCaseError::NotFound)
    }

    /// The items with the given SKUs, in their order. Unknown SKUs are absent from the answer.
    ///
    /// # Errors
    /// [`UseCaseError::Store`].
    pub async fn items(
        &self,
        skus: &[Sku],
        languages: &[Language],
        now: Timestamp,
    ) -> Result<Vec<ShownItem>, UseCaseError> {
        let mut found: HashMap<Sku, Item> = self
            .reader
            .items(skus)
            .await?
            .into_iter()
            .map(|item| (item.sku.clone(), item))
            .collect();
        // `remove` answers a repeated SKU once.
        let ordered = skus.iter().filter_map(|sku| found.remove(sku)).collect();
        self.shown(ordered, languages, now).await
    }

    async fn shown(
        &self,
        items: Vec<Item>,
        languages: &[Language],
        now: Timestamp,
    ) -> Result<Vec<ShownItem>, UseCaseError> {
        let skus: Vec<Sku> = items.iter().map(|item| item.sku.clone()).collect();
        let (texts, prices) = futures::try_join!(
            self.reader.texts(&skus, languages),
            self.reader.list_prices(&skus)
        )?;
        let texts: HashMap<(Sku, Language), ItemText> = texts
            .into_iter()
            .map(|text| ((text.sku.clone(), text.language.clone()), text))
            .collect();
        let mut valid: HashMap<Sku, Vec<ListPrice>> = HashMap::new();
        for price in prices.into_iter().filter(|price| price.valid_at(now)) {
            valid.entry(price.sku.clone()).or_default().push(price);
        }
        let shown = items.into_iter().map(|item| {
            let list_prices = one_per_currency(&item, valid.remove(&item.sku).unwrap_or_default());
            let item = translated(item, languages, &texts);
            ShownItem { item, list_prices }
        });
        Ok(shown.collect())
    }
}

/// One of the valid list prices of an item for each currency. Of two that overlap, the later start
/// wins; a price for another unit than the item's is ignored.
fn one_per_currency(item: &Item, mut valid: Vec<ListPrice>) -> Vec<Money> {
    valid.retain(|price| price.unit == item.unit);
    valid.sort_by_key(|price| (price.price.currency(), Reverse(price.valid_from)));
    valid.dedup_by_key(|price| price.price.currency());
    valid.into_iter().map(|price| price.price).collect()
}

/// The item with name and description, each in the first language that has it, else unchanged.
fn translated(
    mut item: Item,
    languages: &[Language],
    texts: &HashMap<(Sku, Language), ItemText>,
) -> Item {
    let of_item: Vec<&ItemText> = languages
        .iter()
        .filter_map(|language| texts.get(&(item.sku.clone(), language.clone())))
        .collect();
    if let Some(name) = of_item.iter().find_map(|text| text.name.clone()) {
        item.name = name;
    }
    if let Some(description) = of_item.iter().find_map(|text| text.description.clone()) {
        item.description = Some(description);
    }
    item
}
