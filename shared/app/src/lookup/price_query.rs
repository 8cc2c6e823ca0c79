//! Prices as a storefront asks for them: with units, multiples and list prices of the catalog.

use domain::caller::Customer;
use domain::freshness::{Reason, ValueSource};
use domain::ids::{Sku, Unit};
use domain::money::{Currency, Money};
use domain::quantity::Quantity;
use domain::time::Timestamp;

use super::query_size::{check_size, invalid_quantity};
use super::{Mode, PriceItem, PriceLookup};
use crate::directory::Directory;
use crate::error::UseCaseError;
use crate::items::{PricedItem, PricedItems};
use crate::ports::erp::{CallContext, PriceQuestion};

/// An item whose price a storefront asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestedPrice {
    pub sku: Sku,
    /// One if the caller names no quantity.
    pub quantity: Option<Quantity>,
    /// The item's own unit if the caller names none.
    pub unit: Option<Unit>,
}

/// A price next to what the catalog says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnsweredPrice {
    pub sku: Sku,
    /// The quantity that was priced: after nominal quantity and rounding.
    pub quantity: Quantity,
    /// The unit; `None` for an item that the catalog does not have.
    pub unit: Option<Unit>,
    /// The list price that is valid now.
    pub list_price: Option<Money>,
    pub price: PriceItem,
}

/// Answers a storefront's questions about prices.
pub struct PriceQuery {
    pub directory: Directory,
    pub items: PricedItems,
    pub lookup: PriceLookup,
}

/// An answer without its offer price, and the question that brings it.
struct Prepared {
    answer: AnsweredPrice,
    /// `None` if there is nothing to ask: the catalog does not have the item, or not in this unit.
    question: Option<PriceQuestion>,
}

impl PriceQuery {
    /// One answer per item, in their order, in the organization's currency unless the caller names
    /// one.
    ///
    /// # Errors
    /// [`UseCaseError::Invalid`] for too many items or a quantity that cannot be ordered;
    /// [`UseCaseError::MemberNotActive`]; [`UseCaseError::Store`].
    pub async fn answer(
        &self,
        context: &CallContext,
        customer: &Customer,
        currency: Option<Currency>,
        mode: Mode,
        requested: &[RequestedPrice],
    ) -> Result<Vec<AnsweredPrice>, UseCaseError> {
        check_size(requested.len())?;
        let skus: Vec<Sku> = requested.iter().map(|item| item.sku.clone()).collect();
        let (member, items) =
            futures::join!(self.directory.recent(customer), self.items.find(&skus));
        let (member, items) = (member?, items?);
        let currency = currency.unwrap_or(member.organization.currency);
        let now = self.lookup.deps.clock.now();
        let mut answers = Vec::with_capacity(requested.len());
        let mut questions = Vec::with_capacity(requested.len());
        // For each question the index of its answer.
        let mut asked = Vec::with_capacity(requested.len());
        for (index, request) in requested.iter().enumerate() {
            let prepared = match items.get(&request.sku) {
                Some(item) => prepare(request, item, currency, now)
                    .map_err(|error| invalid_quantity(index, error))?,
                None => unknown(request),
            };
            answers.push(prepared.answer);
            if let Some(question) = prepared.question {
                asked.push(index);
                questions.push(question);
            }
        }
        if questions.is_empty() {
            return Ok(answers);
        }
        let prices = self
            .lookup
            .prices(context, customer, currency, mode, &questions)
            .await?;
        for (index, price) in asked.into_iter().zip(prices) {
            if let Some(answer) = answers.get_mut(index) {
                answer.price = price;
                if answer.price.unit_price.is_none() && answer.list_price.is_some() {
                    answer.price.freshness.source = ValueSource::List;
                }
            }
        }
        Ok(answers)
    }
}

/// Counts the quantity as an order would, and asks for its price unless the caller wants another
/// unit than the item's.
fn prepare(
    request: &RequestedPrice,
    item: &PricedItem,
    currency: Currency,
    now: Timestamp,
) -> Result<Prepared, domain::quantity::QuantityError> {
    let entered = request.quantity.unwrap_or(Quantity::ONE);
    let quantity = item
        .item
        .ordered_quantity(entered, request.unit.is_some())?;
    let unit = &item.item.unit;
    if request.unit.as_ref().is_some_and(|asked| asked != unit) {
        return Ok(Prepared {
            answer: AnsweredPrice {
                price: PriceItem::missing(Reason::UnitNotConvertible),
                ..unknown(request).answer
            },
            question: None,
        });
    }
    Ok(Prepared {
        answer: AnsweredPrice {
            sku: request.sku.clone(),
            quantity,
            unit: Some(unit.clone()),
            list_price: item.list_price(currency, now),
            price: PriceItem::missing(Reason::UnknownSku),
        },
        question: Some(PriceQuestion {
            sku: request.sku.clone(),
            quantity,
            unit: unit.clone(),
        }),
    })
}

/// The answer for an item that the catalog does not have.
fn unknown(request: &RequestedPrice) -> Prepared {
    Prepared {
        answer: AnsweredPrice {
            sku: request.sku.clone(),
            quantity: request.quantity.unwrap_or(Quantity::ONE),
            unit: request.unit.clone(),
            list_price: None,
            price: PriceItem::missing(Reason::UnknownSku),
        },
        question: None,
    }
}
