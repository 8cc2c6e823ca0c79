//! Money: an exact decimal with its currency.

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use rust_decimal::{Decimal, RoundingStrategy};

/// Most digits after the point of an amount: unit prices of real exports have four, commerce
/// systems store five.
pub const MAX_AMOUNT_SCALE: u32 = 5;

/// Largest absolute amount: fifteen digits before the point, as in the decimal
/// columns of commerce systems.
const MAX_AMOUNT: Decimal = Decimal::from_parts(2_764_472_320, 232_830, 0, false, 0);

/// Why a text is not money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not three capital letters.
    #[error("a currency is three capital letters, as in ISO 4217")]
    Currency,
    /// Not a plain decimal number.
    #[error("an amount is a plain decimal number")]
    Amount,
    /// More than [`MAX_AMOUNT_SCALE`] digits after the point.
    #[error("an amount has at most 5 digits after the point")]
    Scale,
    /// Too large to calculate with.
    #[error("an amount has at most 15 digits before the point")]
    Range,
    /// Two amounts have different currencies.
    #[error("the amounts have different currencies")]
    Mixed,
}

/// A currency by its ISO 4217 code.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

impl Currency {
    /// ISO 4217's code for "no currency": for an amount of which only the number matters.
    pub const NONE: Self = Self([b'X'; 3]);

    /// Parses three capital letters.
    ///
    /// # Errors
    /// [`MoneyError::Currency`] for anything else; the code is not looked up in the list of ISO
    /// 4217.
    pub fn parse(text: &str) -> Result<Self, MoneyError> {
        match text.as_bytes() {
            &[a, b, c] if [a, b, c].iter().all(u8::is_ascii_uppercase) => Ok(Self([a, b, c])),
            _ => Err(MoneyError::Currency),
        }
    }

    /// The three letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Three ASCII capitals by construction, so the fallback is never taken.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Digits after the point of the smallest unit (ISO 4217, list one, 2024): 2 unless listed
    /// otherwise.
    #[must_use]
    pub fn scale(self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG"
            | b"RWF" | b"UGX" | b"UYI" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            b"CLF" | b"UYW" => 4,
            _ => 2,
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An exact amount in a currency. Never a float, and never without its currency.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Money {
    amount: Decimal,
    currency: Currency,
}

impl Money {
    /// Zero, in `currency`.
    #[must_use]
    pub fn zero(currency: Currency) -> Self {
        Self {
            amount: Decimal::ZERO,
            currency,
        }
    }

    /// Takes a decimal as it is.
    ///
    /// # Errors
    /// [`MoneyError::Scale`] or [`MoneyError::Range`] outside the limits of this module.
    pub fn new(amount: Decimal, currency: Currency) -> Result<Self, MoneyError> {
        if amount.normalize().scale() > MAX_AMOUNT_SCALE {
            return Err(MoneyError::Scale);
        }
        if amount.abs() >= MAX_AMOUNT {
            return Err(MoneyError::Range);
        }
        Ok(Self { amount, currency })
    }

    /// Parses a plain decimal such as `12.50`; no exponent, no grouping, no sign but a leading
    /// minus.
    ///
    /// # Errors
    /// [`MoneyError::Amount`], [`MoneyError::Scale`] or [`MoneyError::Range`].
    pub fn parse(amount: &str, currency: Currency) -> Result<Self, MoneyError> {
        Self::new(parse_decimal(amount).ok_or(MoneyError::Amount)?, currency)
    }

    /// The amount.
    #[must_use]
    pub fn amount(&self) -> Decimal {
        self.amount
    }

    /// The currency.
    #[must_use]
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// Whether the amount is below zero.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        self.amount.is_sign_negative() && !self.amount.is_zero()
    }

    /// The sum.
    ///
    /// # Errors
    /// [`MoneyError::Mixed`] across currencies, [`MoneyError::Range`] out of range.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::Mixed);
        }
        let sum = self
            .amount
            .checked_add(other.amount)
            .ok_or(MoneyError::Range)?;
        Self::new(sum, self.currency)
    }

    /// The price of `quantity` units, rounded half away from zero to the currency's scale.
    ///
    /// # Errors
    /// [`MoneyError::Range`] out of range.
    pub fn times(self, quantity: Decimal) -> Result<Self, MoneyError> {
        let product = self.amount.checked_mul(quantity).ok_or(MoneyError::Range)?;
        Self::new(round_to(product, self.currency), self.currency)
    }

    /// Rounded half away from zero to the currency's scale.
    #[must_use]
    pub fn rounded(self) -> Self {
        Self {
            amount: round_to(self.amount, self.currency),
            currency: self.currency,
        }
    }

    /// The amount as text with at least the currency's digits: `12.50`, `33.6442`, `7`.
    #[must_use]
    pub fn amount_text(&self) -> String {
        let mut amount = self.amount.normalize();
        if amount.scale() < self.currency.scale() {
            amount.rescale(self.currency.scale());
        }
        amount.to_string()
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount_text(), self.currency)
    }
}

fn round_to(amount: Decimal, currency: Currency) -> Decimal {
    amount.round_dp_with_strategy(currency.scale(), RoundingStrategy::MidpointAwayFromZero)
}

/// A whole number of up to nine digits, as most quantities are: faster than parsing a decimal.
fn short_whole(text: &str) -> Option<u32> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| u32::from(byte - b'0'));
    match text.len() {
        1..=9 => text
            .bytes()
            .try_fold(0, |value, byte| Some(value * 10 + digit(byte)?)),
        _ => None,
    }
}

/// A plain decimal: an optional minus, digits, and at most one point with digits on at least one
/// side of it.
#[must_use]
pub fn parse_decimal(text: &str) -> Option<Decimal> {
    if let Some(whole) = short_whole(text) {
        return Some(whole.into());
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = !digits.is_empty()
        && digits.len() <= 28
        && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && digits.bytes().filter(|b| *b == b'.').count() <= 1
        && digits.bytes().any(|b| b.is_ascii_digit());
    if plain {
        Decimal::from_str(text).ok()
    } else {
        None
    }
}
