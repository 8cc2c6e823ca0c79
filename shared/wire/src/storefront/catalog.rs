//! The catalog.

use std::collections::BTreeMap;

use domain::catalog as model;
use serde::{Deserialize, Serialize};

use crate::value::{Money, Number};

/// A category.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Category {
    /// Its identifier.
    pub category_id: String,
    /// The name shown.
    pub name: String,
    /// The category above; null for a top one.
    pub parent_id: Option<String>,
    /// Position among its siblings.
    pub sequence: i64,
}

impl From<model::Category> for Category {
    fn from(category: model::Category) -> Self {
        Self {
            category_id: category.id.to_string(),
            name: category.name,
            parent_id: category.parent.map(|parent| parent.to_string()),
            sequence: category.sequence,
        }
    }
}

/// All categories.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Categories {
    /// Siblings by their sequence.
    pub categories: Vec<Category>,
}

/// An item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// Its number.
    pub sku: String,
    /// The family that it belongs to.
    pub product_id: Option<String>,
    /// Its name, in the caller's language if there is one.
    pub name: String,
    /// Its description, in the caller's language if there is one.
    pub description: Option<String>,
    /// The categories that it belongs to.
    pub category_ids: Vec<String>,
    /// The unit that quantities are counted in.
    pub unit: String,
    /// How many units one piece of a quantity without a unit means.
    pub nominal_quantity: Number,
    /// Quantities are rounded up to a whole number of it.
    pub quantity_multiple: Number,
    /// `active` or `inactive`.
    pub status: String,
    /// Descriptive attributes by name.
    pub attributes: BTreeMap<String, String>,
    /// The list prices valid now, one for each currency.
    pub list_prices: Vec<Money>,
}

impl Item {
    /// An item with the list prices valid now.
    #[must_use]
    pub fn new(item: model::Item, list_prices: Vec<domain::money::Money>) -> Self {
        Self {
            sku: item.sku.to_string(),
            product_id: item.product_id.map(|id| id.to_string()),
            name: item.name,
            description: item.description,
            category_ids: item.category_ids.iter().map(ToString::to_string).collect(),
            unit: item.unit.to_string(),
            nominal_quantity: Number(item.nominal_quantity.value()),
            quantity_multiple: Number(item.quantity_multiple.value()),
            status: item.status.as_str().to_owned(),
            attributes: item.attributes,
            list_prices: list_prices.into_iter().map(Money::from).collect(),
        }
    }
}

/// A piece of a list of items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Items {
    /// The items.
    pub items: Vec<Item>,
    /// Where the list goes on; null at its end.
    pub next_cursor: Option<String>,
}

/// The items that were asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundItems {
    /// In the order of the query; unknown items are absent.
    pub items: Vec<Item>,
}

/// Which items to answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ItemsQuery {
    /// Their numbers, at most 100.
    pub skus: Vec<String>,
}
