//! How long an answer of the ERP stays fresh in the cache: prices and availabilities next to each
//! other.
//!
//! **To change how long prices stay fresh**, edit [`PriceFreshness::DEFAULT`]; one figure holds for
//! every price. **To change how long availabilities stay fresh**, set the variable
//! `INVENTORY_RULES` of a deployment (`wire::rules` describes its format); edit
//! [`ThresholdRule::DEFAULT`] for items and locations without a rule. Each lifetime is jittered by
//! up to a tenth when an entry is written, so that entries written together do not end together.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use rust_decimal::Decimal;

use super::age::Absence;
use crate::availability::{Availability, AvailabilityStatus};
use crate::ids::{LocationId, Sku};
use crate::price::OfferPrice;
use crate::quantity::Quantity;

/// Seconds for which the ERP's answer stays fresh that an item is not sold or has no price. Short:
/// such a gap is usually an error that the ERP's staff corrects soon.
pub const ABSENT_SECONDS: i64 = 60;

/// Seconds after which no cached answer is served any more, not even as stale: a day.
pub const EXPIRE_SECONDS: i64 = 86_400;

/// How long a cached offer price may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceFreshness {
    /// Seconds for which a price is served as fresh.
    pub fresh_seconds: i64,
    /// Seconds after which a price is not served at all.
    pub expire_seconds: i64,
}

impl PriceFreshness {
    /// Fresh for a quarter of an hour, gone after a day.
    pub const DEFAULT: Self = Self {
        fresh_seconds: 900,
        expire_seconds: EXPIRE_SECONDS,
    };

    /// For how many seconds an answer is fresh. An item that the ERP does not know is asked for
    /// again as late as one with a price; one without a price, or no longer sold, sooner.
    #[must_use]
    pub fn fresh_seconds_of(&self, answer: &Result<OfferPrice, Absence>) -> i64 {
        match answer {
            Ok(_) | Err(Absence::UnknownSku) => self.fresh_seconds,
            Err(Absence::ItemInactive | Absence::NoPrice) => self.fresh_seconds.min(ABSENT_SECONDS),
        }
    }
}

impl Default for PriceFreshness {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// How long a cached availability may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvailabilityFreshness {
    /// How long an answer is served as fresh, by item and location.
    pub rules: ThresholdRules,
    /// Seconds after which an answer is not served at all.
    pub expire_seconds: i64,
}

impl AvailabilityFreshness {
    /// Fresh as these rules say, gone after a day.
    #[must_use]
    pub fn new(rules: ThresholdRules) -> Self {
        Self {
            rules,
            expire_seconds: EXPIRE_SECONDS,
        }
    }

    /// For how many seconds an answer is fresh for a request of `requested` units of an item at a
    /// location; `None` = forever, 0 = not at all. An item that the ERP does not know is asked for
    /// again as late as plentiful stock; one that is no longer sold, sooner.
    #[must_use]
    pub fn fresh_seconds_of(
        &self,
        answer: &Result<Availability, Absence>,
        sku: &Sku,
        location: Option<&LocationId>,
        requested: Option<Quantity>,
    ) -> Option<i64> {
        let rule = self.rules.rule(sku, location);
        match answer {
            Ok(availability) => rule.expiry(availability, requested),
            Err(Absence::UnknownSku) => rule.expiry_above,
            Err(Absence::ItemInactive | Absence::NoPrice) => Some(
                rule.expiry_above
                    .map_or(ABSENT_SECONDS, |above| above.min(ABSENT_SECONDS)),
            ),
        }
    }
}

impl Default for AvailabilityFreshness {
    /// [`ThresholdRule::DEFAULT`] for everything.
    fn default() -> Self {
        Self::new(ThresholdRules::default())
    }
}

/// How long an availability stays fresh, by how scarce the item is. ValueSource:
/// <https://help.hcl-software.com/commerce/7.0.0/com.ibm.commerce.dom-integration.doc/concepts/csmdominventorycaching.html>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThresholdRule {
    /// Compared with *available − requested*; `None` = always above.
    pub threshold: Option<Decimal>,
    /// Seconds at or above the threshold; `None` = forever, 0 = not at all.
    pub expiry_above: Option<i64>,
    /// Seconds below the threshold; `None` = forever, 0 = not at all.
    pub expiry_below: Option<i64>,
}

impl ThresholdRule {
    /// Threshold 10, five minutes above it, not at all below.
    pub const DEFAULT: Self = Self {
        threshold: Some(Decimal::TEN),
        expiry_above: Some(300),
        expiry_below: Some(0),
    };

    /// For how many seconds an availability is fresh for a request of `requested`; `None` =
    /// forever, 0 = not at all.
    ///
    /// Unlimited stock is above every threshold; an unavailable item counts as zero.
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

/// A rule and the items and locations that it applies to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocatedRule {
    /// The item; `None` = every item.
    pub sku: Option<Sku>,
    /// The location; `None` = every location.
    pub location: Option<LocationId>,
    /// Decides between rules that apply: the highest wins, however specific the others are.
    pub precedence: i32,
    /// How long an answer stays fresh there.
    pub rule: ThresholdRule,
}

/// Two rules apply to the same item and location with the same precedence, so that neither wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("two rules for the same item and location have the same precedence")]
pub struct RuleConflict;

/// The item and location that a rule applies to; `None` = every one.
type Scope = (Option<Sku>, Option<LocationId>);

/// The rules of a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ThresholdRules {
    rules: HashMap<Scope, (i32, ThresholdRule)>,
}

impl ThresholdRules {
    /// These rules, and [`ThresholdRule::DEFAULT`] where none applies.
    ///
    /// # Errors
    /// [`RuleConflict`].
    pub fn new(rules: impl IntoIterator<Item = LocatedRule>) -> Result<Self, RuleConflict> {
        let mut by_scope: HashMap<Scope, (i32, ThresholdRule)> = HashMap::new();
        for located in rules {
            let (precedence, rule) = (located.precedence, located.rule);
            match by_scope.entry((located.sku, located.location)) {
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
        Ok(Self { rules: by_scope })
    }

    /// The rule for an item at a location. `None` is the online store's total, to which only rules
    /// without a location apply.
    ///
    /// Of the rules that apply, the one with the highest precedence; among equals the most
    /// specific: item at location, then item, then location, then all.
    #[must_use]
    pub fn rule(&self, sku: &Sku, location: Option<&LocationId>) -> ThresholdRule {
        if self.rules.is_empty() {
            return ThresholdRule::DEFAULT;
        }
        let mut scopes: Vec<Scope> = vec![(None, None)];
        if let Some(location) = location {
            scopes.push((None, Some(location.clone())));
        }
        scopes.push((Some(sku.clone()), None));
        if let Some(location) = location {
            scopes.push((Some(sku.clone()), Some(location.clone())));
        }
        // From the least to the most specific: the last of several maxima is taken.
        let applying = scopes.iter().filter_map(|scope| self.rules.get(scope));
        applying
            .max_by_key(|(precedence, _)| *precedence)
            .map_or(ThresholdRule::DEFAULT, |(_, rule)| *rule)
    }
}
