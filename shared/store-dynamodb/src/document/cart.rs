//! The document of a cart.
//!
//! A cart of 500 lines, prepared, has to fit into one record of 400 KB. So the fields of a line
//! have short names, amounts are in the cart's currency, what says nothing is left out, and
//! prepared lines stand in the order of the cart's lines and repeat nothing of them.

use app::ports::StoreError;
use domain::cart::{Cart, CartLine, CartStatus, LineAvailability};
use domain::ids::{CartId, LineId, OrganizationId, Sku, Unit, UserId};
use domain::money::{Currency, Money};
use serde::{Deserialize, Serialize};
use wire::value::Instant;

use super::prepared::PreparationDocument;
use super::refused;
use super::value::{
    AvailabilityName, FreshnessDocument, ShippingDocument, decimal, quantity, some_amount,
};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CartDocument {
    id: String,
    version: u64,
    submitted: bool,
    organization: String,
    user: String,
    currency: String,
    lines: Vec<LineDocument>,
    shipping: Option<ShippingDocument>,
    preparation: Option<PreparationDocument>,
    created_at: Instant,
    updated_at: Instant,
}

#[derive(Serialize, Deserialize)]
struct LineDocument {
    id: String,
    sku: String,
    name: String,
    #[serde(rename = "q")]
    quantity: String,
    #[serde(rename = "from", default, skip_serializing_if = "Option::is_none")]
    rounded_from: Option<String>,
    #[serde(rename = "u")]
    unit: String,
    #[serde(rename = "by")]
    multiple: String,
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    price: Option<String>,
    #[serde(rename = "pf")]
    price_freshness: FreshnessDocument,
    #[serde(rename = "a")]
    availability: AvailabilityName,
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    available: Option<String>,
    #[serde(rename = "af")]
    availability_freshness: FreshnessDocument,
}

impl From<&Cart> for CartDocument {
    fn from(cart: &Cart) -> Self {
        Self {
            id: cart.id.to_string(),
            version: cart.version,
            submitted: match cart.status {
                CartStatus::Open => false,
                CartStatus::Submitted => true,
            },
            organization: cart.organization.to_string(),
            user: cart.user.to_string(),
            currency: cart.currency.to_string(),
            lines: cart.lines.iter().map(LineDocument::from).collect(),
            shipping: cart.shipping.as_ref().map(ShippingDocument::from),
            preparation: cart.preparation.as_ref().map(PreparationDocument::from),
            created_at: cart.created_at.into(),
            updated_at: cart.updated_at.into(),
        }
    }
}

impl CartDocument {
    pub(crate) fn read(self) -> Result<Cart, StoreError> {
        let currency = Currency::parse(&self.currency).map_err(refused("currency"))?;
        let lines: Vec<CartLine> = self
            .lines
            .into_iter()
            .map(|line| line.read(currency))
            .collect::<Result<_, StoreError>>()?;
        Ok(Cart {
            id: CartId::parse(&self.id).map_err(refused("cartId"))?,
            version: self.version,
            status: if self.submitted {
                CartStatus::Submitted
            } else {
                CartStatus::Open
            },
            organization: OrganizationId::parse(&self.organization)
                .map_err(refused("organization"))?,
            user: UserId::parse(&self.user).map_err(refused("user"))?,
            currency,
            shipping: self.shipping.map(ShippingDocument::read).transpose()?,
            preparation: self
                .preparation
                .map(|preparation| preparation.read(&lines, currency))
                .transpose()?,
            lines,
            created_at: self.created_at.into(),
            updated_at: self.updated_at.into(),
        })
    }
}

impl From<&CartLine> for LineDocument {
    fn from(line: &CartLine) -> Self {
        Self {
            id: line.id.to_string(),
            sku: line.sku.to_string(),
            name: line.name.clone(),
            quantity: line.quantity.value().to_string(),
            rounded_from: line.rounded_from.map(|q| q.value().to_string()),
            unit: line.unit.to_string(),
            multiple: line.quantity_multiple.value().to_string(),
            price: line.unit_price.as_ref().map(Money::amount_text),
            price_freshness: FreshnessDocument::from(&line.price_freshness),
            availability: line.availability.status.into(),
            available: line.availability.quantity.map(|q| q.to_string()),
            availability_freshness: FreshnessDocument::from(&line.availability.freshness),
        }
    }
}

impl LineDocument {
    fn read(self, currency: Currency) -> Result<CartLine, StoreError> {
        Ok(CartLine {
            id: LineId::parse(&self.id).map_err(refused("lineId"))?,
            sku: Sku::parse(&self.sku).map_err(refused("sku"))?,
            name: self.name,
            quantity: quantity(&self.quantity)?,
            rounded_from: self.rounded_from.as_deref().map(quantity).transpose()?,
            unit: Unit::parse(&self.unit).map_err(refused("unit"))?,
            quantity_multiple: quantity(&self.multiple)?,
            unit_price: some_amount(self.price.as_deref(), currency)?,
            price_freshness: self.price_freshness.into(),
            availability: LineAvailability {
                status: self.availability.into(),
                quantity: self.available.as_deref().map(decimal).transpose()?,
                freshness: self.availability_freshness.into(),
            },
        })
    }
}
