//! One connection, as far as faults reach into it: it can be cut, and it can go stale.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// A handle that travels with every request of the connection.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    cut: Arc<Notify>,
    idle: Arc<Mutex<Idle>>,
}

#[derive(Debug)]
struct Idle {
    since: Instant,
    limit: Option<Duration>,
}

impl Connection {
    /// A connection that was just accepted.
    pub fn new() -> Self {
        Self {
            cut: Arc::new(Notify::new()),
            idle: Arc::new(Mutex::new(Idle {
                since: Instant::now(),
                limit: None,
            })),
        }
    }

    /// Ends the connection and never comes back: the task that serves it drops it, and this future
    /// with it.
    pub async fn cut<T>(&self) -> T {
        self.cut.notify_one();
        std::future::pending().await
    }

    /// Waits until it is cut.
    pub async fn was_cut(&self) {
        self.cut.notified().await;
    }

    /// From now on it is stale once it was idle for so long.
    pub fn limit_idle(&self, limit: Duration) {
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .limit = Some(limit);
    }

    /// An answer goes out: the idle time starts.
    pub fn rest(&self) {
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .since = Instant::now();
    }

    /// Whether the connection was idle for too long.
    pub fn is_stale(&self) -> bool {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.limit
            .is_some_and(|limit| idle.since.elapsed() >= limit)
    }
}
