//! Offer prices.

use std::sync::Arc;

use domain::caller::Customer;
use domain::freshness::{Age, Freshness, Reason, Source, age, jittered};
use domain::ids::StoreId;
use domain::money::{Currency, Money};
use domain::price::{OfferPrice, QuantityBreak};
use futures::future::join_all;

use super::{Mode, reason};
use crate::failure::Failure;
use crate::ports::erp::{CallContext, Capabilities, ErpCapabilities, ErpPrices, ItemAnswer, PriceQuestion};
use crate::ports::lookups::{Lookups, PriceEntry, PriceKey};
use crate::ports::{Clock, Ids};

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
        Self { fresh_seconds: 900, hard_seconds: 86_400 }
    }
}

/// Whether an item has a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriceStatus {
    /// It has.
    Priced,
    /// Nobody knows one at the moment.
    Unpriced,
    /// The ERP does not know the item.
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
            Reason::UnknownSku => PriceStatus::Error,
            Reason::NotCached | Reason::ErpUnavailable | Reason::ErpTimeout | Reason::ErpIncomplete => {
                PriceStatus::Unpriced
            }
        };
        Self { status, unit_price: None, breaks: Vec::new(), freshness: Freshness::missing(reason) }
    }
}

/// Looks up offer prices.
pub struct PriceLookup {
    /// The ERP.
    pub erp: Arc<dyn ErpPrices>,
    /// What it can do.
    pub capabilities: Arc<dyn ErpCapabilities>,
    /// The cache.
    pub cache: Arc<dyn Lookups>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Jitter.
    pub ids: Arc<dyn Ids>,
    /// The store that is asked for.
    pub store: StoreId,
    /// The figures.
    pub settings: PriceSettings,
}

impl PriceLookup {
    /// One price per question, in their order. An ERP that fails leaves stale prices, or none, never a failure of the whole.
    ///
    /// # Errors
    /// [`Failure::Store`] when the cache cannot be read.
    pub async fn prices(
        &self,
        context: &CallContext,
        customer: &Customer,
        currency: Currency,
        mode: Mode,
        questions: &[PriceQuestion],
    ) -> Result<Vec<PriceItem>, Failure> {
        // What the key of an entry holds depends on what the ERP can do. Without knowing it nothing is found, and nothing
        // is guessed: an entry under another key may be another customer's.
        let capabilities = match mode {
            Mode::Cached => self.capabilities.last_known().ok_or(Reason::NotCached),
            Mode::Auto | Mode::Live => self.capabilities.capabilities(context).await.map_err(|error| {
                tracing::warn!(%error, "the ERP did not tell what it can do");
                reason(&error)
            }),
        };
        let capabilities = match capabilities {
            Ok(capabilities) => capabilities,
            Err(reason) => return Ok(questions.iter().map(|_| PriceItem::missing(reason)).collect()),
        };
        let keys: Vec<PriceKey> = questions.iter().map(|q| self.key(&capabilities, customer, currency, q)).collect();
        let mut cached = match mode {
            Mode::Cached | Mode::Auto => self.cache.read(&keys, &[]).await?.prices,
            Mode::Live => Vec::new(),
        };
        let mut ages = self.ages(&cached);
        let wanted: Vec<usize> = match mode {
            Mode::Cached => Vec::new(),
            Mode::Auto => (0..questions.len()).filter(|i| ages.get(*i) != Some(&Age::Fresh)).collect(),
            Mode::Live => (0..questions.len()).collect(),
        };
        let fetched = self.fetch(context, &capabilities, customer, currency, questions, &wanted).await;
        if mode == Mode::Live && fetched.iter().any(|a| !matches!(a, Ok(ItemAnswer::Known(_) | ItemAnswer::UnknownSku)))
        {
            // What the ERP did not say may still be shown as stale.
            cached = self.cache.read(&keys, &[]).await?.prices;
            ages = self.ages(&cached);
        }
        let mut entries: Vec<(PriceKey, PriceEntry)> = Vec::new();
        let mut items = Vec::with_capacity(questions.len());
        let mut answers = wanted.iter().copied().zip(fetched).peekable();
        for (i, (question, key)) in questions.iter().zip(keys).enumerate() {
            let answer = answers.next_if(|(at, _)| *at == i).map(|(_, answer)| answer);
            let entry = cached.get(i).and_then(Option::as_ref);
            let fallback = ages.get(i).copied().unwrap_or(Age::Expired);
            items.push(match answer {
                Some(Ok(ItemAnswer::Known(offer))) => {
                    let entry = self.entry(Some(offer));
                    let item = served(&entry, question, Source::Erp, None);
                    entries.push((key, entry));
                    item
                }
                Some(Ok(ItemAnswer::UnknownSku)) => {
                    entries.push((key, self.entry(None)));
                    PriceItem::missing(Reason::UnknownSku)
                }
                Some(Ok(ItemAnswer::Missing)) => stale_or_missing(entry, fallback, question, Reason::ErpIncomplete),
                Some(Err(reason)) => stale_or_missing(entry, fallback, question, reason),
                None => match (entry, fallback) {
                    (Some(entry), Age::Fresh) => served(entry, question, Source::Cache, None),
                    (entry, _) => stale_or_missing(entry, fallback, question, Reason::NotCached),
                },
            });
        }
        // A duplicate question is fetched once per line but written once: the store refuses a key twice in one call.
        let mut seen = std::collections::HashSet::new();
        entries.retain(|(key, _)| seen.insert(key.clone()));
        if !entries.is_empty()
            && let Err(error) = self.cache.write(&entries, &[]).await
        {
            tracing::warn!(%error, entries = entries.len(), "prices were answered, but not kept");
        }
        Ok(items)
    }

    fn ages(&self, cached: &[Option<PriceEntry>]) -> Vec<Age> {
        let now = self.clock.now();
        cached
            .iter()
            .map(|e| e.as_ref().map_or(Age::Expired, |e| age(Some(e.fresh_until), e.hard_until, now)))
            .collect()
    }

    fn key(
        &self,
        capabilities: &Capabilities,
        customer: &Customer,
        currency: Currency,
        question: &PriceQuestion,
    ) -> PriceKey {
        PriceKey {
            store: self.store.clone(),
            customer: customer.clone(),
            per_user: PriceKey::per_user(capabilities.price_scope),
            currency,
            sku: question.sku.clone(),
            unit: question.unit.clone(),
            quantity: (!capabilities.quantity_breaks).then_some(question.quantity),
        }
    }

    fn entry(&self, offer: Option<OfferPrice>) -> PriceEntry {
        let as_of = self.clock.now();
        PriceEntry {
            offer,
            as_of,
            fresh_until: as_of.plus_seconds(jittered(self.settings.fresh_seconds, self.ids.below(u64::MAX))),
            hard_until: as_of.plus_seconds(self.settings.hard_seconds),
        }
    }

    /// The answers for `wanted`, in its order, in as few calls as the ERP allows.
    async fn fetch(
        &self,
        context: &CallContext,
        capabilities: &Capabilities,
        customer: &Customer,
        currency: Currency,
        questions: &[PriceQuestion],
        wanted: &[usize],
    ) -> Vec<Result<ItemAnswer<OfferPrice>, Reason>> {
        let chunks = wanted.chunks(capabilities.max_items_per_call.max(1)).map(|chunk| async move {
            let asked: Vec<PriceQuestion> = chunk.iter().filter_map(|i| questions.get(*i)).cloned().collect();
            match self.erp.prices(context, customer, currency, &asked).await {
                Ok(answers) => answers.into_iter().map(Ok).collect::<Vec<_>>(),
                Err(error) => {
                    tracing::warn!(%error, items = asked.len(), "the ERP did not tell prices");
                    vec![Err(reason(&error)); asked.len()]
                }
            }
        });
        join_all(chunks).await.into_iter().flatten().collect()
    }
}

fn served(entry: &PriceEntry, question: &PriceQuestion, source: Source, stale: Option<Reason>) -> PriceItem {
    let Some(offer) = &entry.offer else { return PriceItem::missing(Reason::UnknownSku) };
    let Some(unit_price) = offer.at(question.quantity) else { return PriceItem::missing(Reason::ErpIncomplete) };
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

fn stale_or_missing(entry: Option<&PriceEntry>, age: Age, question: &PriceQuestion, reason: Reason) -> PriceItem {
    match (entry, age) {
        (Some(entry), Age::Fresh | Age::Stale) => served(entry, question, Source::Cache, Some(reason)),
        (_, Age::Expired) | (None, _) => PriceItem::missing(reason),
    }
}
