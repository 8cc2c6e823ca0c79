//! Availabilities.

use std::sync::Arc;

use async_trait::async_trait;
use domain::availability::{Availability, AvailabilityStatus};
use domain::freshness::{
    Absence, Age, AvailabilityFreshness, Freshness, Reason, ValueSource, age, jittered,
    jittered_millis, lifetime_jitter,
};
use domain::ids::{LocationId, Sku, Unit};
use domain::quantity::Quantity;
use domain::time::Timestamp;

use super::kind::{DistinctKeys, LookupKind, LookupResult, worse};
use super::{LookupDeps, Mode};
use crate::error::UseCaseError;
use crate::ports::StoreError;
use crate::ports::erp::{
    AvailabilityQuestion, CallContext, Capabilities, ErpAvailability, ErpError, ItemAnswer,
};
use crate::ports::lookups::{AvailabilityEntry, AvailabilityKey, LookupKey, Slot};

/// One item at one location whose availability is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvailabilityItem {
    pub sku: Sku,
    /// `None` = the online store's total.
    pub location: Option<LocationId>,
    /// The requested quantity: the scarcer the stock, the shorter an answer is fresh.
    pub quantity: Option<Quantity>,
    /// The unit of the quantity; an answer in another unit is unusable. `None` = any unit.
    pub unit: Option<Unit>,
}

/// An availability and how old it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgedAvailability {
    pub availability: Availability,
    pub freshness: Freshness,
}

impl AgedAvailability {
    fn unknown(reason: Reason) -> Self {
        Self {
            availability: Availability {
                status: AvailabilityStatus::Unknown,
                quantity: None,
                unit: None,
                available_from: None,
            },
            freshness: Freshness::missing(reason),
        }
    }
}

/// Looks up availabilities.
#[derive(Clone)]
pub struct AvailabilityLookup {
    pub erp: Arc<dyn ErpAvailability>,
    pub deps: LookupDeps,
    pub freshness: AvailabilityFreshness,
}

impl AvailabilityLookup {
    /// One availability per item, in their order. If the ERP fails, the result is stale ones or
    /// "unknown", never a failure of the whole.
    ///
    /// # Errors
    /// [`UseCaseError::Store`] if the cache cannot be read.
    pub async fn availabilities(
        &self,
        context: &CallContext,
        mode: Mode,
        items: &[AvailabilityItem],
    ) -> Result<Vec<AgedAvailability>, UseCaseError> {
        let key = |item: &AvailabilityItem| AvailabilityKey {
            store: self.deps.store.clone(),
            sku: item.sku.clone(),
            location: item.location.clone(),
        };
        let DistinctKeys { keys, indexes } = DistinctKeys::new(items.iter().map(key));
        let mut quantities: Vec<Vec<Option<Quantity>>> = vec![Vec::new(); keys.len()];
        for (item, index) in items.iter().zip(&indexes) {
            if let Some(of_key) = quantities.get_mut(*index) {
                of_key.push(item.quantity);
            }
        }
        let batch = AvailabilityBatch {
            lookup: self.clone(),
            keys,
            quantities,
        };
        let results = self.deps.look_up(context, mode, batch).await?;
        let missing = LookupResult::Missing(Reason::ErpIncomplete);
        let answers: Vec<AgedAvailability> = items
            .iter()
            .zip(indexes)
            .map(|(item, index)| self.answer(results.get(index).unwrap_or(&missing), item))
            .collect();
        self.deps
            .count_served(answers.iter().map(|answer| &answer.freshness));
        Ok(answers)
    }

    fn answer(
        &self,
        result: &LookupResult<AvailabilityEntry>,
        item: &AvailabilityItem,
    ) -> AgedAvailability {
        match result {
            LookupResult::FromErp(entry) => self.answer_from(entry, item, ValueSource::Erp, None),
            LookupResult::Cached(entry) => self.answer_from(entry, item, ValueSource::Cache, None),
            LookupResult::Stale(entry, why) => {
                self.answer_from(entry, item, ValueSource::Cache, Some(*why))
            }
            LookupResult::Missing(reason) => AgedAvailability::unknown(*reason),
        }
    }

    fn answer_from(
        &self,
        entry: &AvailabilityEntry,
        item: &AvailabilityItem,
        source: ValueSource,
        stale: Option<Reason>,
    ) -> AgedAvailability {
        let availability = match &entry.availability {
            Ok(availability) => availability.clone(),
            Err(absence) => return AgedAvailability::unknown(Reason::from(*absence)),
        };
        // A number of boxes is not a number of pieces.
        if let (Some(wanted), Some(counted)) = (&item.unit, &availability.unit)
            && wanted != counted
        {
            return AgedAvailability::unknown(Reason::UnitNotConvertible);
        }
        AgedAvailability {
            availability,
            freshness: Freshness {
                source,
                as_of: Some(entry.as_of),
                fresh_until: self.fresh_until(
                    entry,
                    &item.sku,
                    item.location.as_ref(),
                    item.quantity,
                ),
                stale: stale.is_some(),
                reason: stale,
            },
        }
    }

    fn fresh_until(
        &self,
        entry: &AvailabilityEntry,
        sku: &Sku,
        location: Option<&LocationId>,
        quantity: Option<Quantity>,
    ) -> Option<Timestamp> {
        let seconds =
            self.freshness
                .fresh_seconds_of(&entry.availability, sku, location, quantity)?;
        Some(
            entry
                .as_of
                .plus_millis(jittered_millis(seconds, entry.jitter)),
        )
    }
}

/// The availabilities of one request.
struct AvailabilityBatch {
    lookup: AvailabilityLookup,
    keys: Vec<AvailabilityKey>,
    /// For each key the quantities that are requested of it.
    quantities: Vec<Vec<Option<Quantity>>>,
}

impl AvailabilityBatch {
    /// Until when an entry is fresh, once for each quantity that is requested of the key.
    fn fresh_until_each(
        &self,
        index: usize,
        entry: &AvailabilityEntry,
    ) -> impl Iterator<Item = Option<Timestamp>> {
        let key = self.keys.get(index);
        let quantities = self.quantities.get(index).into_iter().flatten();
        quantities
            .zip(std::iter::repeat(key))
            .filter_map(|(quantity, key)| {
                let key = key?;
                Some(
                    self.lookup
                        .fresh_until(entry, &key.sku, key.location.as_ref(), *quantity),
                )
            })
    }
}

#[async_trait]
impl LookupKind for AvailabilityBatch {
    type Key = AvailabilityKey;
    type Value = Availability;
    type Entry = AvailabilityEntry;

    fn keys(&self) -> &[AvailabilityKey] {
        &self.keys
    }

    fn lookup_key(key: &AvailabilityKey) -> LookupKey {
        LookupKey::Availability(key.clone())
    }

    fn as_of(entry: &AvailabilityEntry) -> Timestamp {
        entry.as_of
    }

    fn age(&self, index: usize, entry: &AvailabilityEntry, now: Timestamp) -> Age {
        self.fresh_until_each(index, entry)
            .map(|fresh_until| age(fresh_until, entry.expires_at, now))
            .reduce(worse)
            .unwrap_or(Age::Expired)
    }

    fn fresh_until(&self, index: usize, entry: &AvailabilityEntry) -> Option<Timestamp> {
        self.fresh_until_each(index, entry).flatten().min()
    }

    fn entry(&self, availability: Result<Availability, Absence>) -> AvailabilityEntry {
        let deps = &self.lookup.deps;
        let as_of = deps.clock.now();
        let lifetime = jittered(
            self.lookup.freshness.expire_seconds,
            deps.ids.below(u64::MAX),
        );
        AvailabilityEntry {
            availability,
            as_of,
            jitter: lifetime_jitter(deps.ids.below(u64::MAX)),
            expires_at: as_of.plus_seconds(lifetime),
        }
    }

    async fn limits(&self, context: &CallContext) -> Result<Capabilities, ErpError> {
        self.lookup.deps.capabilities.get(context).await
    }

    async fn ask(
        &self,
        context: &CallContext,
        indexes: &[usize],
    ) -> Result<Vec<ItemAnswer<Availability>>, ErpError> {
        let questions: Vec<AvailabilityQuestion> = indexes
            .iter()
            .filter_map(|index| self.keys.get(*index))
            .map(|key| AvailabilityQuestion {
                sku: key.sku.clone(),
                location: key.location.clone(),
            })
            .collect();
        self.lookup.erp.availability(context, &questions).await
    }

    async fn read_cache(
        &self,
        keys: &[AvailabilityKey],
    ) -> Result<Vec<Slot<AvailabilityEntry>>, StoreError> {
        self.lookup.deps.cache.availabilities(keys).await
    }

    async fn write_cache(
        &self,
        entries: &[(AvailabilityKey, AvailabilityEntry)],
    ) -> Result<(), StoreError> {
        self.lookup.deps.cache.cache_availabilities(entries).await
    }
}
