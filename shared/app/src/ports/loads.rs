//! Where loads write to: the rows to catalog and members, the loads themselves to their own store.

use async_trait::async_trait;
use domain::ids::LoadId;
use domain::load::{Accepted, ExportKey, Load, LoadKind, LoadMode, LoadState, Pointer, RowProblem, Sequence};
use domain::time::Timestamp;
use rust_decimal::Decimal;

use super::{Cursor, Page, StoreError};

/// A list price before and after a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceChange {
    /// The amount of one unit that readers see now.
    pub before: Decimal,
    /// The amount that the row says.
    pub after: Decimal,
}

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It changed something; a list price that was there before is compared with the new one.
    Applied(Option<PriceChange>),
    /// It said what was known already, or came from an older file than what is known.
    Unchanged,
    /// It must not take effect.
    Refused(RowProblem),
}

/// What the rows of one load are written as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// What the rows are.
    pub kind: LoadKind,
    /// What the file is of all rows.
    pub mode: LoadMode,
    /// The place of the file in the order of files.
    pub sequence: Sequence,
    /// What readers see of the kind while the load runs.
    pub pointer: Pointer,
    /// The publication that the rows are for; none when each row takes effect at once.
    pub generation: Option<u64>,
    /// False = only tell what would become of the rows.
    pub writes: bool,
}

/// What a step of a sweep found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Swept {
    /// Records that readers see now.
    pub there: u64,
    /// Of those, the ones that go because the file lacks them.
    pub removed: u64,
    /// Where the sweep goes on; none at its end.
    pub next: Option<Cursor>,
}

/// Whether a record, by its identity, is in the file. None = another sweep looks at it.
pub type InFile<'a> = dyn Fn(u64) -> Option<bool> + Send + Sync + 'a;

/// Applies the rows of export files. One load of a kind runs at a time; everything here relies on that.
#[async_trait]
pub trait RowWriter<R>: Send + Sync {
    /// A number that tells the record of a row from the others, whatever the row says about it.
    fn identity(&self, row: &R) -> u64;

    /// Applies rows as if one after the other, and answers what became of each, in their order.
    ///
    /// A row of an older file never replaces what a newer one said, a removal included; of rows of the same file the last
    /// wins. A row that says what is known is not written in a snapshot. In a delta it is noted as seen, so that an
    /// older file that comes later finds the newer place in the order. After an error some rows may have taken effect;
    /// applying all of them again ends in the same.
    async fn apply(&self, rows: Vec<Accepted<R>>, stage: &Stage) -> Result<Vec<Outcome>, StoreError>;

    /// Looks at some records of the kind, and takes away those that a snapshot lacks and that no newer file brought.
    /// Who registered here stays.
    async fn sweep(&self, stage: &Stage, in_file: &InFile<'_>, from: Option<Cursor>) -> Result<Swept, StoreError>;
}

/// Keeps what readers see of each kind. Stands beside the rows, so that readers read both together.
#[async_trait]
pub trait Publications: Send + Sync {
    /// The pointer of a kind.
    async fn pointer(&self, kind: LoadKind) -> Result<Pointer, StoreError>;

    /// Replaces the pointer of a kind in one write. False when it was changed since revision `from` was read.
    async fn replace(&self, kind: LoadKind, from: u64, pointer: &Pointer) -> Result<bool, StoreError>;
}

/// Which loads to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LoadFilter {
    /// Only this kind.
    pub kind: Option<LoadKind>,
    /// Only this state.
    pub state: Option<LoadState>,
}

/// Keeps the loads.
#[async_trait]
pub trait LoadStore: Send + Sync {
    /// The load with the given id.
    async fn load(&self, id: &LoadId) -> Result<Option<Load>, StoreError>;

    /// Keeps a load as it is now, in place of what was kept of it before.
    async fn put(&self, load: &Load) -> Result<(), StoreError>;

    /// At most `limit` loads, the newest first.
    async fn loads(&self, filter: LoadFilter, limit: usize, cursor: Option<&Cursor>) -> Result<Page<Load>, StoreError>;

    /// Takes the turn of a kind until `until`, or keeps it. False while another has it: loads of a kind run one after
    /// the other. A turn whose time is over is free.
    async fn take_turn(
        &self,
        kind: LoadKind,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Gives the turn back. It is no error when another has it by now.
    async fn end_turn(&self, kind: LoadKind, owner: &str) -> Result<(), StoreError>;
}

/// Wakes the load functions.
#[async_trait]
pub trait LoadQueue: Send + Sync {
    /// Tells the function of the file's kind to take up a load, after at least `delay_seconds` (at most 900). The message
    /// may come more than once.
    async fn tell(&self, key: &ExportKey, id: &LoadId, delay_seconds: u32) -> Result<(), StoreError>;
}
