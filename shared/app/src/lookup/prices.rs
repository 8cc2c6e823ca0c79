//! Offer prices.

use std::sync::Arc;

use async_trait::async_trait;
use domain::caller::Customer;
use domain::freshness::{Absence, Age, Freshness, Reason, Source, age, jittered};
use domain::money::{Currency, Money};
use domain::price::{OfferPrice, QuantityBreak};
use domain::time::Timestamp;
use futures::FutureExt;

use super::flow::Flow;
use super::subject::{Found, Groups, Subject};
use super::{ABSENT_SECONDS, LookupDeps, Mode, reason};
use crate::error::UseCaseError;
use crate::ports::StoreError;
use crate::ports::erp::{
    CallContext, Capabilities, ErpError, ErpPrices, ItemAnswer, PriceQuestion,
};
use crate::ports::lookups::{LookupKey, PriceEntry, PriceKey, Slot};

/// The figures of the price cache.
#[derive(Debug, Clone, Copy)]
pub struct PriceSettings {
    /// Seconds for which a price is shown without a remark.
    pub fresh_seconds: i64,
    /// Seconds after which a price is not shown at all.
    pub hard_seconds: i64,
}

impl Default for PriceSettings {
    /// A quarter of an hour, and a day.
    fn default() -> Self {
        Self {
            fresh_seconds: 900,
            hard_seconds: 86_400,
        }
    }
}

/// Whether an item has a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriceStatus {
    /// It has.
    Priced,
    /// Nobody knows one at the moment.
    Unpriced,
    /// The ERP does not know the item, or not in this unit.
    Error,
}

/// The price of one asked item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceItem {
    /// Whether it has one.
    pub status: PriceStatus,
    /// The price of one unit at the asked quantity.
    pub unit_price: Option<Money>,
    /// The price at other quantities.
    pub breaks: Vec<QuantityBreak>,
    /// How old it is and why.
    pub freshness: Freshness,
}

impl PriceItem {
    pub(super) fn missing(reason: Reason) -> Self {
        let status = match reason {
            Reason::UnknownSku | Reason::UnitNotConvertible => PriceStatus::Error,
            Reason::NotCached
            | Reason::ErpUnavailable
            | Reason::ErpTimeout
            | Reason::ErpIncomplete
            | Reason::ItemInactive
            | Reason::NoPrice => PriceStatus::Unpriced,
        };
        Self {
            status,
            unit_price: None,
            breaks: Vec::new(),
            freshness: Freshness::missing(reason),
        }
    }
}

/// Looks up offer prices.
#[derive(Clone)]
pub struct PriceLookup {
    /// The ERP.
    pub erp: Arc<dyn ErpPrices>,
    /// Cache, capabilities, time.
    pub parts: LookupDeps,
    /// The figures.
    pub settings: PriceSettings,
}

impl PriceLookup {
    /// One price per question, in their order. An ERP that fails leaves stale prices, or none,
    /// never a failure of the whole.
    ///
    /// # Errors
    /// [`UseCaseError::Store`] when the cache cannot be read.
    pub async fn prices(
        &self,
        context: &CallContext,
        customer: &Customer,
        currency: Currency,
        mode: Mode,
        questions: &[PriceQuestion],
    ) -> Result<Vec<PriceItem>, UseCaseError> {
        let capabilities = match mode {
            Mode::Cached => self.parts.declared.known().await.ok_or(Reason::NotCached),
            Mode::Auto | Mode::Live => self
                .parts
                .declared
                .get(context)
                .await
                .map_err(|error| reason(&error)),
        };
        let capabilities = match capabilities {
            Ok(capabilities) => capabilities,
            // Without them there is no key, but whoever wrote an entry knew them and kept them:
            // there is none.
            Err(reason) => {
                return Ok(questions
                    .iter()
                    .map(|_| PriceItem::missing(reason))
                    .collect());
            }
        };
        let groups = Groups::new(
            questions
                .iter()
                .map(|question| self.key(&capabilities, customer, currency, question)),
        );
        let mut asked: Vec<Option<PriceQuestion>> = vec![None; groups.keys.len()];
        for (question, place) in questions.iter().zip(&groups.places) {
            // The smallest quantity of a ladder stands for all: what is below the first step has no
            // price.
            if let Some(slot) = asked.get_mut(*place)
                && slot
                    .as_ref()
                    .is_none_or(|other| question.quantity < other.quantity)
            {
                *slot = Some(question.clone());
            }
        }
        let questions_of_keys = asked.into_iter().flatten().collect();
        let subject = Prices {
            lookup: self,
            context,
            capabilities,
            customer,
            currency,
            questions: questions_of_keys,
        };
        let (found, due) = Flow::new(&self.parts, context, &subject)
            .run(mode, &groups.keys)
            .await?;
        if let Some(background) = self.parts.background.as_ref().filter(|_| !due.is_empty()) {
            let questions = due
                .iter()
                .filter_map(|(place, ..)| subject.questions.get(*place).cloned())
                .collect();
            let asker = (customer.clone(), currency);
            let work = self.clone().renew(
                self.parts.renewal(context),
                subject.capabilities,
                asker,
                questions,
                due,
            );
            background.spawn(work.boxed());
        }
        let missing = Found::Missing(Reason::ErpIncomplete);
        let shown = |(question, place): (&PriceQuestion, &usize)| {
            shown(found.get(*place).unwrap_or(&missing), question)
        };
        let items: Vec<PriceItem> = questions.iter().zip(&groups.places).map(shown).collect();
        self.parts.shown(items.iter().map(|item| &item.freshness));
        Ok(items)
    }

    async fn renew(
        self,
        context: CallContext,
        capabilities: Capabilities,
        (customer, currency): (Customer, Currency),
        questions: Vec<PriceQuestion>,
        due: Vec<(usize, PriceKey, Slot<PriceEntry>)>,
    ) {
        let subject = Prices {
            lookup: &self,
            context: &context,
            capabilities,
            customer: &customer,
            currency,
            questions,
        };
        Flow::new(&self.parts, &context, &subject).renew(due).await;
    }

    fn key(
        &self,
        capabilities: &Capabilities,
        customer: &Customer,
        currency: Currency,
        question: &PriceQuestion,
    ) -> PriceKey {
        PriceKey {
            store: self.parts.store.clone(),
            customer: customer.clone(),
            per_user: PriceKey::per_user(capabilities.price_scope),
            currency,
            sku: question.sku.clone(),
            unit: question.unit.clone(),
            quantity: (!capabilities.quantity_breaks).then_some(question.quantity),
        }
    }
}

/// The prices that one request asks for.
struct Prices<'a> {
    lookup: &'a PriceLookup,
    context: &'a CallContext,
    capabilities: Capabilities,
    customer: &'a Customer,
    currency: Currency,
    /// One per key.
    questions: Vec<PriceQuestion>,
}

#[async_trait]
impl Subject for Prices<'_> {
    type Key = PriceKey;
    type Value = OfferPrice;
    type Entry = PriceEntry;

    fn leased(key: &PriceKey) -> LookupKey {
        LookupKey::Price(key.clone())
    }

    fn as_of(entry: &PriceEntry) -> Timestamp {
        entry.as_of
    }

    fn age(&self, at: usize, entry: &PriceEntry, now: Timestamp) -> Age {
        let priced = |offer: &OfferPrice| {
            self.questions
                .get(at)
                .is_some_and(|q| offer.at(q.quantity).is_some())
        };
        match &entry.offer {
            // A ladder that does not reach down to this quantity says nothing about it.
            Ok(offer) if !priced(offer) => Age::Expired,
            _ => age(Some(entry.fresh_until), entry.expires_at, now),
        }
    }

    fn fresh_until(&self, _: usize, entry: &PriceEntry) -> Option<Timestamp> {
        Some(entry.fresh_until)
    }

    fn entry(&self, offer: Result<OfferPrice, Absence>) -> PriceEntry {
        let as_of = self.lookup.parts.clock.now();
        let settings = self.lookup.settings;
        let fresh = match &offer {
            Ok(_) | Err(Absence::UnknownSku) => settings.fresh_seconds,
            Err(Absence::ItemInactive | Absence::NoPrice) => {
                settings.fresh_seconds.min(ABSENT_SECONDS)
            }
        };
        let fresh = jittered(fresh, self.lookup.parts.ids.below(u64::MAX));
        PriceEntry {
            offer,
            as_of,
            fresh_until: as_of.plus_seconds(fresh),
            expires_at: as_of.plus_seconds(settings.hard_seconds),
        }
    }

    async fn limits(&self) -> Result<Capabilities, ErpError> {
        Ok(self.capabilities.clone())
    }

    async fn ask(&self, places: &[usize]) -> Result<Vec<ItemAnswer<OfferPrice>>, ErpError> {
        let asked: Vec<PriceQuestion> = places
            .iter()
            .filter_map(|at| self.questions.get(*at))
            .cloned()
            .collect();
        self.lookup
            .erp
            .prices(self.context, self.customer, self.currency, &asked)
            .await
    }

    async fn read(&self, keys: &[PriceKey]) -> Result<Vec<Slot<PriceEntry>>, StoreError> {
        self.lookup.parts.cache.prices(keys).await
    }

    async fn keep(&self, entries: &[(PriceKey, PriceEntry)]) -> Result<(), StoreError> {
        self.lookup.parts.cache.cache_prices(entries).await
    }
}

fn shown(found: &Found<PriceEntry>, question: &PriceQuestion) -> PriceItem {
    match found {
        Found::Asked(entry) => served(entry, question, Source::Erp, None),
        Found::Kept(entry) => served(entry, question, Source::Cache, None),
        Found::Stale(entry, reason) => served(entry, question, Source::Cache, Some(*reason)),
        Found::Missing(reason) => PriceItem::missing(*reason),
    }
}

fn served(
    entry: &PriceEntry,
    question: &PriceQuestion,
    source: Source,
    stale: Option<Reason>,
) -> PriceItem {
    let offer = match &entry.offer {
        Ok(offer) => offer,
        Err(absence) => return PriceItem::missing(Reason::from(*absence)),
    };
    let Some(unit_price) = offer.at(question.quantity) else {
        return PriceItem::missing(Reason::ErpIncomplete);
    };
    PriceItem {
        status: PriceStatus::Priced,
        unit_price: Some(unit_price),
        breaks: offer.breaks.clone(),
        freshness: Freshness {
            source,
            as_of: Some(entry.as_of),
            fresh_until: Some(entry.fresh_until),
            stale: stale.is_some(),
            reason: stale,
        },
    }
}
