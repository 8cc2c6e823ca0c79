//! Quantities of articles.

use rust_decimal::{Decimal, RoundingStrategy};

/// Most digits after the point.
pub const MAX_SCALE: u32 = 5;

/// A positive quantity below one thousand million with at most five decimals.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct Quantity(Decimal);

/// Why a number is not a quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// Zero or less.
    #[error("a quantity is greater than zero")]
    NotPositive,
    /// More than five decimals.
    #[error("a quantity has at most 5 decimals")]
    Scale,
    /// A thousand million or more.
    #[error("a quantity is less than 1000000000")]
    TooLarge,
}

impl Quantity {
    /// One.
    pub const ONE: Self = Self(Decimal::ONE);

    /// Takes a decimal as quantity.
    ///
    /// # Errors
    /// [`QuantityError`] outside the limits.
    pub fn new(value: Decimal) -> Result<Self, QuantityError> {
        let value = value.normalize();
        if value <= Decimal::ZERO {
            Err(QuantityError::NotPositive)
        } else if value.scale() > MAX_SCALE {
            Err(QuantityError::Scale)
        } else if value >= Decimal::from(1_000_000_000_u32) {
            Err(QuantityError::TooLarge)
        } else {
            Ok(Self(value))
        }
    }

    /// A positive whole number of at most nine digits, which most quantities are; none for any other text.
    #[must_use]
    pub fn parse_whole(text: &str) -> Option<Self> {
        let digit = |byte: u8| byte.is_ascii_digit().then(|| u32::from(byte - b'0'));
        let value = match text.len() {
            1..=9 => text.bytes().try_fold(0, |value, byte| Some(value * 10 + digit(byte)?))?,
            _ => 0,
        };
        (value > 0).then(|| Self(Decimal::from(value)))
    }

    /// The number.
    #[must_use]
    pub fn value(self) -> Decimal {
        self.0
    }

    /// Rounded **up** to a whole number of `multiple`: 4.1 with multiple 2 becomes 6. Source:
    /// <https://help.hcl-software.com/commerce/9.1.0/developer/concepts/cosquant.html>.
    ///
    /// # Errors
    /// [`QuantityError::TooLarge`] when the result leaves the range.
    pub fn rounded_up_to(self, multiple: Self) -> Result<Self, QuantityError> {
        let steps = self
            .0
            .checked_div(multiple.0)
            .ok_or(QuantityError::TooLarge)?
            .round_dp_with_strategy(0, RoundingStrategy::AwayFromZero);
        Self::new(steps.checked_mul(multiple.0).ok_or(QuantityError::TooLarge)?)
    }
}

#[cfg(test)]
mod tests;
