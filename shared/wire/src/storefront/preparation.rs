//! A preparation.

use domain::preparation as model;
use serde::{Deserialize, Serialize};

use crate::value::{Instant, Money, Number};

/// What the ERP reserved for a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReservationStatus {
    /// The whole quantity.
    Reserved,
    /// Not all of it; the rest follows.
    Backordered,
    /// Nothing.
    Unavailable,
}

/// The reservation of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// Whether all of it, a part or nothing is reserved.
    pub status: ReservationStatus,
    /// The reserved quantity.
    pub quantity: Number,
}

/// A prepared line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PreparedLine {
    /// The line of the cart.
    pub line_id: String,
    /// The item.
    pub sku: String,
    /// The quantity.
    pub quantity: Number,
    /// The live price of one unit.
    pub unit_price: Money,
    /// The ERP's amount of the line.
    pub line_total: Money,
    /// Tax on the line, where the ERP has it per line.
    pub tax: Option<Money>,
    /// Shipping of the line, where the ERP has it per line.
    pub shipping: Option<Money>,
    /// Discount or surcharge.
    pub adjustment: Option<Money>,
    /// What is reserved.
    pub reservation: Reservation,
}

/// The amounts of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// The lines.
    pub product: Money,
    /// Discounts and surcharges.
    pub adjustment: Money,
    /// Shipping.
    pub shipping: Money,
    /// Tax on the lines.
    pub tax: Money,
    /// Tax on shipping.
    pub shipping_tax: Money,
    /// What is to be paid.
    pub grand: Money,
}

impl From<&model::Totals> for Totals {
    fn from(t: &model::Totals) -> Self {
        Self {
            product: t.product.into(),
            adjustment: t.adjustment.into(),
            shipping: t.shipping.into(),
            tax: t.tax.into(),
            shipping_tax: t.shipping_tax.into(),
            grand: t.grand.into(),
        }
    }
}

/// Something that differs from what the cart showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// The line.
    pub line_id: String,
    /// The field.
    pub field: String,
    /// What the cart showed.
    pub before: Option<String>,
    /// What holds now.
    pub after: Option<String>,
}

/// The figures that the buyer commits to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Preparation {
    /// Its identifier.
    pub preparation_id: String,
    /// Until when it holds.
    pub expires_at: Instant,
    /// The lines.
    pub lines: Vec<PreparedLine>,
    /// The amounts.
    pub totals: Totals,
    /// What differs from what the cart showed.
    pub changes: Vec<Change>,
}

impl From<&model::Preparation> for Preparation {
    fn from(p: &model::Preparation) -> Self {
        Self {
            preparation_id: p.id.to_string(),
            expires_at: p.expires_at.into(),
            lines: p.lines.iter().map(PreparedLine::from).collect(),
            totals: Totals::from(&p.totals),
            changes: p
                .changes()
                .into_iter()
                .map(|c| Change {
                    line_id: c.line.to_string(),
                    field: c.field.to_owned(),
                    before: c.before,
                    after: c.after,
                })
                .collect(),
        }
    }
}

impl From<&model::PreparedLine> for PreparedLine {
    fn from(line: &model::PreparedLine) -> Self {
        Self {
            line_id: line.id.to_string(),
            sku: line.sku.to_string(),
            quantity: line.quantity.value().into(),
            unit_price: line.unit_price.into(),
            line_total: line.line_total.into(),
            tax: line.tax.map(Money::from),
            shipping: line.shipping.map(Money::from),
            adjustment: line.adjustment.map(Money::from),
            reservation: Reservation {
                status: match line.reservation {
                    model::ReservationStatus::Reserved => ReservationStatus::Reserved,
                    model::ReservationStatus::Backordered => ReservationStatus::Backordered,
                    model::ReservationStatus::Unavailable => ReservationStatus::Unavailable,
                },
                quantity: line.reserved.into(),
            },
        }
    }
}
