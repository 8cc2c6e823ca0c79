//! Values that several operations share.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::lenient;
use crate::value::{Money, Number};

/// Who buys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Customer {
    /// The organization, by the id that both sides use.
    pub organization_id: String,
    /// The user within it.
    pub user_id: String,
}

/// A postal address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Address {
    /// The recipient.
    pub name: String,
    /// Street and number.
    pub line1: String,
    /// Whatever did not fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line2: Option<String>,
    /// The city.
    pub city: String,
    /// State or province, where the country has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The postal code.
    pub postal_code: String,
    /// An ISO 3166-1 alpha-2 code.
    pub country: String,
}

/// Where to, how, and when at the earliest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shipping {
    /// The destination; it decides the tax.
    pub address: Address,
    /// One of the ERP's shipping methods.
    pub method: String,
    /// A calendar day, `2026-12-24`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_delivery_date: Option<String>,
}

/// How the buyer pays.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum Payment {
    /// On account, by purchase order.
    Account,
    /// By a card that a payment provider holds.
    CardToken {
        /// The provider's opaque token. Never logged.
        token: String,
    },
}

impl fmt::Debug for Payment {
    /// Leaves the token out, so that no log line can hold it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Account => "Account",
            Self::CardToken { .. } => "CardToken(…)",
        })
    }
}

/// A line that has no price yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// The line's id, unique within its document.
    pub line_id: String,
    /// The item.
    pub sku: String,
    /// How many units.
    pub quantity: Number,
    /// The unit of the quantity.
    pub unit: String,
}

/// A line with the price the buyer saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderLine {
    /// The line's id, unique within its document.
    pub line_id: String,
    /// The item.
    pub sku: String,
    /// How many units.
    pub quantity: Number,
    /// The unit of the quantity.
    pub unit: String,
    /// The price of one unit.
    pub unit_price: Money,
    /// The unit price times the quantity, rounded to the currency.
    pub line_total: Money,
}

/// A line of a quote request; the price is what the buyer saw, if there was one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuoteLine {
    /// The line's id, unique within its document.
    pub line_id: String,
    /// The item.
    pub sku: String,
    /// How many units.
    pub quantity: Number,
    /// The unit of the quantity.
    pub unit: String,
    /// The price of one unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_price: Option<Money>,
    /// The unit price times the quantity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line_total: Option<Money>,
}

/// The amounts of a whole document, as far as the ERP has them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// All line totals.
    #[serde(
        default,
        deserialize_with = "lenient::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub product: Option<Money>,
    /// Discounts (negative) and surcharges.
    #[serde(
        default,
        deserialize_with = "lenient::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub adjustment: Option<Money>,
    /// Shipping charges: those of the lines and of the extra lines.
    #[serde(
        default,
        deserialize_with = "lenient::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub shipping: Option<Money>,
    /// Tax on the goods.
    #[serde(
        default,
        deserialize_with = "lenient::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub tax: Option<Money>,
    /// Tax on shipping.
    #[serde(
        default,
        deserialize_with = "lenient::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub shipping_tax: Option<Money>,
    /// What the buyer pays: the sum of the others.
    #[serde(
        default,
        deserialize_with = "lenient::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub grand: Option<Money>,
}

/// One tax of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaxAmount {
    /// What the tax is called.
    #[serde(
        default,
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub name: Option<String>,
    /// In percent.
    #[serde(
        default,
        deserialize_with = "lenient::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub rate: Option<Number>,
    /// What is taxed.
    #[serde(
        default,
        deserialize_with = "lenient::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub base: Option<Money>,
    /// The tax.
    #[serde(
        default,
        deserialize_with = "lenient::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub amount: Option<Money>,
}

/// What an extra line is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExtraLineKind {
    /// A shipping charge.
    Shipping,
    /// A discount or surcharge on the document.
    Adjustment,
    /// A word that this side does not know.
    #[serde(other)]
    Other,
}

/// An amount of the document that belongs to no item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExtraLine {
    /// What it is for.
    pub kind: ExtraLineKind,
    /// What the ERP calls it.
    #[serde(
        default,
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub name: Option<String>,
    /// The amount, before tax.
    #[serde(
        default,
        deserialize_with = "lenient::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub amount: Option<Money>,
}
