//! Clocks that obey the test.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use app::ports::Clock;
use domain::time::Timestamp;

/// Stops until a test moves it. Clones show the same time.
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// A clock that shows `now`.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(now.as_millis())))
    }

    /// Puts the clock forward.
    pub fn advance_millis(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }

    /// Puts the clock forward.
    pub fn advance_seconds(&self, seconds: i64) {
        self.advance_millis(seconds.saturating_mul(1000));
    }

    /// Puts the clock to `now`, which may be earlier.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.as_millis(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// Runs like another clock, ahead of it by what the test says: for whole systems, which wait as
/// well as read the time. Clones show the same time.
#[derive(Clone)]
pub struct ShiftedClock {
    under: Arc<dyn Clock>,
    ahead: Arc<AtomicI64>,
}

impl ShiftedClock {
    /// A clock that shows the time of `under`.
    #[must_use]
    pub fn over(under: Arc<dyn Clock>) -> Self {
        Self {
            under,
            ahead: Arc::default(),
        }
    }

    /// Puts the clock forward.
    pub fn advance_seconds(&self, seconds: i64) {
        self.ahead
            .fetch_add(seconds.saturating_mul(1000), Ordering::SeqCst);
    }
}

impl Clock for ShiftedClock {
    fn now(&self) -> Timestamp {
        self.under
            .now()
            .plus_millis(self.ahead.load(Ordering::SeqCst))
    }
}
