//! The catalog as the use cases read it.

use async_trait::async_trait;
use domain::catalog::{Category, Item, ItemText, ListPrice};
use domain::ids::{CategoryId, Language, Sku};

use super::{Cursor, Page, StoreError};

/// Reads the catalog. Each answer is of one version of its kind, never a mixture of two.
#[async_trait]
pub trait CatalogReader: Send + Sync {
    /// All categories, in no order.
    async fn categories(&self) -> Result<Vec<Category>, StoreError>;

    /// The item with this SKU, if it exists.
    async fn item(&self, sku: &Sku) -> Result<Option<Item>, StoreError>;

    /// The items with these SKUs, in no order. Unknown SKUs are absent; a repeated one is answered
    /// once. Up to 99 SKUs cost one call.
    async fn items(&self, skus: &[Sku]) -> Result<Vec<Item>, StoreError>;

    /// At most `limit` of the items in any of `categories`, each item once: with the first of the
    /// given categories that it is in. Ordered by category as given, then by SKU. A cursor is valid
    /// only with the same categories.
    async fn items_in(
        &self,
        categories: &[CategoryId],
        limit: usize,
        cursor: Option<&Cursor>,
    ) -> Result<Page<Item>, StoreError>;

    /// The texts of the given items in the given languages, in no order. Missing ones
    /// are absent.
    async fn texts(
        &self,
        skus: &[Sku],
        languages: &[Language],
    ) -> Result<Vec<ItemText>, StoreError>;

    /// All list prices of the given items, past and future ones included, in no
    /// order.
    async fn list_prices(&self, skus: &[Sku]) -> Result<Vec<ListPrice>, StoreError>;
}
