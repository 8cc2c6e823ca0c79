//! Loads into the catalog.

use std::collections::{BTreeSet, HashMap};

use app::ports::{
    Cursor, InFile, PriceChange, RowOutcome, RowWriter, StoreError, SweepPage, VersionStore,
    WriteTarget,
};
use async_trait::async_trait;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem, WriteRequest};
use domain::load::{Accepted, CatalogRecord, CatalogVersions, LoadKind, Reference};
use futures::{StreamExt, TryStreamExt, stream};

use super::CatalogTable;
use super::record::{
    CATEGORIES, CATEGORY_IDS, ITEM, amount, category_pk, item_pk, price_sk, text_sk,
    write_category, write_item, write_list_price, write_text,
};
use super::version::{RowVersion, RowVersions, with_row};
use crate::attribute::{Attributes, Record, get_text, key};
use crate::batch::{Key, read_all_current, write_all};
use crate::loads::rows::{delete_request, identity, put_request};
use crate::loads::versions::{POINTER, read_versions};
use crate::transaction::incomplete;
use crate::{loads, transaction};

/// Both parts of the key of a record.
type RecordKey = (String, String);

/// Transactions under way at once.
const IN_FLIGHT: usize = 8;
/// Most links that one transaction deletes. If an item leaves more categories at once, some links
/// stay. They have no effect, because the item itself says which categories it is in.
const MAX_LINKS: usize = 99;

#[async_trait]
impl RowWriter<CatalogRecord> for CatalogTable {
    fn identity(&self, row: &CatalogRecord) -> u64 {
        let (pk, sk) = key_of(row);
        identity(&pk, &sk)
    }

    async fn apply(
        &self,
        rows: Vec<Accepted<CatalogRecord>>,
        target: &WriteTarget,
    ) -> Result<Vec<RowOutcome>, StoreError> {
        let keys: Vec<RecordKey> = rows.iter().map(|row| key_of(&row.record)).collect();
        let existing = self.existing(&keys).await?;
        let mut known: HashMap<&RecordKey, RowVersions> = HashMap::with_capacity(keys.len());
        let mut changed: BTreeSet<&RecordKey> = BTreeSet::new();
        let mut outcomes = Vec::with_capacity(rows.len());
        for (row, key) in rows.iter().zip(&keys) {
            let versions = match known.get(key) {
                Some(versions) => versions.clone(),
                None => RowVersions::read(existing.get(key))?,
            };
            let change = with_row(&versions, &|generation| version(row, generation), target);
            outcomes.push(match change.outcome {
                RowOutcome::Applied(_) => {
                    RowOutcome::Applied(price_change(&row.record, &versions, &target.versions))
                }
                outcome => outcome,
            });
            // A dry run compares with the records before the load.
            if !target.writes() {
                continue;
            }
            if change.versions.is_some() {
                changed.insert(key);
            }
            known.insert(key, change.versions.unwrap_or(versions));
        }
        let mut changes = Changes::default();
        for key in changed {
            let versions = known.remove(key).unwrap_or_default();
            changes.add(key, existing.get(key), versions)?;
        }
        self.write(changes).await?;
        Ok(outcomes)
    }

    fn references(&self, row: &CatalogRecord) -> Vec<Reference> {
        row.references()
    }

    async fn missing(
        &self,
        references: Vec<Reference>,
        target: &WriteTarget,
    ) -> Result<Vec<Reference>, StoreError> {
        let place = |reference: &Reference| match reference {
            Reference::Category(id) => (CATEGORIES.to_owned(), id.to_string()),
            Reference::Item(sku) => (item_pk(sku), ITEM.to_owned()),
            Reference::Organization(id) => (POINTER.to_owned(), id.to_string()),
        };
        let kinds = [LoadKind::Categories, LoadKind::Items];
        let mut keys: Vec<RecordKey> = references.iter().map(place).collect();
        keys.extend(kinds.map(|kind| (POINTER.to_owned(), kind.as_str().to_owned())));
        let existing = self.existing(&keys).await?;
        let mut missing = Vec::new();
        for reference in references {
            let kind = if matches!(reference, Reference::Category(_)) {
                kinds[0]
            } else {
                kinds[1]
            };
            let versions =
                read_versions(existing.get(&(POINTER.to_owned(), kind.as_str().to_owned())))?;
            let published = versions.published.generation;
            let own = target.generation().filter(|_| target.kind == kind);
            let versions = RowVersions::read(existing.get(&place(&reference)))?;
            let version = versions.seen(|other| other <= published || Some(other) == own);
            if version.is_none_or(RowVersion::is_gone) {
                missing.push(reference);
            }
        }
        Ok(missing)
    }

    async fn is_empty(&self, kind: LoadKind) -> Result<bool, StoreError> {
        self.has_none(kind).await
    }

    async fn sweep(
        &self,
        target: &WriteTarget,
        in_file: &InFile<'_>,
        from: Option<Cursor>,
    ) -> Result<SweepPage, StoreError> {
        self.sweep_page(target, in_file, from).await
    }
}

#[async_trait]
impl VersionStore for CatalogTable {
    async fn versions(&self, kind: LoadKind) -> Result<CatalogVersions, StoreError> {
        loads::versions::get_versions(&self.client, &self.table, kind).await
    }

    async fn replace(
        &self,
        kind: LoadKind,
        from: u64,
        versions: &CatalogVersions,
    ) -> Result<bool, StoreError> {
        loads::versions::replace(&self.client, &self.table, kind, from, versions).await
    }
}

impl CatalogTable {
    async fn existing(
        &self,
        keys: &[RecordKey],
    ) -> Result<HashMap<RecordKey, Attributes>, StoreError> {
        // DynamoDB refuses a key that is asked for twice.
        let asked: BTreeSet<&RecordKey> = keys.iter().collect();
        let asked: Vec<_> = asked.into_iter().map(|(pk, sk)| Key::two(pk, sk)).collect();
        let records = read_all_current(&self.client, &self.table, &asked, &[]).await?;
        let keyed = |record: Attributes| {
            Ok((
                (
                    get_text(&record, "pk")?.to_owned(),
                    get_text(&record, "sk")?.to_owned(),
                ),
                record,
            ))
        };
        records.into_iter().map(keyed).collect()
    }
}

fn key_of(row: &CatalogRecord) -> RecordKey {
    match row {
        CatalogRecord::Category(category) => (CATEGORIES.to_owned(), category.id.to_string()),
        CatalogRecord::NoCategory(id) => (CATEGORIES.to_owned(), id.to_string()),
        CatalogRecord::Item(item) => (item_pk(&item.sku), ITEM.to_owned()),
        CatalogRecord::NoItem(sku) => (item_pk(sku), ITEM.to_owned()),
        CatalogRecord::Text(text) => (item_pk(&text.sku), text_sk(&text.language)),
        CatalogRecord::NoText(sku, language) => (item_pk(sku), text_sk(language)),
        CatalogRecord::ListPrice(price) => (
            item_pk(&price.sku),
            price_sk(price.price.currency(), &price.unit, price.valid_from),
        ),
        CatalogRecord::NoListPrice(sku, currency, unit, from) => {
            (item_pk(sku), price_sk(*currency, unit, *from))
        }
    }
}

fn version(row: &Accepted<CatalogRecord>, generation: u64) -> RowVersion {
    let content = match &row.record {
        CatalogRecord::Category(category) => write_category(category, Record::empty()),
        CatalogRecord::Item(item) => write_item(item, Record::empty()),
        CatalogRecord::Text(text) => write_text(text, Record::empty()),
        CatalogRecord::ListPrice(price) => write_list_price(price, Record::empty()),
        CatalogRecord::NoCategory(_)
        | CatalogRecord::NoItem(_)
        | CatalogRecord::NoText(..)
        | CatalogRecord::NoListPrice(..) => {
            return RowVersion::gone(generation, row.sequence.number(), row.fingerprint);
        }
    };
    RowVersion::new(
        generation,
        row.sequence.number(),
        row.fingerprint,
        content.into_attributes(),
    )
}

/// The amount that readers see now and the new one; `None` if there is only one of them.
fn price_change(
    row: &CatalogRecord,
    versions: &RowVersions,
    catalog: &CatalogVersions,
) -> Option<PriceChange> {
    let CatalogRecord::ListPrice(price) = row else {
        return None;
    };
    let now = versions.now(catalog).filter(|now| !now.is_gone())?;
    Some(PriceChange {
        before: amount(&now.attributes).ok()?,
        after: price.price.amount(),
    })
}

/// The writes of new versions of records.
///
/// A category has a link to an item as long as one version of the item is in the category. New
/// links are put before the item is written, and links that no version needs are deleted in one
/// transaction with it. So a worker that is stopped in between, and one that repeats its work with
/// the item as it is then, neither miss a link nor leave one.
#[derive(Default)]
pub(super) struct Changes {
    links: Vec<WriteRequest>,
    records: Vec<WriteRequest>,
    /// Records with the links that are deleted with them.
    with_deletes: Vec<(Attributes, Vec<Attributes>)>,
}

impl Changes {
    /// Adds a record. `existing` is what it replaces.
    pub fn add(
        &mut self,
        (pk, sk): &RecordKey,
        existing: Option<&Attributes>,
        versions: RowVersions,
    ) -> Result<(), StoreError> {
        let own = || key(pk.as_str(), sk.as_str());
        let mut old = Vec::new();
        if let Some(sku) = pk.strip_prefix("item#").filter(|_| sk == ITEM) {
            let (had, has) = (
                categories(&RowVersions::read(existing)?),
                categories(&versions),
            );
            for id in has.difference(&had) {
                self.links.push(put_request(key(category_pk(id), sku))?);
            }
            old.extend(had.difference(&has).map(|id| key(category_pk(id), sku)));
        }
        match versions.into_attributes() {
            Some(mut record) => {
                record.extend(own());
                if old.is_empty() {
                    self.records.push(put_request(record)?);
                } else {
                    self.with_deletes.push((record, old));
                }
            }
            None => {
                // A repeated call could not compare with the deleted item: links are deleted first.
                let old: Result<Vec<_>, _> = old.into_iter().map(delete_request).collect();
                self.links.extend(old?);
                self.records.push(delete_request(own())?);
            }
        }
        Ok(())
    }
}

impl CatalogTable {
    /// Writes changes.
    pub(super) async fn write(&self, changes: Changes) -> Result<(), StoreError> {
        write_all(&self.client, &self.table, changes.links).await?;
        write_all(&self.client, &self.table, changes.records).await?;
        let transactions = changes
            .with_deletes
            .into_iter()
            .map(|(record, old)| self.put_with_deletes(record, old));
        stream::iter(transactions)
            .buffer_unordered(IN_FLIGHT)
            .try_collect()
            .await
    }

    async fn put_with_deletes(
        &self,
        record: Attributes,
        old: Vec<Attributes>,
    ) -> Result<(), StoreError> {
        let mut items = Vec::with_capacity(old.len() + 1);
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(record))
            .build()
            .map_err(incomplete)?;
        items.push(TransactWriteItem::builder().put(put).build());
        for link in old.into_iter().take(MAX_LINKS) {
            let delete = Delete::builder()
                .table_name(&self.table)
                .set_key(Some(link))
                .build()
                .map_err(incomplete)?;
            items.push(TransactWriteItem::builder().delete(delete).build());
        }
        transaction::commit(&self.client, items).await.map(drop)
    }
}

/// The categories of all versions of an item.
fn categories(versions: &RowVersions) -> BTreeSet<String> {
    let lists = versions
        .iter()
        .filter_map(|version| version.attributes.get(CATEGORY_IDS)?.as_l().ok());
    let texts = lists
        .flatten()
        .filter_map(|id: &AttributeValue| id.as_s().ok());
    texts.cloned().collect()
}
