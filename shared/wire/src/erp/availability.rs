//! `POST /availability`

use serde::{Deserialize, Serialize};

use super::lenient;
use crate::value::Number;

/// An item to look up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AvailabilityRequestItem {
    /// The item.
    pub sku: String,
    /// The unit to count in; the item's own when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

/// Asks how much there is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AvailabilityRequest {
    /// The online store.
    pub store: String,
    /// Each item once.
    pub items: Vec<AvailabilityRequestItem>,
    /// Absent: the online store's total, answered without a location or with `online`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locations: Option<Vec<String>>,
}

/// Whether the ERP can deliver an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AvailabilityStatus {
    /// In stock; an absent quantity means unlimited.
    Available,
    /// Not in stock, but can be ordered.
    Backorderable,
    /// Not in stock, and cannot be ordered.
    Unavailable,
    /// A status that this side does not know.
    #[serde(other)]
    Unknown,
}

/// One item at one location.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AvailabilityItem {
    /// The item.
    pub sku: String,
    /// Where; absent or `online` is the online store's total.
    #[serde(
        default,
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub location: Option<String>,
    /// Absent or unreadable counts as unknown.
    #[serde(
        default,
        deserialize_with = "lenient::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub status: Option<AvailabilityStatus>,
    /// How many; absent together with `available` means unlimited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub available_quantity: Option<Number>,
    /// The unit of the quantity.
    #[serde(
        default,
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub unit: Option<String>,
    /// An instant or a calendar day.
    #[serde(
        default,
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub available_from: Option<String>,
    /// Why the item has no availability, such as `unknown_sku`.
    #[serde(
        default,
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub code: Option<String>,
}

/// What there is. Items may come in any order; one that is missing is unknown. An item whose
/// quantity is present but unreadable is left out as a whole, since dropping the quantity alone
/// would read as unlimited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AvailabilityAnswer {
    /// One entry per asked item and location.
    #[serde(deserialize_with = "lenient::list")]
    pub items: Vec<AvailabilityItem>,
}
