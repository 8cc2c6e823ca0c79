//! Only items that are still sold can be prepared and ordered.

use std::collections::HashSet;

use domain::cart::Cart;
use domain::catalog::ItemStatus;
use domain::ids::Sku;

use crate::error::{FieldError, UseCaseError};
use crate::ports::CatalogReader;

/// Accepts a cart if the catalog currently sells all of its items. Up to 99 lines cost one call.
///
/// # Errors
/// [`UseCaseError::LinesRefused`] with the lines whose item is not sold; [`UseCaseError::Store`].
pub(crate) async fn ensure_sellable(
    catalog: &dyn CatalogReader,
    cart: &Cart,
) -> Result<(), UseCaseError> {
    let skus: Vec<Sku> = cart.lines.iter().map(|line| line.sku.clone()).collect();
    let items = catalog.items(&skus).await?;
    let sold: HashSet<&Sku> = items
        .iter()
        .filter(|item| item.status == ItemStatus::Active)
        .map(|item| &item.sku)
        .collect();
    let unsold: Vec<FieldError> = cart
        .lines
        .iter()
        .filter(|line| !sold.contains(&line.sku))
        .map(|line| {
            FieldError::new(
                format!("/lines/{}", line.id),
                "item_inactive",
                "the item is not sold",
            )
        })
        .collect();
    if unsold.is_empty() {
        Ok(())
    } else {
        Err(UseCaseError::LinesRefused(unsold))
    }
}
