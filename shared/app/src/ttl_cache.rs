//! A cache within one function instance, for values that every request would read again.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use domain::time::Timestamp;

use crate::ports::Clock;

/// Holds values for a time to live. Bounded: when it is full, it is emptied.
pub(crate) struct TtlCache<K, V> {
    clock: Arc<dyn Clock>,
    ttl_ms: i64,
    capacity: usize,
    values: Mutex<HashMap<K, (Timestamp, V)>>,
}

impl<K: Hash + Eq, V: Clone> TtlCache<K, V> {
    /// Holds at most `capacity` values for `ttl_ms` milliseconds each.
    pub(crate) fn new(clock: Arc<dyn Clock>, ttl_ms: i64, capacity: usize) -> Self {
        Self {
            clock,
            ttl_ms,
            capacity,
            values: Mutex::new(HashMap::new()),
        }
    }

    /// The value of `key`, unless it has expired.
    pub(crate) fn get(&self, key: &K) -> Option<V> {
        let now = self.clock.now();
        self.fresh(
            &self.values.lock().unwrap_or_else(PoisonError::into_inner),
            key,
            now,
        )
    }

    /// The value of each key that has not expired, in their order.
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
            .filter(|(at, _)| now.millis_since(*at) < self.ttl_ms)
            .map(|(_, value)| value.clone())
    }

    pub(crate) fn put(&self, key: K, value: V) {
        let now = self.clock.now();
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        if values.len() >= self.capacity {
            values.clear();
        }
        values.insert(key, (now, value));
    }
}
