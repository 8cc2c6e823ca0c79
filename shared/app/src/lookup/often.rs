//! What is asked for often, as far as one instance sees it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use domain::time::Timestamp;

use crate::ports::lookups::LookupKey;

/// So many requests for an entry near its end are often.
const OFTEN: u32 = 3;
/// Most entries that are counted; when there are more, counting starts over.
const CAPACITY: usize = 2_000;

/// Counts how often entries near their end are asked for.
#[derive(Default)]
pub(super) struct Often(Mutex<HashMap<LookupKey, (Timestamp, u32)>>);

impl Often {
    /// Counts a request for the entry that the ERP told at `as_of`. Answers whether it is time to
    /// renew it: every third time, so that a renewal which came to nothing is not tried again at
    /// once.
    pub(super) fn asked(&self, key: LookupKey, as_of: Timestamp) -> bool {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= CAPACITY && !counts.contains_key(&key) {
            counts.clear();
        }
        let (seen, count) = counts.entry(key).or_insert((as_of, 0));
        if *seen != as_of {
            (*seen, *count) = (as_of, 0);
        }
        *count = count.saturating_add(1);
        if *count < OFTEN {
            return false;
        }
        *count = 0;
        true
    }
}
