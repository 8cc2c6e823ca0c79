//! Prices and availabilities as a storefront asks for them.

use domain::caller::Customer;
use domain::freshness::{Reason, Source};
use domain::ids::{LocationId, Sku, Unit};
use domain::money::{Currency, Money};
use domain::quantity::Quantity;

use super::availability::AgedAvailability;
use super::{AvailabilityItem, AvailabilityLookup, Mode, PriceItem, PriceLookup};
use crate::articles::Articles;
use crate::directory::Directory;
use crate::error::{FieldError, UseCaseError};
use crate::ports::erp::{CallContext, PriceQuestion};

/// Most items of one query.
pub const MAX_ITEMS: usize = 500;

/// An item that a storefront asks about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedItem {
    /// The item.
    pub sku: Sku,
    /// How many; one, unless the caller says otherwise.
    pub quantity: Option<Quantity>,
    /// In which unit; the item's own, unless the caller says otherwise.
    pub unit: Option<Unit>,
}

/// A price with what the catalog says beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnsweredPrice {
    /// The item.
    pub sku: Sku,
    /// The quantity that was priced: after nominal quantity and rounding.
    pub quantity: Quantity,
    /// The unit; none for an item that the catalog does not have.
    pub unit: Option<Unit>,
    /// The list price valid now.
    pub list_price: Option<Money>,
    /// The offer price.
    pub price: PriceItem,
}

/// Answers a storefront's questions about prices.
pub struct PriceQuery {
    /// Who asks.
    pub directory: Directory,
    /// What is asked about.
    pub articles: Articles,
    /// Cache and ERP.
    pub lookup: PriceLookup,
}

impl PriceQuery {
    /// One answer per item, in their order; in the organization's currency unless the caller names
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
        items: &[AskedItem],
    ) -> Result<Vec<AnsweredPrice>, UseCaseError> {
        check_count(items.len())?;
        let skus: Vec<Sku> = items.iter().map(|item| item.sku.clone()).collect();
        let (member, articles) =
            futures::join!(self.directory.recent(customer), self.articles.find(&skus));
        let (member, articles) = (member?, articles?);
        let currency = currency.unwrap_or(member.organization.currency);
        let now = self.lookup.parts.clock.now();
        let mut answers = Vec::with_capacity(items.len());
        let mut questions = Vec::with_capacity(items.len());
        for (at, asked) in items.iter().enumerate() {
            let entered = asked.quantity.unwrap_or(Quantity::ONE);
            let mut answer = AnsweredPrice {
                sku: asked.sku.clone(),
                quantity: entered,
                unit: asked.unit.clone(),
                list_price: None,
                price: PriceItem::missing(Reason::UnknownSku),
            };
            if let Some(article) = articles.get(&asked.sku) {
                answer.quantity = article
                    .item
                    .ordered_quantity(entered, asked.unit.is_some())
                    .map_err(|error| {
                        UseCaseError::invalid(
                            format!("/items/{at}/quantity"),
                            "invalid_quantity",
                            error.to_string(),
                        )
                    })?;
                let unit = article.item.unit.clone();
                if asked.unit.as_ref().is_some_and(|asked| *asked != unit) {
                    answer.quantity = entered;
                    answer.price = PriceItem::missing(Reason::UnitNotConvertible);
                    answers.push(answer);
                    continue;
                }
                answer.list_price = article.list_price(currency, now);
                answer.unit = Some(unit.clone());
                questions.push((
                    at,
                    PriceQuestion {
                        sku: asked.sku.clone(),
                        quantity: answer.quantity,
                        unit,
                    },
                ));
            }
            answers.push(answer);
        }
        let (places, questions): (Vec<usize>, Vec<PriceQuestion>) = questions.into_iter().unzip();
        if questions.is_empty() {
            return Ok(answers);
        }
        let prices = self
            .lookup
            .prices(context, customer, currency, mode, &questions)
            .await?;
        for (place, price) in places.into_iter().zip(prices) {
            if let Some(answer) = answers.get_mut(place) {
                answer.price = price;
                if answer.price.unit_price.is_none() && answer.list_price.is_some() {
                    answer.price.freshness.source = Source::List;
                }
            }
        }
        Ok(answers)
    }
}

/// An availability as a storefront asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnsweredAvailability {
    /// The item.
    pub sku: Sku,
    /// The place; none = the online store's total.
    pub location: Option<LocationId>,
    /// The answer.
    pub aged: AgedAvailability,
}

/// Answers a storefront's questions about availability.
pub struct AvailabilityQuery {
    /// Who asks.
    pub directory: Directory,
    /// What is asked about: how many units a quantity counts.
    pub articles: Articles,
    /// Cache and ERP.
    pub lookup: AvailabilityLookup,
}

impl AvailabilityQuery {
    /// One answer per item and location, items outermost; without locations the online store's
    /// total. A quantity counts as in a cart: nominal quantities, rounded up to the multiple.
    ///
    /// # Errors
    /// [`UseCaseError::Invalid`] for too many items or a quantity that cannot be ordered;
    /// [`UseCaseError::MemberNotActive`]; [`UseCaseError::Store`].
    pub async fn answer(
        &self,
        context: &CallContext,
        customer: &Customer,
        mode: Mode,
        items: &[(Sku, Option<Quantity>)],
        locations: &[LocationId],
    ) -> Result<Vec<AnsweredAvailability>, UseCaseError> {
        check_count(items.len().saturating_mul(locations.len().max(1)))?;
        let skus: Vec<Sku> = items.iter().map(|(sku, _)| sku.clone()).collect();
        let (member, articles) =
            futures::join!(self.directory.recent(customer), self.articles.find(&skus));
        member?;
        let articles = articles?;
        let places: Vec<Option<LocationId>> = if locations.is_empty() {
            vec![None]
        } else {
            locations.iter().cloned().map(Some).collect()
        };
        let mut asked = Vec::with_capacity(items.len().saturating_mul(places.len()));
        for (at, (sku, entered)) in items.iter().enumerate() {
            // The ERP may have what the catalog has not: then a quantity is what it says.
            let item = articles.get(sku).map(|article| &article.item);
            let quantity = match (item, entered) {
                (Some(item), Some(entered)) => {
                    Some(item.ordered_quantity(*entered, false).map_err(|error| {
                        UseCaseError::invalid(
                            format!("/items/{at}/quantity"),
                            "invalid_quantity",
                            error.to_string(),
                        )
                    })?)
                }
                (_, entered) => *entered,
            };
            asked.extend(places.iter().map(|location| AvailabilityItem {
                sku: sku.clone(),
                location: location.clone(),
                quantity,
                unit: item.map(|item| item.unit.clone()),
            }));
        }
        let found = self.lookup.availabilities(context, mode, &asked).await?;
        Ok(asked
            .into_iter()
            .zip(found)
            .map(|(item, aged)| AnsweredAvailability {
                sku: item.sku,
                location: item.location,
                aged,
            })
            .collect())
    }
}

fn check_count(count: usize) -> Result<(), UseCaseError> {
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
