//! How a load stands.

use std::borrow::Cow;
use std::fmt;

use super::key::{LoadKind, LoadMode, Sequence, named};
use super::work::Work;
use crate::ids::LoadId;
use crate::time::Timestamp;

named! {
    /// How far a load is.
    LoadState {
        /// Rows are being applied.
        Running = "running",
        /// A guardrail stopped it; a person decides.
        Held = "held",
        /// All its valid rows are in effect.
        Published = "published",
        /// The file cannot be used.
        Failed = "failed",
        /// Nothing of this file is in effect: a newer snapshot was there first, or a person took it
        /// back.
        Superseded = "superseded",
    }
}

impl LoadState {
    /// Whether nothing more will happen by itself.
    #[must_use]
    pub fn is_final(self) -> bool {
        match self {
            Self::Published | Self::Failed | Self::Superseded => true,
            Self::Running | Self::Held => false,
        }
    }
}

/// What became of the rows. Each row is counted once, so `rows` is always the sum of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Rows that changed something.
    pub applied: u64,
    /// Rows that said what was known already, or less than that.
    pub unchanged: u64,
    /// Rows that were refused.
    pub rejected: u64,
}

impl Counts {
    /// All rows.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.applied + self.unchanged + self.rejected
    }

    /// Adds what became of other rows.
    pub fn add(&mut self, other: Self) {
        self.applied += other.applied;
        self.unchanged += other.unchanged;
        self.rejected += other.rejected;
    }
}

/// Why a row was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The number of the row; the first after the header is 1.
    pub row: u64,
    /// The line that it begins on; the first of the file is 1.
    pub line: u64,
    /// What the row is about, as far as it could be read.
    pub key: String,
    /// The column; empty when the row as a whole is meant.
    pub field: Cow<'static, str>,
    /// A stable code.
    pub code: Cow<'static, str>,
    /// For people.
    pub message: Cow<'static, str>,
}

/// Something in the file that stopped nothing, but may not be what was meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// A stable code.
    pub code: Cow<'static, str>,
    /// For people.
    pub message: String,
}

/// Why a file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadFailure {
    /// A stable code.
    pub code: Cow<'static, str>,
    /// For people.
    pub message: String,
}

/// One load of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Load {
    /// Its identifier: the same for every delivery of the same event, and later for later files.
    pub id: LoadId,
    /// What the rows are.
    pub kind: LoadKind,
    /// What the file is of all rows.
    pub mode: LoadMode,
    /// The key of the file.
    pub key: String,
    /// Tells the content that was loaded from an earlier or later one under the same key.
    pub version: String,
    /// The place of the file in the order of its kind.
    pub sequence: Sequence,
    /// How far it is.
    pub state: LoadState,
    /// What became of the rows so far.
    pub counts: Counts,
    /// Bytes of the file.
    pub bytes: u64,
    /// Bytes that were read so far.
    pub bytes_read: u64,
    /// The first reasons for refused rows.
    pub first_reasons: Vec<Reason>,
    /// What may not be what was meant.
    pub warnings: Vec<Warning>,
    /// Why a guardrail held it; kept after the decision.
    pub held_for: Vec<Warning>,
    /// Whether a person released it: guardrails do not hold it again.
    pub released: bool,
    /// Records that a snapshot takes away because its file lacks them.
    pub removed: u64,
    /// Why the file cannot be used.
    pub failure: Option<LoadFailure>,
    /// How far the work is.
    pub work: Work,
    /// When it began.
    pub started_at: Timestamp,
    /// When this was written.
    pub updated_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

impl Load {
    /// Most reasons kept with the load itself; all of them stand in the file of reasons.
    pub const FIRST_REASONS: usize = 20;

    /// The share of the file that was read, in percent. A file that takes effect row by row is read
    /// twice, so its progress begins anew once.
    #[must_use]
    pub fn progress(&self) -> u8 {
        if self.finished_at.is_some() || self.bytes == 0 {
            return if self.finished_at.is_some() { 100 } else { 0 };
        }
        u8::try_from(self.bytes_read.min(self.bytes) * 100 / self.bytes).unwrap_or(100)
    }

    /// Rows per second so far, rounded down.
    #[must_use]
    pub fn rows_per_second(&self) -> u64 {
        let until = self.finished_at.unwrap_or(self.updated_at);
        let millis = until.millis_since(self.started_at).max(1).unsigned_abs();
        self.counts.rows().saturating_mul(1000) / millis
    }
}
