//! Reads of the catalog.

use std::collections::{HashMap, HashSet};

use app::ports::{CatalogReader, Cursor, Page, StoreError};
use async_trait::async_trait;
use domain::catalog::{Category, Item, ItemText, ListPrice};
use domain::ids::{CategoryId, Language, Sku};
use domain::load::LoadKind;
use futures::{StreamExt, TryStreamExt, stream};

use super::CatalogTable;
use super::record::{
    CATEGORIES, ITEM, PRICES, category_pk, item_pk, read_category, read_item, read_list_price,
    read_text, text_sk,
};
use super::version::shown;
use crate::attribute::{Attributes, get_parsed, get_text, key};
use crate::batch::{self, TableKey};
use crate::cursor;
use crate::loads::versions::{POINTER, read_versions, versions_key};
use crate::query::{Asked, get, query_all, query_page};

/// Most concurrent queries.
const IN_FLIGHT: usize = 16;
/// Most queries for one page of items. After that the page is short, and the caller asks for the
/// next one.
const MAX_QUERIES: usize = 50;
/// Attempts of a read that meets newly published snapshots: each takes a whole load, so a second
/// attempt is rare.
const ATTEMPTS: usize = 3;

/// What readers see of some records; `None` if the published version is outdated.
fn all_shown(records: &[Attributes], published: u64) -> Option<Vec<Attributes>> {
    let shown: Result<Vec<_>, _> = records
        .iter()
        .map(|record| shown(record, published))
        .collect();
    Some(shown.ok()?.into_iter().flatten().collect())
}

fn unsettled() -> StoreError {
    StoreError::Unavailable {
        operation: "read",
        reason: "snapshots were published during every attempt".to_owned(),
    }
}

#[async_trait]
impl CatalogReader for CatalogTable {
    async fn categories(&self) -> Result<Vec<Category>, StoreError> {
        let records = self
            .queried(LoadKind::Categories, vec![Asked::all(CATEGORIES)])
            .await?;
        records.iter().map(read_category).collect()
    }

    async fn item(&self, sku: &Sku) -> Result<Option<Item>, StoreError> {
        Ok(self.items(std::slice::from_ref(sku)).await?.pop())
    }

    async fn items(&self, skus: &[Sku]) -> Result<Vec<Item>, StoreError> {
        let skus: HashSet<&Sku> = skus.iter().collect();
        let keys: Vec<_> = skus
            .into_iter()
            .map(|sku| TableKey::two(item_pk(sku), ITEM))
            .collect();
        self.fetched(LoadKind::Items, keys)
            .await?
            .iter()
            .map(read_item)
            .collect()
    }

    async fn items_in(
        &self,
        categories: &[CategoryId],
        limit: usize,
        cursor: Option<&Cursor>,
    ) -> Result<Page<Item>, StoreError> {
        for _ in 0..ATTEMPTS {
            let pointer = get(&self.client, &self.table, versions_key(LoadKind::Items)).await?;
            let published = read_versions(pointer.as_ref())?.published.generation;
            if let Some(page) = self.page(categories, limit, cursor, published).await? {
                return Ok(page);
            }
        }
        Err(unsettled())
    }

    async fn texts(
        &self,
        skus: &[Sku],
        languages: &[Language],
    ) -> Result<Vec<ItemText>, StoreError> {
        let asked: HashSet<(&Sku, &Language)> = skus
            .iter()
            .flat_map(|sku| languages.iter().map(move |language| (sku, language)))
            .collect();
        let keys: Vec<_> = asked
            .into_iter()
            .map(|(sku, language)| TableKey::two(item_pk(sku), text_sk(language)))
            .collect();
        self.fetched(LoadKind::ItemDescriptions, keys)
            .await?
            .iter()
            .map(read_text)
            .collect()
    }

    async fn list_prices(&self, skus: &[Sku]) -> Result<Vec<ListPrice>, StoreError> {
        let skus: HashSet<&Sku> = skus.iter().collect();
        let asked: Vec<Asked> = skus
            .into_iter()
            .map(|sku| Asked::beginning(item_pk(sku), PRICES))
            .collect();
        self.queried(LoadKind::ListPrices, asked)
            .await?
            .iter()
            .map(read_list_price)
            .collect()
    }
}

impl CatalogTable {
    /// What readers see of the records with the given keys. The pointer comes with the records, in
    /// the same call.
    async fn fetched(
        &self,
        kind: LoadKind,
        mut keys: Vec<TableKey<'_>>,
    ) -> Result<Vec<Attributes>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        keys.push(TableKey::two(POINTER, kind.as_str()));
        for _ in 0..ATTEMPTS {
            let mut records = batch::read_all(&self.client, &self.table, &keys, &[]).await?;
            let pointer = records
                .iter()
                .position(|record| get_text(record, "pk") == Ok(POINTER));
            let pointer = pointer.map(|at| records.swap_remove(at));
            if let Some(shown) = all_shown(
                &records,
                read_versions(pointer.as_ref())?.published.generation,
            ) {
                return Ok(shown);
            }
        }
        Err(unsettled())
    }

    /// What readers see of the records of these queries. The pointer is read concurrently.
    async fn queried(
        &self,
        kind: LoadKind,
        asked: Vec<Asked>,
    ) -> Result<Vec<Attributes>, StoreError> {
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        for _ in 0..ATTEMPTS {
            let queries = asked
                .clone()
                .into_iter()
                .map(|asked| query_all(&self.client, &self.table, asked));
            let queries = stream::iter(queries)
                .buffer_unordered(IN_FLIGHT)
                .try_concat();
            let pointer = get(&self.client, &self.table, versions_key(kind));
            let (pointer, records) = futures::try_join!(pointer, queries)?;
            if let Some(shown) = all_shown(
                &records,
                read_versions(pointer.as_ref())?.published.generation,
            ) {
                return Ok(shown);
            }
        }
        Err(unsettled())
    }

    /// A page of items, all of one version; `None` if that version is no longer the published one.
    async fn page(
        &self,
        categories: &[CategoryId],
        limit: usize,
        cursor: Option<&Cursor>,
        published: u64,
    ) -> Result<Option<Page<Item>>, StoreError> {
        let (mut at, mut after) = match cursor {
            None => (0, None),
            Some(cursor) => {
                let [category, sku] = cursor::decode(cursor)?;
                let at = categories
                    .iter()
                    .position(|id| id.as_str() == category)
                    .ok_or(StoreError::Cursor)?;
                (at, Some(sku).filter(|sku| !sku.is_empty()))
            }
        };
        let mut items = Vec::new();
        for _ in 0..MAX_QUERIES {
            let Some(category) = categories.get(at) else {
                return Ok(Some(Page { items, next: None }));
            };
            let wanted = limit.saturating_sub(items.len());
            if wanted == 0 {
                break;
            }
            let (found, more) = self.links(category, after.as_deref(), wanted).await?;
            let earlier = categories.get(..at).unwrap_or_default();
            let Some(members) = self.members(&found, category, earlier, published).await? else {
                return Ok(None);
            };
            items.extend(members);
            if more {
                after = found.last().map(Sku::to_string);
            } else {
                at += 1;
                after = None;
            }
        }
        let next = categories.get(at).map(|category| {
            cursor::encode(&[category.as_str(), after.as_deref().unwrap_or_default()])
        });
        Ok(Some(Page { items, next }))
    }

    /// The SKUs that a category links to, after `after`, and whether more may follow.
    async fn links(
        &self,
        category: &CategoryId,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<Sku>, bool), StoreError> {
        let pk = category_pk(category.as_str());
        let start = after.map(|sku| key(pk.as_str(), sku));
        let (records, more) =
            query_page(&self.client, &self.table, Asked::all(pk), limit, start).await?;
        let skus: Result<Vec<Sku>, _> = records
            .iter()
            .map(|record| get_parsed(record, "sk", Sku::parse))
            .collect();
        Ok((skus?, more.is_some()))
    }

    /// The items that are in the category and in none of `earlier`, in the order of `skus`; `None`
    /// if the published version is outdated.
    async fn members(
        &self,
        skus: &[Sku],
        category: &CategoryId,
        earlier: &[CategoryId],
        published: u64,
    ) -> Result<Option<Vec<Item>>, StoreError> {
        let keys: Vec<TableKey<'_>> = skus
            .iter()
            .map(|sku| TableKey::two(item_pk(sku), ITEM))
            .collect();
        let records = batch::read_all(&self.client, &self.table, &keys, &[]).await?;
        let Some(records) = all_shown(&records, published) else {
            return Ok(None);
        };
        let items: Vec<Item> = records.iter().map(read_item).collect::<Result<_, _>>()?;
        let earlier: HashSet<&CategoryId> = earlier.iter().collect();
        let mut items: HashMap<Sku, Item> = items
            .into_iter()
            .map(|item| (item.sku.clone(), item))
            .collect();
        let ordered = skus.iter().filter_map(|sku| items.remove(sku));
        let here = |item: &Item| {
            item.category_ids.contains(category)
                && !item.category_ids.iter().any(|id| earlier.contains(id))
        };
        Ok(Some(ordered.filter(here).collect()))
    }
}
