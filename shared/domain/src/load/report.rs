//! What a load reports about its rows and its file.

use std::borrow::Cow;

/// What became of the rows. Each row is counted once, so `rows` is always the sum of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Rows that changed something.
    pub applied: u64,
    /// Rows that said what was known already, or less than that.
    pub unchanged: u64,
    /// Rows that were rejected.
    pub rejected: u64,
}

impl Counts {
    /// All rows.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.applied + self.unchanged + self.rejected
    }

    /// Adds the counts of other rows.
    pub fn add(&mut self, other: Self) {
        self.applied += other.applied;
        self.unchanged += other.unchanged;
        self.rejected += other.rejected;
    }
}

/// Why a row was rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectReason {
    /// The number of the row; the first after the header is 1.
    pub row: u64,
    /// The line that it begins on; the first of the file is 1.
    pub line: u64,
    /// The key of the row's record, as far as it could be read.
    pub key: String,
    /// The column; empty when the row as a whole is meant.
    pub field: Cow<'static, str>,
    /// A stable code.
    pub code: Cow<'static, str>,
    /// For people.
    pub message: Cow<'static, str>,
}

/// Something in the file that did not stop the load, but that its sender may not have intended.
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
