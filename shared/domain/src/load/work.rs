//! How far the work on a load is: what whoever takes it up has to know.

use std::collections::BTreeMap;
use std::fmt;

use super::key::named;
use super::record::Reference;
use super::state::{Counts, Reason, Warning};
use crate::time::Timestamp;

named! {
    /// What is being done with the rows of a file.
    Phase {
        /// The file is looked through for places where it can be cut.
        Plan = "plan",
        /// Every row is counted, once. Rows of a snapshot of the catalog are written beside what
        /// readers see.
        Count = "count",
        /// Each row takes effect by itself, after nothing was found that holds the load.
        Apply = "apply",
    }
}

/// Where a row begins in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Bytes of the file before it. Says something only of a file that can be read from its middle.
    pub offset: u64,
    /// Rows before it.
    pub row: u64,
    /// The line that it begins on; the first of the file is 1.
    pub line: u64,
}

impl Place {
    /// Where a file begins.
    pub const START: Self = Self {
        offset: 0,
        row: 0,
        line: 1,
    };
}

/// A part of a file that one worker goes over, and how far it is. What stands here is the last
/// checkpoint: a worker that takes the chunk up goes on there, and what was done behind it is done
/// again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Its number; the first is 0.
    pub number: u32,
    /// Where it begins.
    pub from: Place,
    /// Where the next one begins, in bytes; none at the end of the file.
    pub to: Option<u64>,
    /// The rows before this place are worked off.
    pub at: Place,
    /// Whether all its rows are worked off.
    pub done: bool,
    /// What became of the rows so far.
    pub counts: Counts,
    /// List prices that jump, so far.
    pub jumps: u64,
    /// Bytes that were read so far.
    pub bytes_read: u64,
    /// Objects with the identities of its rows that were written so far.
    pub identity_parts: u32,
    /// Objects with its refused rows that were written so far.
    pub reject_parts: u32,
    /// The first reasons for refused rows.
    pub first_reasons: Vec<Reason>,
    /// References that lead nowhere yet.
    pub unresolved: Unresolved,
    /// When this was written.
    pub updated_at: Timestamp,
}

impl Chunk {
    /// A chunk that nobody looked at yet.
    #[must_use]
    pub fn new(number: u32, from: Place, to: Option<u64>, now: Timestamp) -> Self {
        Self {
            number,
            from,
            to,
            at: from,
            done: false,
            counts: Counts::default(),
            jumps: 0,
            bytes_read: 0,
            identity_parts: 0,
            reject_parts: 0,
            first_reasons: Vec::new(),
            unresolved: Unresolved::default(),
            updated_at: now,
        }
    }

    /// The same part of the file, for another pass over it.
    #[must_use]
    pub fn again(&self, now: Timestamp) -> Self {
        Self::new(self.number, self.from, self.to, now)
    }
}

/// How far the end of a phase is, after all its chunks: it may take long, and goes on where it was.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Closing {
    /// Identities are looked at in rounds when they are too many; rounds before this one are over.
    pub round: u32,
    /// Whether the rows of this round that stand in several chunks took effect once more, in the
    /// order of the file.
    pub repeated: bool,
    /// Where the sweep of this round goes on; none at its beginning.
    pub cursor: Option<String>,
    /// Records that readers see now, as far as the sweep came.
    pub there: u64,
    /// Of those, the ones that go.
    pub removed: u64,
}

/// How far the work on a load is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// What is being done.
    pub phase: Phase,
    /// How many chunks the file was cut into.
    pub chunks: u32,
    /// Whether a newer snapshot was there first: the rows are counted and change nothing.
    pub outdated: bool,
    /// Whether rows are written beside what readers see and there was no record of the kind before:
    /// nothing is taken away then.
    pub first: bool,
    /// Tells the profile that the file is read with from others.
    pub profile: u64,
    /// How many rows the sender says there are.
    pub declared: Option<u64>,
    /// Whether something was kept of its only chunk, or laid down of it.
    pub kept: bool,
    /// References that lead nowhere yet.
    pub unresolved: Unresolved,
    /// How far the end of the phase is.
    pub closing: Closing,
}

impl Default for Work {
    fn default() -> Self {
        Self {
            phase: Phase::Plan,
            chunks: 0,
            outdated: false,
            first: false,
            profile: 0,
            declared: None,
            kept: false,
            unresolved: Unresolved::default(),
            closing: Closing::default(),
        }
    }
}

/// References of rows to records that are not there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unresolved {
    /// The records that are missing, each with how many rows name it.
    pub missing: BTreeMap<Reference, u64>,
    /// References to further ones.
    pub more: u64,
}

impl Unresolved {
    /// Most records kept by name.
    pub const MOST: usize = 100;
    /// Most that a warning names.
    const NAMED: usize = 5;

    /// Notes references to a record.
    pub fn note(&mut self, reference: Reference, times: u64) {
        if self.missing.len() < Self::MOST || self.missing.contains_key(&reference) {
            *self.missing.entry(reference).or_default() += times;
        } else {
            self.more += times;
        }
    }

    /// Adds what was found elsewhere.
    pub fn add(&mut self, other: &Self) {
        other
            .missing
            .iter()
            .for_each(|(reference, times)| self.note(reference.clone(), *times));
        self.more += other.more;
    }

    /// What an ERP team should know of it; none when every reference leads somewhere.
    #[must_use]
    pub fn warning(&self) -> Option<Warning> {
        let count = self.missing.values().sum::<u64>() + self.more;
        let named: Vec<String> = self
            .missing
            .keys()
            .take(Self::NAMED)
            .map(ToString::to_string)
            .collect();
        let message = format!(
            "{count} references lead to records that are not there yet, such as {}; they resolve when those arrive",
            named.join(", ")
        );
        (count > 0).then(|| Warning {
            code: "unresolved_reference".into(),
            message,
        })
    }
}
