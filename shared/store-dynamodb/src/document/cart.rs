//! The document of a cart.

use app::ports::StoreError;
use domain::cart::{Cart, CartLine, CartStatus, LineAvailability};
use domain::ids::{CartId, LineId, OrganizationId, PreparationId, Sku, Unit, UserId};
use domain::money::Currency;
use domain::preparation::{Change, Preparation, PreparedLine};
use serde::{Deserialize, Serialize};
use wire::value::{Instant, Money as MoneyText};

use super::refused;
use super::value::{
    AvailabilityName, FreshnessDocument, ReservationName, ShippingDocument, TotalsDocument, decimal, money, quantity,
    some_money,
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
#[serde(rename_all = "camelCase")]
struct LineDocument {
    id: String,
    sku: String,
    name: String,
    quantity: String,
    rounded_from: Option<String>,
    unit: String,
    quantity_multiple: String,
    unit_price: Option<MoneyText>,
    price_freshness: FreshnessDocument,
    availability: AvailabilityName,
    available_quantity: Option<String>,
    availability_freshness: FreshnessDocument,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PreparationDocument {
    id: String,
    cart_version: u64,
    reservation: String,
    expires_at: Instant,
    lines: Vec<PreparedLineDocument>,
    totals: TotalsDocument,
    changes: Vec<ChangeDocument>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PreparedLineDocument {
    id: String,
    sku: String,
    quantity: String,
    unit: String,
    unit_price: MoneyText,
    line_total: MoneyText,
    tax: Option<MoneyText>,
    shipping: Option<MoneyText>,
    adjustment: Option<MoneyText>,
    reservation: ReservationName,
    reserved: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChangeDocument {
    line: String,
    field: FieldName,
    before: Option<String>,
    after: Option<String>,
}

/// The fields that a preparation compares.
#[derive(Serialize, Deserialize, Clone, Copy)]
#[serde(rename_all = "camelCase")]
enum FieldName {
    UnitPrice,
    LineTotal,
    Reservation,
}

impl FieldName {
    const ALL: [Self; 3] = [Self::UnitPrice, Self::LineTotal, Self::Reservation];

    fn as_str(self) -> &'static str {
        match self {
            Self::UnitPrice => "unitPrice",
            Self::LineTotal => "lineTotal",
            Self::Reservation => "reservation",
        }
    }
}

impl CartDocument {
    /// # Errors
    /// [`StoreError::Corrupt`] for a change of a field that no preparation compares: a defect of ours.
    pub(crate) fn of(cart: &Cart) -> Result<Self, StoreError> {
        Ok(Self {
            id: cart.id.to_string(),
            version: cart.version,
            submitted: match cart.status {
                CartStatus::Open => false,
                CartStatus::Submitted => true,
            },
            organization: cart.organization.to_string(),
            user: cart.user.to_string(),
            currency: cart.currency.to_string(),
            lines: cart.lines.iter().map(LineDocument::of).collect(),
            shipping: cart.shipping.as_ref().map(ShippingDocument::from),
            preparation: cart.preparation.as_ref().map(PreparationDocument::of).transpose()?,
            created_at: cart.created_at.into(),
            updated_at: cart.updated_at.into(),
        })
    }

    pub(crate) fn read(self) -> Result<Cart, StoreError> {
        let currency = Currency::parse(&self.currency).map_err(refused("currency"))?;
        Ok(Cart {
            id: CartId::parse(&self.id).map_err(refused("cartId"))?,
            version: self.version,
            status: if self.submitted { CartStatus::Submitted } else { CartStatus::Open },
            organization: OrganizationId::parse(&self.organization).map_err(refused("organization"))?,
            user: UserId::parse(&self.user).map_err(refused("user"))?,
            currency,
            lines: self.lines.into_iter().map(LineDocument::read).collect::<Result<_, _>>()?,
            shipping: self.shipping.map(ShippingDocument::read).transpose()?,
            preparation: self.preparation.map(PreparationDocument::read).transpose()?,
            created_at: self.created_at.into(),
            updated_at: self.updated_at.into(),
        })
    }
}

impl LineDocument {
    fn of(line: &CartLine) -> Self {
        Self {
            id: line.id.to_string(),
            sku: line.sku.to_string(),
            name: line.name.clone(),
            quantity: line.quantity.value().to_string(),
            rounded_from: line.rounded_from.map(|q| q.value().to_string()),
            unit: line.unit.to_string(),
            quantity_multiple: line.quantity_multiple.value().to_string(),
            unit_price: line.unit_price.map(MoneyText::from),
            price_freshness: FreshnessDocument::from(&line.price_freshness),
            availability: line.availability.status.into(),
            available_quantity: line.availability.quantity.map(|q| q.to_string()),
            availability_freshness: FreshnessDocument::from(&line.availability.freshness),
        }
    }

    fn read(self) -> Result<CartLine, StoreError> {
        Ok(CartLine {
            id: LineId::parse(&self.id).map_err(refused("lineId"))?,
            sku: Sku::parse(&self.sku).map_err(refused("sku"))?,
            name: self.name,
            quantity: quantity(&self.quantity)?,
            rounded_from: self.rounded_from.as_deref().map(quantity).transpose()?,
            unit: Unit::parse(&self.unit).map_err(refused("unit"))?,
            quantity_multiple: quantity(&self.quantity_multiple)?,
            unit_price: some_money(self.unit_price.as_ref())?,
            price_freshness: self.price_freshness.into(),
            availability: LineAvailability {
                status: self.availability.into(),
                quantity: self.available_quantity.as_deref().map(decimal).transpose()?,
                freshness: self.availability_freshness.into(),
            },
        })
    }
}

impl PreparationDocument {
    fn of(preparation: &Preparation) -> Result<Self, StoreError> {
        let change = |change: &Change| {
            let field = FieldName::ALL.into_iter().find(|f| f.as_str() == change.field);
            Ok(ChangeDocument {
                line: change.line.to_string(),
                field: field.ok_or_else(|| StoreError::Corrupt { what: "change".to_owned() })?,
                before: change.before.clone(),
                after: change.after.clone(),
            })
        };
        Ok(Self {
            id: preparation.id.to_string(),
            cart_version: preparation.cart_version,
            reservation: preparation.reservation.clone(),
            expires_at: preparation.expires_at.into(),
            lines: preparation.lines.iter().map(PreparedLineDocument::of).collect(),
            totals: TotalsDocument::from(&preparation.totals),
            changes: preparation.changes.iter().map(change).collect::<Result<_, _>>()?,
        })
    }

    fn read(self) -> Result<Preparation, StoreError> {
        let change = |change: ChangeDocument| {
            Ok(Change {
                line: LineId::parse(&change.line).map_err(refused("lineId"))?,
                field: change.field.as_str(),
                before: change.before,
                after: change.after,
            })
        };
        Ok(Preparation {
            id: PreparationId::parse(&self.id).map_err(refused("preparationId"))?,
            cart_version: self.cart_version,
            reservation: self.reservation,
            expires_at: self.expires_at.into(),
            lines: self.lines.into_iter().map(PreparedLineDocument::read).collect::<Result<_, _>>()?,
            totals: self.totals.read()?,
            changes: self.changes.into_iter().map(change).collect::<Result<_, _>>()?,
        })
    }
}

impl PreparedLineDocument {
    fn of(line: &PreparedLine) -> Self {
        Self {
            id: line.id.to_string(),
            sku: line.sku.to_string(),
            quantity: line.quantity.value().to_string(),
            unit: line.unit.to_string(),
            unit_price: line.unit_price.into(),
            line_total: line.line_total.into(),
            tax: line.tax.map(MoneyText::from),
            shipping: line.shipping.map(MoneyText::from),
            adjustment: line.adjustment.map(MoneyText::from),
            reservation: line.reservation.into(),
            reserved: line.reserved.to_string(),
        }
    }

    fn read(self) -> Result<PreparedLine, StoreError> {
        Ok(PreparedLine {
            id: LineId::parse(&self.id).map_err(refused("lineId"))?,
            sku: Sku::parse(&self.sku).map_err(refused("sku"))?,
            quantity: quantity(&self.quantity)?,
            unit: Unit::parse(&self.unit).map_err(refused("unit"))?,
            unit_price: money(&self.unit_price)?,
            line_total: money(&self.line_total)?,
            tax: some_money(self.tax.as_ref())?,
            shipping: some_money(self.shipping.as_ref())?,
            adjustment: some_money(self.adjustment.as_ref())?,
            reservation: self.reservation.into(),
            reserved: decimal(&self.reserved)?,
        })
    }
}
