//! The plan of a load and the progress of its work, as stored: what a worker that resumes the load
//! has to know.

use std::fmt;

use super::key::named;
use super::unresolved::Unresolved;

named! {
    /// What is being done with the rows of a file.
    Phase {
        /// The file is searched for positions at which it can be split.
        Plan = "plan",
        /// Every row is counted, once. Rows of a snapshot of the catalog are written into the next
        /// catalog version, which readers do not see yet.
        Measure = "count",
        /// Each row is applied by itself, after the guardrails found nothing that holds the load.
        Apply = "apply",
    }
}

/// How the file of a load is divided among workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// Not decided yet, or nothing is left of the work.
    Unplanned,
    /// One worker reads the whole file.
    Single {
        /// Whether a checkpoint, and perhaps objects, of the only chunk were written. They have to
        /// be removed at the end.
        saved: bool,
    },
    /// Workers read this many chunks concurrently.
    Parallel(u32),
}

/// What the rows of a load may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// A newer snapshot was published first: the rows are counted and change nothing.
    Nothing,
    /// The catalog version had no record of the kind before: there is nothing to remove.
    AddsOnly,
    /// Rows are added and changed, and a snapshot removes what its file lacks.
    Full,
}

/// The progress of the end of a phase, after all its chunks. It may take long, and continues where
/// it was saved.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FinishProgress {
    /// Too many identities for the memory are handled in rounds. Rounds before this one are over.
    pub round: u32,
    /// Whether the records of this round that occur in several chunks were applied again, in the
    /// order of the file.
    pub duplicates_reapplied: bool,
    /// Where the sweep of this round continues; `None` at its beginning.
    pub cursor: Option<String>,
    /// Records that readers see now, as far as the sweep came.
    pub existing: u64,
    /// Of those, the ones that the snapshot removes.
    pub removed: u64,
}

impl FinishProgress {
    /// Whether nothing of the end of the phase was saved yet.
    #[must_use]
    pub fn is_new(&self) -> bool {
        *self == Self::default()
    }

    /// Continues with the next round.
    pub fn next_round(&mut self) {
        self.round += 1;
        self.duplicates_reapplied = false;
        self.cursor = None;
    }
}

/// The plan of a load and the progress of its work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// What is being done.
    pub phase: Phase,
    /// How the file is divided among workers.
    pub split: Split,
    /// What the rows may change.
    pub effect: Effect,
    /// Identifies the profile that the file is read with.
    pub profile: u64,
    /// The number of rows that the sender declared.
    pub declared_rows: Option<u64>,
    /// References to records that do not exist yet.
    pub unresolved: Unresolved,
    /// The progress of the end of the phase.
    pub finish: FinishProgress,
}

impl Work {
    /// The work on a load that is not planned yet.
    #[must_use]
    pub fn unplanned(declared_rows: Option<u64>) -> Self {
        Self {
            phase: Phase::Plan,
            split: Split::Unplanned,
            effect: Effect::Full,
            profile: 0,
            declared_rows,
            unresolved: Unresolved::default(),
            finish: FinishProgress::default(),
        }
    }

    /// Whether the load is not planned yet, or nothing is left of its work.
    #[must_use]
    pub fn is_unplanned(&self) -> bool {
        self.split == Split::Unplanned
    }

    /// Whether chunks of the load, or their objects, may be stored.
    #[must_use]
    pub fn left_chunks(&self) -> bool {
        match self.split {
            Split::Unplanned => false,
            Split::Single { saved } => saved,
            Split::Parallel(_) => true,
        }
    }
}

impl Default for Work {
    fn default() -> Self {
        Self::unplanned(None)
    }
}
