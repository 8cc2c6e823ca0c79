//! What it means to a request that a cart refused a change.

use domain::cart::CartError;

use crate::failure::{Failure, FieldError};

/// What a refused change means to the whole request.
pub(crate) fn cart_failure(error: CartError) -> Failure {
    match error {
        CartError::Submitted => Failure::CartSubmitted,
        CartError::TooManyLines => Failure::TooManyLines,
        CartError::NoSuchLine => Failure::NotFound,
        CartError::ItemInactive => {
            Failure::invalid("/sku", "item_inactive", "the item is not sold")
        }
        CartError::Quantity(error) => {
            Failure::invalid("/quantity", "invalid_quantity", error.to_string())
        }
        CartError::Unit => Failure::invalid(
            "/unit",
            "unit_not_convertible",
            "the item is sold in another unit, and nobody said how many of one make the other",
        ),
    }
}

/// The place of the request that a refused change points at.
pub(super) fn line_error(pointer: &str, error: CartError) -> Result<FieldError, Failure> {
    match cart_failure(error) {
        Failure::Invalid(mut errors) if !errors.is_empty() => {
            let mut error = errors.swap_remove(0);
            error.pointer = format!("{pointer}{}", error.pointer);
            Ok(error)
        }
        other => Err(other),
    }
}
