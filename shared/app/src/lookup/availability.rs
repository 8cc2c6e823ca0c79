//! Availabilities.

use std::sync::Arc;

use async_trait::async_trait;
use domain::availability::{Availability, AvailabilityStatus, ThresholdRules};
use domain::freshness::{
    Absence, Age, Freshness, Reason, Source, age, jittered, spread, spread_out,
};
use domain::ids::{LocationId, Sku, Unit};
use domain::quantity::Quantity;
use domain::time::Timestamp;
use futures::FutureExt;

use super::flow::Flow;
use super::subject::{Found, Groups, Subject, worse};
use super::{ABSENT_SECONDS, LookupDeps, Mode};
use crate::error::UseCaseError;
use crate::ports::StoreError;
use crate::ports::erp::{
    AvailabilityQuestion, CallContext, Capabilities, ErpAvailability, ErpError, ItemAnswer,
};
use crate::ports::lookups::{AvailabilityEntry, AvailabilityKey, LookupKey, Slot};

/// The figures of the availability cache.
#[derive(Debug, Clone)]
pub struct AvailabilitySettings {
    /// How long an answer is fresh, by item and location.
    pub rules: ThresholdRules,
    /// Seconds after which an answer is not shown at all.
    pub hard_seconds: i64,
}

impl Default for AvailabilitySettings {
    /// The default rule for everything, and a day.
    fn default() -> Self {
        Self {
            rules: ThresholdRules::default(),
            hard_seconds: 86_400,
        }
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
    /// The unit that the quantity counts: what the ERP counts in another is no answer. None =
    /// whatever it counts in.
    pub unit: Option<Unit>,
}

/// Looks up availabilities.
#[derive(Clone)]
pub struct AvailabilityLookup {
    /// The ERP.
    pub erp: Arc<dyn ErpAvailability>,
    /// Cache, capabilities, time.
    pub parts: LookupDeps,
    /// The figures.
    pub settings: AvailabilitySettings,
}

/// An availability and how old it is.
pub type AgedAvailability = (Availability, Freshness);

impl AvailabilityLookup {
    /// One availability per item, in their order. An ERP that fails leaves stale ones, or unknown,
    /// never a failure of the whole.
    ///
    /// # Errors
    /// [`UseCaseError::Store`] when the cache cannot be read.
    pub async fn availabilities(
        &self,
        context: &CallContext,
        mode: Mode,
        items: &[AvailabilityItem],
    ) -> Result<Vec<AgedAvailability>, UseCaseError> {
        let groups = Groups::new(items.iter().map(|item| self.key(item)));
        let mut quantities: Vec<Vec<Option<Quantity>>> = vec![Vec::new(); groups.keys.len()];
        for (item, place) in items.iter().zip(&groups.places) {
            if let Some(wanted) = quantities.get_mut(*place) {
                wanted.push(item.quantity);
            }
        }
        let subject = Availabilities {
            lookup: self,
            context,
            keys: &groups.keys,
            quantities,
        };
        let (found, due) = Flow::new(&self.parts, context, &subject)
            .run(mode, &groups.keys)
            .await?;
        if let Some(background) = self.parts.background.as_ref().filter(|_| !due.is_empty()) {
            background.spawn(self.clone().renew(self.parts.renewal(context), due).boxed());
        }
        let missing = Found::Missing(Reason::ErpIncomplete);
        let shown = |(item, place): (&AvailabilityItem, &usize)| {
            self.shown(found.get(*place).unwrap_or(&missing), item)
        };
        let answers: Vec<AgedAvailability> = items.iter().zip(&groups.places).map(shown).collect();
        self.parts
            .shown(answers.iter().map(|(_, freshness)| freshness));
        Ok(answers)
    }

    async fn renew(
        self,
        context: CallContext,
        due: Vec<(usize, AvailabilityKey, Slot<AvailabilityEntry>)>,
    ) {
        let keys: Vec<AvailabilityKey> = due.iter().map(|(_, key, _)| key.clone()).collect();
        let subject = Availabilities {
            lookup: &self,
            context: &context,
            keys: &keys,
            quantities: Vec::new(),
        };
        Flow::new(&self.parts, &context, &subject).renew(due).await;
    }

    fn key(&self, item: &AvailabilityItem) -> AvailabilityKey {
        AvailabilityKey {
            store: self.parts.store.clone(),
            sku: item.sku.clone(),
            location: item.location.clone(),
        }
    }

    /// An item that the ERP does not know is asked for again after the time of plentiful stock, one
    /// that it does not sell any more sooner.
    fn fresh_until(
        &self,
        entry: &AvailabilityEntry,
        sku: &Sku,
        location: Option<&LocationId>,
        quantity: Option<Quantity>,
    ) -> Option<Timestamp> {
        let rule = self.settings.rules.rule(sku, location);
        let seconds = match &entry.availability {
            Ok(availability) => rule.expiry(availability, quantity),
            Err(Absence::UnknownSku) => rule.expiry_above,
            Err(Absence::ItemInactive | Absence::NoPrice) => Some(
                rule.expiry_above
                    .map_or(ABSENT_SECONDS, |above| above.min(ABSENT_SECONDS)),
            ),
        };
        seconds.map(|seconds| entry.as_of.plus_millis(spread_out(seconds, entry.spread)))
    }

    fn shown(&self, found: &Found<AvailabilityEntry>, item: &AvailabilityItem) -> AgedAvailability {
        match found {
            Found::Asked(entry) => self.served(entry, item, Source::Erp, None),
            Found::Kept(entry) => self.served(entry, item, Source::Cache, None),
            Found::Stale(entry, reason) => self.served(entry, item, Source::Cache, Some(*reason)),
            Found::Missing(reason) => unknown(*reason),
        }
    }

    fn served(
        &self,
        entry: &AvailabilityEntry,
        item: &AvailabilityItem,
        source: Source,
        stale: Option<Reason>,
    ) -> AgedAvailability {
        let availability = match &entry.availability {
            Ok(availability) => availability.clone(),
            Err(absence) => return unknown(Reason::from(*absence)),
        };
        // So many boxes are no number of pieces.
        if let (Some(wanted), Some(counted)) = (&item.unit, &availability.unit)
            && wanted != counted
        {
            return unknown(Reason::UnitNotConvertible);
        }
        let freshness = Freshness {
            source,
            as_of: Some(entry.as_of),
            fresh_until: self.fresh_until(entry, &item.sku, item.location.as_ref(), item.quantity),
            stale: stale.is_some(),
            reason: stale,
        };
        (availability, freshness)
    }
}

/// The availabilities that one request asks for.
struct Availabilities<'a> {
    lookup: &'a AvailabilityLookup,
    context: &'a CallContext,
    keys: &'a [AvailabilityKey],
    /// For each key the quantities that are wanted of it.
    quantities: Vec<Vec<Option<Quantity>>>,
}

#[async_trait]
impl Subject for Availabilities<'_> {
    type Key = AvailabilityKey;
    type Value = Availability;
    type Entry = AvailabilityEntry;

    fn leased(key: &AvailabilityKey) -> LookupKey {
        LookupKey::Availability(key.clone())
    }

    fn as_of(entry: &AvailabilityEntry) -> Timestamp {
        entry.as_of
    }

    fn age(&self, at: usize, entry: &AvailabilityEntry, now: Timestamp) -> Age {
        let Some(key) = self.keys.get(at) else {
            return Age::Expired;
        };
        let age = |quantity: &Option<Quantity>| {
            age(
                self.lookup
                    .fresh_until(entry, &key.sku, key.location.as_ref(), *quantity),
                entry.expires_at,
                now,
            )
        };
        self.quantities
            .get(at)
            .into_iter()
            .flatten()
            .map(age)
            .reduce(worse)
            .unwrap_or(Age::Expired)
    }

    fn fresh_until(&self, at: usize, entry: &AvailabilityEntry) -> Option<Timestamp> {
        let key = self.keys.get(at)?;
        let until = |quantity: &Option<Quantity>| {
            self.lookup
                .fresh_until(entry, &key.sku, key.location.as_ref(), *quantity)
        };
        self.quantities
            .get(at)
            .into_iter()
            .flatten()
            .filter_map(until)
            .min()
    }

    fn entry(&self, availability: Result<Availability, Absence>) -> AvailabilityEntry {
        let parts = &self.lookup.parts;
        let as_of = parts.clock.now();
        let hard = jittered(self.lookup.settings.hard_seconds, parts.ids.below(u64::MAX));
        AvailabilityEntry {
            availability,
            as_of,
            spread: spread(parts.ids.below(u64::MAX)),
            expires_at: as_of.plus_seconds(hard),
        }
    }

    async fn limits(&self) -> Result<Capabilities, ErpError> {
        self.lookup.parts.declared.get(self.context).await
    }

    async fn ask(&self, places: &[usize]) -> Result<Vec<ItemAnswer<Availability>>, ErpError> {
        let asked: Vec<AvailabilityQuestion> = places
            .iter()
            .filter_map(|at| self.keys.get(*at))
            .map(|key| AvailabilityQuestion {
                sku: key.sku.clone(),
                location: key.location.clone(),
            })
            .collect();
        self.lookup.erp.availability(self.context, &asked).await
    }

    async fn read(
        &self,
        keys: &[AvailabilityKey],
    ) -> Result<Vec<Slot<AvailabilityEntry>>, StoreError> {
        self.lookup.parts.cache.availabilities(keys).await
    }

    async fn keep(
        &self,
        entries: &[(AvailabilityKey, AvailabilityEntry)],
    ) -> Result<(), StoreError> {
        self.lookup.parts.cache.cache_availabilities(entries).await
    }
}

fn unknown(reason: Reason) -> AgedAvailability {
    let availability = Availability {
        status: AvailabilityStatus::Unknown,
        quantity: None,
        unit: None,
        available_from: None,
    };
    (availability, Freshness::missing(reason))
}
