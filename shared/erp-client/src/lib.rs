#![doc = include_str!("../README.md")]

mod answer;
mod breaker;
mod call;
mod checkout;
mod config;
mod convert;
mod lookups;
mod operation;
mod submission;
mod tracking;
mod variables;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex};

use app::ports::erp::Capabilities;
use app::ports::{Clock, Metrics};
use breaker::Breaker;
use domain::time::Timestamp;

pub use breaker::BreakerLimits;
pub use config::{Config, ErpConfigError, TimeLimit, TimeLimits};

/// The client. Built once per process: it holds the connections, and the capabilities for some
/// minutes.
pub struct ErpClient {
    http: reqwest::Client,
    base: reqwest::Url,
    config: Config,
    clock: Arc<dyn Clock>,
    /// Guards lookups only, because they can fall back on the cache. A buyer who commits waits for
    /// a real answer, and an unknown outcome is looked up even if the ERP is failing.
    breaker: Breaker,
    capabilities: Mutex<Option<(Timestamp, Capabilities)>>,
    metrics: Option<Arc<dyn Metrics>>,
}

impl std::fmt::Debug for ErpClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ErpClient").finish_non_exhaustive()
    }
}
