//! The threshold rules of inventory, as a deployment writes them: a JSON array, or an object with
//! the array under `rules`.
//!
//! ```json
//! [
//!   {"threshold": 10, "expiryAbove": 300, "expiryBelow": 0},
//!   {"location": "STORE", "threshold": 2, "expiryAbove": 60, "expiryBelow": 0},
//!   {"sku": "TAP-5", "expiryAbove": 3600},
//!   {"sku": "TAP-5", "location": "STORE", "threshold": 50, "expiryAbove": 30, "expiryBelow": 0,
//!   "precedence": 5}
//! ]
//! ```
//!
//! - `sku` and `location` limit the rule to one item or location; without them it applies to all. A
//!   question without a location is about the online store's total, to which only rules without a
//!   location apply.
//! - `threshold` is compared with *available - requested*: at or above it `expiryAbove`
//!   applies, below it `expiryBelow`. Without a threshold `expiryAbove` always applies.
//! - `expiryAbove` and `expiryBelow` are seconds: 0 = asked live every time, absent = never
//!   expires.
//! - `precedence` (0 if absent) decides between rules that apply; among equals the most specific
//!   one wins: item at location, item, location, all. Without a rule the default applies: threshold
//!   10, above 300, below 0.
//!
//! The decision itself is made by [`domain::freshness`].

#[cfg(test)]
mod tests;

use domain::freshness::{LocatedRule, RuleConflict, ThresholdRule, ThresholdRules};
use domain::ids::{LocationId, Sku};
use serde::Deserialize;

use crate::value::Number;

/// Why a document does not contain rules.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// It is not a JSON list of rules.
    #[error("not a list of rules: {0}")]
    Syntax(#[from] serde_json::Error),
    /// The rule at a position is invalid.
    #[error("rule {at}: {reason}")]
    Rule {
        /// The position, counted from 0.
        at: usize,
        /// What is invalid.
        reason: &'static str,
    },
    /// Two rules contradict each other.
    #[error(transparent)]
    Conflict(#[from] RuleConflict),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Document {
    Plain(Vec<serde_json::Value>),
    Named { rules: Vec<serde_json::Value> },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Rule {
    sku: Option<String>,
    location: Option<String>,
    #[serde(default)]
    precedence: i32,
    threshold: Option<Number>,
    expiry_above: Option<u32>,
    expiry_below: Option<u32>,
}

/// Reads a document of rules.
///
/// # Errors
/// [`RulesError`].
pub fn read(text: &str) -> Result<ThresholdRules, RulesError> {
    let (Document::Plain(rules) | Document::Named { rules }) = serde_json::from_str(text)?;
    let mut placed = Vec::with_capacity(rules.len());
    for (at, rule) in rules.into_iter().enumerate() {
        let rule: Rule = serde_json::from_value(rule)?;
        let sku = rule.sku.as_deref().map(Sku::parse).transpose();
        let location = rule.location.as_deref().map(LocationId::parse).transpose();
        placed.push(LocatedRule {
            sku: sku.map_err(|_| RulesError::Rule {
                at,
                reason: "the sku is not a valid id",
            })?,
            location: location.map_err(|_| RulesError::Rule {
                at,
                reason: "the location is not a valid id",
            })?,
            precedence: rule.precedence,
            rule: ThresholdRule {
                threshold: rule.threshold.map(|threshold| threshold.0),
                expiry_above: rule.expiry_above.map(i64::from),
                expiry_below: rule.expiry_below.map(i64::from),
            },
        });
    }
    Ok(ThresholdRules::new(placed)?)
}
