//! Translates the refusal of a cart into the error of the request.

use domain::cart::CartError;

use crate::error::{FieldError, UseCaseError};
use crate::ports::StoreError;

/// The error of a request whose change the cart refused.
pub(crate) fn cart_failure(error: CartError) -> UseCaseError {
    match error {
        CartError::Submitted => UseCaseError::CartSubmitted,
        CartError::TooManyLines => UseCaseError::TooManyLines,
        CartError::NoSuchLine => UseCaseError::NotFound,
        CartError::ItemInactive => {
            UseCaseError::invalid("/sku", "item_inactive", "the item is not sold")
        }
        CartError::Quantity(error) => {
            UseCaseError::invalid("/quantity", "invalid_quantity", error.to_string())
        }
        CartError::Unit => UseCaseError::invalid(
            "/unit",
            "unit_not_convertible",
            "the item is sold in another unit, and no conversion between the two is known",
        ),
    }
}

/// Translates a failed write of a cart. A cart that is too large is an answer to the buyer; any
/// other record that is too large is a defect of ours.
pub(crate) fn cart_write_failure(error: StoreError) -> UseCaseError {
    match error {
        StoreError::TooLarge { .. } => UseCaseError::CartTooLarge,
        StoreError::Throttled { .. }
        | StoreError::Unavailable { .. }
        | StoreError::Refused { .. }
        | StoreError::Corrupt { .. }
        | StoreError::Cursor => error.into(),
    }
}

/// The error at the line of the request whose change the cart refused.
pub(super) fn line_error(pointer: &str, error: CartError) -> Result<FieldError, UseCaseError> {
    match cart_failure(error) {
        UseCaseError::Invalid(mut errors) if !errors.is_empty() => {
            let mut error = errors.swap_remove(0);
            error.pointer = format!("{pointer}{}", error.pointer);
            Ok(error)
        }
        other => Err(other),
    }
}
