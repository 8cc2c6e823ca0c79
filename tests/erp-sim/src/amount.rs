//! Exact amounts: the ERP's own arithmetic, on purpose not shared with the side that it checks.

use std::str::FromStr;

use rust_decimal::{Decimal, RoundingStrategy};
use wire::value::Money;

use crate::refusal::Refusal;

/// Digits after the point of the smallest unit.
fn scale(currency: &str) -> u32 {
    match currency {
        "JPY" | "KRW" | "CLP" | "ISK" | "VND" => 0,
        "BHD" | "KWD" | "JOD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

/// Rounds half away from zero to the currency.
pub(crate) fn round(amount: Decimal, currency: &str) -> Decimal {
    amount.round_dp_with_strategy(scale(currency), RoundingStrategy::MidpointAwayFromZero)
}

/// The amount with at least the currency's digits.
pub(crate) fn money(amount: Decimal, currency: &str) -> Money {
    let mut amount = amount.normalize();
    if amount.scale() < scale(currency) {
        amount.rescale(scale(currency));
    }
    Money {
        amount: amount.to_string(),
        currency: currency.to_owned(),
    }
}

/// Reads an amount of the given currency.
///
/// # Errors
/// A refusal for another currency or for text that is not a plain decimal.
pub(crate) fn parse(money: &Money, currency: &str) -> Result<Decimal, Refusal> {
    if money.currency != currency {
        return Err(Refusal::invalid(
            "an amount is in another currency than its document",
        ));
    }
    let plain = money.amount.len() <= 28
        && money
            .amount
            .bytes()
            .all(|b| b.is_ascii_digit() || b == b'.' || b == b'-');
    let amount = if plain {
        Decimal::from_str(&money.amount).ok()
    } else {
        None
    };
    amount.ok_or_else(|| Refusal::invalid("an amount is not a plain decimal number"))
}

/// A product, rounded to the currency.
///
/// # Errors
/// A refusal when it is out of range.
pub(crate) fn times(amount: Decimal, factor: Decimal, currency: &str) -> Result<Decimal, Refusal> {
    amount
        .checked_mul(factor)
        .map(|product| round(product, currency))
        .ok_or_else(out_of_range)
}

/// A sum.
///
/// # Errors
/// A refusal when it is out of range.
pub(crate) fn sum(amounts: impl IntoIterator<Item = Decimal>) -> Result<Decimal, Refusal> {
    amounts
        .into_iter()
        .try_fold(Decimal::ZERO, Decimal::checked_add)
        .ok_or_else(out_of_range)
}

fn out_of_range() -> Refusal {
    Refusal::invalid("an amount is out of range")
}
