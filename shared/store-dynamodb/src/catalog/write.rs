//! Loads into the catalog.

use app::ports::{Outcome, RowWriter, StoreError};
use async_trait::async_trait;
use aws_sdk_dynamodb::types::WriteRequest;
use domain::load::{Accepted, CatalogRecord, LoadMode, RowProblem};

use super::CatalogTable;
use super::record::{
    CATEGORIES, CATEGORY_IDS, ITEM, category_pk, item_pk, price_sk, text_sk, write_category, write_item,
    write_list_price, write_text,
};
use crate::attribute::{Attributes, Record, get_list, key};
use crate::loads::rows::{self, Layout, delete_request, put_request};

#[async_trait]
impl RowWriter<CatalogRecord> for CatalogTable {
    async fn apply(&self, rows: Vec<Accepted<CatalogRecord>>, mode: LoadMode) -> Result<Vec<Outcome>, StoreError> {
        rows::apply::<_, CatalogLayout>(&self.client, &self.table, &rows, mode).await
    }
}

struct CatalogLayout;

impl Layout<CatalogRecord> for CatalogLayout {
    const KEPT: &'static [&'static str] = &[CATEGORY_IDS];

    fn key(row: &CatalogRecord) -> (String, String) {
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

    fn removes(row: &CatalogRecord) -> bool {
        match row {
            CatalogRecord::Category(_)
            | CatalogRecord::Item(_)
            | CatalogRecord::Text(_)
            | CatalogRecord::ListPrice(_) => false,
            CatalogRecord::NoCategory(_)
            | CatalogRecord::NoItem(_)
            | CatalogRecord::NoText(..)
            | CatalogRecord::NoListPrice(..) => true,
        }
    }

    fn refusal(_: &CatalogRecord, _: &Attributes) -> Option<RowProblem> {
        None
    }

    fn content(row: &CatalogRecord, _: Option<&Attributes>, record: Record) -> Record {
        match row {
            CatalogRecord::Category(category) => write_category(category, record),
            CatalogRecord::Item(item) => write_item(item, record),
            CatalogRecord::Text(text) => write_text(text, record),
            CatalogRecord::ListPrice(price) => write_list_price(price, record),
            CatalogRecord::NoCategory(_)
            | CatalogRecord::NoItem(_)
            | CatalogRecord::NoText(..)
            | CatalogRecord::NoListPrice(..) => record,
        }
    }

    /// The ways from categories to the item: new ones are put, those that it lost go.
    fn others(row: &CatalogRecord, there: Option<&Attributes>) -> Result<Vec<WriteRequest>, StoreError> {
        let (sku, now) = match row {
            CatalogRecord::Item(item) => (&item.sku, item.category_ids.as_slice()),
            CatalogRecord::NoItem(sku) => (sku, &[][..]),
            _ => return Ok(Vec::new()),
        };
        let before = there.map_or(Ok(&[][..]), |there| get_list(there, CATEGORY_IDS))?;
        let before: Vec<&str> = before.iter().filter_map(|id| id.as_s().ok()).map(String::as_str).collect();
        let put = now.iter().filter(|id| !before.contains(&id.as_str())).map(|id| {
            let way = Record::keyed(category_pk(id.as_str()), sku.as_str()).into_attributes();
            put_request(way)
        });
        let lost = before.iter().filter(|id| !now.iter().any(|kept| kept.as_str() == **id));
        let delete = lost.map(|id| delete_request(key(category_pk(id), sku.as_str())));
        put.chain(delete).collect()
    }
}
