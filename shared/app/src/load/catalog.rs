//! The rows of the catalog's files.

use domain::catalog::{Category, Item, ItemStatus, ItemText, ListPrice};
use domain::ids::{CategoryId, Language, ProductId, Sku, Unit};
use domain::load::{CatalogRecord, LoadKind};
use domain::money::{Currency, Money};

use super::header::{Field, optional, required};
use super::kinds::Rows;
use super::row::Row;

const CATEGORIES: &[Field] = &[
    required("category_id"),
    optional("parent_id"),
    required("name"),
    optional("sequence").number(),
];

const ITEMS: &[Field] = &[
    required("sku"),
    optional("product_id"),
    required("name"),
    optional("description"),
    optional("category_ids"),
    required("unit"),
    optional("nominal_quantity").number(),
    optional("quantity_multiple").number(),
    optional("status"),
];

const TEXTS: &[Field] = &[
    required("sku"),
    required("language"),
    optional("name"),
    optional("description"),
];

const LIST_PRICES: &[Field] = &[
    required("sku"),
    required("currency"),
    required("amount").number(),
    required("unit"),
    optional("valid_from").date(),
    optional("valid_until").date(),
];

impl Rows for CatalogRecord {
    const PREPARED: bool = true;

    fn fields(kind: LoadKind) -> Option<&'static [Field]> {
        match kind {
            LoadKind::Categories => Some(CATEGORIES),
            LoadKind::Items => Some(ITEMS),
            LoadKind::ItemDescriptions => Some(TEXTS),
            LoadKind::ListPrices => Some(LIST_PRICES),
            LoadKind::Organizations | LoadKind::Users | LoadKind::Addresses => None,
        }
    }

    fn key_fields(kind: LoadKind) -> usize {
        match kind {
            LoadKind::ItemDescriptions | LoadKind::ListPrices => 2,
            _ => 1,
        }
    }

    fn parse(kind: LoadKind, row: &mut Row<'_>, removes: bool) -> Option<Self> {
        match kind {
            LoadKind::Categories => category(row, removes),
            LoadKind::Items => item(row, removes),
            LoadKind::ItemDescriptions => text(row, removes),
            LoadKind::ListPrices => list_price(row, removes),
            LoadKind::Organizations | LoadKind::Users | LoadKind::Addresses => None,
        }
    }
}

fn category(row: &mut Row<'_>, removes: bool) -> Option<CatalogRecord> {
    let id = row.id(0, CategoryId::parse);
    if removes {
        return Some(CatalogRecord::NoCategory(id?));
    }
    let parent = row.optional(1, "identifier", |text| {
        if id.as_ref().is_some_and(|id| id.as_str() == text) {
            Err("is the category itself".to_owned())
        } else {
            CategoryId::parse(text).map_err(|error| error.to_string())
        }
    });
    let name = row.words(2);
    let sequence = row.whole(3);
    Some(CatalogRecord::Category(Category {
        id: id?,
        name: name?,
        parent,
        sequence: sequence?,
    }))
}

fn item(row: &mut Row<'_>, removes: bool) -> Option<CatalogRecord> {
    let sku = row.id(0, Sku::parse);
    if removes {
        return Some(CatalogRecord::NoItem(sku?));
    }
    let product_id = row.optional_id(1, ProductId::parse);
    let name = row.words(2);
    let description = row.optional_words(3);
    let category_ids = row.list(4, "identifier", CategoryId::parse);
    let unit = row.id(5, Unit::parse);
    let nominal_quantity = row.quantity(6);
    let quantity_multiple = row.quantity(7);
    let status = row.choice(8, ItemStatus::Active, "active, inactive", ItemStatus::parse);
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

fn text(row: &mut Row<'_>, removes: bool) -> Option<CatalogRecord> {
    let sku = row.id(0, Sku::parse);
    let language = row.id(1, language);
    if removes {
        return Some(CatalogRecord::NoText(sku?, language?));
    }
    let name = row.optional_words(2);
    let description = row.optional_words(3);
    Some(CatalogRecord::Text(ItemText {
        sku: sku?,
        language: language?,
        name,
        description,
    }))
}

fn list_price(row: &mut Row<'_>, removes: bool) -> Option<CatalogRecord> {
    let sku = row.id(0, Sku::parse);
    let currency = row.required(1, "currency", |text| {
        Currency::parse(text).map_err(|_| "is no code such as USD")
    });
    let unit = row.id(3, Unit::parse);
    let valid_from = row.instant(4, false);
    if removes {
        return Some(CatalogRecord::NoListPrice(
            sku?, currency?, unit?, valid_from,
        ));
    }
    let price = row.required(2, "amount", |text| {
        // Without a readable currency only the number can be checked.
        let money = Money::parse(text, currency.unwrap_or(Currency::NONE));
        match money {
            Ok(money) if money.is_negative() => Err("is negative"),
            Ok(money) => Ok(money),
            Err(domain::money::MoneyError::Scale) => Err("has more than 5 digits after the point"),
            Err(domain::money::MoneyError::Range) => Err("is too large"),
            Err(_) => Err("is no plain decimal number such as 12.50"),
        }
    });
    let valid_until = row.instant(5, true);
    if let (Some(from), Some(until)) = (valid_from, valid_until)
        && until <= from
    {
        row.problems.push(domain::load::RowProblem::field(
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
