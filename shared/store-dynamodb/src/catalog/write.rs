//! Loads into the catalog.

use std::collections::{BTreeSet, HashMap};

use app::ports::{Cursor, InFile, Outcome, PriceChange, Publications, RowWriter, Stage, StoreError, Swept};
use async_trait::async_trait;
use aws_sdk_dynamodb::types::{AttributeValue, WriteRequest};
use domain::load::{Accepted, CatalogRecord, LoadKind, Pointer};

use super::CatalogTable;
use super::record::{
    CATEGORIES, CATEGORY_IDS, ITEM, amount, category_pk, item_pk, price_sk, text_sk, write_category, write_item,
    write_list_price, write_text,
};
use super::version::{Version, Versions, with_row};
use crate::attribute::{Attributes, Record, get_text, key};
use crate::loads::rows::{delete_request, identity, put_request};
use crate::{batch, loads};

/// A primary key.
type Key = (String, String);

#[async_trait]
impl RowWriter<CatalogRecord> for CatalogTable {
    fn identity(&self, row: &CatalogRecord) -> u64 {
        let (pk, sk) = key_of(row);
        identity(&pk, &sk)
    }

    async fn apply(&self, rows: Vec<Accepted<CatalogRecord>>, stage: &Stage) -> Result<Vec<Outcome>, StoreError> {
        let keys: Vec<Key> = rows.iter().map(|row| key_of(&row.record)).collect();
        let there = self.there(&keys).await?;
        let mut known: HashMap<&Key, Versions> = HashMap::with_capacity(keys.len());
        let mut changed: BTreeSet<&Key> = BTreeSet::new();
        let mut outcomes = Vec::with_capacity(rows.len());
        for (row, key) in rows.iter().zip(&keys) {
            let versions = match known.get(key) {
                Some(versions) => versions.clone(),
                None => Versions::read(there.get(key))?,
            };
            let change = with_row(&versions, &|generation| version(row, generation), stage);
            outcomes.push(match change.outcome {
                Outcome::Applied(_) => Outcome::Applied(price_change(&row.record, &versions, &stage.pointer)),
                outcome => outcome,
            });
            if change.versions.is_some() {
                changed.insert(key);
            }
            known.insert(key, change.versions.unwrap_or(versions));
        }
        if stage.writes {
            let mut requests = Vec::with_capacity(changed.len());
            for key in changed {
                let versions = known.remove(key).unwrap_or_default();
                requests.extend(requests_for(key, there.get(key), versions)?);
            }
            batch::write_all(&self.client, &self.table, requests).await?;
        }
        Ok(outcomes)
    }

    async fn sweep(&self, stage: &Stage, in_file: &InFile<'_>, from: Option<Cursor>) -> Result<Swept, StoreError> {
        self.sweep_page(stage, in_file, from).await
    }
}

#[async_trait]
impl Publications for CatalogTable {
    async fn pointer(&self, kind: LoadKind) -> Result<Pointer, StoreError> {
        loads::pointer::pointer(&self.client, &self.table, kind).await
    }

    async fn replace(&self, kind: LoadKind, from: u64, pointer: &Pointer) -> Result<bool, StoreError> {
        loads::pointer::replace(&self.client, &self.table, kind, from, pointer).await
    }
}

impl CatalogTable {
    async fn there(&self, keys: &[Key]) -> Result<HashMap<Key, Attributes>, StoreError> {
        // DynamoDB refuses a key that is asked for twice.
        let asked: BTreeSet<&Key> = keys.iter().collect();
        let asked = asked.into_iter().map(|(pk, sk)| key(pk.as_str(), sk.as_str())).collect();
        let records = batch::read_all_current(&self.client, &self.table, asked, &[]).await?;
        let keyed = |record: Attributes| {
            Ok(((get_text(&record, "pk")?.to_owned(), get_text(&record, "sk")?.to_owned()), record))
        };
        records.into_iter().map(keyed).collect()
    }
}

fn key_of(row: &CatalogRecord) -> Key {
    match row {
        CatalogRecord::Category(category) => (CATEGORIES.to_owned(), category.id.to_string()),
        CatalogRecord::NoCategory(id) => (CATEGORIES.to_owned(), id.to_string()),
        CatalogRecord::Item(item) => (item_pk(&item.sku), ITEM.to_owned()),
        CatalogRecord::NoItem(sku) => (item_pk(sku), ITEM.to_owned()),
        CatalogRecord::Text(text) => (item_pk(&text.sku), text_sk(&text.language)),
        CatalogRecord::NoText(sku, language) => (item_pk(sku), text_sk(language)),
        CatalogRecord::ListPrice(price) => {
            (item_pk(&price.sku), price_sk(price.price.currency(), &price.unit, price.valid_from))
        }
        CatalogRecord::NoListPrice(sku, currency, unit, from) => (item_pk(sku), price_sk(*currency, unit, *from)),
    }
}

fn version(row: &Accepted<CatalogRecord>, generation: u64) -> Version {
    let content = match &row.record {
        CatalogRecord::Category(category) => write_category(category, Record::empty()),
        CatalogRecord::Item(item) => write_item(item, Record::empty()),
        CatalogRecord::Text(text) => write_text(text, Record::empty()),
        CatalogRecord::ListPrice(price) => write_list_price(price, Record::empty()),
        CatalogRecord::NoCategory(_)
        | CatalogRecord::NoItem(_)
        | CatalogRecord::NoText(..)
        | CatalogRecord::NoListPrice(..) => {
            return Version::gone(generation, row.sequence.number(), row.fingerprint);
        }
    };
    Version::new(generation, row.sequence.number(), row.fingerprint, content.into_attributes())
}

/// The amount that readers see now beside the new one, when both are there.
fn price_change(row: &CatalogRecord, versions: &Versions, pointer: &Pointer) -> Option<PriceChange> {
    let CatalogRecord::ListPrice(price) = row else { return None };
    let now = versions.now(pointer).filter(|now| !now.is_gone())?;
    Some(PriceChange { before: amount(&now.attributes).ok()?, after: price.price.amount() })
}

/// What to write so that a record has the given versions. `there` is the record that they replace.
///
/// The ways from categories lead to an item as long as one of its versions is in the category: new ones are put, those that no
/// version needs go.
pub(super) fn requests_for(
    (pk, sk): &Key,
    there: Option<&Attributes>,
    versions: Versions,
) -> Result<Vec<WriteRequest>, StoreError> {
    let before = Versions::read(there)?;
    let mut requests = Vec::with_capacity(1);
    if let Some(sku) = pk.strip_prefix("item#").filter(|_| sk == ITEM) {
        let (had, has) = (categories(&before), categories(&versions));
        for id in has.difference(&had) {
            requests.push(put_request(key(category_pk(id), sku))?);
        }
        for id in had.difference(&has) {
            requests.push(delete_request(key(category_pk(id), sku))?);
        }
    }
    requests.push(match versions.into_attributes() {
        Some(mut record) => {
            record.extend(key(pk.as_str(), sk.as_str()));
            put_request(record)?
        }
        None => delete_request(key(pk.as_str(), sk.as_str()))?,
    });
    Ok(requests)
}

/// The categories of all versions of an item.
fn categories(versions: &Versions) -> BTreeSet<String> {
    let lists = versions.iter().filter_map(|version| version.attributes.get(CATEGORY_IDS)?.as_l().ok());
    let texts = lists.flatten().filter_map(|id: &AttributeValue| id.as_s().ok());
    texts.cloned().collect()
}
