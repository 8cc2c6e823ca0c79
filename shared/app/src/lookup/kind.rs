//! What prices and availabilities differ in, and the results that they share.

use std::collections::HashMap;
use std::hash::Hash;

use async_trait::async_trait;
use domain::freshness::{Absence, Age, Reason};
use domain::time::Timestamp;

use crate::ports::StoreError;
use crate::ports::erp::{CallContext, Capabilities, ErpError, ItemAnswer};
use crate::ports::lookups::{LookupKey, Slot};

/// One request's questions of one kind. An `index` is the position of a key in [`Self::keys`].
#[async_trait]
pub(super) trait LookupKind: Send + Sync + 'static {
    /// The key of an entry.
    type Key: Clone + Eq + Hash + Send + Sync;
    /// The ERP's answer.
    type Value: Send;
    /// What the cache stores of it.
    type Entry: Clone + Send + Sync;

    /// The keys of the questions, each once.
    fn keys(&self) -> &[Self::Key];

    /// The key as the store leases it.
    fn lookup_key(key: &Self::Key) -> LookupKey;

    /// When the ERP answered.
    fn as_of(entry: &Self::Entry) -> Timestamp;

    /// The age at `now` for the questions of a key; the worst, if there are several.
    fn age(&self, index: usize, entry: &Self::Entry, now: Timestamp) -> Age;

    /// Until when the entry is fresh for the questions of a key; the earliest, if there are
    /// several. `None` = forever.
    fn fresh_until(&self, index: usize, entry: &Self::Entry) -> Option<Timestamp>;

    /// The entry to cache for an answer.
    fn entry(&self, answer: Result<Self::Value, Absence>) -> Self::Entry;

    /// The ERP's limits, for a request that has to call it.
    async fn limits(&self, context: &CallContext) -> Result<Capabilities, ErpError>;

    /// Asks the ERP for these keys in one call; one answer each, in their order.
    async fn ask(
        &self,
        context: &CallContext,
        indexes: &[usize],
    ) -> Result<Vec<ItemAnswer<Self::Value>>, ErpError>;

    async fn read_cache(&self, keys: &[Self::Key]) -> Result<Vec<Slot<Self::Entry>>, StoreError>;

    async fn write_cache(&self, entries: &[(Self::Key, Self::Entry)]) -> Result<(), StoreError>;
}

/// The result for one key.
#[derive(Debug, Clone)]
pub(super) enum LookupResult<E> {
    /// The ERP answered this request, or another one while this one was waiting.
    FromErp(E),
    /// A fresh entry of the cache.
    Cached(E),
    /// An entry that is no longer fresh; the reason says why it is not newer.
    Stale(E, Reason),
    /// Nothing that may be served.
    Missing(Reason),
}

impl<E> LookupResult<E> {
    /// What can be served of an entry of this age; `reason` says why there is nothing newer.
    pub(super) fn from_cache(entry: Option<E>, age: Age, reason: Reason) -> Self {
        match (entry, age) {
            (Some(entry), Age::Fresh) => Self::Cached(entry),
            (Some(entry), Age::Stale) => Self::Stale(entry, reason),
            (Some(_), Age::Expired) | (None, _) => Self::Missing(reason),
        }
    }
}

/// The distinct keys of a list of questions. Two lines of a cart with the same item share one key,
/// which is read, leased, asked and written once.
pub(super) struct DistinctKeys<K> {
    pub(super) keys: Vec<K>,
    /// For each question the index of its key.
    pub(super) indexes: Vec<usize>,
}

impl<K: Eq + Hash> DistinctKeys<K> {
    pub(super) fn new(keys: impl Iterator<Item = K>) -> Self {
        let mut seen: HashMap<K, usize> = HashMap::with_capacity(keys.size_hint().0);
        let index_of = |key| {
            let next = seen.len();
            *seen.entry(key).or_insert(next)
        };
        let indexes = keys.map(index_of).collect();
        let mut keys: Vec<(K, usize)> = seen.into_iter().collect();
        keys.sort_unstable_by_key(|(_, index)| *index);
        Self {
            keys: keys.into_iter().map(|(key, _)| key).collect(),
            indexes,
        }
    }
}

pub(super) fn worse(one: Age, other: Age) -> Age {
    match (one, other) {
        (Age::Expired, _) | (_, Age::Expired) => Age::Expired,
        (Age::Stale, _) | (_, Age::Stale) => Age::Stale,
        (Age::Fresh, Age::Fresh) => Age::Fresh,
    }
}

/// What a failed call means to a value that it was to bring.
pub(super) fn reason(error: &ErpError) -> Reason {
    match error {
        ErpError::Timeout | ErpError::NoTime => Reason::ErpTimeout,
        ErpError::Unavailable(_) | ErpError::Refused { .. } | ErpError::Invalid(_) => {
            Reason::ErpUnavailable
        }
    }
}
