//! Structured logs on standard output.

use tracing_subscriber::EnvFilter;

use crate::env::Env;

/// Starts logging: `LOG_LEVEL` is a filter such as `info` or `app=debug,warn`; `LOG_FORMAT=json`
/// writes one JSON object a line. A second call changes nothing.
pub fn init(env: &Env) {
    let filter = EnvFilter::try_new(env.optional("LOG_LEVEL").unwrap_or("info"))
        .unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false);
    // An error means that a subscriber is already installed, as in a test process.
    let _ = if env.optional("LOG_FORMAT") == Some("json") {
        builder
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .try_init()
    } else {
        builder.compact().with_writer(std::io::stderr).try_init()
    };
}
