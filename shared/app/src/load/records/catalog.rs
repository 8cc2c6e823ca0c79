//! The records of the catalog's files.

use domain::catalog::{Category, Item, ItemStatus, ItemText, ListPrice};
use domain::ids::{CategoryId, Language, ProductId, Sku, Unit};
use domain::load::{CatalogRecord, LoadKind, RowProblem};
use domain::money::{Currency, Money};

use super::RecordFamily;
use crate::load::columns::{self, CATEGORIES, DESCRIPTIONS, Field, ITEMS, LIST_PRICES};
use crate::load::row_cursor::RowCursor;

impl RecordFamily for CatalogRecord {
    const LAYOUT: u8 = Self::LAYOUT;

    fn fields(kind: LoadKind) -> Option<&'static [Field]> {
        match kind {
            LoadKind::Categories => Some(columns::Categories::FIELDS),
            LoadKind::Items => Some(columns::Items::FIELDS),
            LoadKind::ItemDescriptions => Some(columns::Descriptions::FIELDS),
            LoadKind::ListPrices => Some(columns::ListPrices::FIELDS),
            LoadKind::Organizations | LoadKind::Users | LoadKind::Addresses => None,
        }
    }

    fn parse(kind: LoadKind, row: &mut RowCursor<'_>, removes: bool) -> Option<Self> {
        match kind {
            LoadKind::Categories => category(row, removes),
            LoadKind::Items => item(row, removes),
            LoadKind::ItemDescriptions => text(row, removes),
            LoadKind::ListPrices => list_price(row, removes),
            LoadKind::Organizations | LoadKind::Users | LoadKind::Addresses => None,
        }
    }
}

fn category(row: &mut RowCursor<'_>, removes: bool) -> Option<CatalogRecord> {
    let id = row.id(CATEGORIES.category_id, CategoryId::parse);
    if removes {
        return Some(CatalogRecord::NoCategory(id?));
    }
    let parent = row.parse_optional(CATEGORIES.parent_id, "identifier", |text| {
        if id.as_ref().is_some_and(|id| id.as_str() == text) {
            Err("is the category itself".to_owned())
        } else {
            CategoryId::parse(text).map_err(|error| error.to_string())
        }
    });
    let name = row.text(CATEGORIES.name);
    let sequence = row.whole(CATEGORIES.sequence);
    Some(CatalogRecord::Category(Category {
        id: id?,
        name: name?,
        parent,
        sequence: sequence?,
    }))
}

fn item(row: &mut RowCursor<'_>, removes: bool) -> Option<CatalogRecord> {
    let sku = row.id(ITEMS.sku, Sku::parse);
    if removes {
        return Some(CatalogRecord::NoItem(sku?));
    }
    let product_id = row.optional_id(ITEMS.product_id, ProductId::parse);
    let name = row.text(ITEMS.name);
    let description = row.optional_text(ITEMS.description);
    let category_ids = row.list(ITEMS.category_ids, "identifier", CategoryId::parse);
    let unit = row.id(ITEMS.unit, Unit::parse);
    let nominal_quantity = row.quantity(ITEMS.nominal_quantity);
    let quantity_multiple = row.quantity(ITEMS.quantity_multiple);
    let status = row.choice(ITEMS.status, ItemStatus::parse);
    let attributes = row.attributes();
    Some(CatalogRecord::Item(Item {
        sku: sku?,
        product_id,
        name: name?,
        description,
        category_ids: category_ids?,
        unit: unit?,
        nominal_quantity: nominal_quantity?,
        quantity_multiple: quantity_multiple?,
        status: status?,
        attributes,
    }))
}

/// Languages are compared without case, so that `zh-Hant` and `zh-hant` are one.
fn language(text: &str) -> Result<Language, domain::ids::IdError> {
    Language::parse(&text.to_lowercase())
}

fn text(row: &mut RowCursor<'_>, removes: bool) -> Option<CatalogRecord> {
    let sku = row.id(DESCRIPTIONS.sku, Sku::parse);
    let language = row.parse(DESCRIPTIONS.language, "identifier", language);
    if removes {
        return Some(CatalogRecord::NoText(sku?, language?));
    }
    let name = row.optional_text(DESCRIPTIONS.name);
    let description = row.optional_text(DESCRIPTIONS.description);
    Some(CatalogRecord::Text(ItemText {
        sku: sku?,
        language: language?,
        name,
        description,
    }))
}

fn list_price(row: &mut RowCursor<'_>, removes: bool) -> Option<CatalogRecord> {
    let sku = row.id(LIST_PRICES.sku, Sku::parse);
    let currency = row.currency(LIST_PRICES.currency);
    let unit = row.id(LIST_PRICES.unit, Unit::parse);
    let valid_from = row.start(LIST_PRICES.valid_from);
    if removes {
        return Some(CatalogRecord::NoListPrice(
            sku?, currency?, unit?, valid_from,
        ));
    }
    let price = row.parse(LIST_PRICES.amount, "amount", |text| {
        // Without a readable currency only the number can be checked.
        let money = Money::parse(text, currency.unwrap_or(Currency::NONE));
        match money {
            Ok(money) if money.is_negative() => Err("is negative"),
            Ok(money) => Ok(money),
            Err(domain::money::MoneyError::Scale) => Err("has more than 5 decimal places"),
            Err(domain::money::MoneyError::Range) => Err("is too large"),
            Err(_) => Err("is not a decimal number (example: 12.50)"),
        }
    });
    let valid_until = row.end(LIST_PRICES.valid_until);
    if let (Some(from), Some(until)) = (valid_from, valid_until)
        && until <= from
    {
        row.add_problem(RowProblem::field(
            "valid_until",
            "validity",
            "valid_until is before valid_from",
        ));
    }
    Some(CatalogRecord::ListPrice(ListPrice {
        sku: sku?,
        price: price?,
        unit: unit?,
        valid_from,
        valid_until,
    }))
}
