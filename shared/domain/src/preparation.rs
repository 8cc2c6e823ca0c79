//! A preparation: the figures that the buyer commits to.

#[cfg(test)]
mod tests;

use crate::ids::{LineId, PreparationId, Sku, Unit};
use crate::money::{Currency, Money, MoneyError};
use crate::quantity::Quantity;
use crate::time::Timestamp;
use rust_decimal::Decimal;

/// What the ERP reserved for a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReservationStatus {
    /// The whole quantity.
    Reserved,
    /// Not all of it; the rest follows when it comes in.
    Backordered,
    /// Nothing, and nothing will come.
    Unavailable,
}

impl ReservationStatus {
    /// The status by its name in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reserved => "reserved",
            Self::Backordered => "backordered",
            Self::Unavailable => "unavailable",
        }
    }
}

/// A line as the ERP reserved, priced and calculated it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreparedLine {
    /// The line of the cart.
    pub id: LineId,
    /// The item.
    pub sku: Sku,
    /// The quantity.
    pub quantity: Quantity,
    /// The unit.
    pub unit: Unit,
    /// The price of one unit that the cart showed before.
    pub shown_price: Option<Money>,
    /// The live price of one unit.
    pub unit_price: Money,
    /// The ERP's amount of the line.
    pub line_total: Money,
    /// Tax on the line, where the ERP has it per line.
    pub tax: Option<Money>,
    /// Shipping of the line, where the ERP has it per line.
    pub shipping: Option<Money>,
    /// Discount (negative) or surcharge of the line.
    pub adjustment: Option<Money>,
    /// Whether all of it, a part or nothing is reserved.
    pub reservation: ReservationStatus,
    /// The reserved quantity.
    pub reserved: Decimal,
}

/// The amounts of an order, as the ERP calculated them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Totals {
    /// The lines.
    pub product: Money,
    /// Discounts (negative) and surcharges.
    pub adjustment: Money,
    /// Shipping.
    pub shipping: Money,
    /// Tax on the lines.
    pub tax: Money,
    /// Tax on shipping.
    pub shipping_tax: Money,
    /// What is to be paid.
    pub grand: Money,
}

/// Two figures that should be the same and are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AmountsError {
    /// The lines do not add up to the product total.
    #[error("the lines add up to {lines}, but the product total is {product}")]
    Lines {
        /// The sum of the lines.
        lines: Money,
        /// The total given.
        product: Money,
    },
    /// The parts do not add up to the grand total.
    #[error("the parts add up to {parts}, but the grand total is {grand}")]
    Grand {
        /// The sum of the parts.
        parts: Money,
        /// The total given.
        grand: Money,
    },
    /// Not all amounts are in the cart's currency, or one is out of range.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl Totals {
    /// Checks that line amounts add up to the product total and the parts to the grand total, to
    /// the last unit of the currency. The ERP's amounts are the truth, so a disagreement among them
    /// is an error, not a choice.
    ///
    /// # Errors
    /// [`AmountsError`] with both figures.
    pub fn check(
        &self,
        currency: Currency,
        line_totals: impl IntoIterator<Item = Money>,
    ) -> Result<(), AmountsError> {
        let lines = line_totals
            .into_iter()
            .try_fold(Money::zero(currency), Money::plus)?;
        if lines.rounded().amount() != self.product.rounded().amount() {
            return Err(AmountsError::Lines {
                lines,
                product: self.product,
            });
        }
        let parts = [
            self.product,
            self.adjustment,
            self.shipping,
            self.tax,
            self.shipping_tax,
        ]
        .into_iter()
        .try_fold(Money::zero(currency), Money::plus)?;
        if parts.rounded().amount() != self.grand.rounded().amount()
            || self.grand.currency() != currency
        {
            return Err(AmountsError::Grand {
                parts,
                grand: self.grand,
            });
        }
        Ok(())
    }
}

/// Something that differs from what the cart showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The line.
    pub line: LineId,
    /// The field by its name in the API.
    pub field: &'static str,
    /// What the cart showed.
    pub before: Option<String>,
    /// What holds now.
    pub after: Option<String>,
}

/// The figures that the buyer commits to: reserved stock, live prices, amounts calculated by the
/// ERP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preparation {
    /// Its identifier.
    pub id: PreparationId,
    /// The version of the cart that it holds for.
    pub cart_version: u64,
    /// The revision of the ledger entry of its reservation. Without that entry the preparation is
    /// invalid.
    pub reservation: String,
    /// When it expires, and with it the reservation.
    pub expires_at: Timestamp,
    /// The lines.
    pub lines: Vec<PreparedLine>,
    /// The amounts.
    pub totals: Totals,
    /// The digest of [`crate::digest::canonical_text`] at the time of preparation. Capture computes
    /// it again and refuses the preparation if a single figure differs.
    pub content_digest: String,
}

impl Preparation {
    /// What differs from what the cart showed, line by line.
    #[must_use]
    pub fn changes(&self) -> Vec<Change> {
        self.lines.iter().flat_map(PreparedLine::changes).collect()
    }
}

impl PreparedLine {
    fn changes(&self) -> impl Iterator<Item = Change> {
        let text = |money: Money| money.to_string();
        let shown_total = self
            .shown_price
            .and_then(|price| price.times(self.quantity.value()).ok());
        // A cart shows no reservation; what a buyer expects is that all of it is there.
        let expected = ReservationStatus::Reserved.as_str().to_owned();
        [
            (
                "unitPrice",
                self.shown_price.map(text),
                text(self.unit_price),
            ),
            ("lineTotal", shown_total.map(text), text(self.line_total)),
            (
                "reservation",
                Some(expected),
                self.reservation.as_str().to_owned(),
            ),
        ]
        .into_iter()
        .filter(|(_, before, after)| before.as_ref() != Some(after))
        .map(|(field, before, after)| Change {
            line: self.id.clone(),
            field,
            before,
            after: Some(after),
        })
    }
}
