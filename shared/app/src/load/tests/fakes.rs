//! Ports in memory. They fail when told to, and otherwise do what they promise.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use domain::ids::LoadId;
use domain::load::{Accepted, CatalogRecord, Load, LoadKind, LoadMode, Sequence};
use domain::time::Timestamp;
use futures::StreamExt;

use crate::load::Loader;
use crate::ports::{
    Clock, Cursor, ExportFile, ExportFiles, FileWriter, FilesError, LoadFilter, LoadStore, Outcome, Page, RowWriter,
    StoreError,
};

#[derive(Default)]
pub struct World {
    pub objects: Mutex<BTreeMap<String, Vec<u8>>>,
    pub loads: Mutex<BTreeMap<String, Load>>,
    pub snapshots: Mutex<BTreeMap<LoadKind, Sequence>>,
    pub seen: Mutex<BTreeMap<String, [u8; 16]>>,
    pub piece: Mutex<usize>,
    pub outage: Mutex<bool>,
}

impl World {
    pub fn object(&self, key: &str) -> Option<String> {
        self.objects.lock().unwrap().get(key).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }
}

pub fn loader(world: &Arc<World>) -> Loader<CatalogRecord> {
    Loader {
        files: Arc::new(Shared(world.clone())),
        loads: Arc::new(Shared(world.clone())),
        rows: Arc::new(Shared(world.clone())),
        clock: Arc::new(Noon),
    }
}

pub struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(1_800_000_000)
    }
}

struct Shared(Arc<World>);

struct Writer {
    world: Arc<World>,
    key: String,
    bytes: Vec<u8>,
}

#[async_trait]
impl FileWriter for Writer {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), FilesError> {
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    async fn finish(self: Box<Self>) -> Result<(), FilesError> {
        self.world.objects.lock().unwrap().insert(self.key, self.bytes);
        Ok(())
    }
}

#[async_trait]
impl ExportFiles for Shared {
    async fn open(&self, key: &str) -> Result<Option<ExportFile>, FilesError> {
        let Some(bytes) = self.0.objects.lock().unwrap().get(key).cloned() else { return Ok(None) };
        let piece = (*self.0.piece.lock().unwrap()).max(1);
        let pieces: Vec<Result<Bytes, FilesError>> =
            bytes.chunks(piece).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        let last_modified = Timestamp::from_seconds(1_700_000_000);
        Ok(Some(ExportFile { bytes: bytes.len() as u64, last_modified, chunks: futures::stream::iter(pieces).boxed() }))
    }

    async fn create(&self, key: &str) -> Result<Box<dyn FileWriter>, FilesError> {
        Ok(Box::new(Writer { world: self.0.clone(), key: key.to_owned(), bytes: Vec::new() }))
    }

    async fn report(&self, key: &str, load: &Load) -> Result<(), FilesError> {
        self.0.objects.lock().unwrap().insert(key.to_owned(), load.state.as_str().into());
        Ok(())
    }
}

#[async_trait]
impl LoadStore for Shared {
    async fn load(&self, id: &LoadId) -> Result<Option<Load>, StoreError> {
        Ok(self.0.loads.lock().unwrap().get(id.as_str()).cloned())
    }

    async fn put(&self, load: &Load) -> Result<(), StoreError> {
        self.0.loads.lock().unwrap().insert(load.id.to_string(), load.clone());
        Ok(())
    }

    async fn loads(&self, _: LoadFilter, _: usize, _: Option<&Cursor>) -> Result<Page<Load>, StoreError> {
        Ok(Page { items: Vec::new(), next: None })
    }

    async fn newest_snapshot(&self, kind: LoadKind) -> Result<Option<Sequence>, StoreError> {
        Ok(self.0.snapshots.lock().unwrap().get(&kind).copied())
    }

    async fn note_snapshot(&self, kind: LoadKind, sequence: Sequence) -> Result<(), StoreError> {
        self.0.snapshots.lock().unwrap().insert(kind, sequence);
        Ok(())
    }
}

#[async_trait]
impl RowWriter<CatalogRecord> for Shared {
    async fn apply(&self, rows: Vec<Accepted<CatalogRecord>>, _: LoadMode) -> Result<Vec<Outcome>, StoreError> {
        if *self.0.outage.lock().unwrap() {
            return Err(StoreError::Throttled { operation: "test" });
        }
        let mut seen = self.0.seen.lock().unwrap();
        let apply = |row: Accepted<CatalogRecord>| {
            let CatalogRecord::Category(category) = &row.record else { return Outcome::Applied };
            match seen.insert(category.id.to_string(), row.fingerprint) {
                Some(before) if before == row.fingerprint => Outcome::Unchanged,
                _ => Outcome::Applied,
            }
        };
        Ok(rows.into_iter().map(apply).collect())
    }
}
