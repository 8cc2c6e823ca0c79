//! Availabilities as a storefront asks for them.

use domain::caller::Customer;
use domain::catalog::Item;
use domain::ids::{LocationId, Sku};
use domain::quantity::{Quantity, QuantityError};

use super::query_size::{check_size, invalid_quantity};
use super::{AgedAvailability, AvailabilityItem, AvailabilityLookup, Mode};
use crate::directory::Directory;
use crate::error::UseCaseError;
use crate::items::PricedItems;
use crate::ports::erp::CallContext;

/// An item whose availability a storefront asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestedAvailability {
    pub sku: Sku,
    pub quantity: Option<Quantity>,
}

/// The availability of one item at one location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnsweredAvailability {
    pub sku: Sku,
    /// `None` = the online store's total.
    pub location: Option<LocationId>,
    pub answer: AgedAvailability,
}

/// Answers a storefront's questions about availability.
pub struct AvailabilityQuery {
    pub directory: Directory,
    pub items: PricedItems,
    pub lookup: AvailabilityLookup,
}

impl AvailabilityQuery {
    /// One answer per item and location: all locations of the first item, then of the second.
    /// Without locations the online store's total. A quantity counts as in a cart: nominal
    /// quantities, rounded up to the multiple.
    ///
    /// # Errors
    /// [`UseCaseError::Invalid`] for too many items or a quantity that cannot be ordered;
    /// [`UseCaseError::MemberNotActive`]; [`UseCaseError::Store`].
    pub async fn answer(
        &self,
        context: &CallContext,
        customer: &Customer,
        mode: Mode,
        requested: &[RequestedAvailability],
        locations: &[LocationId],
    ) -> Result<Vec<AnsweredAvailability>, UseCaseError> {
        check_size(requested.len().saturating_mul(locations.len().max(1)))?;
        let skus: Vec<Sku> = requested.iter().map(|item| item.sku.clone()).collect();
        let (member, items) =
            futures::join!(self.directory.recent(customer), self.items.find(&skus));
        member?;
        let items = items?;
        let locations: Vec<Option<LocationId>> = if locations.is_empty() {
            vec![None]
        } else {
            locations.iter().cloned().map(Some).collect()
        };
        let mut asked = Vec::with_capacity(requested.len().saturating_mul(locations.len()));
        for (index, request) in requested.iter().enumerate() {
            let item = items.get(&request.sku).map(|priced| &priced.item);
            let quantity = ordered_quantity(item, request.quantity)
                .map_err(|error| invalid_quantity(index, error))?;
            asked.extend(locations.iter().map(|location| AvailabilityItem {
                sku: request.sku.clone(),
                location: location.clone(),
                quantity,
                unit: item.map(|item| item.unit.clone()),
            }));
        }
        let answers = self.lookup.availabilities(context, mode, &asked).await?;
        Ok(asked
            .into_iter()
            .zip(answers)
            .map(|(item, answer)| AnsweredAvailability {
                sku: item.sku,
                location: item.location,
                answer,
            })
            .collect())
    }
}

/// The quantity as an order would count it. The ERP may stock what the catalog does not have; then
/// the quantity counts as entered.
fn ordered_quantity(
    item: Option<&Item>,
    entered: Option<Quantity>,
) -> Result<Option<Quantity>, QuantityError> {
    match (item, entered) {
        (Some(item), Some(entered)) => item.ordered_quantity(entered, false).map(Some),
        (_, entered) => Ok(entered),
    }
}
