//! How documents advance.

use serde::{Deserialize, Serialize};

/// How documents advance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "mode",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Mode {
    /// By their age: orders go from `new` to `confirmed` to `shipped`; quotes are `offered` at once
    /// and expire.
    Automatic {
        /// After this time an order is confirmed.
        confirm_after_ms: i64,
        /// After this time, counted from the same start, it is shipped.
        ship_after_ms: i64,
    },
    /// Only by the control route, one step at a time: `POST /_sim/orders/{number}/advance`, the
    /// same for quotes.
    Explicit,
}

impl Mode {
    /// Quick enough to watch, slow enough to be seen in each state.
    pub const DEMO: Self = Self::Automatic {
        confirm_after_ms: 10_000,
        ship_after_ms: 120_000,
    };
}
