//! Loads of export files: what operators see, and what a report holds.

use domain::load as model;
use serde::{Deserialize, Serialize};

use crate::value::Instant;

/// What became of the rows; `rows` is always the sum of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// All rows so far.
    pub rows: u64,
    /// Rows that changed something.
    pub applied: u64,
    /// Rows that said what was known.
    pub unchanged: u64,
    /// Rows that were refused.
    pub rejected: u64,
}

/// Why a row was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectReason {
    /// The number of the row; the first after the header is 1.
    pub row: u64,
    /// The line that it begins on.
    pub line: u64,
    /// What the row is about.
    pub key: String,
    /// The column; empty when the row as a whole is meant.
    pub field: String,
    /// Stable.
    pub code: String,
    /// For people.
    pub message: String,
}

/// A code with words for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// Stable.
    pub code: String,
    /// For people.
    pub message: String,
}

/// A load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Load {
    /// Its identifier.
    pub load_id: String,
    /// What the rows are.
    pub kind: String,
    /// `snapshot` or `delta`.
    pub mode: String,
    /// The key of the file.
    pub key: String,
    /// The place of the file in the order of its kind.
    pub sequence: i64,
    /// `running`, `held`, `published`, `failed` or `superseded`.
    pub state: String,
    /// What became of the rows so far.
    pub counts: Counts,
    /// Bytes of the file.
    pub bytes: u64,
    /// Bytes that were read so far.
    pub bytes_read: u64,
    /// Rows per second so far.
    pub rows_per_second: u64,
    /// The first reasons for refused rows.
    pub first_reasons: Vec<RejectReason>,
    /// What may not be what was meant.
    pub warnings: Vec<Remark>,
    /// Records that a snapshot takes away because its file lacks them.
    pub removed: u64,
    /// Why a guardrail held it.
    pub held_for: Vec<Remark>,
    /// Whether an operator released it.
    pub released: bool,
    /// Share of the file that was read, in percent.
    pub progress: u8,
    /// Why the file cannot be used.
    pub failure: Option<Remark>,
    /// When it began.
    pub started_at: Instant,
    /// When this was written.
    pub updated_at: Instant,
    /// When it ended.
    pub finished_at: Option<Instant>,
}

impl From<&model::Load> for Load {
    fn from(load: &model::Load) -> Self {
        let counts = load.counts;
        Self {
            load_id: load.id.to_string(),
            kind: load.kind.to_string(),
            mode: load.mode.to_string(),
            key: load.key.clone(),
            sequence: load.sequence.number(),
            state: load.state.to_string(),
            counts: Counts {
                rows: counts.rows(),
                applied: counts.applied,
                unchanged: counts.unchanged,
                rejected: counts.rejected,
            },
            bytes: load.bytes,
            bytes_read: load.bytes_read,
            rows_per_second: load.rows_per_second(),
            first_reasons: load.first_reasons.iter().map(RejectReason::from).collect(),
            warnings: load.warnings.iter().map(Remark::from).collect(),
            removed: load.removed,
            held_for: load.held_for.iter().map(Remark::from).collect(),
            released: load.released,
            progress: load.progress(),
            failure: load.failure.as_ref().map(|f| Remark {
                code: f.code.to_string(),
                message: f.message.clone(),
            }),
            started_at: load.started_at.into(),
            updated_at: load.updated_at.into(),
            finished_at: load.finished_at.map(Instant::from),
        }
    }
}

impl From<&model::Warning> for Remark {
    fn from(warning: &model::Warning) -> Self {
        Self {
            code: warning.code.to_string(),
            message: warning.message.clone(),
        }
    }
}

impl From<&model::RejectReason> for RejectReason {
    fn from(reason: &model::RejectReason) -> Self {
        Self {
            row: reason.row,
            line: reason.line,
            key: reason.key.clone(),
            field: reason.field.to_string(),
            code: reason.code.to_string(),
            message: reason.message.to_string(),
        }
    }
}

/// A piece of the list of loads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Loads {
    /// The loads, the newest first.
    pub loads: Vec<Load>,
    /// Where the list goes on; null at its end.
    pub next_cursor: Option<String>,
}
