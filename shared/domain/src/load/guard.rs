//! Guardrails: what holds a load for an operator's decision before readers see its rows.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::key::LoadKind;
use super::report::{Counts, Warning};

/// The limits of one kind. Ratios are in percent; a load at the limit passes, one beyond it is
/// held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guard {
    /// Most rejected rows, in percent of the rows.
    pub rejects_percent: u32,
    /// Most records that a snapshot may remove, in percent of the existing ones.
    pub removals_percent: u32,
    /// Most list prices that may change by more than [`Guard::price_change_percent`], in percent of
    /// the rows.
    pub price_rows_percent: u32,
    /// A list price that changes by more than this, up or down, in percent of the price before, is
    /// a price jump.
    pub price_change_percent: u32,
    /// Fewer rows than this never hold a load: a ratio of few rows says little.
    pub at_least: u64,
}

impl Default for Guard {
    /// More than 10 % rejected, more than 20 % removed, or prices of more than 10 % of the rows
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

/// What a load would change, measured before it is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Measured {
    /// The rows by what became, or would become, of them.
    pub counts: Counts,
    /// Records that readers see now.
    pub existing: u64,
    /// Of those, the ones that the snapshot removes because its file lacks them.
    pub removed: u64,
    /// List prices that change by more than the guardrail allows.
    pub price_jumps: u64,
    /// The number of rows that the sender declared.
    pub declared_rows: Option<u64>,
}

/// The text of the limits is not valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not of the form items:removals=30,rejects=5;list-prices:price-change=80")]
pub struct GuardError;

impl Guard {
    /// The limits of kinds that differ from the default: `<kind>:<limit>=<number>,…;<kind>:…`. The
    /// limits are `rejects`, `removals`, `price-rows` and `price-change` (percent), and `at-least`
    /// (rows). `*` instead of a kind changes all kinds; parts that name a kind follow it.
    ///
    /// # Errors
    /// [`GuardError`] if the form, a kind or a limit is unknown.
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

    /// Whether the change of a list price is a price jump. Every change from zero is one.
    #[must_use]
    pub fn is_price_jump(&self, before: Decimal, after: Decimal) -> bool {
        let change = (after - before).abs();
        match (
            change.checked_mul(Decimal::ONE_HUNDRED),
            before.checked_mul(Decimal::from(self.price_change_percent)),
        ) {
            (Some(change), Some(limit)) => change > limit,
            _ => true,
        }
    }

    /// Why the load must wait for an operator; empty if it may be applied.
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
                format!("{rejected} of {rows} rows are rejected, more than {limit} %"),
            );
        }
        if over(measured.removed, self.removals_percent, measured.existing) {
            let (removed, existing) = (measured.removed, measured.existing);
            let limit = self.removals_percent;
            hold(
                "removals",
                format!("{removed} of {existing} records would be removed, more than {limit} %"),
            );
        }
        if over(measured.price_jumps, self.price_rows_percent, rows) {
            let (jumps, change, limit) = (
                measured.price_jumps,
                self.price_change_percent,
                self.price_rows_percent,
            );
            let message = format!(
                "{jumps} of {rows} prices change by more than {change} %, more than {limit} % of \
                them"
            );
            hold("price_changes", message);
        }
        if let Some(declared) = measured.declared_rows.filter(|declared| *declared != rows) {
            hold(
                "row_count",
                format!("the file has {rows} rows, its sender declared {declared}"),
            );
        }
        holds
    }
}
