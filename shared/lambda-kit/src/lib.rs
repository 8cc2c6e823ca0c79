//! Bootstrap of a function: configuration, logging, caller, problem responses, batches.

mod after;
mod ambient;
mod arrivals;
mod auth;
mod env;
mod function;
mod http;
mod init;
pub mod logging;
pub mod metrics;
mod queue;
mod start;

use sha2::{Digest, Sha256};

pub use after::After;
pub use ambient::{RandomIds, SystemClock};
pub use arrivals::{Arrivals, load_function};
pub use auth::{Auth, Authenticated, Buyer, Member, OptionalCaller};
pub use env::{ConfigError, Env};
pub use function::{EventHandler, Function, run};
pub use http::{
    BODY_LIMIT, Call, FingerprintedJson, IdempotencyHeader, IfMatch, Json, NoBody, Params, Path,
    PreferWait, Problem, parse_id, recorded, serve,
};
pub use metrics::{Metric, MetricSink, Metrics};
pub use queue::{QueueHandler, QueueRecord, RecordError, deadline, queue_function};
pub use start::Start;

/// Hexadecimal SHA-256.
#[must_use]
pub fn fingerprint(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
