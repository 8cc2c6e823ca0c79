//! Availability: what the ERP has, and how long its word holds.

use rust_decimal::Decimal;

use crate::ids::Unit;
use crate::quantity::Quantity;
use crate::time::Timestamp;

/// Whether an item can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AvailabilityStatus {
    /// In stock.
    Available,
    /// Not in stock, but can be ordered.
    Backorderable,
    /// Cannot be had.
    Unavailable,
    /// Nobody could say. Never the same as zero.
    Unknown,
}

/// What the ERP said about an item at a location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Availability {
    /// Whether it can be had.
    pub status: AvailabilityStatus,
    /// How many; [`AvailabilityStatus::Available`] without a quantity is unlimited.
    pub quantity: Option<Decimal>,
    /// The unit of the quantity.
    pub unit: Option<Unit>,
    /// From when on it can be had.
    pub available_from: Option<Timestamp>,
}

/// How long an availability stays fresh, by how scarce the item is. Source:
/// <https://help.hcl-software.com/commerce/7.0.0/com.ibm.commerce.dom-integration.doc/concepts/csmdominventorycaching.html>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThresholdRule {
    /// Compared with *available − requested*; none = always above.
    pub threshold: Option<Decimal>,
    /// Seconds at or above the threshold; none = for ever, 0 = not at all.
    pub expiry_above: Option<i64>,
    /// Seconds below the threshold; none = for ever, 0 = not at all.
    pub expiry_below: Option<i64>,
}

impl ThresholdRule {
    /// Threshold 10, five minutes above it, not at all below.
    pub const DEFAULT: Self = Self { threshold: Some(Decimal::TEN), expiry_above: Some(300), expiry_below: Some(0) };

    /// Until when an availability of `as_of` is fresh for a request of `requested`; none = for ever.
    ///
    /// Unlimited stock is above every threshold; an item that cannot be had counts as zero.
    #[must_use]
    pub fn fresh_until(
        &self,
        availability: &Availability,
        requested: Option<Quantity>,
        as_of: Timestamp,
    ) -> Option<Timestamp> {
        let left = match (availability.status, availability.quantity) {
            (AvailabilityStatus::Available, None) => None,
            (_, quantity) => {
                let requested = requested.map_or(Decimal::ZERO, Quantity::value);
                Some(quantity.unwrap_or_default().saturating_sub(requested))
            }
        };
        let above = match (self.threshold, left) {
            (None, _) | (_, None) => true,
            (Some(threshold), Some(left)) => left >= threshold,
        };
        let expiry = if above { self.expiry_above } else { self.expiry_below };
        expiry.map(|seconds| as_of.plus_seconds(seconds))
    }
}
