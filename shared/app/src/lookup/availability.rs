//! Availabilities.

use std::collections::HashSet;
use std::sync::Arc;

use domain::availability::{Availability, AvailabilityStatus, ThresholdRule};
use domain::freshness::{Age, Freshness, Reason, Source, age, jittered};
use domain::ids::{LocationId, Sku, StoreId};
use domain::quantity::Quantity;
use domain::time::Timestamp;
use futures::future::join_all;

use super::{Mode, reason};
use crate::failure::Failure;
use crate::ports::erp::{AvailabilityQuestion, CallContext, ErpAvailability, ErpCapabilities, ItemAnswer};
use crate::ports::lookups::{AvailabilityEntry, AvailabilityKey, Lookups};
use crate::ports::{Clock, Ids};

/// The figures of the availability cache.
#[derive(Debug, Clone, Copy)]
pub struct AvailabilitySettings {
    /// How long an answer is fresh.
    pub rule: ThresholdRule,
    /// Seconds after which an answer is not shown at all.
    pub hard_seconds: i64,
}

impl Default for AvailabilitySettings {
    /// The rule's default, and a day.
    fn default() -> Self {
        Self { rule: ThresholdRule::DEFAULT, hard_seconds: 86_400 }
    }
}

/// One item at one place that is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvailabilityItem {
    /// The item.
    pub sku: Sku,
    /// The place; none = the online store's total.
    pub location: Option<LocationId>,
    /// How many are wanted: scarce stock is asked for more often.
    pub quantity: Option<Quantity>,
}

/// Looks up availabilities.
pub struct AvailabilityLookup {
    /// The ERP.
    pub erp: Arc<dyn ErpAvailability>,
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
    pub settings: AvailabilitySettings,
}

/// An availability and how old it is.
pub type AgedAvailability = (Availability, Freshness);

impl AvailabilityLookup {
    /// One availability per item, in their order. An ERP that fails leaves stale ones, or unknown, never a failure of the whole.
    ///
    /// # Errors
    /// [`Failure::Store`] when the cache cannot be read.
    pub async fn availabilities(
        &self,
        context: &CallContext,
        mode: Mode,
        items: &[AvailabilityItem],
    ) -> Result<Vec<AgedAvailability>, Failure> {
        let keys: Vec<AvailabilityKey> = items.iter().map(|item| self.key(item)).collect();
        let mut cached = match mode {
            Mode::Cached | Mode::Auto => self.cache.read(&[], &keys).await?.availabilities,
            Mode::Live => Vec::new(),
        };
        let mut ages = self.ages(items, &cached);
        let wanted: Vec<usize> = match mode {
            Mode::Cached => Vec::new(),
            Mode::Auto => (0..items.len()).filter(|i| ages.get(*i) != Some(&Age::Fresh)).collect(),
            Mode::Live => (0..items.len()).collect(),
        };
        let fetched = self.fetch(context, items, &wanted).await;
        if mode == Mode::Live && fetched.iter().any(|a| !matches!(a, Ok(ItemAnswer::Known(_) | ItemAnswer::UnknownSku)))
        {
            // What the ERP did not say may still be shown as stale.
            cached = self.cache.read(&[], &keys).await?.availabilities;
            ages = self.ages(items, &cached);
        }
        let mut entries: Vec<(AvailabilityKey, AvailabilityEntry)> = Vec::new();
        let mut answered = Vec::with_capacity(items.len());
        let mut answers = wanted.iter().copied().zip(fetched).peekable();
        for (i, (item, key)) in items.iter().zip(keys).enumerate() {
            let answer = answers.next_if(|(at, _)| *at == i).map(|(_, answer)| answer);
            let entry = cached.get(i).and_then(Option::as_ref);
            let fallback = ages.get(i).copied().unwrap_or(Age::Expired);
            answered.push(match answer {
                Some(Ok(ItemAnswer::Known(availability))) => {
                    let entry = self.entry(Some(availability));
                    let served = self.served(&entry, item, Source::Erp, None);
                    entries.push((key, entry));
                    served
                }
                Some(Ok(ItemAnswer::UnknownSku)) => {
                    entries.push((key, self.entry(None)));
                    unknown(Reason::UnknownSku)
                }
                Some(Ok(ItemAnswer::Missing)) => self.stale_or_unknown(entry, fallback, item, Reason::ErpIncomplete),
                Some(Err(reason)) => self.stale_or_unknown(entry, fallback, item, reason),
                None => match (entry, fallback) {
                    (Some(entry), Age::Fresh) => self.served(entry, item, Source::Cache, None),
                    (entry, _) => self.stale_or_unknown(entry, fallback, item, Reason::NotCached),
                },
            });
        }
        let mut seen = HashSet::new();
        entries.retain(|(key, _)| seen.insert(key.clone()));
        if !entries.is_empty()
            && let Err(error) = self.cache.write(&[], &entries).await
        {
            tracing::warn!(%error, entries = entries.len(), "availabilities were answered, but not kept");
        }
        Ok(answered)
    }

    fn key(&self, item: &AvailabilityItem) -> AvailabilityKey {
        AvailabilityKey { store: self.store.clone(), sku: item.sku.clone(), location: item.location.clone() }
    }

    fn ages(&self, items: &[AvailabilityItem], cached: &[Option<AvailabilityEntry>]) -> Vec<Age> {
        let now = self.clock.now();
        items.iter().zip(cached).map(|(item, entry)| self.age(item, entry.as_ref(), now)).collect()
    }

    fn age(&self, item: &AvailabilityItem, entry: Option<&AvailabilityEntry>, now: Timestamp) -> Age {
        entry.map_or(Age::Expired, |entry| age(self.fresh_until(entry, item), entry.hard_until, now))
    }

    /// An item that the ERP does not know is asked for again after the time of plentiful stock.
    fn fresh_until(&self, entry: &AvailabilityEntry, item: &AvailabilityItem) -> Option<Timestamp> {
        match &entry.availability {
            Some(availability) => self.settings.rule.fresh_until(availability, item.quantity, entry.as_of),
            None => self.settings.rule.expiry_above.map(|seconds| entry.as_of.plus_seconds(seconds)),
        }
    }

    fn entry(&self, availability: Option<Availability>) -> AvailabilityEntry {
        let as_of = self.clock.now();
        let hard = jittered(self.settings.hard_seconds, self.ids.below(u64::MAX));
        AvailabilityEntry { availability, as_of, hard_until: as_of.plus_seconds(hard) }
    }

    fn served(
        &self,
        entry: &AvailabilityEntry,
        item: &AvailabilityItem,
        source: Source,
        stale: Option<Reason>,
    ) -> AgedAvailability {
        let Some(availability) = entry.availability.clone() else { return unknown(Reason::UnknownSku) };
        let freshness = Freshness {
            source,
            as_of: Some(entry.as_of),
            fresh_until: self.fresh_until(entry, item),
            stale: stale.is_some(),
            reason: stale,
        };
        (availability, freshness)
    }

    fn stale_or_unknown(
        &self,
        entry: Option<&AvailabilityEntry>,
        age: Age,
        item: &AvailabilityItem,
        reason: Reason,
    ) -> AgedAvailability {
        match (entry, age) {
            (Some(entry), Age::Fresh | Age::Stale) => self.served(entry, item, Source::Cache, Some(reason)),
            (_, Age::Expired) | (None, _) => unknown(reason),
        }
    }

    async fn fetch(
        &self,
        context: &CallContext,
        items: &[AvailabilityItem],
        wanted: &[usize],
    ) -> Vec<Result<ItemAnswer<Availability>, Reason>> {
        if wanted.is_empty() {
            return Vec::new();
        }
        let most = match self.capabilities.capabilities(context).await {
            Ok(capabilities) => capabilities.max_items_per_call.max(1),
            Err(error) => return vec![Err(reason(&error)); wanted.len()],
        };
        let chunks = wanted.chunks(most).map(|chunk| async move {
            let asked: Vec<AvailabilityQuestion> = chunk
                .iter()
                .filter_map(|i| items.get(*i))
                .map(|item| AvailabilityQuestion { sku: item.sku.clone(), location: item.location.clone() })
                .collect();
            match self.erp.availability(context, &asked).await {
                Ok(answers) => answers.into_iter().map(Ok).collect::<Vec<_>>(),
                Err(error) => {
                    tracing::warn!(%error, items = asked.len(), "the ERP did not tell availabilities");
                    vec![Err(reason(&error)); asked.len()]
                }
            }
        });
        join_all(chunks).await.into_iter().flatten().collect()
    }
}

fn unknown(reason: Reason) -> AgedAvailability {
    let availability =
        Availability { status: AvailabilityStatus::Unknown, quantity: None, unit: None, available_from: None };
    (availability, Freshness::missing(reason))
}
