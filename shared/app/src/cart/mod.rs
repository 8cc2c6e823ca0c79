//! The open cart of a buyer.

mod edit;
mod refused;
mod reorder;
mod view;

use std::sync::Arc;

use domain::caller::Customer;
use domain::cart::{Cart, CartStatus, MAX_LINES, Shipping};
use domain::ids::{AddressId, CartId, LineId, Sku, Unit};
use domain::member::{AddressKind, MemberStatus, PostalAddress};
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
use edit::{Touched, Tries};
use refused::line_error;

pub(crate) use refused::{cart_failure, cart_write_failure};
pub use reorder::{Reorder, Reordered};

/// Seconds after its last change at which a cart is gone: thirty days.
const KEEP_SECONDS: i64 = 30 * 86_400;

/// A line that a buyer adds.
#[derive(Debug, Clone)]
pub struct NewLine {
    /// The item.
    pub sku: Sku,
    /// How many were entered.
    pub quantity: Quantity,
    /// In which unit, if the buyer said.
    pub unit: Option<Unit>,
}

/// Where to, as a buyer says it.
#[derive(Debug, Clone)]
pub enum ShipTo {
    /// To an address of the organization.
    Known(AddressId),
    /// To an address typed in.
    Given(PostalAddress),
}

/// The open cart of a buyer.
pub struct CartService {
    /// Where carts are kept.
    pub carts: Arc<dyn Carts>,
    /// What carts hold.
    pub items: PricedItems,
    /// Who buys.
    pub directory: Directory,
    /// The addresses to ship to.
    pub members: Arc<dyn MemberReader>,
    /// Offer prices.
    pub prices: PriceLookup,
    /// Availabilities.
    pub availability: AvailabilityLookup,
    /// Reservations that a change makes obsolete.
    pub reservations: Reservations,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Arc<dyn Ids>,
}

impl CartService {
    /// Makes a new cart the customer's current one. The currency is the organization's; another one
    /// is refused.
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

    /// The customer's current cart with today's cached prices, while it is open.
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

    /// A cart of the customer; while it is open, with today's cached prices.
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

    /// Removes a cart and releases what was set aside for it.
    ///
    /// # Errors
    /// [`UseCaseError`].
    pub async fn delete(
        &self,
        context: &CallContext,
        customer: &Customer,
        id: &CartId,
        if_match: Option<u64>,
    ) -> Result<(), UseCaseError> {
        let mut tries = Tries::new(self, context);
        loop {
            let cart = self.owned(customer, id).await?;
            check_match(&cart, if_match)?;
            cart.ensure_open().map_err(cart_failure)?;
            match self.carts.delete(&cart, cart.version).await? {
                Written::Done => {
                    if let Some(dropped) = &cart.preparation {
                        self.reservations
                            .release(context, id, &dropped.reservation)
                            .await;
                    }
                    return Ok(());
                }
                Written::Conflict => tries.again().await?,
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
        customer: &Customer,
        id: &CartId,
        if_match: Option<u64>,
        lines: &[NewLine],
    ) -> Result<Cart, UseCaseError> {
        self.put_lines(context, customer, id, if_match, lines, false)
            .await
    }

    /// Replaces all lines: the quick order.
    ///
    /// # Errors
    /// [`UseCaseError`]; nothing is replaced then.
    pub async fn replace_lines(
        &self,
        context: &CallContext,
        customer: &Customer,
        id: &CartId,
        if_match: Option<u64>,
        lines: &[NewLine],
    ) -> Result<Cart, UseCaseError> {
        if lines.len() > MAX_LINES {
            return Err(UseCaseError::TooManyLines);
        }
        self.put_lines(context, customer, id, if_match, lines, true)
            .await
    }

    async fn put_lines(
        &self,
        context: &CallContext,
        customer: &Customer,
        id: &CartId,
        if_match: Option<u64>,
        lines: &[NewLine],
        replace: bool,
    ) -> Result<Cart, UseCaseError> {
        // The cart is looked at first: whose it is not must not learn which items exist by asking
        // for them.
        self.owned(customer, id)
            .await?
            .ensure_open()
            .map_err(cart_failure)?;
        let skus: Vec<Sku> = lines.iter().map(|line| line.sku.clone()).collect();
        let items = self.items.find(&skus).await?;
        self.edit(context, customer, id, if_match, |cart| {
            if replace {
                cart.lines.clear();
            }
            let mut touched = Vec::with_capacity(lines.len());
            let mut errors = Vec::new();
            for (at, line) in lines.iter().enumerate() {
                let pointer = if replace {
                    format!("/lines/{at}")
                } else {
                    String::new()
                };
                let Some(item) = items.get(&line.sku) else {
                    errors.push(FieldError::new(
                        format!("{pointer}/sku"),
                        "unknown_sku",
                        "there is no such item",
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

    /// Changes the quantity of a line, and asks the ERP whether so many can be had. If it does not
    /// say in time, the cart changes all the same and the availability last known is marked as
    /// stale.
    ///
    /// # Errors
    /// [`UseCaseError`]; nothing is changed then.
    pub async fn change_quantity(
        &self,
        context: &CallContext,
        customer: &Customer,
        id: &CartId,
        if_match: Option<u64>,
        line: &LineId,
        quantity: Quantity,
    ) -> Result<Cart, UseCaseError> {
        self.edit(context, customer, id, if_match, |cart| {
            match cart.change_quantity(line, quantity) {
                Ok(_) => Ok(Touched::Changed(line.clone())),
                Err(error) => Err(UseCaseError::Invalid(vec![line_error("", error)?])),
            }
        })
        .await
    }

    /// Takes a line out.
    ///
    /// # Errors
    /// [`UseCaseError`]; nothing is changed then.
    pub async fn remove_line(
        &self,
        context: &CallContext,
        customer: &Customer,
        id: &CartId,
        if_match: Option<u64>,
        line: &LineId,
    ) -> Result<Cart, UseCaseError> {
        self.edit(context, customer, id, if_match, |cart| {
            cart.remove(line).map_err(cart_failure)?;
            Ok(Touched::Nothing)
        })
        .await
    }

    /// Sets where to and how.
    ///
    /// # Errors
    /// [`UseCaseError`]; nothing is changed then.
    #[expect(
        clippy::too_many_arguments,
        reason = "each is one field of the request"
    )]
    pub async fn set_shipping(
        &self,
        context: &CallContext,
        customer: &Customer,
        id: &CartId,
        if_match: Option<u64>,
        ship_to: ShipTo,
        method: String,
        requested_delivery_date: Option<String>,
    ) -> Result<Cart, UseCaseError> {
        let (address_id, address) = match ship_to {
            ShipTo::Given(address) => (None, address),
            ShipTo::Known(address_id) => {
                let found = self
                    .members
                    .address(&customer.organization, &address_id)
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
                    // Small customers have one address for everything.
                    AddressKind::Shipping | AddressKind::Billing => {
                        (Some(address_id), address.postal)
                    }
                }
            }
        };
        let shipping = Shipping {
            address_id,
            address,
            method,
            requested_delivery_date,
        };
        self.edit(context, customer, id, if_match, |cart| {
            cart.shipping = Some(shipping.clone());
            Ok(Touched::Nothing)
        })
        .await
    }

    async fn owned(&self, customer: &Customer, id: &CartId) -> Result<Cart, UseCaseError> {
        owned(self.carts.as_ref(), customer, id, self.clock.now()).await
    }
}

/// The cart, if it is the customer's. Another user's cart does not exist.
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
    now.plus_seconds(KEEP_SECONDS)
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
