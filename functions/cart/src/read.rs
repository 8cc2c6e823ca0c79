//! Request bodies as values.

use app::cart::{NewLine, ShipTo, ShippingChoice};
use app::{FieldError, UseCaseError};
use domain::ids::{AddressId, Sku, Unit};
use domain::member::PostalAddress;
use domain::quantity::Quantity;
use domain::time::Timestamp;
use wire::storefront::cart as body;
use wire::value::Number;

/// Most characters of a text that a buyer types.
const TEXT_LIMIT: usize = 200;

pub(crate) fn quantity(number: Number, pointer: &str) -> Result<Quantity, FieldError> {
    Quantity::new(number.0).map_err(|e| {
        FieldError::new(
            format!("{pointer}/quantity"),
            "invalid_quantity",
            e.to_string(),
        )
    })
}

pub(crate) fn line(line: &body::NewLine, pointer: &str) -> Result<NewLine, Vec<FieldError>> {
    let mut errors = Vec::new();
    let sku = Sku::parse(&line.sku).map_err(|e| {
        errors.push(FieldError::new(
            format!("{pointer}/sku"),
            "invalid_sku",
            e.to_string(),
        ))
    });
    let quantity = quantity(line.quantity, pointer).map_err(|e| errors.push(e));
    let unit = line.unit.as_deref().map(Unit::parse).transpose();
    let unit = unit.map_err(|e| {
        errors.push(FieldError::new(
            format!("{pointer}/unit"),
            "invalid_unit",
            e.to_string(),
        ))
    });
    match (sku, quantity, unit) {
        (Ok(sku), Ok(quantity), Ok(unit)) => Ok(NewLine {
            sku,
            quantity,
            unit,
        }),
        _ => Err(errors),
    }
}

pub(crate) fn lines(lines: &[body::NewLine]) -> Result<Vec<NewLine>, UseCaseError> {
    if lines.len() > domain::cart::MAX_LINES {
        return Err(UseCaseError::TooManyLines);
    }
    let mut read = Vec::with_capacity(lines.len());
    let mut errors = Vec::new();
    for (at, one) in lines.iter().enumerate() {
        match line(one, &format!("/lines/{at}")) {
            Ok(one) => read.push(one),
            Err(wrong) => errors.extend(wrong),
        }
    }
    if errors.is_empty() {
        Ok(read)
    } else {
        Err(UseCaseError::Invalid(errors))
    }
}

/// Shipping as a buyer chooses it: where to, how, and when.
pub(crate) fn shipping(shipping: body::NewShipping) -> Result<ShippingChoice, UseCaseError> {
    let mut errors = Vec::new();
    text(&shipping.method, "/method", &mut errors);
    if let Some(day) = &shipping.requested_delivery_date
        && Timestamp::parse_date(day).is_err()
    {
        errors.push(FieldError::new(
            "/requestedDeliveryDate",
            "invalid_date",
            "a date is written as 2026-12-24",
        ));
    }
    let ship_to = match (&shipping.address_id, shipping.address) {
        (Some(id), None) => match AddressId::parse(id) {
            Ok(id) => Some(ShipTo::Known(id)),
            Err(e) => {
                errors.push(FieldError::new(
                    "/addressId",
                    "invalid_address_id",
                    e.to_string(),
                ));
                None
            }
        },
        (None, Some(address)) => Some(ShipTo::Given(postal(address, &mut errors))),
        (Some(_), Some(_)) | (None, None) => {
            errors.push(FieldError::new(
                "",
                "one_address",
                "give either addressId or address",
            ));
            None
        }
    };
    match ship_to {
        Some(ship_to) if errors.is_empty() => Ok(ShippingChoice {
            ship_to,
            method: shipping.method,
            requested_delivery_date: shipping.requested_delivery_date,
        }),
        _ => Err(UseCaseError::Invalid(errors)),
    }
}

fn postal(a: body::DeliveryAddress, errors: &mut Vec<FieldError>) -> PostalAddress {
    for (value, pointer) in [
        (&a.name, "/address/name"),
        (&a.line1, "/address/line1"),
        (&a.city, "/address/city"),
        (&a.postal_code, "/address/postalCode"),
    ] {
        text(value, pointer, errors);
    }
    for (value, pointer) in [(&a.line2, "/address/line2"), (&a.region, "/address/region")] {
        if let Some(value) = value {
            text(value, pointer, errors);
        }
    }
    if a.country.len() != 2 || !a.country.bytes().all(|b| b.is_ascii_uppercase()) {
        errors.push(FieldError::new(
            "/address/country",
            "invalid_country",
            "a country is two capital letters, as in ISO 3166-1",
        ));
    }
    PostalAddress {
        name: a.name,
        line1: a.line1,
        line2: a.line2,
        city: a.city,
        region: a.region,
        postal_code: a.postal_code,
        country: a.country,
    }
}

fn text(value: &str, pointer: &str, errors: &mut Vec<FieldError>) {
    if value.trim().is_empty()
        || value.chars().count() > TEXT_LIMIT
        || value.chars().any(char::is_control)
    {
        errors.push(FieldError::new(
            pointer,
            "invalid_text",
            format!("1 to {TEXT_LIMIT} characters on one line"),
        ));
    }
}
