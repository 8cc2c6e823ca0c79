//! The catalog as the use cases read it.

use async_trait::async_trait;
use domain::catalog::{Category, Item, ItemText, ListPrice};
use domain::ids::{CategoryId, Language, Sku};

use super::{Cursor, Page, StoreError};

/// Reads the catalog. Each answer shows one publication of its kind: never a mixture of two.
#[async_trait]
pub trait CatalogReader: Send + Sync {
    /// All categories, in no order.
    async fn categories(&self) -> Result<Vec<Category>, StoreError>;

    /// The item with the given number; none when there is none.
    async fn item(&self, sku: &Sku) -> Result<Option<Item>, StoreError>;

    /// The items with the given numbers, in no order; what is not there is absent. A number that
    /// occurs twice is answered once. Up to 99 numbers cost one call.
    async fn items(&self, skus: &[Sku]) -> Result<Vec<Item>, StoreError>;

    /// At most `limit` of the items in any of `categories`, each item once: with the first of the
    /// given categories that it is in. Ordered by category as given, then by number. The list goes
    /// on at the cursor only with the same categories.
    async fn items_in(
        &self,
        categories: &[CategoryId],
        limit: usize,
        cursor: Option<&Cursor>,
    ) -> Result<Page<Item>, StoreError>;

    /// The texts of the given items in the given languages, in no order; what is not there is
    /// absent.
    async fn texts(
        &self,
        skus: &[Sku],
        languages: &[Language],
    ) -> Result<Vec<ItemText>, StoreError>;

    /// All list prices of the given items, whatever their validity; in no order.
    async fn list_prices(&self, skus: &[Sku]) -> Result<Vec<ListPrice>, StoreError>;
}
