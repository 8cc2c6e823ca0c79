//! Quantities of items.

#[cfg(test)]
mod tests;

use rust_decimal::{Decimal, RoundingStrategy};

/// Most digits after the point.
pub const MAX_SCALE: u32 = 5;

/// Every quantity is below it.
const LIMIT: i128 = 1_000_000_000;

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
        // By its digits: comparing decimals takes longer.
        if value.mantissa() <= 0 {
            Err(QuantityError::NotPositive)
        } else if value.scale() > MAX_SCALE {
            Err(QuantityError::Scale)
        } else if value.mantissa() >= LIMIT * 10_i128.pow(value.scale()) {
            Err(QuantityError::TooLarge)
        } else {
            Ok(Self(value))
        }
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
        Self::new(
            steps
                .checked_mul(multiple.0)
                .ok_or(QuantityError::TooLarge)?,
        )
    }
}
