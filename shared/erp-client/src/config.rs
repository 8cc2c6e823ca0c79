//! How the ERP is reached and how long it may take.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use app::ports::Clock;

use crate::ErpClient;
use crate::breaker::{Breaker, BreakerLimits};

/// How long a call may take in all: `base_ms` and `per_line_ms` for each line or item; and how long
/// its answer may pause once it has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeLimit {
    /// Milliseconds for a call without lines.
    pub base_ms: i64,
    /// Milliseconds on top for each line.
    pub per_line_ms: i64,
    /// Milliseconds between two pieces of an answer. An ERP that has begun to answer knows what it
    /// says, so a longer silence means that the rest will not come.
    pub read_ms: u64,
}

impl TimeLimit {
    /// The limit for so many lines, in milliseconds.
    #[must_use]
    pub fn of(self, lines: usize) -> i64 {
        let lines = i64::try_from(lines).unwrap_or(i64::MAX);
        self.base_ms
            .saturating_add(self.per_line_ms.saturating_mul(lines))
    }
}

/// The limits of the operations. None reaches beyond the deadline of the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeLimits {
    /// Connecting, in milliseconds. What fails here was certainly not processed.
    pub connect_ms: u64,
    /// Capabilities, health, prices, availability.
    pub lookup: TimeLimit,
    /// Reserve, cancel, calculate.
    pub checkout: TimeLimit,
    /// Orders, quotes and members going out. Generous, for what ends here is unknown.
    pub submission: TimeLimit,
    /// Find, list, detail.
    pub tracking: TimeLimit,
}

impl Default for TimeLimits {
    /// A real ERP took 5 to 11 seconds for an order of 100 lines; a submission of that size gets
    /// 25.
    fn default() -> Self {
        Self {
            connect_ms: 1_000,
            lookup: TimeLimit {
                base_ms: 3_000,
                per_line_ms: 20,
                read_ms: 1_000,
            },
            checkout: TimeLimit {
                base_ms: 4_000,
                per_line_ms: 60,
                read_ms: 2_000,
            },
            submission: TimeLimit {
                base_ms: 10_000,
                per_line_ms: 150,
                read_ms: 5_000,
            },
            tracking: TimeLimit {
                base_ms: 5_000,
                per_line_ms: 0,
                read_ms: 2_000,
            },
        }
    }
}

/// How the ERP is reached.
#[derive(Clone)]
pub struct Config {
    /// The base URL; a path in it stays in front of every route.
    pub base_url: String,
    /// The bearer credential. Never logged.
    pub token: String,
    /// The store that this deployment serves, as the ERP calls it.
    pub store: String,
    /// How long calls may take.
    pub limits: TimeLimits,
    /// When lookups leave the ERP in peace.
    pub breaker: BreakerLimits,
}

impl fmt::Debug for Config {
    /// Leaves the credential out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("store", &self.store)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// Why no client can be built.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The base URL is none, or none of HTTP.
    #[error("the ERP's base URL is not an absolute http or https URL")]
    BaseUrl,
    /// The HTTP client cannot be set up.
    #[error("the HTTP client cannot be set up: {0}")]
    Http(#[from] reqwest::Error),
}

impl ErpClient {
    /// Builds the client; opens no connection.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn new(config: Config, clock: Arc<dyn Clock>) -> Result<Self, ConfigError> {
        let base = reqwest::Url::parse(&config.base_url).map_err(|_| ConfigError::BaseUrl)?;
        if !matches!(base.scheme(), "http" | "https") || base.cannot_be_a_base() {
            return Err(ConfigError::BaseUrl);
        }
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_millis(config.limits.connect_ms))
            // Servers close idle connections after a second or more. Whoever closes first decides:
            // a request that crosses with the server's close has an unknown outcome, so this side
            // closes well before.
            .pool_idle_timeout(Duration::from_millis(800))
            // A redirected POST may arrive twice or as a GET.
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let lookups = Breaker::new(config.breaker);
        Ok(Self {
            http,
            base,
            config,
            clock,
            lookups,
            known: Mutex::new(None),
            metrics: None,
        })
    }
}
