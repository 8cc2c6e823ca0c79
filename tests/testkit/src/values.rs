//! Short words for domain values.

#[cfg(test)]
mod tests;

use domain::caller::Customer;
use domain::catalog::{Item, ItemStatus};
use domain::ids::{OrganizationId, Sku, Unit, UserId};
use domain::money::{Currency, Money, parse_decimal};
use domain::quantity::Quantity;

/// An item number.
///
/// # Panics
/// When it is none.
#[must_use]
pub fn sku(text: &str) -> Sku {
    Sku::parse(text).expect("an item number")
}

/// A unit.
///
/// # Panics
/// When it is none.
#[must_use]
pub fn unit(text: &str) -> Unit {
    Unit::parse(text).expect("a unit")
}

/// A quantity, written as a decimal number.
///
/// # Panics
/// When it is none.
#[must_use]
pub fn quantity(text: &str) -> Quantity {
    Quantity::new(parse_decimal(text).expect("a decimal number")).expect("a quantity")
}

/// An amount in a currency, such as `money("12.50 USD")`.
///
/// # Panics
/// When it is none.
#[must_use]
pub fn money(text: &str) -> Money {
    let (amount, currency) = text.split_once(' ').expect("an amount and a currency");
    Money::parse(amount, Currency::parse(currency).expect("a currency")).expect("an amount")
}

/// A user of an organization.
///
/// # Panics
/// When one of them is not an id.
#[must_use]
pub fn customer(organization: &str, user: &str) -> Customer {
    Customer {
        organization: OrganizationId::parse(organization).expect("an organization's id"),
        user: UserId::parse(user).expect("a user's id"),
    }
}

/// An item, with whatever the test does not care about filled in: sold by the piece, active, in no
/// category.
#[derive(Debug, Clone)]
pub struct ItemBuilder(Item);

impl ItemBuilder {
    /// An item with the given number, which is its name too.
    #[must_use]
    pub fn new(number: &str) -> Self {
        Self(Item {
            sku: sku(number),
            product_id: None,
            name: number.to_owned(),
            description: None,
            category_ids: Vec::new(),
            unit: unit("EA"),
            nominal_quantity: Quantity::ONE,
            quantity_multiple: Quantity::ONE,
            status: ItemStatus::Active,
            attributes: std::collections::BTreeMap::new(),
        })
    }

    /// Sold in packs of `pieces` that count as one without a unit.
    #[must_use]
    pub fn in_packs_of(mut self, pieces: &str) -> Self {
        self.0.nominal_quantity = quantity(pieces);
        self.0.quantity_multiple = quantity(pieces);
        self
    }

    /// No longer sold.
    #[must_use]
    pub fn inactive(mut self) -> Self {
        self.0.status = ItemStatus::Inactive;
        self
    }

    /// The item.
    #[must_use]
    pub fn build(self) -> Item {
        self.0
    }
}
