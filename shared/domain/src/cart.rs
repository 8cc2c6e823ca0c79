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

/// Whether a cart can be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CartStatus {
    /// It can be changed.
    Open,
    /// It became an order or a quote.
    Submitted,
}

/// The availability of a line, as the last lookup found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineAvailability {
    /// Whether the ERP can deliver the item.
    pub status: AvailabilityStatus,
    /// The available quantity; `None` with `Available` is unlimited.
    pub quantity: Option<Decimal>,
    /// Where the availability comes from and how old it is.
    pub freshness: Freshness,
}

/// A line of a cart. It stores the catalog's data of the item, so that a change of quantity does
/// not read the catalog again.
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
    /// The quantity that the buyer entered, if it was rounded up.
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

/// The shipping that a buyer chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shipping {
    /// The chosen address of the organization; `None` if the buyer entered another address.
    pub address_id: Option<AddressId>,
    /// The address.
    pub address: PostalAddress,
    /// A shipping method of the ERP.
    pub method: String,
    /// The delivery day that the buyer requests, such as `2026-12-24`.
    pub requested_delivery_date: Option<String>,
}

/// A cart: an order that is not placed yet. Its id stays the order's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cart {
    /// Its identifier, created before the first call to a store or the ERP.
    pub id: CartId,
    /// Grows by one with every write.
    pub version: u64,
    /// Whether it can be changed.
    pub status: CartStatus,
    /// The organization of the buyer.
    pub organization: OrganizationId,
    /// The buyer.
    pub user: UserId,
    /// The currency of every amount in it.
    pub currency: Currency,
    /// Its lines in the order in which they were added.
    pub lines: Vec<CartLine>,
    /// The shipping, once the buyer chose it.
    pub shipping: Option<Shipping>,
    /// The last preparation; every change removes it.
    pub preparation: Option<Preparation>,
    /// When it was created.
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
    /// The line does not exist.
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
    /// Accepts a cart that can be changed.
    ///
    /// # Errors
    /// [`CartError::Submitted`].
    pub fn ensure_open(&self) -> Result<(), CartError> {
        match self.status {
            CartStatus::Open => Ok(()),
            CartStatus::Submitted => Err(CartError::Submitted),
        }
    }

    /// Adds a line, or adds to the quantity of the line with the same item: a double click makes
    /// one line.
    ///
    /// # Errors
    /// [`CartError`]; the cart is then unchanged.
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
    /// [`CartError`]; the cart is then unchanged.
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

    /// Removes a line.
    ///
    /// # Errors
    /// [`CartError`]; the cart is then unchanged.
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

    /// The sum of the line totals; `None` while a line has no price.
    #[must_use]
    pub fn product_total(&self) -> Option<Money> {
        self.lines
            .iter()
            .try_fold(Money::zero(self.currency), |sum, line| {
                sum.plus(line.line_total()?).ok()
            })
    }

    /// The preparation with this id, unless it expired by `now` or the cart was written since.
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
