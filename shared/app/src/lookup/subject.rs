//! What the kinds of lookups differ in.

use std::collections::HashMap;
use std::hash::Hash;

use async_trait::async_trait;
use domain::freshness::{Absence, Age, Reason};
use domain::time::Timestamp;

use crate::ports::StoreError;
use crate::ports::erp::{Capabilities, ErpError, ItemAnswer};
use crate::ports::lookups::{LookupKey, Slot};

/// One request's questions of one kind, by the place of their key in [`Groups`].
#[async_trait]
pub(super) trait Subject: Sync {
    /// Under what an answer is kept.
    type Key: Clone + Eq + Hash + Send + Sync;
    /// What the ERP says.
    type Value: Send;
    /// What is kept of it.
    type Entry: Clone + Send + Sync;

    /// The key as it is leased.
    fn leased(key: &Self::Key) -> LookupKey;

    /// When the ERP said so.
    fn as_of(entry: &Self::Entry) -> Timestamp;

    /// The age at `now` for the questions of the key at `at`; the worst, if there are several.
    fn age(&self, at: usize, entry: &Self::Entry, now: Timestamp) -> Age;

    /// Until when it is fresh for the questions of the key at `at`; the earliest, if there are
    /// several. None = for ever.
    fn fresh_until(&self, at: usize, entry: &Self::Entry) -> Option<Timestamp>;

    /// What is to be kept of an answer.
    fn entry(&self, value: Result<Self::Value, Absence>) -> Self::Entry;

    /// The ERP's limits, for a request that has to call it.
    async fn limits(&self) -> Result<Capabilities, ErpError>;

    /// Asks the ERP for the keys at these places, in one call; one answer each.
    async fn ask(&self, places: &[usize]) -> Result<Vec<ItemAnswer<Self::Value>>, ErpError>;

    /// Reads what is kept.
    async fn read(&self, keys: &[Self::Key]) -> Result<Vec<Slot<Self::Entry>>, StoreError>;

    /// Keeps answers.
    async fn keep(&self, entries: &[(Self::Key, Self::Entry)]) -> Result<(), StoreError>;
}

/// What became of a key.
#[derive(Debug, Clone)]
pub(super) enum Found<E> {
    /// The ERP said so for this request, or for another one while this one was waiting.
    Asked(E),
    /// Kept from before, and fresh.
    Kept(E),
    /// Kept from before and no longer fresh; nothing newer can be had, for this reason.
    Stale(E, Reason),
    /// Nothing that may be shown, for this reason.
    Missing(Reason),
}

/// The different keys of a list of questions, and which question has which. Two lines of a cart
/// with the same item are one key: it is read, leased, asked and written once.
pub(super) struct Groups<K> {
    /// Each key once.
    pub(super) keys: Vec<K>,
    /// For each question the place of its key.
    pub(super) places: Vec<usize>,
}

impl<K: Eq + Hash> Groups<K> {
    pub(super) fn new(keys: impl Iterator<Item = K>) -> Self {
        let mut seen: HashMap<K, usize> = HashMap::with_capacity(keys.size_hint().0);
        let place = |key| {
            let next = seen.len();
            *seen.entry(key).or_insert(next)
        };
        let places = keys.map(place).collect();
        let mut keys: Vec<(K, usize)> = seen.into_iter().collect();
        keys.sort_unstable_by_key(|(_, place)| *place);
        Self {
            keys: keys.into_iter().map(|(key, _)| key).collect(),
            places,
        }
    }
}

/// The worse of two ages.
pub(super) fn worse(one: Age, other: Age) -> Age {
    match (one, other) {
        (Age::Expired, _) | (_, Age::Expired) => Age::Expired,
        (Age::Stale, _) | (_, Age::Stale) => Age::Stale,
        (Age::Fresh, Age::Fresh) => Age::Fresh,
    }
}
