//! Preparation: just before the buyer commits, the ERP reserves stock, prices the lines live and
//! calculates the amounts.

mod digest;
mod show;

pub(crate) use digest::content_digest;

use std::sync::Arc;

use domain::caller::Customer;
use domain::cart::{Cart, CartLine, Shipping};
use domain::freshness::Reason;
use domain::ids::{CartId, PreparationId};
use domain::money::{Currency, Money};
use domain::preparation::{Preparation, PreparedLine};

use crate::cart::{cart_failure, cart_write_failure, keep_until, owned};
use crate::directory::Directory;
use crate::error::{FieldError, UseCaseError};
use crate::lookup::{Mode, PriceLookup};
use crate::ports::carts::{Carts, LedgerEntry, Written};
use crate::ports::erp::{
    CalculateRequest, CalculatedLine, Calculation, CallContext, CheckoutLine, ErpCheckout,
    ErpError, PriceQuestion, ReserveRequest, ReservedLine,
};
use crate::ports::{CatalogReader, Clock, Ids};
use crate::reservations::Reservations;
use crate::sellable::ensure_sellable;

/// Seconds for which a preparation, and with it the reservation, is valid.
pub const HOLD_SECONDS: i64 = 900;

/// Prepares carts.
pub struct Checkout {
    pub carts: Arc<dyn Carts>,
    pub catalog: Arc<dyn CatalogReader>,
    pub directory: Directory,
    pub prices: PriceLookup,
    pub erp: Arc<dyn ErpCheckout>,
    pub reservations: Reservations,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn Ids>,
}

impl Checkout {
    /// Prepares a cart: reserve, price, calculate, in this order, all or nothing. Any failure
    /// releases the reservation. Another preparation replaces this one.
    ///
    /// # Errors
    /// [`UseCaseError`]; the cart then has no new preparation.
    pub async fn prepare(
        &self,
        context: &CallContext,
        customer: &Customer,
        id: &CartId,
    ) -> Result<Preparation, UseCaseError> {
        self.directory.active(customer).await?;
        let cart = owned(self.carts.as_ref(), customer, id, self.clock.now()).await?;
        cart.ensure_open().map_err(cart_failure)?;
        if cart.lines.is_empty() {
            return Err(UseCaseError::CartEmpty);
        }
        let shipping = cart.shipping.clone().ok_or(UseCaseError::ShippingMissing)?;
        ensure_sellable(self.catalog.as_ref(), &cart).await?;
        let entry = LedgerEntry {
            cart: id.clone(),
            expires_at: self.clock.now().plus_seconds(HOLD_SECONDS),
            revision: self.ids.mint(),
            held_until: context.deadline,
        };
        let earlier = cart.preparation.as_ref().map(|p| p.reservation.clone());
        self.reservations
            .note(&entry, cart.version, earlier.as_deref())
            .await?;
        match self
            .prepare_in_erp(context, customer, cart, &shipping, &entry)
            .await
        {
            Ok(preparation) => Ok(preparation),
            Err(failure) => {
                // The new reservation replaced the earlier one, so an earlier preparation is
                // invalid as well.
                if earlier.is_some() {
                    self.drop_preparation(customer, id).await;
                }
                self.reservations
                    .release(context, id, &entry.revision)
                    .await;
                Err(failure)
            }
        }
    }

    /// Removes a preparation without a reservation from its cart. If that fails, capture refuses
    /// the preparation.
    async fn drop_preparation(&self, customer: &Customer, id: &CartId) {
        let dropped = async {
            let mut cart = owned(self.carts.as_ref(), customer, id, self.clock.now()).await?;
            cart.preparation = None;
            self.write(&mut cart).await
        };
        if let Err(error) = dropped.await {
            tracing::warn!(
                %error, cart.id = %id,
                "an invalid preparation was not removed from its cart"
            );
        }
    }

    /// Ends the preparation of a cart and releases its reservation. Succeeds if there is none.
    ///
    /// # Errors
    /// [`UseCaseError`].
    pub async fn release(
        &self,
        context: &CallContext,
        customer: &Customer,
        id: &CartId,
    ) -> Result<(), UseCaseError> {
        let mut cart = owned(self.carts.as_ref(), customer, id, self.clock.now()).await?;
        cart.ensure_open().map_err(cart_failure)?;
        if let Some(dropped) = cart.preparation.take() {
            self.write(&mut cart).await?;
            self.reservations
                .release(context, id, &dropped.reservation)
                .await;
        }
        Ok(())
    }

    async fn prepare_in_erp(
        &self,
        context: &CallContext,
        customer: &Customer,
        mut cart: Cart,
        shipping: &Shipping,
        entry: &LedgerEntry,
    ) -> Result<Preparation, UseCaseError> {
        let mut lines = checkout_lines(&cart);
        let reserved = self
            .erp
            .reserve(
                context,
                &ReserveRequest {
                    reference: &cart.id,
                    customer,
                    lines: &lines,
                    expires_at: entry.expires_at,
                },
            )
            .await?;
        let prices = self.live_prices(context, customer, &cart).await?;
        for (line, price) in lines.iter_mut().zip(&prices) {
            line.unit_price = Some(*price);
        }
        let request = CalculateRequest {
            reference: &cart.id,
            customer,
            currency: cart.currency,
            lines: &lines,
            shipping,
        };
        let calculation = self.erp.calculate(context, &request).await?;
        check_amounts(&calculation, cart.currency)?;
        let prepared = prepared_lines(&cart, &prices, reserved, calculation.lines);
        let id = PreparationId::parse(&self.ids.mint())
            .map_err(|e| UseCaseError::Internal(e.to_string()))?;
        let mut preparation = Preparation {
            id,
            cart_version: cart.version.saturating_add(1),
            reservation: entry.revision.clone(),
            expires_at: entry.expires_at,
            lines: prepared,
            totals: calculation.totals,
            content_digest: String::new(),
        };
        show::show(
            &mut cart,
            &preparation,
            self.clock.now(),
            self.prices.freshness,
        );
        preparation.content_digest = content_digest(&cart, &preparation);
        cart.preparation = Some(preparation.clone());
        self.write(&mut cart).await?;
        Ok(preparation)
    }

    async fn live_prices(
        &self,
        context: &CallContext,
        customer: &Customer,
        cart: &Cart,
    ) -> Result<Vec<Money>, UseCaseError> {
        let questions: Vec<PriceQuestion> = cart
            .lines
            .iter()
            .map(|line| PriceQuestion {
                sku: line.sku.clone(),
                quantity: line.quantity,
                unit: line.unit.clone(),
            })
            .collect();
        let items = self
            .prices
            .prices(context, customer, cart.currency, Mode::Live, &questions)
            .await?;
        let mut prices = Vec::with_capacity(items.len());
        let mut refused = Vec::new();
        for (line, item) in cart.lines.iter().zip(items) {
            match (item.unit_price, item.freshness.reason) {
                // A buyer may look at a stale price, but not commit to it.
                (_, Some(Reason::ErpTimeout)) => return Err(ErpError::Timeout.into()),
                (_, Some(Reason::ErpUnavailable)) => {
                    return Err(ErpError::Unavailable("no_prices").into());
                }
                (Some(price), None) => prices.push(price),
                (
                    _,
                    Some(
                        Reason::NotCached
                        | Reason::ErpIncomplete
                        | Reason::UnknownSku
                        | Reason::ItemInactive
                        | Reason::NoPrice
                        | Reason::UnitNotConvertible,
                    )
                    | None,
                ) => {
                    let pointer = format!("/lines/{}", line.id);
                    refused.push(FieldError::new(
                        pointer,
                        "no_price",
                        "the item has no price now",
                    ));
                }
            }
        }
        if refused.is_empty() {
            Ok(prices)
        } else {
            Err(UseCaseError::LinesRefused(refused))
        }
    }

    async fn write(&self, cart: &mut Cart) -> Result<(), UseCaseError> {
        let expected = cart.version;
        cart.version = expected.saturating_add(1);
        cart.updated_at = self.clock.now();
        match self
            .carts
            .put(cart, expected, keep_until(cart.updated_at))
            .await
            .map_err(cart_write_failure)?
        {
            Written::Done => Ok(()),
            Written::Conflict => Err(UseCaseError::Contention),
        }
    }
}

/// The lines of a cart, without prices.
fn checkout_lines(cart: &Cart) -> Vec<CheckoutLine> {
    let line = |line: &CartLine| CheckoutLine {
        id: line.id.clone(),
        sku: line.sku.clone(),
        quantity: line.quantity,
        unit: line.unit.clone(),
        unit_price: None,
    };
    cart.lines.iter().map(line).collect()
}

/// Accepts a calculation whose amounts add up.
fn check_amounts(calculation: &Calculation, currency: Currency) -> Result<(), UseCaseError> {
    let line_totals = calculation.lines.iter().map(|line| line.line_total);
    calculation
        .totals
        .check(currency, line_totals)
        .map_err(|error| UseCaseError::AmountsDisagree(error.to_string()))
}

fn prepared_lines(
    cart: &Cart,
    prices: &[Money],
    reserved: Vec<ReservedLine>,
    calculated: Vec<CalculatedLine>,
) -> Vec<PreparedLine> {
    cart.lines
        .iter()
        .zip(prices)
        .zip(reserved.into_iter().zip(calculated))
        .map(|((line, price), (reserved, amounts))| PreparedLine {
            id: line.id.clone(),
            sku: line.sku.clone(),
            quantity: line.quantity,
            unit: line.unit.clone(),
            shown_price: line.unit_price,
            unit_price: *price,
            line_total: amounts.line_total,
            tax: amounts.tax,
            shipping: amounts.shipping,
            adjustment: amounts.adjustment,
            reservation: reserved.status,
            reserved: reserved.quantity,
        })
        .collect()
}
