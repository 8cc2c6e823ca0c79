//! Availability: how much of an item the ERP has, and where.

use rust_decimal::Decimal;

use crate::ids::Unit;
use crate::time::Timestamp;

/// Whether the ERP can deliver an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AvailabilityStatus {
    /// In stock.
    Available,
    /// Not in stock, but can be ordered.
    Backorderable,
    /// Not in stock, and cannot be ordered.
    Unavailable,
    /// The ERP did not say. Never the same as zero.
    Unknown,
}

/// What the ERP said about an item at a location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Availability {
    /// Whether the ERP can deliver it.
    pub status: AvailabilityStatus,
    /// How many; [`AvailabilityStatus::Available`] without a quantity is unlimited.
    pub quantity: Option<Decimal>,
    /// The unit of the quantity.
    pub unit: Option<Unit>,
    /// From when on the ERP can deliver it.
    pub available_from: Option<Timestamp>,
}
