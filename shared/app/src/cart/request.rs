//! What the requests about a cart say.

use domain::caller::Customer;
use domain::ids::{AddressId, CartId, Sku, Unit};
use domain::member::PostalAddress;
use domain::quantity::Quantity;

/// A line that a buyer adds.
#[derive(Debug, Clone)]
pub struct NewLine {
    pub sku: Sku,
    pub quantity: Quantity,
    /// The unit of the quantity, if the buyer named one.
    pub unit: Option<Unit>,
}

/// The address that a buyer chooses to ship to.
#[derive(Debug, Clone)]
pub enum ShipTo {
    /// An address of the organization.
    Known(AddressId),
    /// An address that the buyer entered.
    Given(PostalAddress),
}

/// The shipping that a buyer chooses.
#[derive(Debug, Clone)]
pub struct ShippingChoice {
    pub ship_to: ShipTo,
    /// A shipping method of the ERP.
    pub method: String,
    /// A calendar day such as `2026-12-24`.
    pub requested_delivery_date: Option<String>,
}

/// A customer's cart, and the version of it that a change expects.
#[derive(Debug, Clone)]
pub struct CartRef {
    pub customer: Customer,
    pub id: CartId,
    /// The version that the caller has seen; `None` = any.
    pub if_match: Option<u64>,
}
