//! `POST /orders/calculate`, and `PUT /preparations/{reference}` for an ERP that reserves, prices
//! and calculates in one.

use serde::{Deserialize, Serialize};

use super::lenient;
use super::reservation::ReservationStatus;
use super::value::{Customer, ExtraLine, Line, OrderLine, Shipping, TaxAmount, Totals};
use crate::value::{Instant, Money, Number};

/// Asks for the amounts of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CalculationRequest {
    /// The document's id.
    pub reference: String,
    /// The online store.
    pub store: String,
    /// Who buys.
    pub customer: Customer,
    /// An ISO 4217 code.
    pub currency: String,
    /// What, at which prices.
    pub lines: Vec<OrderLine>,
    /// Where to; without it there is neither tax nor shipping.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipping: Option<Shipping>,
}

/// The amounts of one line, as far as the ERP has them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CalculatedLine {
    /// The line.
    pub line_id: String,
    /// Unit price times quantity.
    #[serde(
        default,
        deserialize_with = "lenient::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub line_total: Option<Money>,
    /// Tax on the goods.
    #[serde(
        default,
        deserialize_with = "lenient::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub tax: Option<Money>,
    /// The line's own shipping charge.
    #[serde(
        default,
        deserialize_with = "lenient::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub shipping: Option<Money>,
    /// Discount (negative) or surcharge.
    #[serde(
        default,
        deserialize_with = "lenient::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub adjustment: Option<Money>,
}

/// The amounts of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CalculationAnswer {
    /// The document's id; another one than asked for means that the answer is not ours.
    #[serde(
        default,
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub reference: Option<String>,
    /// One entry per asked line; taxes may exist for the document alone.
    #[serde(default, deserialize_with = "lenient::list")]
    pub lines: Vec<CalculatedLine>,
    /// A calculation without a readable grand total is unusable.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub totals: Totals,
    /// The taxes of the document.
    #[serde(
        default,
        deserialize_with = "lenient::list",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub taxes: Vec<TaxAmount>,
    /// Amounts that belong to no item.
    #[serde(
        default,
        deserialize_with = "lenient::list",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub extra_lines: Vec<ExtraLine>,
}

/// Reserves, prices and calculates in one call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PreparationRequest {
    /// The online store.
    pub store: String,
    /// Who buys.
    pub customer: Customer,
    /// An ISO 4217 code.
    pub currency: String,
    /// What.
    pub lines: Vec<Line>,
    /// Where to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipping: Option<Shipping>,
    /// Until when the goods are kept.
    pub expires_at: Instant,
}

/// One line of a combined preparation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PreparedLine {
    /// The line.
    pub line_id: String,
    /// Absent or unreadable counts as unknown.
    #[serde(
        default,
        deserialize_with = "lenient::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub status: Option<ReservationStatus>,
    /// The reserved quantity.
    #[serde(
        default,
        deserialize_with = "lenient::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub quantity: Option<Number>,
    /// The price of one unit; absent means that there is none.
    #[serde(
        default,
        deserialize_with = "lenient::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub unit_price: Option<Money>,
    /// Unit price times quantity.
    #[serde(
        default,
        deserialize_with = "lenient::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub line_total: Option<Money>,
    /// Tax on the goods.
    #[serde(
        default,
        deserialize_with = "lenient::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub tax: Option<Money>,
    /// The line's own shipping charge.
    #[serde(
        default,
        deserialize_with = "lenient::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub shipping: Option<Money>,
    /// Discount (negative) or surcharge.
    #[serde(
        default,
        deserialize_with = "lenient::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub adjustment: Option<Money>,
    /// Why not, such as `unknown_sku`.
    #[serde(
        default,
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub code: Option<String>,
}

/// A combined preparation. A line that is missing is unknown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PreparationAnswer {
    /// The document's id; another one than asked for means that the answer is not ours.
    #[serde(
        default,
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub reference: Option<String>,
    /// Until when, if the ERP changed it.
    #[serde(
        default,
        deserialize_with = "lenient::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub expires_at: Option<Instant>,
    /// One entry per asked line.
    #[serde(deserialize_with = "lenient::list")]
    pub lines: Vec<PreparedLine>,
    /// A calculation without a readable grand total is unusable.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub totals: Totals,
    /// The taxes of the document.
    #[serde(
        default,
        deserialize_with = "lenient::list",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub taxes: Vec<TaxAmount>,
    /// Amounts that belong to no item.
    #[serde(
        default,
        deserialize_with = "lenient::list",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub extra_lines: Vec<ExtraLine>,
}
