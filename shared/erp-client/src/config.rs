//! The ERP's address and credentials, and the time limits of calls.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use app::ports::Clock;

use crate::ErpClient;
use crate::breaker::{Breaker, BreakerLimits};

/// How long a call may take in all: `base_ms`, and `per_line_ms` for each line or item; and how
/// long its response may pause once it has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeLimit {
    /// Milliseconds for a call without lines.
    pub base_ms: i64,
    /// Additional milliseconds for each line.
    pub per_line_ms: i64,
    /// The longest pause between two pieces of a response, in milliseconds. An ERP that has begun
    /// to respond has computed its answer, so after a longer pause the rest will not come.
    pub read_ms: u64,
}

impl TimeLimit {
    /// The limit for a number of lines, in milliseconds.
    #[must_use]
    pub fn of(self, lines: usize) -> i64 {
        let lines = i64::try_from(lines).unwrap_or(i64::MAX);
        self.base_ms
            .saturating_add(self.per_line_ms.saturating_mul(lines))
    }
}

/// The limits of the operations. None extends beyond the deadline of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeLimits {
    /// Connecting, in milliseconds. A request that fails here was certainly not processed.
    pub connect_ms: u64,
    /// Capabilities, health, prices, availability.
    pub lookup: TimeLimit,
    /// Reserve, cancel, calculate.
    pub checkout: TimeLimit,
    /// Orders, quotes and members that are sent. Generous, because a call that ends here has an
    /// unknown outcome.
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

/// The configuration of the client.
#[derive(Clone)]
pub struct Config {
    /// The base URL; a path in it is put in front of every operation's path.
    pub base_url: String,
    /// The bearer credential. Never logged.
    pub token: String,
    /// The ERP's id of the store that this deployment serves.
    pub store: String,
    pub limits: TimeLimits,
    /// When lookups stop calling the ERP.
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
    /// The base URL is not an absolute URL of HTTP.
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
            // Servers close idle connections after a second or more. A request that crosses the
            // server's close has an unknown outcome, so this side closes well before.
            .pool_idle_timeout(Duration::from_millis(800))
            // A redirected POST may arrive twice or as a GET.
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let breaker = Breaker::new(config.breaker);
        Ok(Self {
            http,
            base,
            config,
            clock,
            breaker,
            capabilities: Mutex::new(None),
            metrics: None,
        })
    }
}
