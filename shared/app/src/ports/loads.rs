//! The stores and the queue of loads: their rows go to the catalog and the members, the loads
//! themselves to a store of their own.

use async_trait::async_trait;
use domain::ids::LoadId;
use domain::load::{
    Accepted, CatalogVersions, Chunk, ExportKey, Load, LoadKind, LoadMode, LoadState, Phase,
    Reference, RowProblem, Sequence,
};
use domain::time::Timestamp;
use rust_decimal::Decimal;

use super::{Cursor, Page, StoreError};

/// A list price before and after a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceChange {
    /// The amount of one unit that readers see now.
    pub before: Decimal,
    /// The amount in the row.
    pub after: Decimal,
}

/// The effect of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowOutcome {
    /// It changed something. If a list price existed before, both prices are given.
    Applied(Option<PriceChange>),
    /// It said what was known already, or its file is older than what is known.
    Unchanged,
    /// It must not be applied.
    Rejected(RowProblem),
}

/// Where the rows of a load are written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteMode {
    /// Nothing is written. The outcomes say what would change.
    DryRun,
    /// Each row is written so that readers see it at once.
    Immediate,
    /// Rows are written into the pending catalog version, which readers do not see yet.
    Pending {
        /// The number of the version.
        generation: u64,
    },
}

/// What the rows of a load belong to, and where they are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteTarget {
    /// The kind of the rows.
    pub kind: LoadKind,
    /// Whether the file holds all records of the kind, or changes only.
    pub mode: LoadMode,
    /// Orders the files of the kind.
    pub sequence: Sequence,
    /// The catalog versions of the kind while the load runs.
    pub versions: CatalogVersions,
    /// Where the rows are written.
    pub write: WriteMode,
}

impl WriteTarget {
    /// The number of the pending version that rows are written into, if any.
    #[must_use]
    pub fn generation(&self) -> Option<u64> {
        match self.write {
            WriteMode::Pending { generation } => Some(generation),
            WriteMode::DryRun | WriteMode::Immediate => None,
        }
    }

    /// Whether rows are written at all.
    #[must_use]
    pub fn writes(&self) -> bool {
        self.write != WriteMode::DryRun
    }
}

/// The result of one call of a sweep.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SweepPage {
    /// Records that readers see now.
    pub existing: u64,
    /// Of those, the ones that the snapshot removes because its file lacks them.
    pub removed: u64,
    /// Where the sweep continues; `None` at its end.
    pub next: Option<Cursor>,
}

/// Whether a record, by its identity, is in the file. `None` if another sweep handles it.
pub type InFile<'a> = dyn Fn(u64) -> Option<bool> + Send + Sync + 'a;

/// Applies the rows of export files. One load of a kind runs at a time, and its chunks run
/// concurrently; every implementation relies on that.
#[async_trait]
pub trait RowWriter<R>: Send + Sync {
    /// A number that identifies the record of a row, whatever the row says about it.
    fn identity(&self, row: &R) -> u64;

    /// The other records that a row names.
    fn references(&self, row: &R) -> Vec<Reference>;

    /// The given records that do not exist: neither for readers nor in the target.
    async fn missing(
        &self,
        references: Vec<Reference>,
        target: &WriteTarget,
    ) -> Result<Vec<Reference>, StoreError>;

    /// Applies rows as if one after the other, and returns the outcome of each, in their order. The
    /// outcome of a row depends on the records before the load, as far as the load did not write
    /// yet or writes into the pending version: so rows that are measured, or written into the
    /// pending version, have the same outcomes however often and in whatever order.
    ///
    /// A row of an older file, a removal included, never replaces a row of a newer file; of rows of
    /// the same file the last wins. A row that says what is known is not written in a snapshot. In
    /// a delta its sequence is written, so that an older file that comes later does not replace it.
    /// After an error some rows may have been written; applying all of them again leads to the same
    /// records.
    async fn apply(
        &self,
        rows: Vec<Accepted<R>>,
        target: &WriteTarget,
    ) -> Result<Vec<RowOutcome>, StoreError>;

    /// Whether no record of the kind exists at all, visible or not. `false` if one read cannot
    /// decide it. Called only where rows are written into a pending version.
    async fn is_empty(&self, _kind: LoadKind) -> Result<bool, StoreError> {
        Ok(false)
    }

    /// Reads some records of the kind, and removes those that the snapshot lacks and that no newer
    /// file brought. Members who registered here stay.
    async fn sweep(
        &self,
        target: &WriteTarget,
        in_file: &InFile<'_>,
        from: Option<Cursor>,
    ) -> Result<SweepPage, StoreError>;
}

/// Stores the catalog versions of each kind, in the table of the rows, so that readers read both
/// together.
#[async_trait]
pub trait VersionStore: Send + Sync {
    /// The versions of a kind.
    async fn versions(&self, kind: LoadKind) -> Result<CatalogVersions, StoreError>;

    /// Replaces the versions of a kind in one write. `false` if they changed since revision `from`
    /// was read.
    async fn replace(
        &self,
        kind: LoadKind,
        from: u64,
        versions: &CatalogVersions,
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

/// A lease that a worker asks for.
#[derive(Debug, Clone, Copy)]
pub struct LeaseTerm<'a> {
    /// Identifies the worker.
    pub owner: &'a str,
    /// The time of the request: leases that ended before are free.
    pub now: Timestamp,
    /// When the lease ends.
    pub until: Timestamp,
}

/// What a save does to the lease on what is saved.
#[derive(Debug, Clone, Copy)]
pub enum LeaseUpdate<'a> {
    /// The owner has it until then.
    Extend {
        /// Identifies the worker.
        owner: &'a str,
        /// When the lease ends.
        until: Timestamp,
    },
    /// The owner releases it.
    Release {
        /// Identifies the worker.
        owner: &'a str,
    },
}

impl<'a> LeaseUpdate<'a> {
    /// Identifies the worker.
    #[must_use]
    pub fn owner(&self) -> &'a str {
        match self {
            Self::Extend { owner, .. } | Self::Release { owner } => owner,
        }
    }

    /// When the lease ends; `None` if it is released.
    #[must_use]
    pub fn until(&self) -> Option<Timestamp> {
        match self {
            Self::Extend { until, .. } => Some(*until),
            Self::Release { .. } => None,
        }
    }
}

/// Identifies a chunk.
#[derive(Debug, Clone, Copy)]
pub struct ChunkId<'a> {
    /// Its load.
    pub load: &'a LoadId,
    /// The phase that reads it.
    pub phase: Phase,
    /// Its number; the first is 0.
    pub number: u32,
}

/// A chunk and its lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkStatus {
    /// The chunk as of its last checkpoint.
    pub chunk: Chunk,
    /// Whether a worker has a lease on it.
    pub leased: bool,
}

/// The answer to a claim on a chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChunkClaim {
    /// The caller has it until the time of the request.
    Claimed(Box<Chunk>),
    /// All its rows are processed.
    Done,
    /// Another worker has it.
    Busy,
    /// It is not stored.
    Missing,
}

/// Stores the loads. One worker at a time has the lease on a load, and on each of its chunks. A
/// worker whose lease another worker took writes nothing more.
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

    /// Stores a load that is not stored yet; the owner has it until `until`. `false` if it is
    /// stored already.
    async fn begin(&self, load: &Load, owner: &str, until: Timestamp) -> Result<bool, StoreError>;

    /// Claims a load and returns it as it is now. `None` if it is not stored, or if another worker
    /// has it.
    async fn claim(&self, id: &LoadId, lease: LeaseTerm<'_>) -> Result<Option<Load>, StoreError>;

    /// Replaces a stored load. `false` if another worker claimed it.
    async fn save(&self, load: &Load, lease: LeaseUpdate<'_>) -> Result<bool, StoreError>;

    /// Stores the chunks of a phase without a lease, and replaces stored ones.
    async fn plan(&self, id: &LoadId, phase: Phase, chunks: &[Chunk]) -> Result<(), StoreError>;

    /// The chunks of a phase in their order, each with whether a worker has it at `now`.
    async fn chunks(
        &self,
        id: &LoadId,
        phase: Phase,
        now: Timestamp,
    ) -> Result<Vec<ChunkStatus>, StoreError>;

    /// Claims a chunk that is not done.
    async fn claim_chunk(
        &self,
        id: ChunkId<'_>,
        lease: LeaseTerm<'_>,
    ) -> Result<ChunkClaim, StoreError>;

    /// Replaces a stored chunk, or stores a new one. `false` if another worker claimed it.
    async fn save_chunk(
        &self,
        id: ChunkId<'_>,
        chunk: &Chunk,
        lease: LeaseUpdate<'_>,
    ) -> Result<bool, StoreError>;

    /// Deletes chunks of a phase.
    async fn delete_chunks(
        &self,
        id: &LoadId,
        phase: Phase,
        numbers: &[u32],
    ) -> Result<(), StoreError>;

    /// Locks a kind, or extends the owner's lock: loads of a kind run one after the other. `false`
    /// while another owner has the lock. A lock whose time is over is free.
    async fn lock_kind(&self, kind: LoadKind, lease: LeaseTerm<'_>) -> Result<bool, StoreError>;

    /// Unlocks a kind. Does nothing if another owner has the lock.
    async fn unlock_kind(&self, kind: LoadKind, owner: &str) -> Result<(), StoreError>;
}

/// Invokes the load functions.
#[async_trait]
pub trait LoadQueue: Send + Sync {
    /// Asks the function of the file's kind to process the given chunks of a load, or, if none is
    /// given, the load as a whole, after at least `delay_seconds` (at most 900). A message may be
    /// delivered more than once.
    async fn enqueue(
        &self,
        key: &ExportKey,
        id: &LoadId,
        chunks: &[u32],
        delay_seconds: u32,
    ) -> Result<(), StoreError>;
}
