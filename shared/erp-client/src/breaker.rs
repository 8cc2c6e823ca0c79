//! The circuit breaker: while the ERP does not answer, lookups fail at once instead of waiting.
//!
//! Traffic between businesses is thin: a breaker that counts failures per minute would never open.
//! So it opens after a few consecutive failures, or if half of the last ten calls failed. After its
//! open time it is half open: one call probes the ERP, the others are refused until it ends.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use domain::time::Timestamp;

/// When the breaker opens, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerLimits {
    /// The number of consecutive failures that opens it.
    pub consecutive: u32,
    /// It opens if half of this number of last calls failed.
    pub window: usize,
    /// How long it stays open, in milliseconds.
    pub open_ms: i64,
}

impl Default for BreakerLimits {
    /// Opens for five seconds after five consecutive failures, or five of the last ten.
    fn default() -> Self {
        Self {
            consecutive: 5,
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
    /// One call probes the ERP. If it never ends, another may probe after this instant.
    HalfOpen(Timestamp),
}

#[derive(Debug)]
struct Inner {
    state: State,
    /// How the last calls ended; true = it failed.
    last: VecDeque<bool>,
    consecutive: u32,
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
            consecutive: 0,
        };
        Self {
            limits,
            inner: Mutex::new(inner),
        }
    }

    /// Whether a call may begin at `now`. The caller must report its end to [`Breaker::ended`].
    pub(crate) fn allows(&self, now: Timestamp) -> bool {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        match inner.state {
            State::Closed => true,
            State::Open(until) | State::HalfOpen(until) if now < until => false,
            State::Open(_) | State::HalfOpen(_) => {
                inner.state = State::HalfOpen(now.plus_millis(self.limits.open_ms));
                true
            }
        }
    }

    /// Records how a call ended. Returns whether this opened the breaker.
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
        inner.consecutive = if failed {
            inner.consecutive.saturating_add(1)
        } else {
            0
        };
        if !failed {
            return false;
        }
        let failures = inner.last.iter().filter(|failed| **failed).count();
        let half = inner.last.len() >= self.limits.window
            && failures.saturating_mul(2) >= self.limits.window;
        let half_open = matches!(inner.state, State::HalfOpen(_));
        if half_open || inner.consecutive >= self.limits.consecutive || half {
            let was_closed = matches!(inner.state, State::Closed);
            inner.state = State::Open(now.plus_millis(self.limits.open_ms));
            return was_closed;
        }
        false
    }
}
