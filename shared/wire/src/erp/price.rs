//! `POST /prices`

use serde::{Deserialize, Deserializer, Serialize};

use super::lenient;
use super::value::Customer;
use crate::value::{Money, Number};

/// An item to price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PriceRequestItem {
    /// The item.
    pub sku: String,
    /// How many units; the price may depend on it.
    pub quantity: Number,
    /// The unit of the quantity and of the price.
    pub unit: String,
}

/// Asks for this customer's best prices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PriceRequest {
    /// The online store.
    pub store: String,
    /// Whose prices.
    pub customer: Customer,
    /// An ISO 4217 code.
    pub currency: String,
    /// Each item, quantity and unit once.
    pub items: Vec<PriceRequestItem>,
}

/// The price from a quantity on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuantityBreak {
    /// Inclusive.
    pub min_quantity: Number,
    /// The price of one unit from there up to the next break.
    pub unit_price: Money,
}

/// One priced item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PriceItem {
    /// The item.
    pub sku: String,
    /// The quantity that was asked for.
    #[serde(
        default,
        deserialize_with = "lenient::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub quantity: Option<Number>,
    /// The unit of the price.
    #[serde(
        default,
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub unit: Option<String>,
    /// The best price of one unit; absent means that there is none.
    #[serde(
        default,
        deserialize_with = "lenient::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub unit_price: Option<Money>,
    /// The ERP's own list price, for reference.
    #[serde(
        default,
        deserialize_with = "lenient::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub list_price: Option<Money>,
    /// Every step of the price, the first one included, or empty when the ERP does not tell. A
    /// ladder with an unreadable step makes the whole item unreadable: without the step, quantities
    /// above it would be priced wrongly.
    #[serde(
        default,
        deserialize_with = "ladder",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub quantity_breaks: Vec<QuantityBreak>,
    /// Why the item has no price, such as `unknown_sku`.
    #[serde(
        default,
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub code: Option<String>,
}

/// The prices. Items may come in any order; one that is missing is unknown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PricesAnswer {
    /// One entry per asked item.
    #[serde(deserialize_with = "lenient::list")]
    pub items: Vec<PriceItem>,
}

fn ladder<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<QuantityBreak>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
