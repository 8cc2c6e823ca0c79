//! The cart: what a buyer is about to order.

use crate::availability::AvailabilityStatus;
use crate::catalog::Item;
use crate::freshness::Freshness;
use crate::ids::{AddressId, CartId, LineId, OrganizationId, PreparationId, Sku, Unit, UserId};
use crate::member::PostalAddress;
use crate::money::{Currency, Money};
use crate::preparation::Preparation;
use crate::quantity::{Quantity, QuantityError};
use crate::time::Timestamp;
use rust_decimal::Decimal;

/// Most lines of a cart.
pub const MAX_LINES: usize = 500;

/// Whether a cart can still be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CartStatus {
    /// It can.
    Open,
    /// It became an order or a quote.
    Submitted,
}

/// The availability that a line last heard of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineAvailability {
    /// Whether the line's quantity can be had.
    pub status: AvailabilityStatus,
    /// How many are there.
    pub quantity: Option<Decimal>,
    /// How old the word is.
    pub freshness: Freshness,
}

/// A line of a cart. What the catalog said of the item is kept with it, so that a change of
/// quantity does not read the catalog again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CartLine {
    /// Its identifier, stable for the life of the line.
    pub id: LineId,
    /// The item.
    pub sku: Sku,
    /// The item's name.
    pub name: String,
    /// The quantity, in `unit`, a whole number of `quantity_multiple`.
    pub quantity: Quantity,
    /// What the buyer entered, when it was rounded up.
    pub rounded_from: Option<Quantity>,
    /// The unit.
    pub unit: Unit,
    /// The item's multiple.
    pub quantity_multiple: Quantity,
    /// The price of one unit that the buyer was last shown.
    pub unit_price: Option<Money>,
    /// How old that price is.
    pub price_freshness: Freshness,
    /// The availability that the buyer was last shown.
    pub availability: LineAvailability,
}

impl CartLine {
    /// The price of the line, rounded to the currency.
    #[must_use]
    pub fn line_total(&self) -> Option<Money> {
        self.unit_price
            .and_then(|price| price.times(self.quantity.value()).ok())
    }
}

/// Where to and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shipping {
    /// The organization's address that was chosen, unless one was typed in.
    pub address_id: Option<AddressId>,
    /// The address.
    pub address: PostalAddress,
    /// A shipping method of the ERP.
    pub method: String,
    /// The day the buyer wishes for, as `2026-12-24`.
    pub requested_delivery_date: Option<String>,
}

/// A cart: an order that is not placed yet. Its id stays the order's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cart {
    /// Its identifier, minted before the first call to anyone.
    pub id: CartId,
    /// Grows by one with every write.
    pub version: u64,
    /// Whether it can be changed.
    pub status: CartStatus,
    /// Whose it is.
    pub organization: OrganizationId,
    /// Whose it is.
    pub user: UserId,
    /// The currency of every amount in it.
    pub currency: Currency,
    /// Its lines in the order of their making.
    pub lines: Vec<CartLine>,
    /// Where to and how.
    pub shipping: Option<Shipping>,
    /// The last preparation, gone with every change.
    pub preparation: Option<Preparation>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last written.
    pub updated_at: Timestamp,
}

/// Why a cart refuses a change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CartError {
    /// It became an order or a quote.
    #[error("the cart is submitted")]
    Submitted,
    /// It would have more than [`MAX_LINES`] lines.
    #[error("a cart has at most 500 lines")]
    TooManyLines,
    /// It has no such line.
    #[error("the cart has no such line")]
    NoSuchLine,
    /// The item is no longer sold.
    #[error("the item is not sold")]
    ItemInactive,
    /// The quantity cannot be ordered.
    #[error(transparent)]
    Quantity(#[from] QuantityError),
    /// The unit is not the item's.
    #[error("the item is not sold in that unit")]
    Unit,
}

impl Cart {
    /// Refuses when the cart cannot be changed.
    ///
    /// # Errors
    /// [`CartError::Submitted`].
    pub fn ensure_open(&self) -> Result<(), CartError> {
        match self.status {
            CartStatus::Open => Ok(()),
            CartStatus::Submitted => Err(CartError::Submitted),
        }
    }

    /// Adds a line, or adds to the quantity of the line that has the same item already: a double
    /// click makes one line.
    ///
    /// # Errors
    /// [`CartError`]; the cart is unchanged then.
    pub fn add(
        &mut self,
        id: LineId,
        item: &Item,
        entered: Quantity,
        unit: Option<&Unit>,
    ) -> Result<LineId, CartError> {
        self.ensure_open()?;
        let mut line = new_line(id, item, entered, unit)?;
        if let Some(same) = self.lines.iter_mut().find(|l| l.sku == line.sku) {
            let sum = Quantity::new(same.quantity.value().saturating_add(line.quantity.value()))?;
            same.set_quantity(sum)?;
            same.rounded_from = line.rounded_from.take();
            return Ok(same.id.clone());
        }
        if self.lines.len() >= MAX_LINES {
            return Err(CartError::TooManyLines);
        }
        let id = line.id.clone();
        self.lines.push(line);
        Ok(id)
    }

    /// Changes the quantity of a line.
    ///
    /// # Errors
    /// [`CartError`]; the cart is unchanged then.
    pub fn change_quantity(
        &mut self,
        id: &LineId,
        entered: Quantity,
    ) -> Result<&mut CartLine, CartError> {
        self.ensure_open()?;
        let line = self
            .lines
            .iter_mut()
            .find(|l| l.id == *id)
            .ok_or(CartError::NoSuchLine)?;
        line.set_quantity(entered)?;
        Ok(line)
    }

    /// Takes a line out.
    ///
    /// # Errors
    /// [`CartError`]; the cart is unchanged then.
    pub fn remove(&mut self, id: &LineId) -> Result<(), CartError> {
        self.ensure_open()?;
        let at = self
            .lines
            .iter()
            .position(|l| l.id == *id)
            .ok_or(CartError::NoSuchLine)?;
        self.lines.remove(at);
        Ok(())
    }

    /// The sum of the line totals; none while a line has no price.
    #[must_use]
    pub fn product_total(&self) -> Option<Money> {
        self.lines
            .iter()
            .try_fold(Money::zero(self.currency), |sum, line| {
                sum.plus(line.line_total()?).ok()
            })
    }

    /// The preparation with this id, unless it is over at `now` or the cart was written since.
    #[must_use]
    pub fn live_preparation(&self, id: &PreparationId, now: Timestamp) -> Option<&Preparation> {
        self.preparation
            .as_ref()
            .filter(|p| p.id == *id && now < p.expires_at && p.cart_version == self.version)
    }
}

impl CartLine {
    fn set_quantity(&mut self, entered: Quantity) -> Result<(), CartError> {
        let quantity = entered.rounded_up_to(self.quantity_multiple)?;
        self.rounded_from = (quantity != entered).then_some(entered);
        self.quantity = quantity;
        Ok(())
    }
}

fn new_line(
    id: LineId,
    item: &Item,
    entered: Quantity,
    unit: Option<&Unit>,
) -> Result<CartLine, CartError> {
    if item.status == crate::catalog::ItemStatus::Inactive {
        return Err(CartError::ItemInactive);
    }
    if unit.is_some_and(|unit| *unit != item.unit) {
        return Err(CartError::Unit);
    }
    let counted = item.counted_quantity(entered, unit.is_some())?;
    let quantity = counted.rounded_up_to(item.quantity_multiple)?;
    Ok(CartLine {
        id,
        sku: item.sku.clone(),
        name: item.name.clone(),
        rounded_from: (quantity != counted).then_some(counted),
        quantity,
        unit: item.unit.clone(),
        quantity_multiple: item.quantity_multiple,
        unit_price: None,
        price_freshness: Freshness::missing(crate::freshness::Reason::NotCached),
        availability: LineAvailability {
            status: AvailabilityStatus::Unknown,
            quantity: None,
            freshness: Freshness::missing(crate::freshness::Reason::NotCached),
        },
    })
}
