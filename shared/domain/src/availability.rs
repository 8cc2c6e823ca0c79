//! Availability: what the ERP has, and how long its word holds.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use rust_decimal::Decimal;

use crate::ids::{LocationId, Sku, Unit};
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
    pub const DEFAULT: Self = Self {
        threshold: Some(Decimal::TEN),
        expiry_above: Some(300),
        expiry_below: Some(0),
    };

    /// For how many seconds an availability is fresh for a request of `requested`; none = for ever,
    /// 0 = not at all.
    ///
    /// Unlimited stock is above every threshold; an item that cannot be had counts as zero.
    #[must_use]
    pub fn expiry(&self, availability: &Availability, requested: Option<Quantity>) -> Option<i64> {
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
        if above {
            self.expiry_above
        } else {
            self.expiry_below
        }
    }
}

/// A rule and what it holds for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedRule {
    /// The item; none = every item.
    pub sku: Option<Sku>,
    /// The place; none = everywhere.
    pub location: Option<LocationId>,
    /// Decides between rules that fit: the higher one wins, whatever else they say.
    pub precedence: i32,
    /// What holds.
    pub rule: ThresholdRule,
}

/// Two rules hold for the same item and place with the same precedence: nobody could say which of
/// them counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("two rules for the same item and location have the same precedence")]
pub struct RuleConflict;

type Place = (Option<Sku>, Option<LocationId>);

/// The rules of a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ThresholdRules {
    rules: HashMap<Place, (i32, ThresholdRule)>,
}

impl ThresholdRules {
    /// These rules, and [`ThresholdRule::DEFAULT`] where none fits.
    ///
    /// # Errors
    /// [`RuleConflict`].
    pub fn new(rules: impl IntoIterator<Item = PlacedRule>) -> Result<Self, RuleConflict> {
        let mut kept: HashMap<Place, (i32, ThresholdRule)> = HashMap::new();
        for placed in rules {
            let (precedence, rule) = (placed.precedence, placed.rule);
            match kept.entry((placed.sku, placed.location)) {
                Entry::Vacant(free) => {
                    free.insert((precedence, rule));
                }
                Entry::Occupied(taken) if taken.get().0 == precedence => return Err(RuleConflict),
                Entry::Occupied(mut taken) if taken.get().0 < precedence => {
                    taken.insert((precedence, rule));
                }
                Entry::Occupied(_) => {}
            }
        }
        Ok(Self { rules: kept })
    }

    /// The rule for an item at a place; none = the online store's total, which only rules without a
    /// location fit.
    ///
    /// Of the rules that fit, the one with the highest precedence; among equals the most specific:
    /// item at location, then item, then location, then all.
    #[must_use]
    pub fn rule(&self, sku: &Sku, location: Option<&LocationId>) -> ThresholdRule {
        if self.rules.is_empty() {
            return ThresholdRule::DEFAULT;
        }
        let mut places: Vec<Place> = vec![(None, None)];
        if let Some(location) = location {
            places.push((None, Some(location.clone())));
        }
        places.push((Some(sku.clone()), None));
        if let Some(location) = location {
            places.push((Some(sku.clone()), Some(location.clone())));
        }
        // From the least to the most specific: the last of several maxima is taken.
        let fitting = places.iter().filter_map(|place| self.rules.get(place));
        fitting
            .max_by_key(|(precedence, _)| *precedence)
            .map_or(ThresholdRule::DEFAULT, |(_, rule)| *rule)
    }
}
