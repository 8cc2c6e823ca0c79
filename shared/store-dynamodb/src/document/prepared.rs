//! The document of a preparation, inside that of its cart.

use app::ports::StoreError;
use domain::cart::CartLine;
use domain::ids::PreparationId;
use domain::money::{Currency, Money};
use domain::preparation::{Preparation, PreparedLine};
use serde::{Deserialize, Serialize};
use wire::value::Instant;

use super::refused;
use super::value::{ReservationName, TotalsDocument, amount, decimal, some_amount};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PreparationDocument {
    id: String,
    cart_version: u64,
    reservation: String,
    expires_at: Instant,
    /// One for each line of the cart, in their order.
    lines: Vec<PreparedLineDocument>,
    totals: TotalsDocument,
    #[serde(rename = "seal")]
    content_digest: String,
}

#[derive(Serialize, Deserialize)]
struct PreparedLineDocument {
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    shown: Option<String>,
    #[serde(rename = "p")]
    price: String,
    #[serde(rename = "l")]
    total: String,
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    tax: Option<String>,
    #[serde(rename = "sh", default, skip_serializing_if = "Option::is_none")]
    shipping: Option<String>,
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    adjustment: Option<String>,
    #[serde(rename = "r")]
    reservation: ReservationName,
    #[serde(rename = "n")]
    reserved: String,
}

impl From<&Preparation> for PreparationDocument {
    fn from(preparation: &Preparation) -> Self {
        Self {
            id: preparation.id.to_string(),
            cart_version: preparation.cart_version,
            reservation: preparation.reservation.clone(),
            expires_at: preparation.expires_at.into(),
            lines: preparation
                .lines
                .iter()
                .map(PreparedLineDocument::from)
                .collect(),
            totals: TotalsDocument::from(&preparation.totals),
            content_digest: preparation.content_digest.clone(),
        }
    }
}

impl PreparationDocument {
    pub(super) fn read(
        self,
        lines: &[CartLine],
        currency: Currency,
    ) -> Result<Preparation, StoreError> {
        if self.lines.len() != lines.len() {
            return Err(StoreError::Corrupt {
                what: "preparation".to_owned(),
            });
        }
        let prepared = lines
            .iter()
            .zip(self.lines)
            .map(|(line, prepared)| prepared.read(line, currency));
        Ok(Preparation {
            id: PreparationId::parse(&self.id).map_err(refused("preparationId"))?,
            cart_version: self.cart_version,
            reservation: self.reservation,
            expires_at: self.expires_at.into(),
            lines: prepared.collect::<Result<_, _>>()?,
            totals: self.totals.read()?,
            content_digest: self.content_digest,
        })
    }
}

impl From<&PreparedLine> for PreparedLineDocument {
    fn from(line: &PreparedLine) -> Self {
        let text = Money::amount_text;
        Self {
            shown: line.shown_price.as_ref().map(text),
            price: text(&line.unit_price),
            total: text(&line.line_total),
            tax: line.tax.as_ref().map(text),
            shipping: line.shipping.as_ref().map(text),
            adjustment: line.adjustment.as_ref().map(text),
            reservation: line.reservation.into(),
            reserved: line.reserved.to_string(),
        }
    }
}

impl PreparedLineDocument {
    fn read(self, line: &CartLine, currency: Currency) -> Result<PreparedLine, StoreError> {
        Ok(PreparedLine {
            id: line.id.clone(),
            sku: line.sku.clone(),
            quantity: line.quantity,
            unit: line.unit.clone(),
            shown_price: some_amount(self.shown.as_deref(), currency)?,
            unit_price: amount(&self.price, currency)?,
            line_total: amount(&self.total, currency)?,
            tax: some_amount(self.tax.as_deref(), currency)?,
            shipping: some_amount(self.shipping.as_deref(), currency)?,
            adjustment: some_amount(self.adjustment.as_deref(), currency)?,
            reservation: self.reservation.into(),
            reserved: decimal(&self.reserved)?,
        })
    }
}
