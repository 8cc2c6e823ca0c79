//! What a submission hands to the ERP.

use super::SubmissionKind;
use crate::cart::Shipping;
use crate::ids::{AddressId, CartId, LineId, Sku, Unit};
use crate::member::{Organization, User};
use crate::money::{Currency, Money};
use crate::preparation::Totals;
use crate::quantity::Quantity;

/// A line of an order or of a request for a quote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderLine {
    /// The line of the cart.
    pub id: LineId,
    /// The item.
    pub sku: Sku,
    /// The item's name.
    pub name: String,
    /// The quantity.
    pub quantity: Quantity,
    /// The unit.
    pub unit: Unit,
    /// The price of one unit that the buyer accepted; a quote may have none.
    pub unit_price: Option<Money>,
    /// The amount of the line; a quote may have none.
    pub line_total: Option<Money>,
}

/// How an order is paid. A token is never logged.
#[derive(Clone, PartialEq, Eq)]
pub enum Payment {
    /// On account, by purchase order.
    Account,
    /// By a card that a payment provider keeps.
    CardToken(String),
}

impl std::fmt::Debug for Payment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Account => "Account",
            Self::CardToken(_) => "CardToken(…)",
        })
    }
}

/// An order as the buyer committed to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The currency of every amount.
    pub currency: Currency,
    /// The lines.
    pub lines: Vec<OrderLine>,
    /// The amounts that the ERP calculated when it was prepared.
    pub totals: Totals,
    /// The grand total that the buyer accepted; equal to the calculated one.
    pub accepted_total: Money,
    /// Where it is delivered and how.
    pub shipping: Shipping,
    /// The organization's address for the invoice.
    pub billing_address: Option<AddressId>,
    /// The buyer's number. It is never a key.
    pub purchase_order_number: Option<String>,
    /// How it is paid.
    pub payment: Payment,
    /// A remark for people.
    pub comment: Option<String>,
}

/// A request for a quote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuoteRequest {
    /// The cart that becomes the request.
    pub cart: CartId,
    /// The currency of every amount.
    pub currency: Currency,
    /// The lines.
    pub lines: Vec<OrderLine>,
    /// Where it is delivered and how, as far as the cart says.
    pub shipping: Option<Shipping>,
    /// The day until which the buyer wants it to be valid, such as `2026-12-24`.
    pub requested_expiry: Option<String>,
    /// A remark for people.
    pub comment: Option<String>,
}

/// What is in a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// An order.
    Order(Box<Order>),
    /// A request for a quote.
    Quote(Box<QuoteRequest>),
    /// An approved organization.
    Organization(Box<Organization>),
    /// An approved user.
    User(Box<User>),
}

impl Content {
    /// Returns the kind.
    #[must_use]
    pub fn kind(&self) -> SubmissionKind {
        match self {
            Self::Order(_) => SubmissionKind::Order,
            Self::Quote(_) => SubmissionKind::Quote,
            Self::Organization(_) => SubmissionKind::Organization,
            Self::User(_) => SubmissionKind::User,
        }
    }

    /// Returns the number of lines: the ERP's time limit grows with it.
    #[must_use]
    pub fn line_count(&self) -> usize {
        match self {
            Self::Order(order) => order.lines.len(),
            Self::Quote(quote) => quote.lines.len(),
            Self::Organization(_) | Self::User(_) => 1,
        }
    }
}
