//! Capabilities, prices, availability.

use std::collections::{BTreeSet, HashMap};
use std::sync::PoisonError;

use app::ports::ErpError;
use app::ports::erp::{
    AvailabilityQuestion, CallContext, Capabilities, ErpAvailability, ErpCapabilities, ErpPrices,
    ItemAnswer, PriceQuestion,
};
use async_trait::async_trait;
use domain::availability::{Availability, AvailabilityStatus};
use domain::caller::Customer;
use domain::freshness::Absence;
use domain::ids::Unit;
use domain::money::Currency;
use domain::price::{OfferPrice, PriceScope, QuantityBreak};
use domain::quantity::Quantity;
use domain::submission::DuplicateProtection;
use rust_decimal::Decimal;
use wire::erp;
use wire::value::Number;

use crate::ErpClient;
use crate::convert;
use crate::operation::Operation;

/// How long the declared capabilities are used without asking again, in milliseconds.
const VALID_MS: i64 = 300_000;
/// Items of a full call; decides the longest time limit of a lookup.
const FULL_CALL_ITEMS: usize = 100;
/// The ERP's name for the online store's total.
const ONLINE: &str = "online";

impl ErpClient {
    /// Asks whether the ERP is reachable, without a business call.
    ///
    /// # Errors
    /// [`ErpError`] if it is not.
    pub async fn health(&self, context: &CallContext) -> Result<(), ErpError> {
        let call = self.call(Operation::Health);
        // Sent once, like a write: a failure is the answer that the caller wants.
        self.write::<()>(context, &call, None).await?;
        Ok(())
    }

    fn known_capabilities(&self) -> Option<(domain::time::Timestamp, Capabilities)> {
        self.capabilities
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

#[async_trait]
impl ErpCapabilities for ErpClient {
    async fn reach(&self, context: &CallContext) -> Result<(), ErpError> {
        self.health(context).await
    }

    fn lookup_limit_ms(&self) -> i64 {
        self.config.limits.lookup.of(FULL_CALL_ITEMS)
    }

    async fn capabilities(&self, context: &CallContext) -> Result<Capabilities, ErpError> {
        let known = self.known_capabilities();
        let now = self.clock.now();
        if let Some((_, capabilities)) = known
            .as_ref()
            .filter(|(at, _)| now.millis_since(*at) < VALID_MS)
        {
            return Ok(capabilities.clone());
        }
        let call = self.call(Operation::Capabilities).guarded(&self.breaker);
        let answer = match self.get(context, &call).await {
            Ok(answer) => answer.read::<erp::Capabilities>(),
            Err(failure) => Err(failure),
        };
        match (answer, known) {
            (Ok(declared), _) => {
                let capabilities = capabilities(&declared);
                *self
                    .capabilities
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner) = Some((now, capabilities.clone()));
                Ok(capabilities)
            }
            // Earlier capabilities are better than none: they change with releases of the ERP, not
            // with outages.
            (Err(_), Some((_, capabilities))) => Ok(capabilities),
            (Err(failure), None) => Err(failure.into()),
        }
    }
}

fn capabilities(declared: &erp::Capabilities) -> Capabilities {
    let at_least_one = |number: u32| usize::try_from(number).unwrap_or(usize::MAX).max(1);
    Capabilities {
        submission: match declared.submission {
            erp::SubmissionGuarantee::IdempotencyKey => DuplicateProtection::IdempotencyKey,
            erp::SubmissionGuarantee::Lookup => DuplicateProtection::Lookup,
            erp::SubmissionGuarantee::None => DuplicateProtection::None,
        },
        quantity_breaks: declared.quantity_breaks,
        price_scope: match declared.price_scope {
            erp::PriceScope::Organization => PriceScope::Organization,
            erp::PriceScope::User => PriceScope::User,
        },
        max_items_per_call: at_least_one(declared.max_items_per_call),
        max_lines: at_least_one(declared.max_lines),
        max_concurrency: at_least_one(declared.max_concurrency),
    }
}

#[async_trait]
impl ErpPrices for ErpClient {
    async fn prices(
        &self,
        context: &CallContext,
        customer: &Customer,
        currency: Currency,
        items: &[PriceQuestion],
    ) -> Result<Vec<ItemAnswer<OfferPrice>>, ErpError> {
        let request = erp::PriceRequest {
            store: self.config.store.clone(),
            customer: convert::customer(customer),
            currency: currency.to_string(),
            items: items
                .iter()
                .map(|item| erp::PriceRequestItem {
                    sku: item.sku.to_string(),
                    quantity: Number(item.quantity.value()),
                    unit: item.unit.to_string(),
                })
                .collect(),
        };
        let call = self
            .call(Operation::Prices)
            .lines(items.len())
            .guarded(&self.breaker);
        let answer: erp::PricesAnswer = self.ask(context, &call, &request).await?.read()?;
        let answers = by_sku(&answer.items, |item| &item.sku);
        Ok(items
            .iter()
            .map(|item| {
                price(
                    item,
                    only(&answers, item.sku.as_str(), |a| answers_price(a, item)),
                    currency,
                )
            })
            .collect())
    }
}

/// Whether an answer belongs to the question: what it repeats of the question must be equal.
fn answers_price(answer: &erp::PriceItem, item: &PriceQuestion) -> bool {
    answer
        .quantity
        .is_none_or(|quantity| quantity.0 == item.quantity.value())
        && answer
            .unit
            .as_deref()
            .is_none_or(|unit| unit == item.unit.as_str())
}

fn price(
    item: &PriceQuestion,
    answer: Option<&erp::PriceItem>,
    currency: Currency,
) -> ItemAnswer<OfferPrice> {
    let Some(answer) = answer else {
        return ItemAnswer::Missing;
    };
    if let Some(absence) = answer.code.as_deref().and_then(absence) {
        return ItemAnswer::Absent(absence);
    }
    let unit_price = answer
        .unit_price
        .as_ref()
        .and_then(|price| convert::money(price, currency));
    let Some(unit_price) = unit_price.filter(|price| !price.is_negative()) else {
        return ItemAnswer::Missing;
    };
    let steps: Option<Vec<QuantityBreak>> = answer
        .quantity_breaks
        .iter()
        .map(|step| quantity_break(step, currency))
        .collect();
    let Some(mut breaks) = steps else {
        return ItemAnswer::Missing;
    };
    breaks.sort_by_key(|step| step.min_quantity);
    // The first break of some ERPs is one unit, above a fraction of a unit; the price of the
    // requested quantity is known nevertheless.
    if breaks
        .first()
        .is_some_and(|first| item.quantity < first.min_quantity)
    {
        breaks.insert(
            0,
            QuantityBreak {
                min_quantity: item.quantity,
                unit_price,
            },
        );
    }
    let offer = OfferPrice { unit_price, breaks };
    // Breaks that contradict the price cannot be trusted for other quantities, nor the price for
    // this one.
    if offer.at(item.quantity) != Some(unit_price) {
        return ItemAnswer::Missing;
    }
    ItemAnswer::Known(offer)
}

fn quantity_break(step: &erp::QuantityBreak, currency: Currency) -> Option<QuantityBreak> {
    let unit_price =
        convert::money(&step.unit_price, currency).filter(|price| !price.is_negative())?;
    Some(QuantityBreak {
        min_quantity: Quantity::new(step.min_quantity.0).ok()?,
        unit_price,
    })
}

#[async_trait]
impl ErpAvailability for ErpClient {
    async fn availability(
        &self,
        context: &CallContext,
        items: &[AvailabilityQuestion],
    ) -> Result<Vec<ItemAnswer<Availability>>, ErpError> {
        let mut seen = BTreeSet::new();
        let requested: Vec<erp::AvailabilityRequestItem> = items
            .iter()
            .filter(|item| seen.insert(&item.sku))
            .map(|item| erp::AvailabilityRequestItem {
                sku: item.sku.to_string(),
                unit: None,
            })
            .collect();
        let locations: BTreeSet<&str> = items.iter().map(location).collect();
        let online_only = locations.iter().all(|location| *location == ONLINE);
        let pairs = requested.len().saturating_mul(locations.len());
        let request = erp::AvailabilityRequest {
            store: self.config.store.clone(),
            items: requested,
            locations: (!online_only).then(|| locations.into_iter().map(str::to_owned).collect()),
        };
        let call = self
            .call(Operation::Availability)
            .lines(pairs)
            .guarded(&self.breaker);
        let answer: erp::AvailabilityAnswer = self.ask(context, &call, &request).await?.read()?;
        let answers = by_sku(&answer.items, |item| &item.sku);
        let here = |answer: &erp::AvailabilityItem, item| {
            answer.location.as_deref().unwrap_or(ONLINE) == location(item)
        };
        Ok(items
            .iter()
            .map(|item| availability(only(&answers, item.sku.as_str(), |a| here(a, item))))
            .collect())
    }
}

/// The absence that an item's code means; `None` if the contract does not have the code.
fn absence(code: &str) -> Option<Absence> {
    Some(match code {
        erp::codes::UNKNOWN_SKU => Absence::UnknownSku,
        erp::codes::ITEM_INACTIVE => Absence::ItemInactive,
        erp::codes::NO_PRICE => Absence::NoPrice,
        _ => return None,
    })
}

fn location(item: &AvailabilityQuestion) -> &str {
    item.location
        .as_ref()
        .map_or(ONLINE, |location| location.as_str())
}

fn availability(answer: Option<&erp::AvailabilityItem>) -> ItemAnswer<Availability> {
    let Some(answer) = answer else {
        return ItemAnswer::Missing;
    };
    if let Some(absence) = answer.code.as_deref().and_then(absence) {
        return ItemAnswer::Absent(absence);
    }
    let status = match answer.status {
        Some(erp::AvailabilityStatus::Available) => AvailabilityStatus::Available,
        Some(erp::AvailabilityStatus::Backorderable) => AvailabilityStatus::Backorderable,
        Some(erp::AvailabilityStatus::Unavailable) => AvailabilityStatus::Unavailable,
        Some(erp::AvailabilityStatus::Unknown) | None => return ItemAnswer::Missing,
    };
    ItemAnswer::Known(Availability {
        status,
        // Some ERPs answer a quantity below zero for oversold goods.
        quantity: answer
            .available_quantity
            .map(|quantity| quantity.0.max(Decimal::ZERO)),
        unit: answer
            .unit
            .as_deref()
            .and_then(|unit| Unit::parse(unit).ok()),
        available_from: answer
            .available_from
            .as_deref()
            .and_then(convert::instant_or_day),
    })
}

fn by_sku<T>(items: &[T], sku: impl Fn(&T) -> &String) -> HashMap<String, Vec<&T>> {
    let mut map: HashMap<String, Vec<&T>> = HashMap::new();
    for item in items {
        map.entry(sku(item).clone()).or_default().push(item);
    }
    map
}

/// The only matching answer; `None` if there are several, because either could be wrong.
fn only<'a, T>(
    answers: &HashMap<String, Vec<&'a T>>,
    sku: &str,
    matches: impl Fn(&T) -> bool,
) -> Option<&'a T> {
    let mut matching = answers.get(sku)?.iter().filter(|answer| matches(answer));
    matching
        .next()
        .filter(|_| matching.next().is_none())
        .copied()
}
