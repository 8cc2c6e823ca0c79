//! Hot keys: entries that this instance is asked for often while they are near their end.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use domain::time::Timestamp;

use crate::ports::lookups::LookupKey;

/// Requests for an entry near its end that make its key hot.
const HOT_REQUESTS: u32 = 3;
/// Most entries that are counted. When there are more, counting starts over.
const CAPACITY: usize = 2_000;

#[derive(Default)]
pub(super) struct HotKeys(Mutex<HashMap<LookupKey, (Timestamp, u32)>>);

impl HotKeys {
    /// Counts a request for the entry that the ERP answered at `as_of`. Returns whether to refresh
    /// it now: on every third request, so that a refresh that failed is not repeated at once.
    pub(super) fn is_hot(&self, key: LookupKey, as_of: Timestamp) -> bool {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= CAPACITY && !counts.contains_key(&key) {
            counts.clear();
        }
        let (counted_entry, count) = counts.entry(key).or_insert((as_of, 0));
        if *counted_entry != as_of {
            (*counted_entry, *count) = (as_of, 0);
        }
        *count = count.saturating_add(1);
        if *count < HOT_REQUESTS {
            return false;
        }
        *count = 0;
        true
    }
}
