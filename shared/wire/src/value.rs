//! The small values that every message shares: money, quantities, instants.

#[cfg(test)]
mod tests;

use std::str::FromStr;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::de;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// Most digits after the point of a quantity.
const MAX_SCALE: u32 = domain::quantity::MAX_SCALE;

/// Money as it is written in every message: `{"amount":"12.50","currency":"USD"}`. The amount is
/// text, so that no reader on the way turns it into a float.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Money {
    /// A plain decimal.
    pub amount: String,
    /// An ISO 4217 code.
    pub currency: String,
}

impl From<domain::money::Money> for Money {
    fn from(money: domain::money::Money) -> Self {
        Self {
            amount: money.amount_text(),
            currency: money.currency().to_string(),
        }
    }
}

impl TryFrom<&Money> for domain::money::Money {
    type Error = domain::money::MoneyError;

    fn try_from(money: &Money) -> Result<Self, Self::Error> {
        Self::parse(
            &money.amount,
            domain::money::Currency::parse(&money.currency)?,
        )
    }
}

/// A quantity: a JSON number on the way out; on the way in a number, or the same number as text,
/// which several ERPs send. At most 9 digits before the point and 5 after it; what has more is
/// refused and never rounded, so the number is read from the digits that were written and not from
/// a float.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Number(pub Decimal);

impl From<Decimal> for Number {
    fn from(value: Decimal) -> Self {
        Self(value)
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value = self.0.normalize();
        if value.scale() == 0
            && let Some(whole) = value.to_i64()
        {
            return serializer.serialize_i64(whole);
        }
        let float = value
            .to_string()
            .parse()
            .map_err(serde::ser::Error::custom)?;
        serializer.serialize_f64(float)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        match raw.get().as_bytes() {
            [b'"', ..] => {
                let text: String = serde_json::from_str(raw.get()).map_err(de::Error::custom)?;
                Self::read(text.trim())
            }
            _ => Self::read_number(&raw),
        }
        .map_err(de::Error::custom)
    }
}

impl Number {
    fn read_number(raw: &RawValue) -> Result<Self, NumberError> {
        let text = raw.get();
        if !text.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
            return Err(NumberError::Kind);
        }
        // Some writers put 0.00001 as 1e-05 and ten million as 1.0E7.
        let Some((digits, power)) = text.split_once(['e', 'E']) else {
            return Self::read(text);
        };
        let power: i32 = power.parse().map_err(|_| NumberError::Range)?;
        let value = domain::money::parse_decimal(digits)
            .ok_or(NumberError::Plain)?
            .normalize();
        let scale = i64::from(value.scale()).saturating_sub(i64::from(power));
        let value = match u32::try_from(scale) {
            Ok(scale) if scale <= MAX_SCALE => {
                Decimal::try_from_i128_with_scale(value.mantissa(), scale).ok()
            }
            Ok(_) => None,
            Err(_) => {
                let zeros = u32::try_from(scale.unsigned_abs())
                    .ok()
                    .and_then(|zeros| 10_i128.checked_pow(zeros));
                let whole = zeros.and_then(|zeros| value.mantissa().checked_mul(zeros));
                whole.and_then(|whole| Decimal::try_from_i128_with_scale(whole, 0).ok())
            }
        };
        Self::checked(value.ok_or(NumberError::Range)?)
    }

    fn read(text: &str) -> Result<Self, NumberError> {
        Self::checked(domain::money::parse_decimal(text).ok_or(NumberError::Plain)?)
    }

    fn checked(value: Decimal) -> Result<Self, NumberError> {
        if value.normalize().scale() > MAX_SCALE || value.abs() >= Decimal::from(1_000_000_000_u32)
        {
            return Err(NumberError::Range);
        }
        Ok(Self(value))
    }
}

/// Why a value is not a [`Number`].
#[derive(Debug, thiserror::Error)]
enum NumberError {
    #[error("expected a number with at most 5 decimals")]
    Kind,
    #[error("not a plain decimal number")]
    Plain,
    #[error("a number has at most 9 digits before the point and 5 after it")]
    Range,
}

/// Reads a number that has to be a JSON number: what a storefront sends is not an ERP's.
pub(crate) fn json_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Number, D::Error> {
    Number::read_number(&Box::<RawValue>::deserialize(deserializer)?).map_err(de::Error::custom)
}

/// Reads [`json_number`], or nothing from null.
pub(crate) fn json_number_or_null<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Number>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    if raw.get() == "null" {
        return Ok(None);
    }
    Number::read_number(&raw)
        .map(Some)
        .map_err(de::Error::custom)
}

/// An instant as RFC 3339 text in UTC with milliseconds, `2026-11-22T17:30:00.000Z`; kept as
/// milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(pub i64);

impl From<domain::time::Timestamp> for Instant {
    fn from(at: domain::time::Timestamp) -> Self {
        Self(at.as_millis())
    }
}

impl From<Instant> for domain::time::Timestamp {
    fn from(at: Instant) -> Self {
        Self::from_millis(at.0)
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&domain::time::Timestamp::from_millis(self.0))
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        domain::time::Timestamp::from_str(&text)
            .map(Self::from)
            .map_err(|_| de::Error::custom("not an RFC 3339 instant"))
    }
}
