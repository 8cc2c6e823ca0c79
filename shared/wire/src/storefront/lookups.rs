//! Offer prices and availability.

use domain::availability as model;
use serde::{Deserialize, Serialize};

use super::freshness::{Freshness, Reason};
use crate::value::{Instant, Money, Number};

/// Where a lookup may look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Never calls the ERP.
    Cached,
    /// Calls the ERP for what is missing or no longer fresh.
    #[default]
    Auto,
    /// Always calls the ERP, and writes back.
    Live,
}

/// `POST /prices/query`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PriceQuery {
    /// The organization's, unless given.
    pub currency: Option<String>,
    /// `auto`, unless given.
    #[serde(default)]
    pub mode: Mode,
    /// 1 to 500 items.
    pub items: Vec<PriceQueryItem>,
}

/// An item whose price is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PriceQueryItem {
    /// The item.
    pub sku: String,
    /// One, unless given.
    #[serde(default, deserialize_with = "crate::value::json_number_or_null")]
    pub quantity: Option<Number>,
    /// The item's own, unless given.
    pub unit: Option<String>,
}

/// Whether an item has a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriceStatus {
    /// It has.
    Priced,
    /// No price is known at the moment.
    Unpriced,
    /// The item does not exist.
    Error,
}

/// A price at another quantity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuantityBreak {
    /// From this quantity on.
    pub min_quantity: Number,
    /// The price of one unit.
    pub unit_price: Money,
}

/// The price of one asked item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PricedItem {
    /// The item.
    pub sku: String,
    /// The quantity that was priced.
    pub quantity: Number,
    /// The unit.
    pub unit: Option<String>,
    /// Whether it has a price.
    pub status: PriceStatus,
    /// The ERP's price of one unit for this customer.
    pub offer_price: Option<Money>,
    /// The list price of one unit.
    pub list_price: Option<Money>,
    /// Prices at other quantities.
    pub quantity_breaks: Vec<QuantityBreak>,
    /// How old the offer price is.
    pub freshness: Freshness,
    /// Why the item has no price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Reason>,
}

/// The answer of `POST /prices/query`, in request order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PricedItems {
    /// One per asked item.
    pub items: Vec<PricedItem>,
}

/// `POST /inventory/query`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AvailabilityQuery {
    /// `auto`, unless given.
    #[serde(default)]
    pub mode: Mode,
    /// 1 to 500 items, counted once for each location.
    pub items: Vec<AvailabilityQueryItem>,
    /// The online store's total, unless given.
    pub locations: Option<Vec<String>>,
}

/// An item whose availability is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AvailabilityQueryItem {
    /// The item.
    pub sku: String,
    /// How many are wanted: scarce stock is asked for more often.
    #[serde(default, deserialize_with = "crate::value::json_number_or_null")]
    pub quantity: Option<Number>,
}

/// Whether an item can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AvailabilityStatus {
    /// In stock.
    Available,
    /// Not in stock, but can be ordered.
    Backorderable,
    /// Cannot be had.
    Unavailable,
    /// The ERP did not say. Never the same as zero.
    Unknown,
}

impl From<model::AvailabilityStatus> for AvailabilityStatus {
    fn from(status: model::AvailabilityStatus) -> Self {
        match status {
            model::AvailabilityStatus::Available => Self::Available,
            model::AvailabilityStatus::Backorderable => Self::Backorderable,
            model::AvailabilityStatus::Unavailable => Self::Unavailable,
            model::AvailabilityStatus::Unknown => Self::Unknown,
        }
    }
}

/// The availability of one asked item at one location.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AvailableItem {
    /// The item.
    pub sku: String,
    /// The location; null = the online store's total.
    pub location: Option<String>,
    /// Whether it can be had.
    pub status: AvailabilityStatus,
    /// How many; `available` without a quantity is unlimited.
    pub available_quantity: Option<Number>,
    /// The unit.
    pub unit: Option<String>,
    /// From when on it can be had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available_from: Option<Instant>,
    /// How old the word is.
    pub freshness: Freshness,
}

/// The answer of `POST /inventory/query`, in request order, locations innermost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AvailableItems {
    /// One per asked item and location.
    pub items: Vec<AvailableItem>,
}

/// `POST /operations/caches/invalidate`: exactly one of the three.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Invalidation {
    /// Prices and availabilities of these items.
    pub skus: Option<Vec<String>>,
    /// The prices of this organization.
    pub organization_id: Option<String>,
    /// Everything.
    #[serde(default)]
    pub all: bool,
}
