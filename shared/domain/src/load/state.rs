//! One load: its state, its counts and the progress of its work.

use std::fmt;

use super::key::{LoadKind, LoadMode, Sequence, named};
use super::report::{Counts, LoadFailure, RejectReason, Warning};
use super::work::Work;
use crate::ids::LoadId;
use crate::time::Timestamp;

named! {
    /// The state of a load.
    LoadState {
        /// Its rows are measured or applied.
        Running = "running",
        /// A guardrail stopped it. An operator decides.
        Held = "held",
        /// All its valid rows are in effect.
        Published = "published",
        /// The file cannot be used.
        Failed = "failed",
        /// Nothing of this file is in effect: a newer snapshot was published first, or an operator
        /// rolled it back.
        Superseded = "superseded",
    }
}

impl LoadState {
    /// Whether the load changes no more without an operator.
    #[must_use]
    pub fn is_final(self) -> bool {
        match self {
            Self::Published | Self::Failed | Self::Superseded => true,
            Self::Running | Self::Held => false,
        }
    }
}

/// One load of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Load {
    /// The same for every delivery of the same event. Ids of later events sort after earlier ones.
    pub id: LoadId,
    /// The kind of its rows.
    pub kind: LoadKind,
    /// Whether the file holds all records of the kind, or changes only.
    pub mode: LoadMode,
    /// The key of the file.
    pub key: String,
    /// Tells the content that was loaded from an earlier or later one under the same key.
    pub version: String,
    /// Orders the files of a kind.
    pub sequence: Sequence,
    /// Whether it runs, waits or ended.
    pub state: LoadState,
    /// What became of the rows so far.
    pub counts: Counts,
    /// Bytes of the file.
    pub bytes: u64,
    /// Bytes that were read so far.
    pub bytes_read: u64,
    /// Why the first rows were rejected.
    pub first_reasons: Vec<RejectReason>,
    /// What the sender may not have intended.
    pub warnings: Vec<Warning>,
    /// Why a guardrail held it. Stays after the operator's decision.
    pub held_for: Vec<Warning>,
    /// Whether an operator released it: guardrails do not hold it again.
    pub released: bool,
    /// Records that a snapshot removes because its file lacks them.
    pub removed: u64,
    /// Why the file cannot be used.
    pub failure: Option<LoadFailure>,
    /// The plan and the progress of the work.
    pub work: Work,
    /// When it began.
    pub started_at: Timestamp,
    /// When this was written.
    pub updated_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

impl Load {
    /// Most reasons that a load holds itself. The file of reasons holds all of them.
    pub const FIRST_REASONS: usize = 20;

    /// Whether its rows are written into a pending catalog version, which is then published in one
    /// write: the load is a snapshot of the catalog. The rows of every other load are applied one
    /// by one.
    #[must_use]
    pub fn is_versioned(&self) -> bool {
        let catalog = match self.kind {
            LoadKind::Categories
            | LoadKind::Items
            | LoadKind::ItemDescriptions
            | LoadKind::ListPrices => true,
            LoadKind::Organizations | LoadKind::Users | LoadKind::Addresses => false,
        };
        catalog && self.mode == LoadMode::Snapshot
    }

    /// The share of the file that was read, in percent. A file whose rows are applied one by one is
    /// read twice, so its progress returns to zero once.
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
