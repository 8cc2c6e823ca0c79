//! The cart.

use domain::cart as model;
use serde::{Deserialize, Serialize};

use super::freshness::Freshness;
use super::lookups::AvailabilityStatus;
use super::preparation::Preparation;
use super::problem::ProblemError;
use crate::value::{Money, Number};

/// `POST /carts`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewCart {
    /// An ISO 4217 code; only the organization's currency is accepted.
    pub currency: Option<String>,
}

/// `POST /carts/{cartId}/lines`, and an element of `PUT /carts/{cartId}/lines`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewLine {
    /// The item.
    pub sku: String,
    /// Greater than zero, below 10^9, at most 5 decimals; rounded up to the item's multiple.
    #[serde(deserialize_with = "crate::value::json_number")]
    pub quantity: Number,
    /// The item's own unit; without it the quantity counts pieces of the nominal quantity.
    pub unit: Option<String>,
}

/// `PUT /carts/{cartId}/lines`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewLines {
    /// At most 500 lines; they replace those of the cart.
    pub lines: Vec<NewLine>,
}

/// `PATCH /carts/{cartId}/lines/{lineId}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewQuantity {
    /// Greater than zero, below 10^9, at most 5 decimals; rounded up to the item's multiple.
    #[serde(deserialize_with = "crate::value::json_number")]
    pub quantity: Number,
}

/// A postal address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeliveryAddress {
    /// Who receives it.
    pub name: String,
    /// Street and number.
    pub line1: String,
    /// A second line for street and number.
    pub line2: Option<String>,
    /// Town.
    pub city: String,
    /// State, province or canton.
    pub region: Option<String>,
    /// Postal code.
    pub postal_code: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
}

impl From<&domain::member::PostalAddress> for DeliveryAddress {
    fn from(a: &domain::member::PostalAddress) -> Self {
        Self {
            name: a.name.clone(),
            line1: a.line1.clone(),
            line2: a.line2.clone(),
            city: a.city.clone(),
            region: a.region.clone(),
            postal_code: a.postal_code.clone(),
            country: a.country.clone(),
        }
    }
}

/// `PUT /carts/{cartId}/shipping`: either `addressId` or `address`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewShipping {
    /// An address of the organization.
    pub address_id: Option<String>,
    /// An address that the buyer entered.
    pub address: Option<DeliveryAddress>,
    /// A shipping method of the ERP.
    pub method: String,
    /// The requested delivery day, such as `2026-12-24`.
    pub requested_delivery_date: Option<String>,
}

/// The shipping address and method.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shipping {
    /// The organization's address that was chosen.
    pub address_id: Option<String>,
    /// The address.
    pub address: DeliveryAddress,
    /// The shipping method.
    pub method: String,
    /// The requested delivery day, such as `2026-12-24`.
    pub requested_delivery_date: Option<String>,
}

impl From<&model::Shipping> for Shipping {
    fn from(s: &model::Shipping) -> Self {
        Self {
            address_id: s.address_id.as_ref().map(ToString::to_string),
            address: DeliveryAddress::from(&s.address),
            method: s.method.clone(),
            requested_delivery_date: s.requested_delivery_date.clone(),
        }
    }
}

/// Whether a cart can be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CartStatus {
    /// It can be changed.
    Open,
    /// It became an order or a quote.
    Submitted,
}

/// The availability of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LineAvailability {
    /// Whether the ERP can deliver the item.
    pub status: AvailabilityStatus,
    /// The available quantity in the line's unit; null with `available` is unlimited.
    pub available_quantity: Option<Number>,
    /// Where the availability comes from and how old it is.
    pub freshness: Freshness,
}

/// A message about a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineMessage {
    /// Stable: `quantity_rounded`, `quantity_not_available`.
    pub code: String,
    /// For people.
    pub message: String,
}

/// A line of a cart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CartLine {
    /// Its identifier.
    pub line_id: String,
    /// The item.
    pub sku: String,
    /// The item's name.
    pub name: String,
    /// The quantity.
    pub quantity: Number,
    /// The unit.
    pub unit: String,
    /// The price of one unit.
    pub unit_price: Option<Money>,
    /// The price of the line.
    pub line_total: Option<Money>,
    /// How old the price is.
    pub price_freshness: Freshness,
    /// Whether the ERP can deliver the quantity.
    pub availability: LineAvailability,
    /// Messages about the line.
    pub messages: Vec<LineMessage>,
}

impl From<&model::CartLine> for CartLine {
    fn from(line: &model::CartLine) -> Self {
        let seen = &line.availability;
        let mut messages = Vec::new();
        if let Some(entered) = line.rounded_from {
            messages.push(LineMessage {
                code: "quantity_rounded".to_owned(),
                message: format!(
                    "{} became {} {}: the item is sold in multiples of {}.",
                    entered.value(),
                    line.quantity.value(),
                    line.unit,
                    line.quantity_multiple.value()
                ),
            });
        }
        if seen.status != domain::availability::AvailabilityStatus::Unknown
            && let Some(there) = seen.quantity.filter(|there| *there < line.quantity.value())
        {
            messages.push(LineMessage {
                code: "quantity_not_available".to_owned(),
                message: format!("{there} {} are there.", line.unit),
            });
        }
        Self {
            line_id: line.id.to_string(),
            sku: line.sku.to_string(),
            name: line.name.clone(),
            quantity: line.quantity.value().into(),
            unit: line.unit.to_string(),
            unit_price: line.unit_price.map(Money::from),
            line_total: line.line_total().map(Money::from),
            price_freshness: Freshness::from(&line.price_freshness),
            availability: LineAvailability {
                status: seen.status.into(),
                available_quantity: seen.quantity.map(Number),
                freshness: Freshness::from(&seen.freshness),
            },
            messages,
        }
    }
}

/// The totals of a cart, by its cached prices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartTotals {
    /// The sum of the line totals; null while a line has no price.
    pub product: Option<Money>,
}

/// A cart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cart {
    /// Its identifier, and later the order's.
    pub cart_id: String,
    /// Grows with every change; the entity tag.
    pub version: u64,
    /// Whether it can be changed.
    pub status: CartStatus,
    /// The currency of every amount.
    pub currency: String,
    /// The lines.
    pub lines: Vec<CartLine>,
    /// The totals of the lines.
    pub totals: CartTotals,
    /// The shipping address and method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping: Option<Shipping>,
    /// The last preparation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preparation: Option<Preparation>,
}

impl From<&model::Cart> for Cart {
    fn from(cart: &model::Cart) -> Self {
        Self {
            cart_id: cart.id.to_string(),
            version: cart.version,
            status: match cart.status {
                model::CartStatus::Open => CartStatus::Open,
                model::CartStatus::Submitted => CartStatus::Submitted,
            },
            currency: cart.currency.to_string(),
            lines: cart.lines.iter().map(CartLine::from).collect(),
            totals: CartTotals {
                product: cart.product_total().map(Money::from),
            },
            shipping: cart.shipping.as_ref().map(Shipping::from),
            preparation: cart.preparation.as_ref().map(Preparation::from),
        }
    }
}

/// The answer of `POST /orders/{id}/reorder`: the new cart, and the lines that are not in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reordered {
    /// The cart.
    #[serde(flatten)]
    pub cart: Cart,
    /// The lines that cannot be ordered any more; the pointer of each is its position in the order.
    pub left_out: Vec<ProblemError>,
}
