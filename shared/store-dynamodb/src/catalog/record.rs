//! Values of the catalog as records and back.

use app::ports::StoreError;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::catalog::{Category, Item, ItemStatus, ItemText, ListPrice};
use domain::ids::{CategoryId, Language, ProductId, Sku, Unit};
use domain::money::{Currency, Money};
use domain::quantity::Quantity;
use domain::time::Timestamp;

use crate::attribute::{
    Attributes, Record, corrupt, find_instant, find_parsed, find_text, get_decimal, get_number,
    get_parsed, get_text, get_text_map, get_texts, instant, number, text, text_map, texts,
};

/// The partition key of all categories.
pub(super) const CATEGORIES: &str = "categories";
/// The sort key of an item, next to the records that belong to it.
pub(super) const ITEM: &str = "item";
/// The prefix of the sort keys of list prices.
pub(super) const PRICES: &str = "price#";
/// The prefix of the sort keys of texts.
pub(super) const TEXTS: &str = "text#";
/// The attribute with the categories of an item.
pub(super) const CATEGORY_IDS: &str = "categoryIds";

pub(super) fn item_pk(sku: &Sku) -> String {
    format!("item#{sku}")
}

pub(super) fn text_sk(language: &Language) -> String {
    format!("{TEXTS}{language}")
}

pub(super) fn price_sk(currency: Currency, unit: &Unit, valid_from: Option<Timestamp>) -> String {
    match valid_from {
        Some(from) => format!("{PRICES}{currency}#{from}#{unit}"),
        None => format!("{PRICES}{currency}#-#{unit}"),
    }
}

pub(super) fn category_pk(category: &str) -> String {
    format!("category#{category}")
}

pub(super) fn write_category(category: &Category, record: Record) -> Record {
    record
        .with("name", text(&category.name))
        .with_some(
            "parentId",
            category.parent.as_ref().map(|parent| text(parent.as_str())),
        )
        // `sequence` is the place of the file; this is the place among siblings.
        .with("place", number(category.sequence))
}

pub(super) fn read_category(record: &Attributes) -> Result<Category, StoreError> {
    Ok(Category {
        id: get_parsed(record, "sk", CategoryId::parse)?,
        name: get_text(record, "name")?.to_owned(),
        parent: find_parsed(record, "parentId", CategoryId::parse)?,
        sequence: get_number(record, "place")?,
    })
}

pub(super) fn write_item(item: &Item, record: Record) -> Record {
    let several =
        |quantity: Quantity| (quantity != Quantity::ONE).then(|| number(quantity.value()));
    record
        .with("name", text(&item.name))
        .with("unit", text(item.unit.as_str()))
        .with("status", text(item.status.as_str()))
        .with_some(
            "productId",
            item.product_id.as_ref().map(|id| text(id.as_str())),
        )
        .with_some("description", item.description.as_deref().map(text))
        .with_some(
            CATEGORY_IDS,
            (!item.category_ids.is_empty())
                .then(|| texts(item.category_ids.iter().map(CategoryId::as_str))),
        )
        .with_some("nominalQuantity", several(item.nominal_quantity))
        .with_some("quantityMultiple", several(item.quantity_multiple))
        .with_some(
            "attributes",
            (!item.attributes.is_empty()).then(|| text_map(&item.attributes)),
        )
}

pub(super) fn read_item(record: &Attributes) -> Result<Item, StoreError> {
    let quantity = |name: &str| match record.get(name) {
        None => Ok(Quantity::ONE),
        Some(_) => Quantity::new(get_decimal(record, name)?).map_err(|_| corrupt(name)),
    };
    Ok(Item {
        sku: sku_of(record)?,
        product_id: find_parsed(record, "productId", ProductId::parse)?,
        name: get_text(record, "name")?.to_owned(),
        description: find_text(record, "description")?.map(str::to_owned),
        category_ids: get_texts(record, CATEGORY_IDS, CategoryId::parse)?,
        unit: get_parsed(record, "unit", Unit::parse)?,
        nominal_quantity: quantity("nominalQuantity")?,
        quantity_multiple: quantity("quantityMultiple")?,
        status: get_parsed(record, "status", |text| ItemStatus::parse(text).ok_or(()))?,
        attributes: get_text_map(record, "attributes")?,
    })
}

pub(super) fn write_text(value: &ItemText, record: Record) -> Record {
    record
        .with_some("name", value.name.as_deref().map(text))
        .with_some("description", value.description.as_deref().map(text))
}

pub(super) fn read_text(record: &Attributes) -> Result<ItemText, StoreError> {
    let language = get_text(record, "sk")?
        .strip_prefix(TEXTS)
        .ok_or_else(|| corrupt("sk"))?;
    Ok(ItemText {
        sku: sku_of(record)?,
        language: Language::parse(language).map_err(|_| corrupt("sk"))?,
        name: find_text(record, "name")?.map(str::to_owned),
        description: find_text(record, "description")?.map(str::to_owned),
    })
}

pub(super) fn write_list_price(price: &ListPrice, record: Record) -> Record {
    record
        .with(
            "amount",
            AttributeValue::N(price.price.amount().to_string()),
        )
        .with("currency", text(price.price.currency().as_str()))
        .with("unit", text(price.unit.as_str()))
        .with_some("validFrom", price.valid_from.map(instant))
        .with_some("validUntil", price.valid_until.map(instant))
}

/// The amount of a list price.
pub(super) fn amount(record: &Attributes) -> Result<rust_decimal::Decimal, StoreError> {
    get_decimal(record, "amount")
}

pub(super) fn read_list_price(record: &Attributes) -> Result<ListPrice, StoreError> {
    let currency = get_parsed(record, "currency", Currency::parse)?;
    Ok(ListPrice {
        sku: sku_of(record)?,
        price: Money::new(amount(record)?, currency).map_err(|_| corrupt("amount"))?,
        unit: get_parsed(record, "unit", Unit::parse)?,
        valid_from: find_instant(record, "validFrom")?,
        valid_until: find_instant(record, "validUntil")?,
    })
}

fn sku_of(record: &Attributes) -> Result<Sku, StoreError> {
    get_parsed(record, "pk", |pk| {
        Sku::parse(pk.strip_prefix("item#").unwrap_or_default())
    })
}
