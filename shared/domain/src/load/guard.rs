//! Guardrails: what makes a load wait for a person instead of taking effect.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::key::LoadKind;
use super::state::{Counts, Warning};

/// The limits of one kind. Ratios are in percent; a load at the limit passes, one beyond it is
/// held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guard {
    /// Most refused rows, in percent of the rows.
    pub rejects_percent: u32,
    /// Most records that a snapshot may take away, in percent of those that are there.
    pub removals_percent: u32,
    /// Most list prices that may change by more than [`Guard::price_change_percent`], in percent of
    /// the rows.
    pub price_rows_percent: u32,
    /// A list price that changes by more than this, up or down, in percent of the price before,
    /// counts as a jump.
    pub price_change_percent: u32,
    /// Fewer rows than this never hold a load: a ratio says little about a handful.
    pub at_least: u64,
}

impl Default for Guard {
    /// More than 10 % refused, more than 20 % removed, or prices of more than 10 % of the rows
    /// changing by more than 50 %; in each case at least 10 rows.
    fn default() -> Self {
        Self {
            rejects_percent: 10,
            removals_percent: 20,
            price_rows_percent: 10,
            price_change_percent: 50,
            at_least: 10,
        }
    }
}

/// What a load would do, measured before it takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Measured {
    /// What became, or would become, of the rows.
    pub counts: Counts,
    /// Records that readers see now.
    pub there: u64,
    /// Of those, the ones that go because the file lacks them.
    pub removed: u64,
    /// List prices that jump.
    pub jumps: u64,
    /// How many rows the sender says there are.
    pub declared: Option<u64>,
}

/// A text of limits cannot be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not of the form items:removals=30,rejects=5;list-prices:price-change=80")]
pub struct GuardError;

impl Guard {
    /// The limits of kinds that differ from the default: `<kind>:<limit>=<number>,…;<kind>:…`. The
    /// limits are `rejects`, `removals`, `price-rows` and `price-change` (percent), and `at-least`
    /// (rows). `*` instead of a kind changes all; a kind by its name comes later.
    ///
    /// # Errors
    /// [`GuardError`] for another form, an unknown kind or an unknown limit.
    pub fn parse_all(text: &str) -> Result<BTreeMap<LoadKind, Self>, GuardError> {
        let mut guards = BTreeMap::new();
        for part in text
            .split(';')
            .map(str::trim)
            .filter(|part| !part.is_empty())
        {
            let (kind, limits) = part.split_once(':').ok_or(GuardError)?;
            let one = LoadKind::parse(kind.trim()).map(|kind| vec![kind]);
            let kinds = if kind.trim() == "*" {
                LoadKind::ALL.to_vec()
            } else {
                one.ok_or(GuardError)?
            };
            for kind in kinds {
                let guard: &mut Self = guards.entry(kind).or_default();
                for limit in limits.split(',') {
                    guard.set(limit)?;
                }
            }
        }
        Ok(guards)
    }

    fn set(&mut self, limit: &str) -> Result<(), GuardError> {
        let (name, value) = limit.split_once('=').ok_or(GuardError)?;
        let number: u32 = value.trim().parse().map_err(|_| GuardError)?;
        match name.trim() {
            "rejects" => self.rejects_percent = number,
            "removals" => self.removals_percent = number,
            "price-rows" => self.price_rows_percent = number,
            "price-change" => self.price_change_percent = number,
            "at-least" => self.at_least = u64::from(number),
            _ => return Err(GuardError),
        }
        Ok(())
    }

    /// Whether the change of a list price is a jump. From zero every change is.
    #[must_use]
    pub fn is_jump(&self, before: Decimal, after: Decimal) -> bool {
        let change = (after - before).abs();
        match (
            change.checked_mul(Decimal::ONE_HUNDRED),
            before.checked_mul(Decimal::from(self.price_change_percent)),
        ) {
            (Some(change), Some(limit)) => change > limit,
            _ => true,
        }
    }

    /// Why the load must wait for a person; nothing when it may take effect.
    #[must_use]
    pub fn holds(&self, measured: &Measured) -> Vec<Warning> {
        let rows = measured.counts.rows();
        let mut holds = Vec::new();
        let mut hold = |code: &'static str, message: String| {
            holds.push(Warning {
                code: code.into(),
                message,
            })
        };
        let over = |part: u64, percent: u32, whole: u64| {
            part >= self.at_least
                && u128::from(part) * 100 > u128::from(whole) * u128::from(percent)
        };
        if over(measured.counts.rejected, self.rejects_percent, rows) {
            let (rejected, limit) = (measured.counts.rejected, self.rejects_percent);
            hold(
                "rejects",
                format!("{rejected} of {rows} rows are refused, more than {limit} %"),
            );
        }
        if over(measured.removed, self.removals_percent, measured.there) {
            let (removed, there, limit) = (measured.removed, measured.there, self.removals_percent);
            hold(
                "removals",
                format!("{removed} of {there} records would go, more than {limit} %"),
            );
        }
        if over(measured.jumps, self.price_rows_percent, rows) {
            let (jumps, change, limit) = (
                measured.jumps,
                self.price_change_percent,
                self.price_rows_percent,
            );
            let message = format!(
                "{jumps} of {rows} prices change by more than {change} %, more than {limit} % of them"
            );
            hold("price_changes", message);
        }
        if let Some(declared) = measured.declared.filter(|declared| *declared != rows) {
            hold(
                "row_count",
                format!("the file has {rows} rows, its sender declared {declared}"),
            );
        }
        holds
    }
}
