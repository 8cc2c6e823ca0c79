//! The record of the calls that arrived: how many of each operation, and the last ones. Never a
//! body.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;
use wire::value::Instant;

use crate::faults::FaultKind;

/// How many of the last calls are kept.
const KEPT: usize = 500;

/// One call.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Call {
    /// When it arrived.
    pub at: Instant,
    /// The operation's name.
    pub operation: &'static str,
    /// The HTTP method.
    pub method: String,
    /// The path without the query.
    pub path: String,
    /// `x-correlation-id`, if it came with one.
    pub correlation_id: Option<String>,
    /// `Idempotency-Key`, if it came with one.
    pub idempotency_key: Option<String>,
    /// The fault that hit it.
    pub fault: Option<FaultKind>,
}

/// The record.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Calls {
    /// Calls that arrived, per operation.
    pub counts: BTreeMap<&'static str, u64>,
    /// Calls whose connection was closed before they were read, per operation. They are in no other
    /// number here.
    pub refused: BTreeMap<&'static str, u64>,
    /// The last calls, oldest first.
    pub calls: VecDeque<Call>,
}

impl Calls {
    /// Adds one that arrived.
    pub(crate) fn add(&mut self, call: Call) {
        let count = self.counts.entry(call.operation).or_default();
        *count = count.saturating_add(1);
        if self.calls.len() >= KEPT {
            self.calls.pop_front();
        }
        self.calls.push_back(call);
    }

    /// Counts one that was refused.
    pub(crate) fn refuse(&mut self, operation: &'static str) {
        let count = self.refused.entry(operation).or_default();
        *count = count.saturating_add(1);
    }
}
