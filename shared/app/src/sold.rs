//! Only what is sold can be prepared and ordered.

use std::collections::HashSet;

use domain::cart::Cart;
use domain::catalog::ItemStatus;
use domain::ids::Sku;

use crate::error::{FieldError, UseCaseError};
use crate::ports::CatalogReader;

/// Refuses a cart with items that are no longer sold, as the catalog says at this moment. Up to 99
/// lines cost one call.
///
/// # Errors
/// [`UseCaseError::LinesRefused`] with those lines; [`UseCaseError::Store`].
pub(crate) async fn refuse_unsold(
    catalog: &dyn CatalogReader,
    cart: &Cart,
) -> Result<(), UseCaseError> {
    let asked: Vec<Sku> = cart.lines.iter().map(|line| line.sku.clone()).collect();
    let items = catalog.items(&asked).await?;
    let sold: HashSet<&Sku> = items
        .iter()
        .filter(|item| item.status == ItemStatus::Active)
        .map(|item| &item.sku)
        .collect();
    let refused = cart.lines.iter().filter(|line| !sold.contains(&line.sku));
    let refused: Vec<FieldError> = refused
        .map(|line| {
            FieldError::new(
                format!("/lines/{}", line.id),
                "item_inactive",
                "the item is not sold",
            )
        })
        .collect();
    if refused.is_empty() {
        Ok(())
    } else {
        Err(UseCaseError::LinesRefused(refused))
    }
}
