//! A small memory of one function instance, for what every request would read again.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use domain::time::Timestamp;

use crate::ports::Clock;

/// Keeps values for a while. Bounded: when it is full, it forgets everything and starts over.
pub(crate) struct TtlCache<K, V> {
    clock: Arc<dyn Clock>,
    keep_ms: i64,
    capacity: usize,
    values: Mutex<HashMap<K, (Timestamp, V)>>,
}

impl<K: Hash + Eq, V: Clone> TtlCache<K, V> {
    /// Keeps at most `capacity` values for `keep_ms` milliseconds each.
    pub(crate) fn new(clock: Arc<dyn Clock>, keep_ms: i64, capacity: usize) -> Self {
        Self {
            clock,
            keep_ms,
            capacity,
            values: Mutex::new(HashMap::new()),
        }
    }

    /// The value of `key`, unless it is too old.
    pub(crate) fn get(&self, key: &K) -> Option<V> {
        let now = self.clock.now();
        self.fresh(
            &self.values.lock().unwrap_or_else(PoisonError::into_inner),
            key,
            now,
        )
    }

    /// The value of each key, in their order, unless it is too old.
    pub(crate) fn get_all(&self, keys: &[K]) -> Vec<Option<V>> {
        let now = self.clock.now();
        let values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        keys.iter()
            .map(|key| self.fresh(&values, key, now))
            .collect()
    }

    fn fresh(&self, values: &HashMap<K, (Timestamp, V)>, key: &K, now: Timestamp) -> Option<V> {
        values
            .get(key)
            .filter(|(at, _)| now.millis_since(*at) < self.keep_ms)
            .map(|(_, value)| value.clone())
    }

    /// Keeps a value.
    pub(crate) fn put(&self, key: K, value: V) {
        let now = self.clock.now();
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        if values.len() >= self.capacity {
            values.clear();
        }
        values.insert(key, (now, value));
    }
}
