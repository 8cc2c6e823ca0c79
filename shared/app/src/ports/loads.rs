//! Where loads write to: the rows to catalog and members, the loads themselves to their own store.

use async_trait::async_trait;
use domain::ids::LoadId;
use domain::load::{
    Accepted, Chunk, ExportKey, Load, LoadKind, LoadMode, LoadState, Phase, Pointer, Reference,
    RowProblem, Sequence,
};
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
    /// False = only enqueue what would become of the rows.
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

/// Applies the rows of export files. One load of a kind runs at a time, its chunks beside each
/// other; everything here relies on that.
#[async_trait]
pub trait RowWriter<R>: Send + Sync {
    /// A number that tells the record of a row from the others, whatever the row says about it.
    fn identity(&self, row: &R) -> u64;

    /// The other records that a row names.
    fn references(&self, row: &R) -> Vec<Reference>;

    /// Which of the given records are not there: neither for readers nor for the stage.
    async fn missing(
        &self,
        references: Vec<Reference>,
        stage: &Stage,
    ) -> Result<Vec<Reference>, StoreError>;

    /// Applies rows as if one after the other, and answers what became of each, in their order.
    /// What becomes of a row is told by what was there before the load, as far as the load did not
    /// write yet or writes beside what readers see: so rows that are measured, or prepared, are
    /// told the same however often and in whatever order.
    ///
    /// A row of an older file never replaces what a newer one said, a removal included; of rows of
    /// the same file the last wins. A row that says what is known is not written in a snapshot. In
    /// a delta it is noted as seen, so that an older file that comes later finds the newer place in
    /// the order. After an error some rows may have taken effect; applying all of them again ends
    /// in the same.
    async fn apply(
        &self,
        rows: Vec<Accepted<R>>,
        stage: &Stage,
    ) -> Result<Vec<Outcome>, StoreError>;

    /// Whether there is no record of the kind at all, whoever sees it. False where one look does
    /// not enqueue. Asked only where rows are written beside what readers see.
    async fn is_empty(&self, _kind: LoadKind) -> Result<bool, StoreError> {
        Ok(false)
    }

    /// Looks at some records of the kind, and takes away those that a snapshot lacks and that no
    /// newer file brought. Who registered here stays.
    async fn sweep(
        &self,
        stage: &Stage,
        in_file: &InFile<'_>,
        from: Option<Cursor>,
    ) -> Result<Swept, StoreError>;
}

/// Keeps what readers see of each kind. Stands beside the rows, so that readers read both together.
#[async_trait]
pub trait Publications: Send + Sync {
    /// The pointer of a kind.
    async fn pointer(&self, kind: LoadKind) -> Result<Pointer, StoreError>;

    /// Replaces the pointer of a kind in one write. False when it was changed since revision `from`
    /// was read.
    async fn replace(
        &self,
        kind: LoadKind,
        from: u64,
        pointer: &Pointer,
    ) -> Result<bool, StoreError>;
}

/// Which loads to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LoadFilter {
    /// Only this kind.
    pub kind: Option<LoadKind>,
    /// Only this state.
    pub state: Option<LoadState>,
}

/// What became of the attempt to take a chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// It is the caller's until the time that was asked for.
    Mine(Box<Chunk>),
    /// It is worked off.
    Done,
    /// Another worker has it.
    Busy,
    /// There is no such chunk.
    Missing,
}

/// Keeps the loads. A load, and each of its chunks, is in the hands of one worker at a time, for as
/// long as the worker asked for; whoever lost it writes nothing any more.
#[async_trait]
pub trait LoadStore: Send + Sync {
    /// The load with the given id.
    async fn load(&self, id: &LoadId) -> Result<Option<Load>, StoreError>;

    /// At most `limit` loads, the newest first.
    async fn loads(
        &self,
        filter: LoadFilter,
        limit: usize,
        cursor: Option<&Cursor>,
    ) -> Result<Page<Load>, StoreError>;

    /// How many of the latest 200 loads are held, in one call.
    async fn latest_held(&self) -> Result<usize, StoreError>;

    /// Keeps a load that is not there yet; it is in the owner's hands until `until`. False when it
    /// is there.
    async fn begin(&self, load: &Load, owner: &str, until: Timestamp) -> Result<bool, StoreError>;

    /// Takes a load, as it is now, until `until`. None when there is none, or while another owner
    /// has it.
    async fn claim(
        &self,
        id: &LoadId,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Load>, StoreError>;

    /// Keeps a load in place of what was kept of it, until `until` in the owner's hands; none gives
    /// it back. False when another owner took it.
    async fn keep(
        &self,
        load: &Load,
        owner: &str,
        until: Option<Timestamp>,
    ) -> Result<bool, StoreError>;

    /// Keeps the chunks of a phase, in place of what was kept of them, in nobody's hands.
    async fn plan(&self, id: &LoadId, phase: Phase, chunks: &[Chunk]) -> Result<(), StoreError>;

    /// The chunks of a phase in their order, each with whether somebody has it at `now`.
    async fn chunks(
        &self,
        id: &LoadId,
        phase: Phase,
        now: Timestamp,
    ) -> Result<Vec<(Chunk, bool)>, StoreError>;

    /// Takes a chunk that is not done until `until`.
    async fn take_chunk(
        &self,
        id: &LoadId,
        phase: Phase,
        number: u32,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Taken, StoreError>;

    /// Keeps a chunk in place of what was kept of it, as [`LoadStore::keep`] does with a load. One
    /// that was not kept before is the owner's.
    async fn keep_chunk(
        &self,
        id: &LoadId,
        phase: Phase,
        chunk: &Chunk,
        owner: &str,
        until: Option<Timestamp>,
    ) -> Result<bool, StoreError>;

    /// Forgets the chunks of a phase.
    async fn forget(&self, id: &LoadId, phase: Phase, numbers: &[u32]) -> Result<(), StoreError>;

    /// Takes the turn of a kind until `until`, or keeps it. False while another has it: loads of a
    /// kind run one after the other. A turn whose time is over is free.
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
    /// Tells the function of the file's kind to take up the given chunks of a load, or, when none
    /// is given, the load as a whole, after at least `delay_seconds` (at most 900). A message may
    /// come more than once.
    async fn enqueue(
        &self,
        key: &ExportKey,
        id: &LoadId,
        chunks: &[u32],
        delay_seconds: u32,
    ) -> Result<(), StoreError>;
}
