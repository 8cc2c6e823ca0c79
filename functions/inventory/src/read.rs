//! What callers ask for, as values of the domain.

use app::lookup::{Mode, RequestedAvailability};
use app::{FieldError, UseCaseError};
use domain::ids::{LocationId, Sku};
use domain::quantity::Quantity;
use wire::storefront::lookups as body;

pub(crate) fn mode(mode: body::Mode) -> Mode {
    match mode {
        body::Mode::Cached => Mode::Cached,
        body::Mode::Auto => Mode::Auto,
        body::Mode::Live => Mode::Live,
    }
}

pub(crate) fn items(
    asked: &body::AvailabilityQuery,
) -> Result<Vec<RequestedAvailability>, UseCaseError> {
    let mut items = Vec::with_capacity(asked.items.len());
    let mut errors = Vec::new();
    for (at, item) in asked.items.iter().enumerate() {
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
        if let (Ok(sku), Ok(quantity)) = (sku, quantity) {
            items.push(RequestedAvailability { sku, quantity });
        }
    }
    if errors.is_empty() {
        Ok(items)
    } else {
        Err(UseCaseError::Invalid(errors))
    }
}

pub(crate) fn locations(asked: &body::AvailabilityQuery) -> Result<Vec<LocationId>, UseCaseError> {
    let parse = |(at, location): (usize, &String)| {
        LocationId::parse(location).map_err(|e| {
            UseCaseError::invalid(
                format!("/locations/{at}"),
                "invalid_location",
                e.to_string(),
            )
        })
    };
    asked
        .locations
        .iter()
        .flatten()
        .enumerate()
        .map(parse)
        .collect()
}
