//! Reads of the catalog.

use std::collections::{HashMap, HashSet};

use app::ports::{CatalogReader, Cursor, Page, StoreError};
use async_trait::async_trait;
use domain::catalog::{Category, Item, ItemText, ListPrice};
use domain::ids::{CategoryId, Language, Sku};
use futures::{StreamExt, TryStreamExt, stream};

use super::CatalogTable;
use super::record::{
    CATEGORIES, ITEM, PRICES, category_pk, item_pk, read_category, read_item, read_list_price, read_text, text_sk,
};
use crate::attribute::{Attributes, get_parsed, key};
use crate::loads::rows::is_gone;
use crate::query::{Asked, query_all, query_page};
use crate::{batch, cursor};

/// Queries under way at once.
const IN_FLIGHT: usize = 16;
/// Most queries for one page of items: beyond it the page stays short, and the caller comes back.
const MAX_QUERIES: usize = 50;

#[async_trait]
impl CatalogReader for CatalogTable {
    async fn categories(&self) -> Result<Vec<Category>, StoreError> {
        let records = query_all(&self.client, &self.table, Asked::all(CATEGORIES)).await?;
        records.iter().filter(|record| !is_gone(record)).map(read_category).collect()
    }

    async fn item(&self, sku: &Sku) -> Result<Option<Item>, StoreError> {
        let record = crate::query::get(&self.client, &self.table, key(item_pk(sku), ITEM)).await?;
        record.as_ref().filter(|record| !is_gone(record)).map(read_item).transpose()
    }

    async fn items(&self, skus: &[Sku]) -> Result<Vec<Item>, StoreError> {
        let skus: HashSet<&Sku> = skus.iter().collect();
        let keys = skus.into_iter().map(|sku| key(item_pk(sku), ITEM)).collect();
        let records = batch::read_all(&self.client, &self.table, keys, &[]).await?;
        records.iter().filter(|record| !is_gone(record)).map(read_item).collect()
    }

    async fn items_in(
        &self,
        categories: &[CategoryId],
        limit: usize,
        cursor: Option<&Cursor>,
    ) -> Result<Page<Item>, StoreError> {
        let (mut at, mut after) = match cursor {
            None => (0, None),
            Some(cursor) => {
                let [category, sku] = cursor::decode(cursor)?;
                let at = categories.iter().position(|id| id.as_str() == category).ok_or(StoreError::Cursor)?;
                (at, Some(sku).filter(|sku| !sku.is_empty()))
            }
        };
        let mut items = Vec::new();
        for _ in 0..MAX_QUERIES {
            let Some(category) = categories.get(at) else { return Ok(Page { items, next: None }) };
            let wanted = limit.saturating_sub(items.len());
            if wanted == 0 {
                break;
            }
            let (found, more) = self.ways(category, after.as_deref(), wanted).await?;
            let earlier = categories.get(..at).unwrap_or_default();
            items.extend(self.members(&found, category, earlier).await?);
            if more {
                after = found.last().map(Sku::to_string);
            } else {
                at += 1;
                after = None;
            }
        }
        let next = categories
            .get(at)
            .map(|category| cursor::encode(&[category.as_str(), after.as_deref().unwrap_or_default()]));
        Ok(Page { items, next })
    }

    async fn texts(&self, skus: &[Sku], languages: &[Language]) -> Result<Vec<ItemText>, StoreError> {
        let asked: HashSet<(&Sku, &Language)> =
            skus.iter().flat_map(|sku| languages.iter().map(move |language| (sku, language))).collect();
        let keys = asked.into_iter().map(|(sku, language)| key(item_pk(sku), text_sk(language))).collect();
        let records = batch::read_all(&self.client, &self.table, keys, &[]).await?;
        records.iter().filter(|record| !is_gone(record)).map(read_text).collect()
    }

    async fn list_prices(&self, skus: &[Sku]) -> Result<Vec<ListPrice>, StoreError> {
        let skus: HashSet<&Sku> = skus.iter().collect();
        let asked: Vec<Asked> = skus.into_iter().map(|sku| Asked::beginning(item_pk(sku), PRICES)).collect();
        let queries = asked.into_iter().map(|asked| query_all(&self.client, &self.table, asked));
        let records: Vec<Vec<Attributes>> = stream::iter(queries).buffer_unordered(IN_FLIGHT).try_collect().await?;
        records.iter().flatten().filter(|record| !is_gone(record)).map(read_list_price).collect()
    }
}

impl CatalogTable {
    /// The numbers that a category leads to, after `after`, and whether there may be more.
    async fn ways(
        &self,
        category: &CategoryId,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<Sku>, bool), StoreError> {
        let pk = category_pk(category.as_str());
        let start = after.map(|sku| key(pk.as_str(), sku));
        let (records, more) = query_page(&self.client, &self.table, Asked::all(pk), limit, start).await?;
        let skus: Result<Vec<Sku>, _> = records.iter().map(|record| get_parsed(record, "sk", Sku::parse)).collect();
        Ok((skus?, more.is_some()))
    }

    /// Those of the items that are in the category and in none of `earlier`, in the order of `skus`.
    async fn members(
        &self,
        skus: &[Sku],
        category: &CategoryId,
        earlier: &[CategoryId],
    ) -> Result<Vec<Item>, StoreError> {
        if skus.is_empty() {
            return Ok(Vec::new());
        }
        let earlier: HashSet<&CategoryId> = earlier.iter().collect();
        let mut items: HashMap<Sku, Item> =
            self.items(skus).await?.into_iter().map(|item| (item.sku.clone(), item)).collect();
        let ordered = skus.iter().filter_map(|sku| items.remove(sku));
        let here = |item: &Item| {
            item.category_ids.contains(category) && !item.category_ids.iter().any(|id| earlier.contains(id))
        };
        Ok(ordered.filter(here).collect())
    }
}
