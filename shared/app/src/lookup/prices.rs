//! Offer prices.

use std::sync::Arc;

use async_trait::async_trait;
use domain::caller::Customer;
use domain::freshness::{
    Absence, Age, Freshness, PriceFreshness, Reason, ValueSource, age, jittered,
};
use domain::money::{Currency, Money};
use domain::price::{OfferPrice, QuantityBreak};
use domain::time::Timestamp;

use super::kind::{DistinctKeys, LookupKind, LookupResult, reason};
use super::{LookupDeps, Mode};
use crate::error::UseCaseError;
use crate::ports::StoreError;
use crate::ports::erp::{
    CallContext, Capabilities, ErpError, ErpPrices, ItemAnswer, PriceQuestion,
};
use crate::ports::lookups::{LookupKey, PriceEntry, PriceKey, Slot};

/// Whether an item has a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriceStatus {
    Priced,
    /// No price is known at the moment.
    Unpriced,
    /// The ERP does not know the item, or not in this unit.
    Error,
}

/// The price of one requested item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceItem {
    pub status: PriceStatus,
    /// The price of one unit at the requested quantity.
    pub unit_price: Option<Money>,
    /// The price at other quantities.
    pub breaks: Vec<QuantityBreak>,
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

    fn from_result(result: &LookupResult<PriceEntry>, question: &PriceQuestion) -> Self {
        match result {
            LookupResult::FromErp(entry) => Self::of(entry, question, ValueSource::Erp, None),
            LookupResult::Cached(entry) => Self::of(entry, question, ValueSource::Cache, None),
            LookupResult::Stale(entry, why) => {
                Self::of(entry, question, ValueSource::Cache, Some(*why))
            }
            LookupResult::Missing(reason) => Self::missing(*reason),
        }
    }

    fn of(
        entry: &PriceEntry,
        question: &PriceQuestion,
        source: ValueSource,
        stale: Option<Reason>,
    ) -> Self {
        let offer = match &entry.offer {
            Ok(offer) => offer,
            Err(absence) => return Self::missing(Reason::from(*absence)),
        };
        let Some(unit_price) = offer.at(question.quantity) else {
            return Self::missing(Reason::ErpIncomplete);
        };
        Self {
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
}

/// Looks up offer prices.
#[derive(Clone)]
pub struct PriceLookup {
    pub erp: Arc<dyn ErpPrices>,
    pub deps: LookupDeps,
    pub freshness: PriceFreshness,
}

impl PriceLookup {
    /// One price per question, in their order. If the ERP fails, the result is stale prices or
    /// none, never a failure of the whole.
    ///
    /// # Errors
    /// [`UseCaseError::Store`] if the cache cannot be read.
    pub async fn prices(
        &self,
        context: &CallContext,
        customer: &Customer,
        currency: Currency,
        mode: Mode,
        questions: &[PriceQuestion],
    ) -> Result<Vec<PriceItem>, UseCaseError> {
        let capabilities = match self.capabilities(context, mode).await {
            Ok(capabilities) => capabilities,
            // Without them no key can be made. But every entry was cached together with them, so
            // the cache is empty.
            Err(reason) => {
                let missing = |_| PriceItem::missing(reason);
                return Ok(questions.iter().map(missing).collect());
            }
        };
        let key = |question| self.key(&capabilities, customer, currency, question);
        let DistinctKeys { keys, indexes } = DistinctKeys::new(questions.iter().map(key));
        let batch = PriceBatch {
            lookup: self.clone(),
            customer: customer.clone(),
            currency,
            questions: smallest_quantities(questions, &indexes, keys.len()),
            capabilities,
            keys,
        };
        let results = self.deps.look_up(context, mode, batch).await?;
        let missing = LookupResult::Missing(Reason::ErpIncomplete);
        let items: Vec<PriceItem> = questions
            .iter()
            .zip(indexes)
            .map(|(question, index)| {
                PriceItem::from_result(results.get(index).unwrap_or(&missing), question)
            })
            .collect();
        self.deps
            .count_served(items.iter().map(|item| &item.freshness));
        Ok(items)
    }

    async fn capabilities(
        &self,
        context: &CallContext,
        mode: Mode,
    ) -> Result<Capabilities, Reason> {
        let cache = &self.deps.capabilities;
        match mode {
            Mode::Cached => cache.known().await.ok_or(Reason::NotCached),
            Mode::Auto | Mode::Live => cache.get(context).await.map_err(|error| reason(&error)),
        }
    }

    fn key(
        &self,
        capabilities: &Capabilities,
        customer: &Customer,
        currency: Currency,
        question: &PriceQuestion,
    ) -> PriceKey {
        PriceKey {
            store: self.deps.store.clone(),
            customer: customer.clone(),
            per_user: PriceKey::per_user(capabilities.price_scope),
            currency,
            sku: question.sku.clone(),
            unit: question.unit.clone(),
            quantity: (!capabilities.quantity_breaks).then_some(question.quantity),
        }
    }
}

/// For each key the question with the smallest quantity. It answers the others too: an offer with
/// quantity breaks has no price below its first break.
fn smallest_quantities(
    questions: &[PriceQuestion],
    indexes: &[usize],
    keys: usize,
) -> Vec<PriceQuestion> {
    let mut smallest: Vec<Option<&PriceQuestion>> = vec![None; keys];
    for (question, index) in questions.iter().zip(indexes) {
        if let Some(of_key) = smallest.get_mut(*index)
            && of_key.is_none_or(|other| question.quantity < other.quantity)
        {
            *of_key = Some(question);
        }
    }
    smallest.into_iter().flatten().cloned().collect()
}

/// The prices of one request.
struct PriceBatch {
    lookup: PriceLookup,
    capabilities: Capabilities,
    customer: Customer,
    currency: Currency,
    keys: Vec<PriceKey>,
    /// One per key.
    questions: Vec<PriceQuestion>,
}

#[async_trait]
impl LookupKind for PriceBatch {
    type Key = PriceKey;
    type Value = OfferPrice;
    type Entry = PriceEntry;

    fn keys(&self) -> &[PriceKey] {
        &self.keys
    }

    fn lookup_key(key: &PriceKey) -> LookupKey {
        LookupKey::Price(key.clone())
    }

    fn as_of(entry: &PriceEntry) -> Timestamp {
        entry.as_of
    }

    fn age(&self, index: usize, entry: &PriceEntry, now: Timestamp) -> Age {
        let has_price = |offer: &OfferPrice| {
            self.questions
                .get(index)
                .is_some_and(|question| offer.at(question.quantity).is_some())
        };
        match &entry.offer {
            // The breaks start above this quantity, so the entry says nothing about it.
            Ok(offer) if !has_price(offer) => Age::Expired,
            _ => age(Some(entry.fresh_until), entry.expires_at, now),
        }
    }

    fn fresh_until(&self, _: usize, entry: &PriceEntry) -> Option<Timestamp> {
        Some(entry.fresh_until)
    }

    fn entry(&self, offer: Result<OfferPrice, Absence>) -> PriceEntry {
        let deps = &self.lookup.deps;
        let freshness = self.lookup.freshness;
        let as_of = deps.clock.now();
        let fresh = jittered(freshness.fresh_seconds_of(&offer), deps.ids.below(u64::MAX));
        PriceEntry {
            offer,
            as_of,
            fresh_until: as_of.plus_seconds(fresh),
            expires_at: as_of.plus_seconds(freshness.expire_seconds),
        }
    }

    async fn limits(&self, _: &CallContext) -> Result<Capabilities, ErpError> {
        Ok(self.capabilities.clone())
    }

    async fn ask(
        &self,
        context: &CallContext,
        indexes: &[usize],
    ) -> Result<Vec<ItemAnswer<OfferPrice>>, ErpError> {
        let questions: Vec<PriceQuestion> = indexes
            .iter()
            .filter_map(|index| self.questions.get(*index))
            .cloned()
            .collect();
        self.lookup
            .erp
            .prices(context, &self.customer, self.currency, &questions)
            .await
    }

    async fn read_cache(&self, keys: &[PriceKey]) -> Result<Vec<Slot<PriceEntry>>, StoreError> {
        self.lookup.deps.cache.prices(keys).await
    }

    async fn write_cache(&self, entries: &[(PriceKey, PriceEntry)]) -> Result<(), StoreError> {
        self.lookup.deps.cache.cache_prices(entries).await
    }
}
