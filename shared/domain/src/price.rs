//! Offer prices: what the ERP asks of one customer.

use crate::money::Money;
use crate::quantity::Quantity;

/// Whether offer prices differ between users of an organization, as the ERP declares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriceScope {
    /// All users of an organization have the same prices.
    Organization,
    /// Each user has their own prices.
    User,
}

/// The price of one unit from a quantity on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuantityBreak {
    /// The smallest quantity at this price.
    pub min_quantity: Quantity,
    /// The price of one unit.
    pub unit_price: Money,
}

/// The ERP's best price for a customer, an item, a quantity, a unit and a currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferPrice {
    /// The price of one unit at the quantity asked for.
    pub unit_price: Money,
    /// Prices at other quantities, ascending; empty if the ERP sends none.
    pub breaks: Vec<QuantityBreak>,
}

impl OfferPrice {
    /// The price of one unit at `quantity`: the break with the largest minimum that is reached.
    /// Without breaks the price is valid for the quantity that was asked for, whatever `quantity`
    /// is. `None` below the first break.
    #[must_use]
    pub fn at(&self, quantity: Quantity) -> Option<Money> {
        if self.breaks.is_empty() {
            return Some(self.unit_price);
        }
        self.breaks
            .iter()
            .filter(|step| step.min_quantity <= quantity)
            .max_by_key(|step| step.min_quantity)
            .map(|step| step.unit_price)
    }
}
