//! What callers ask for, as values of the domain.

use app::lookup::{Mode, RequestedPrice};
use app::{FieldError, UseCaseError};
use domain::ids::{Sku, Unit};
use domain::money::Currency;
use domain::quantity::Quantity;
use wire::storefront::lookups as body;

pub(crate) fn currency(asked: &body::PriceQuery) -> Result<Option<Currency>, UseCaseError> {
    let currency = asked.currency.as_deref().map(Currency::parse).transpose();
    currency.map_err(|e| UseCaseError::invalid("/currency", "invalid_currency", e.to_string()))
}

pub(crate) fn mode(mode: body::Mode) -> Mode {
    match mode {
        body::Mode::Cached => Mode::Cached,
        body::Mode::Auto => Mode::Auto,
        body::Mode::Live => Mode::Live,
    }
}

pub(crate) fn items(items: &[body::PriceQueryItem]) -> Result<Vec<RequestedPrice>, UseCaseError> {
    let mut asked = Vec::with_capacity(items.len());
    let mut errors = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let mut refuse = |field: &str, code, message: String| {
            errors.push(FieldError::new(
                format!("/items/{at}/{field}"),
                code,
                message,
            ))
        };
        let sku = Sku::parse(&item.sku).map_err(|e| refuse("sku", "invalid_sku", e.to_string()));
        let quantity = item.quantity.map(|q| Quantity::new(q.0)).transpose();
        let quantity = quantity.map_err(|e| refuse("quantity", "invalid_quantity", e.to_string()));
        let unit = item.unit.as_deref().map(Unit::parse).transpose();
        let unit = unit.map_err(|e| refuse("unit", "invalid_unit", e.to_string()));
        if let (Ok(sku), Ok(quantity), Ok(unit)) = (sku, quantity, unit) {
            asked.push(RequestedPrice {
                sku,
                quantity,
                unit,
            });
        }
    }
    if errors.is_empty() {
        Ok(asked)
    } else {
        Err(UseCaseError::Invalid(errors))
    }
}
