//! The limit that both queries share.

use crate::error::{FieldError, UseCaseError};

/// Most items of one query.
pub const MAX_ITEMS: usize = 500;

/// Accepts 1 to [`MAX_ITEMS`] items.
pub(super) fn check_size(count: usize) -> Result<(), UseCaseError> {
    if (1..=MAX_ITEMS).contains(&count) {
        return Ok(());
    }
    let message = format!("a query has 1 to {MAX_ITEMS} items, counted once for each location");
    Err(UseCaseError::Invalid(vec![FieldError::new(
        "/items",
        "item_count",
        message,
    )]))
}

/// A quantity that cannot be ordered, at an item of the query.
pub(super) fn invalid_quantity(index: usize, reason: impl ToString) -> UseCaseError {
    UseCaseError::invalid(
        format!("/items/{index}/quantity"),
        "invalid_quantity",
        reason.to_string(),
    )
}
