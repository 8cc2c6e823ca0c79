//! Reorder: a new cart with the lines of an earlier order, at current prices.

use std::sync::Arc;

use domain::caller::Customer;
use domain::cart::{Cart, CartError};
use domain::ids::{CartId, LineId, Sku, Unit};
use domain::quantity::Quantity;
use domain::submission::Content;
use rust_decimal::Decimal;

use super::{CartService, cart_failure, cart_write_failure, keep_until, line_error, new_cart};
use crate::error::{FieldError, UseCaseError};
use crate::items::PricedItem;
use crate::lookup::Mode;
use crate::ports::erp::{CallContext, DocumentKind};
use crate::tracking::{Document, Tracking};

/// A line of the order. The ERP may leave any field out.
struct OrderedLine {
    sku: Option<String>,
    quantity: Option<Decimal>,
    unit: Option<String>,
}

/// A new cart, and the lines of the order that are not in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reordered {
    pub cart: Cart,
    /// The lines that cannot be ordered any more; the pointer of each is its position in the order.
    pub left_out: Vec<FieldError>,
}

/// Makes carts of earlier orders.
pub struct Reorder {
    pub tracking: Tracking,
    pub carts: Arc<CartService>,
}

impl Reorder {
    /// Creates a cart with the lines of an order of the customer's organization, from any channel,
    /// and makes it the customer's current one. Lines that cannot be ordered any more are left out
    /// and reported.
    ///
    /// # Errors
    /// [`UseCaseError::MemberNotActive`]; [`UseCaseError::NotFound`] if the order does not exist;
    /// [`UseCaseError::LinesRefused`] if no line of it can be ordered;
    /// [`UseCaseError::TooManyLines`]; [`UseCaseError::Erp`] when only the ERP knows the order and
    /// fails; [`UseCaseError::Store`]. No cart is made then.
    pub async fn reorder(
        &self,
        context: &CallContext,
        customer: &Customer,
        order: &str,
    ) -> Result<Reordered, UseCaseError> {
        let carts = &self.carts;
        let member = carts.directory.active(customer).await?;
        let found = self
            .tracking
            .detail(context, customer, DocumentKind::Order, order)
            .await?
            .found;
        let ordered = ordered(&found);
        let skus: Vec<Sku> = ordered
            .iter()
            .filter_map(|line| line.sku.as_deref())
            .filter_map(|sku| Sku::parse(sku).ok())
            .collect();
        let items = carts.items.find(&skus).await?;
        let id =
            CartId::parse(&carts.ids.mint()).map_err(|e| UseCaseError::Internal(e.to_string()))?;
        let mut cart = new_cart(
            id,
            customer,
            member.organization.currency,
            carts.clock.now(),
        );
        let mut left_out = Vec::new();
        for (at, line) in ordered.iter().enumerate() {
            let item = line
                .sku
                .as_deref()
                .and_then(|sku| Sku::parse(sku).ok())
                .and_then(|sku| items.get(&sku));
            let pointer = format!("/lines/{at}");
            if let Some(error) = self.add_line(&mut cart, line, item, pointer)? {
                left_out.push(error);
            }
        }
        if cart.lines.is_empty() {
            return Err(UseCaseError::LinesRefused(left_out));
        }
        let lines: Vec<LineId> = cart.lines.iter().map(|line| line.id.clone()).collect();
        carts
            .look_up(context, &mut cart, Mode::Auto, &lines, Mode::Auto)
            .await?;
        carts
            .carts
            .create(&cart, keep_until(cart.updated_at))
            .await
            .map_err(cart_write_failure)?;
        Ok(Reordered { cart, left_out })
    }

    /// Adds a line of the order to the cart; returns why it cannot be ordered any more.
    ///
    /// # Errors
    /// [`UseCaseError::TooManyLines`]: the whole order does not fit into a cart.
    fn add_line(
        &self,
        cart: &mut Cart,
        line: &OrderedLine,
        item: Option<&Arc<PricedItem>>,
        pointer: String,
    ) -> Result<Option<FieldError>, UseCaseError> {
        let Some(PricedItem { item, .. }) = item.map(AsRef::as_ref) else {
            let message = "the item does not exist";
            return Ok(Some(FieldError::new(pointer, "unknown_sku", message)));
        };
        let quantity = line.quantity.and_then(|q| Quantity::new(q).ok());
        let Some(quantity) = quantity else {
            let message = "the order does not say how many";
            return Ok(Some(FieldError::new(pointer, "invalid_quantity", message)));
        };
        // An order counts in the unit that it names; one that names none counts in the item's.
        let unit = match line.unit.as_deref() {
            Some(unit) => Unit::parse(unit).ok(),
            None => Some(item.unit.clone()),
        };
        let line_id = LineId::parse(&self.carts.ids.mint())
            .map_err(|e| UseCaseError::Internal(e.to_string()))?;
        let added = match &unit {
            Some(unit) => cart.add(line_id, item, quantity, Some(unit)),
            None => Err(CartError::Unit),
        };
        match added {
            Ok(_) => Ok(None),
            Err(CartError::TooManyLines) => Err(cart_failure(CartError::TooManyLines)),
            Err(error) => line_error(&pointer, error).map(Some),
        }
    }
}

/// The lines as the ERP shows them, or else as they were captured here.
fn ordered(document: &Document) -> Vec<OrderedLine> {
    let external = document
        .external
        .as_ref()
        .map(|d| d.lines.as_slice())
        .unwrap_or_default();
    if !external.is_empty() {
        let line = external.iter();
        return line
            .map(|line| OrderedLine {
                sku: line.sku.clone(),
                quantity: line.quantity,
                unit: line.unit.clone(),
            })
            .collect();
    }
    match document.submission.as_ref().map(|own| own.content()) {
        Some(Content::Order(order)) => order
            .lines
            .iter()
            .map(|line| OrderedLine {
                sku: Some(line.sku.to_string()),
                quantity: Some(line.quantity.value()),
                unit: Some(line.unit.to_string()),
            })
            .collect(),
        Some(Content::Quote(_) | Content::Organization(_) | Content::User(_)) | None => Vec::new(),
    }
}
