//! The small values that every message shares: money, quantities, instants.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Money as it stands in every message: `{"amount":"12.50","currency":"USD"}`. The amount is text, so that no
/// reader on the way turns it into a float.
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
        Self { amount: money.amount_text(), currency: money.currency().to_string() }
    }
}

impl TryFrom<&Money> for domain::money::Money {
    type Error = domain::money::MoneyError;

    fn try_from(money: &Money) -> Result<Self, Self::Error> {
        Self::parse(&money.amount, domain::money::Currency::parse(&money.currency)?)
    }
}

/// A quantity: a JSON number on the way out; on the way in a number, or the same number as text, which several
/// ERPs send. At most 9 digits before the point and 5 after it, so the shortest text of the float that a JSON
/// reader makes of it is the decimal that was written.
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
        let float = value.to_string().parse().map_err(serde::ser::Error::custom)?;
        serializer.serialize_f64(float)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor)
    }
}

struct NumberVisitor;

impl NumberVisitor {
    fn parse<E: de::Error>(text: &str) -> Result<Number, E> {
        let value = domain::money::parse_decimal(text).ok_or_else(|| E::custom("not a plain decimal number"))?;
        if value.normalize().scale() > 5 || value.abs() >= Decimal::from(1_000_000_000_u32) {
            return Err(E::custom("a number has at most 9 digits before the point and 5 after it"));
        }
        Ok(Number(value))
    }
}

impl Visitor<'_> for NumberVisitor {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number with at most 5 decimals")
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Number, E> {
        Self::parse(&value.to_string())
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Number, E> {
        Self::parse(&value.to_string())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Number, E> {
        Self::parse(&value.to_string())
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Number, E> {
        Self::parse(value.trim())
    }
}

/// An instant as RFC 3339 text in UTC with milliseconds, `2026-11-22T17:30:00.000Z`; kept as milliseconds since the Unix epoch.
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
