//! The chunks that a file is cut into.

use super::report::{Counts, RejectReason};
use super::unresolved::Unresolved;
use crate::time::Timestamp;

/// The position of a row in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FilePosition {
    /// Bytes of the file before it. Meaningful only in a file that is splittable.
    pub offset: u64,
    /// Rows before it.
    pub row: u64,
    /// The line that it begins on; the first of the file is 1.
    pub line: u64,
}

impl FilePosition {
    /// The beginning of a file.
    pub const START: Self = Self {
        offset: 0,
        row: 0,
        line: 1,
    };
}

/// A part of a file that one worker reads, as of its last checkpoint. The worker that claims the
/// chunk continues there, and repeats what was done after the checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Its number; the first is 0.
    pub number: u32,
    /// Where it begins.
    pub from: FilePosition,
    /// The byte at which the next one begins; `None` if it ends with the file.
    pub to: Option<u64>,
    /// The rows before this position are processed.
    pub at: FilePosition,
    /// Whether all its rows are processed.
    pub done: bool,
    /// What became of the rows so far.
    pub counts: Counts,
    /// List prices that changed by more than the guardrail allows, so far.
    pub price_jumps: u64,
    /// Bytes that were read so far.
    pub bytes_read: u64,
    /// Objects with the identities of its rows that were written so far.
    pub identity_parts: u32,
    /// Objects with its rejected rows that were written so far.
    pub reject_parts: u32,
    /// Why the first rows were rejected.
    pub first_reasons: Vec<RejectReason>,
    /// References to records that do not exist yet.
    pub unresolved: Unresolved,
    /// When this was written.
    pub updated_at: Timestamp,
}

impl Chunk {
    /// A chunk of which no row is read yet.
    #[must_use]
    pub fn new(number: u32, from: FilePosition, to: Option<u64>, now: Timestamp) -> Self {
        Self {
            number,
            from,
            to,
            at: from,
            done: false,
            counts: Counts::default(),
            price_jumps: 0,
            bytes_read: 0,
            identity_parts: 0,
            reject_parts: 0,
            first_reasons: Vec::new(),
            unresolved: Unresolved::default(),
            updated_at: now,
        }
    }

    /// Whether objects of it were written.
    #[must_use]
    pub fn has_objects(&self) -> bool {
        self.identity_parts > 0 || self.reject_parts > 0
    }

    /// The same part of the file, for the next phase.
    #[must_use]
    pub fn restarted(&self, now: Timestamp) -> Self {
        Self::new(self.number, self.from, self.to, now)
    }
}
