#![doc = include_str!("../README.md")]

mod after_response;
mod ambient;
mod auth;
mod env;
mod function;
mod http;
mod init;
mod load_events;
mod load_function;
pub mod logging;
pub mod metrics;
mod queue;
mod runtime;

use sha2::{Digest, Sha256};

pub use after_response::AfterResponse;
pub use ambient::{RandomIds, SystemClock};
pub use auth::{Auth, Authenticated, Buyer, Member, Operator, OptionalCaller};
pub use env::{ConfigError, Env};
pub use function::{EventHandler, Function, run};
pub use http::{
    BODY_LIMIT, Call, EmptyBody, FingerprintedJson, IdempotencyHeader, IfMatch, Json, Params, Path,
    PreferWait, Problem, parse_id, recorded, serve, stored_response,
};
pub use load_function::{LoadAdapters, load_function};
pub use metrics::{EmfMetrics, Metric, MetricSink};
pub use queue::{QueueHandler, QueueRecord, RecordError, deadline, queue_function};
pub use runtime::Runtime;

/// Hexadecimal SHA-256.
#[must_use]
pub fn fingerprint(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
