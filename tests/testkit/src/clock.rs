//! Clocks that obey the test.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use app::ports::Clock;
use domain::time::Timestamp;

/// Stands still until it is told to move. Clones show the same time.
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// A clock that stands at `now`.
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

/// Runs like another clock, ahead of it by what the test says: for whole systems, which wait as well as read the time.
/// Clones show the same time.
#[derive(Clone)]
pub struct ShiftedClock {
    under: Arc<dyn Clock>,
    ahead: Arc<AtomicI64>,
}

impl ShiftedClock {
    /// A clock that shows the time of `under`.
    #[must_use]
    pub fn over(under: Arc<dyn Clock>) -> Self {
        Self { under, ahead: Arc::default() }
    }

    /// Puts the clock forward.
    pub fn advance_seconds(&self, seconds: i64) {
        self.ahead.fetch_add(seconds.saturating_mul(1000), Ordering::SeqCst);
    }
}

impl Clock for ShiftedClock {
    fn now(&self) -> Timestamp {
        self.under.now().plus_millis(self.ahead.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_of_a_clock_show_the_same_time() {
        let clock = ManualClock::at(Timestamp::from_seconds(10));
        let other = clock.clone();
        clock.advance_seconds(5);
        clock.advance_millis(1);
        assert_eq!(other.now(), Timestamp::from_millis(15_001));
        other.set(Timestamp::from_seconds(1));
        assert_eq!(clock.now(), Timestamp::from_seconds(1));
    }

    #[test]
    fn a_shifted_clock_goes_on_with_the_one_under_it() {
        let under = ManualClock::at(Timestamp::from_seconds(10));
        let clock = ShiftedClock::over(Arc::new(under.clone()));
        clock.advance_seconds(100);
        under.advance_seconds(1);
        assert_eq!(clock.clone().now(), Timestamp::from_seconds(111));
    }
}
