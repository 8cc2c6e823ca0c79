//! Where loads write to: the rows to catalog and members, the loads themselves to their own store.

use async_trait::async_trait;
use domain::ids::LoadId;
use domain::load::{Accepted, CatalogRecord, Load, LoadKind, LoadMode, LoadState, MemberRecord, RowProblem, Sequence};

use super::{Cursor, Page, StoreError};

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It changed something.
    Applied,
    /// It said what was known already, or came from an older file than what is known.
    Unchanged,
    /// It must not take effect.
    Refused(RowProblem),
}

/// Applies the rows of export files.
#[async_trait]
pub trait RowWriter<R>: Send + Sync {
    /// Applies rows as if one after the other, and answers what became of each, in their order.
    ///
    /// A row of an older file never replaces what a newer one said, a removal included; of rows of the same file the last
    /// wins. A row that says what is known is not written in a snapshot. In a delta it is noted as seen, so that an
    /// older file that comes later finds the newer place in the order. After an error some rows may have taken effect;
    /// applying all of them again ends in the same.
    async fn apply(&self, rows: Vec<Accepted<R>>, mode: LoadMode) -> Result<Vec<Outcome>, StoreError>;
}

/// Applies rows to the catalog.
pub type CatalogWriter = dyn RowWriter<CatalogRecord>;

/// Applies rows to the members. Who registered here is never removed.
pub type MemberWriter = dyn RowWriter<MemberRecord>;

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

    /// The place in the order of the newest snapshot of a kind that took effect.
    async fn newest_snapshot(&self, kind: LoadKind) -> Result<Option<Sequence>, StoreError>;

    /// Notes that a snapshot took effect. Never moves [`LoadStore::newest_snapshot`] back.
    async fn note_snapshot(&self, kind: LoadKind, sequence: Sequence) -> Result<(), StoreError>;
}
