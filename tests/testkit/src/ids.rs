//! Ids that count.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use app::ports::Ids;

/// Mints `<prefix>-000000000001` and so on: unique, sorting in the order of their minting, the same
/// in every run. Its random numbers are as predictable. Clones count together.
#[derive(Debug, Clone)]
pub struct CountingIds {
    prefix: Arc<str>,
    next: Arc<AtomicU64>,
}

impl CountingIds {
    /// Ids that begin with `prefix`.
    #[must_use]
    pub fn new(prefix: &str) -> Self {
        Self {
            prefix: prefix.into(),
            next: Arc::default(),
        }
    }

    fn count(&self) -> u64 {
        self.next.fetch_add(1, Ordering::SeqCst).saturating_add(1)
    }
}

impl Default for CountingIds {
    fn default() -> Self {
        Self::new("id")
    }
}

impl Ids for CountingIds {
    fn mint(&self) -> String {
        format!("{}-{:012}", self.prefix, self.count())
    }

    fn below(&self, bound: u64) -> u64 {
        // A multiplicative step spreads the counter over the whole range (Knuth).
        self.count()
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .checked_rem(bound)
            .unwrap_or(0)
    }
}
