//! The open cart of a buyer.
//!
//! Every change is one optimistic edit (`edit`): read the cart, change it, look up prices and
//! availabilities, write it unless a concurrent request has, else start over.

mod edit;
mod refused;
mod reorder;
mod request;
mod view;

use std::sync::Arc;

use domain::caller::Customer;
use domain::cart::{Cart, CartStatus, MAX_LINES, Shipping};
use domain::ids::{CartId, LineId, Sku};
use domain::member::{AddressKind, MemberStatus};
use domain::money::Currency;
use domain::quantity::Quantity;
use domain::time::Timestamp;

use crate::directory::Directory;
use crate::error::{FieldError, UseCaseError};
use crate::items::PricedItems;
use crate::lookup::{AvailabilityLookup, Mode, PriceLookup};
use crate::ports::carts::{Carts, Written};
use crate::ports::erp::CallContext;
use crate::ports::members::MemberReader;
use crate::ports::{Clock, Ids};
use crate::reservations::Reservations;
use edit::{Attempts, Touched};
use refused::line_error;

pub(crate) use refused::{cart_failure, cart_write_failure};
pub use reorder::{Reorder, Reordered};
pub use request::{CartRef, NewLine, ShipTo, ShippingChoice};

/// Seconds after its last change at which a cart expires: thirty days.
const CART_SECONDS: i64 = 30 * 86_400;

/// What happens to the lines that a cart has when lines are added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Existing {
    Keep,
    Replace,
}

/// Reads and changes the carts of buyers.
pub struct CartService {
    pub carts: Arc<dyn Carts>,
    pub items: PricedItems,
    pub directory: Directory,
    pub members: Arc<dyn MemberReader>,
    pub prices: PriceLookup,
    pub availability: AvailabilityLookup,
    /// Releases the reservations that a change makes obsolete.
    pub reservations: Reservations,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn Ids>,
}

impl CartService {
    /// Creates a cart and makes it the customer's current one. Its currency is the organization's;
    /// another one is refused.
    ///
    /// # Errors
    /// [`UseCaseError`].
    pub async fn create(
        &self,
        customer: &Customer,
        currency: Option<Currency>,
    ) -> Result<Cart, UseCaseError> {
        let member = self.directory.active(customer).await?;
        if currency.is_some_and(|c| c != member.organization.currency) {
            return Err(UseCaseError::invalid(
                "/currency",
                "currency_not_allowed",
                "a cart has the organization's currency",
            ));
        }
        let id =
            CartId::parse(&self.ids.mint()).map_err(|e| UseCaseError::Internal(e.to_string()))?;
        let cart = new_cart(id, customer, member.organization.currency, self.clock.now());
        self.carts
            .create(&cart, keep_until(self.clock.now()))
            .await
            .map_err(cart_write_failure)?;
        Ok(cart)
    }

    /// The customer's current cart with current prices, if it is open.
    ///
    /// # Errors
    /// [`UseCaseError`].
    pub async fn current(
        &self,
        context: &CallContext,
        customer: &Customer,
    ) -> Result<Cart, UseCaseError> {
        let id = self
            .carts
            .current(customer)
            .await?
            .ok_or(UseCaseError::NotFound)?;
        let cart = self.get(context, customer, &id).await?;
        match cart.status {
            CartStatus::Open => Ok(cart),
            CartStatus::Submitted => Err(UseCaseError::NotFound),
        }
    }

    /// A cart of the customer, with current prices if it is open.
    ///
    /// # Errors
    /// [`UseCaseError`].
    pub async fn get(
        &self,
        context: &CallContext,
        customer: &Customer,
        id: &CartId,
    ) -> Result<Cart, UseCaseError> {
        let mut cart = self.owned(customer, id).await?;
        if cart.status == CartStatus::Open {
            let all: Vec<LineId> = cart.lines.iter().map(|line| line.id.clone()).collect();
            self.look_up(context, &mut cart, Mode::Auto, &all, Mode::Auto)
                .await?;
        }
        Ok(cart)
    }

    /// Deletes a cart and releases its reservation.
    ///
    /// # Errors
    /// [`UseCaseError`].
    pub async fn delete(
        &self,
        context: &CallContext,
        target: &CartRef,
    ) -> Result<(), UseCaseError> {
        let mut attempts = Attempts::new(self, context);
        loop {
            let cart = self.owned(&target.customer, &target.id).await?;
            check_match(&cart, target.if_match)?;
            cart.ensure_open().map_err(cart_failure)?;
            match self.carts.delete(&cart, cart.version).await? {
                Written::Done => {
                    if let Some(dropped) = &cart.preparation {
                        self.reservations
                            .release(context, &target.id, &dropped.reservation)
                            .await;
                    }
                    return Ok(());
                }
                Written::Conflict => attempts.wait().await?,
            }
        }
    }

    /// Adds lines, or adds to lines with the same item.
    ///
    /// # Errors
    /// [`UseCaseError`]; nothing is added then.
    pub async fn add_lines(
        &self,
        context: &CallContext,
        target: &CartRef,
        lines: &[NewLine],
    ) -> Result<Cart, UseCaseError> {
        self.put_lines(context, target, lines, Existing::Keep).await
    }

    /// Replaces all lines: the quick order.
    ///
    /// # Errors
    /// [`UseCaseError`]; nothing is replaced then.
    pub async fn replace_lines(
        &self,
        context: &CallContext,
        target: &CartRef,
        lines: &[NewLine],
    ) -> Result<Cart, UseCaseError> {
        if lines.len() > MAX_LINES {
            return Err(UseCaseError::TooManyLines);
        }
        self.put_lines(context, target, lines, Existing::Replace)
            .await
    }

    async fn put_lines(
        &self,
        context: &CallContext,
        target: &CartRef,
        lines: &[NewLine],
        existing: Existing,
    ) -> Result<Cart, UseCaseError> {
        // The cart is checked first: a caller who does not own it must not learn which items exist.
        self.owned(&target.customer, &target.id)
            .await?
            .ensure_open()
            .map_err(cart_failure)?;
        let skus: Vec<Sku> = lines.iter().map(|line| line.sku.clone()).collect();
        let items = self.items.find(&skus).await?;
        self.edit(context, target, |cart| {
            if existing == Existing::Replace {
                cart.lines.clear();
            }
            let mut touched = Vec::with_capacity(lines.len());
            let mut errors = Vec::new();
            for (at, line) in lines.iter().enumerate() {
                let pointer = match existing {
                    Existing::Keep => String::new(),
                    Existing::Replace => format!("/lines/{at}"),
                };
                let Some(item) = items.get(&line.sku) else {
                    errors.push(FieldError::new(
                        format!("{pointer}/sku"),
                        "unknown_sku",
                        "the item does not exist",
                    ));
                    continue;
                };
                let line_id = LineId::parse(&self.ids.mint())
                    .map_err(|e| UseCaseError::Internal(e.to_string()))?;
                match cart.add(line_id, &item.item, line.quantity, line.unit.as_ref()) {
                    Ok(id) => touched.push(id),
                    Err(error) => errors.push(line_error(&pointer, error)?),
                }
            }
            if errors.is_empty() {
                Ok(Touched::Added(touched))
            } else {
                Err(UseCaseError::Invalid(errors))
            }
        })
        .await
    }

    /// Changes the quantity of a line, and asks the ERP whether that quantity is available. If it
    /// does not answer in time, the cart is changed nevertheless, and the availability last known
    /// is marked as stale.
    ///
    /// # Errors
    /// [`UseCaseError`]; nothing is changed then.
    pub async fn change_quantity(
        &self,
        context: &CallContext,
        target: &CartRef,
        line: &LineId,
        quantity: Quantity,
    ) -> Result<Cart, UseCaseError> {
        self.edit(context, target, |cart| {
            match cart.change_quantity(line, quantity) {
                Ok(_) => Ok(Touched::Changed(line.clone())),
                Err(error) => Err(UseCaseError::Invalid(vec![line_error("", error)?])),
            }
        })
        .await
    }

    /// Removes a line.
    ///
    /// # Errors
    /// [`UseCaseError`]; nothing is changed then.
    pub async fn remove_line(
        &self,
        context: &CallContext,
        target: &CartRef,
        line: &LineId,
    ) -> Result<Cart, UseCaseError> {
        self.edit(context, target, |cart| {
            cart.remove(line).map_err(cart_failure)?;
            Ok(Touched::Nothing)
        })
        .await
    }

    /// Sets the shipping address and method.
    ///
    /// # Errors
    /// [`UseCaseError`]; nothing is changed then.
    pub async fn set_shipping(
        &self,
        context: &CallContext,
        target: &CartRef,
        choice: ShippingChoice,
    ) -> Result<Cart, UseCaseError> {
        let (address_id, address) = match choice.ship_to {
            ShipTo::Given(address) => (None, address),
            ShipTo::Known(address_id) => {
                let found = self
                    .members
                    .address(&target.customer.organization, &address_id)
                    .await?;
                let usable = found.filter(|address| address.status == MemberStatus::Active);
                let Some(address) = usable else {
                    return Err(UseCaseError::invalid(
                        "/addressId",
                        "unknown_address",
                        "the organization has no such address",
                    ));
                };
                match address.kind {
                    // Small customers use one address for everything.
                    AddressKind::Shipping | AddressKind::Billing => {
                        (Some(address_id), address.postal)
                    }
                }
            }
        };
        let shipping = Shipping {
            address_id,
            address,
            method: choice.method,
            requested_delivery_date: choice.requested_delivery_date,
        };
        self.edit(context, target, |cart| {
            cart.shipping = Some(shipping.clone());
            Ok(Touched::Nothing)
        })
        .await
    }

    async fn owned(&self, customer: &Customer, id: &CartId) -> Result<Cart, UseCaseError> {
        owned(self.carts.as_ref(), customer, id, self.clock.now()).await
    }
}

/// The cart, if it belongs to the customer; another user's cart is not found.
pub(crate) async fn owned(
    carts: &dyn Carts,
    customer: &Customer,
    id: &CartId,
    now: Timestamp,
) -> Result<Cart, UseCaseError> {
    let cart = carts.cart(id, now).await?.ok_or(UseCaseError::NotFound)?;
    let own = cart.organization == customer.organization && cart.user == customer.user;
    if own {
        Ok(cart)
    } else {
        Err(UseCaseError::NotFound)
    }
}

/// Until when a cart written at `now` is kept.
pub(crate) fn keep_until(now: Timestamp) -> Timestamp {
    now.plus_seconds(CART_SECONDS)
}

fn new_cart(id: CartId, customer: &Customer, currency: Currency, now: Timestamp) -> Cart {
    Cart {
        id,
        version: 1,
        status: CartStatus::Open,
        organization: customer.organization.clone(),
        user: customer.user.clone(),
        currency,
        lines: Vec::new(),
        shipping: None,
        preparation: None,
        created_at: now,
        updated_at: now,
    }
}

fn check_match(cart: &Cart, if_match: Option<u64>) -> Result<(), UseCaseError> {
    if if_match.is_some_and(|version| version != cart.version) {
        Err(UseCaseError::PreconditionFailed)
    } else {
        Ok(())
    }
}
