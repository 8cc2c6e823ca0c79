//! The circuit breaker: an ERP that does not answer is left in peace for a while, and nobody waits
//! for it meanwhile.
//!
//! Business traffic is thin: a breaker that counts failures per minute would never open. So it
//! opens after a few failures in a row, or when half of the last ten calls failed. When its time is
//! over one call may try; the others are refused until that one came back.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use domain::time::Timestamp;

/// When the breaker opens, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerLimits {
    /// So many failures in a row open it.
    pub in_a_row: u32,
    /// Of so many last calls half must not fail.
    pub window: usize,
    /// For so long it stays open, in milliseconds.
    pub open_ms: i64,
}

impl Default for BreakerLimits {
    /// Five in a row, half of the last ten, for five seconds.
    fn default() -> Self {
        Self {
            in_a_row: 5,
            window: 10,
            open_ms: 5_000,
        }
    }
}

#[derive(Debug)]
enum State {
    /// Calls go through.
    Closed,
    /// No call goes through before this instant.
    Open(Timestamp),
    /// One call is under way to find out; should it never come back, another may try after this
    /// instant.
    Trying(Timestamp),
}

#[derive(Debug)]
struct Inner {
    state: State,
    /// How the last calls ended; true = it failed.
    last: VecDeque<bool>,
    in_a_row: u32,
}

/// Counts how calls end and decides whether the next one may begin.
#[derive(Debug)]
pub(crate) struct Breaker {
    limits: BreakerLimits,
    inner: Mutex<Inner>,
}

impl Breaker {
    pub(crate) fn new(limits: BreakerLimits) -> Self {
        let inner = Inner {
            state: State::Closed,
            last: VecDeque::with_capacity(limits.window),
            in_a_row: 0,
        };
        Self {
            limits,
            inner: Mutex::new(inner),
        }
    }

    /// Whether a call may begin at `now`. Whoever is allowed must tell how it ended.
    pub(crate) fn allows(&self, now: Timestamp) -> bool {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        match inner.state {
            State::Closed => true,
            State::Open(until) | State::Trying(until) if now < until => false,
            State::Open(_) | State::Trying(_) => {
                inner.state = State::Trying(now.plus_millis(self.limits.open_ms));
                true
            }
        }
    }

    /// Tells how a call ended. Answers whether this made the breaker open.
    pub(crate) fn ended(&self, failed: bool, now: Timestamp) -> bool {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if !failed {
            if !matches!(inner.state, State::Closed) {
                inner.last.clear();
            }
            inner.state = State::Closed;
        }
        if inner.last.len() >= self.limits.window {
            inner.last.pop_front();
        }
        inner.last.push_back(failed);
        inner.in_a_row = if failed {
            inner.in_a_row.saturating_add(1)
        } else {
            0
        };
        if !failed {
            return false;
        }
        let failures = inner.last.iter().filter(|failed| **failed).count();
        let half = inner.last.len() >= self.limits.window
            && failures.saturating_mul(2) >= self.limits.window;
        let trying = matches!(inner.state, State::Trying(_));
        if trying || inner.in_a_row >= self.limits.in_a_row || half {
            let was_closed = matches!(inner.state, State::Closed);
            inner.state = State::Open(now.plus_millis(self.limits.open_ms));
            return was_closed;
        }
        false
    }
}
