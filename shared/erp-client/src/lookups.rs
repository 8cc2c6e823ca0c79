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
use reqwest::Method;
use rust_decimal::Decimal;
use wire::erp;
use wire::value::Number;

use crate::ErpClient;
use crate::call::Call;
use crate::convert;

/// How long the declared capabilities are taken for granted, in milliseconds.
const KEEP_MS: i64 = 300_000;
/// Items of a full call, as far as its time is concerned.
const MANY: usize = 100;
/// The location that stands for the online store's total.
const ONLINE: &str = "online";

impl ErpClient {
    /// Asks whether the ERP is there, without a business call.
    ///
    /// # Errors
    /// [`ErpError`] when it is not.
    pub async fn health(&self, context: &CallContext) -> Result<(), ErpError> {
        let call = Call::new(Method::GET, &["health"], self.config.limits.lookup);
        // Asked once: whoever wants to know how the ERP is doing wants to know this too.
        self.write::<()>(context, &call, None).await?;
        Ok(())
    }

    fn known(&self) -> Option<(domain::time::Timestamp, Capabilities)> {
        self.known
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
        self.config.limits.lookup.of(MANY)
    }

    async fn capabilities(&self, context: &CallContext) -> Result<Capabilities, ErpError> {
        let known = self.known();
        let now = self.clock.now();
        if let Some((_, capabilities)) = known
            .as_ref()
            .filter(|(at, _)| now.millis_since(*at) < KEEP_MS)
        {
            return Ok(capabilities.clone());
        }
        let call = Call::new(Method::GET, &["capabilities"], self.config.limits.lookup)
            .guarded(&self.lookups);
        let answer = match self.get(context, &call).await {
            Ok(answer) => answer.read::<erp::Capabilities>(),
            Err(failure) => Err(failure),
        };
        match (answer, known) {
            (Ok(declared), _) => {
                let capabilities = understood(&declared);
                *self.known.lock().unwrap_or_else(PoisonError::into_inner) =
                    Some((now, capabilities.clone()));
                Ok(capabilities)
            }
            // What it declared before is better than nothing: capabilities change with releases,
            // not with outages.
            (Err(_), Some((_, capabilities))) => Ok(capabilities),
            (Err(failure), None) => Err(failure.into()),
        }
    }
}

fn understood(declared: &erp::Capabilities) -> Capabilities {
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
                .map(|item| erp::PriceWish {
                    sku: item.sku.to_string(),
                    quantity: Number(item.quantity.value()),
                    unit: item.unit.to_string(),
                })
                .collect(),
        };
        let call = Call::new(Method::POST, &["prices"], self.config.limits.lookup)
            .lines(items.len())
            .guarded(&self.lookups);
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

/// Whether an entry answers the question: what it repeats of the question must be the same.
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
    // The first step of some ERPs is above a fraction of a unit; the price of the asked quantity is
    // known all the same.
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
    // A ladder that contradicts the price may not be kept for other quantities, and the price not
    // without it.
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
        let wishes: Vec<erp::AvailabilityWish> = items
            .iter()
            .filter(|item| seen.insert(&item.sku))
            .map(|item| erp::AvailabilityWish {
                sku: item.sku.to_string(),
                unit: None,
            })
            .collect();
        let locations: BTreeSet<&str> = items.iter().map(place).collect();
        let online_alone = locations.iter().all(|location| *location == ONLINE);
        let pairs = wishes.len().saturating_mul(locations.len());
        let request = erp::AvailabilityRequest {
            store: self.config.store.clone(),
            items: wishes,
            locations: (!online_alone).then(|| locations.into_iter().map(str::to_owned).collect()),
        };
        let call = Call::new(Method::POST, &["availability"], self.config.limits.lookup)
            .lines(pairs)
            .guarded(&self.lookups);
        let answer: erp::AvailabilityAnswer = self.ask(context, &call, &request).await?.read()?;
        let answers = by_sku(&answer.items, |item| &item.sku);
        let here = |answer: &erp::AvailabilityItem, item| {
            answer.location.as_deref().unwrap_or(ONLINE) == place(item)
        };
        Ok(items
            .iter()
            .map(|item| availability(only(&answers, item.sku.as_str(), |a| here(a, item))))
            .collect())
    }
}

/// What a code of an item says; none when it is not among those of the contract.
fn absence(code: &str) -> Option<Absence> {
    Some(match code {
        erp::codes::UNKNOWN_SKU => Absence::UnknownSku,
        erp::codes::ITEM_INACTIVE => Absence::ItemInactive,
        erp::codes::NO_PRICE => Absence::NoPrice,
        _ => return None,
    })
}

fn place(item: &AvailabilityQuestion) -> &str {
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
        // Oversold goods are below zero in some ERPs; nobody can have them.
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

/// The one entry that answers; none when several do, for nobody knows which.
fn only<'a, T>(
    answers: &HashMap<String, Vec<&'a T>>,
    sku: &str,
    fits: impl Fn(&T) -> bool,
) -> Option<&'a T> {
    let mut fitting = answers.get(sku)?.iter().filter(|answer| fits(answer));
    fitting.next().filter(|_| fitting.next().is_none()).copied()
}
