//! The ports and settings of a load function.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::ids::LoadId;
use domain::load::{CatalogVersions, ExportKey, Guard, Load, LoadKind};

use super::batch::BATCH_ROWS;
use super::error::LoadError;
use super::lease::Leases;
use crate::ports::{Clock, ExportFiles, Ids, LoadQueue, LoadStore, RowWriter, VersionStore};

/// Most chunks of a file. The chunks of a larger file are larger.
const MAX_CHUNKS: u64 = 1000;

/// A file that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Its key.
    pub key: ExportKey,
    /// Its load: the same for every delivery of the event.
    pub load: LoadId,
}

/// Loads files of a family of kinds.
pub struct Loader<R> {
    /// The export files, and the files that loads write.
    pub files: Arc<dyn ExportFiles>,
    /// The loads and their chunks.
    pub loads: Arc<dyn LoadStore>,
    /// The table of the rows.
    pub rows: Arc<dyn RowWriter<R>>,
    /// The catalog versions, in the table of the rows.
    pub versions: Arc<dyn VersionStore>,
    /// The queue of the load function.
    pub queue: Arc<dyn LoadQueue>,
    /// The guardrails by kind. Other kinds have the default ones.
    pub guards: BTreeMap<LoadKind, Guard>,
    /// The maximum size of a decompressed file, in bytes.
    pub max_unpacked_bytes: u64,
    /// A larger file is split into chunks of about this many bytes.
    pub chunk_bytes: u64,
    /// Most rows between two checkpoints of a chunk.
    pub checkpoint_rows: u64,
    /// The clock of heartbeats, leases and checkpoints.
    pub clock: Arc<dyn Clock>,
    /// Mints the owners of leases.
    pub ids: Arc<dyn Ids>,
}

impl<R> Loader<R> {
    pub(super) fn leases(&self) -> Leases<'_> {
        Leases {
            loads: self.loads.as_ref(),
            clock: self.clock.as_ref(),
        }
    }

    pub(super) fn guard(&self, kind: LoadKind) -> Guard {
        self.guards.get(&kind).copied().unwrap_or_default()
    }

    /// The size of the chunks of a file.
    pub(super) fn chunk_size(&self, file_bytes: u64) -> u64 {
        self.chunk_bytes.max(file_bytes.div_ceil(MAX_CHUNKS)).max(1)
    }

    /// No more rows than may lie between two checkpoints.
    pub(super) fn batch_rows(&self) -> usize {
        usize::try_from(self.checkpoint_rows).map_or(BATCH_ROWS, |rows| rows.clamp(1, BATCH_ROWS))
    }

    /// Replaces the catalog versions of the load's kind, unless they stay the same.
    pub(super) async fn replace_versions(
        &self,
        load: &Load,
        from: &CatalogVersions,
        to: &CatalogVersions,
    ) -> Result<(), LoadError> {
        if from == to || self.versions.replace(load.kind, from.revision, to).await? {
            return Ok(());
        }
        // The versions change only under the lock of the kind, so this worker lost it.
        Err(LoadError::Lost)
    }
}
