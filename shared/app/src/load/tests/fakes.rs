//! Ports in memory. They fail when a test asks for it, and otherwise do what they promise.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use domain::catalog::Category;
use domain::ids::{CategoryId, LoadId};
use domain::load::{
    Accepted, CatalogRecord, CatalogVersions, Chunk, ExportKey, Load, LoadKind, Phase, Reference,
};
use domain::time::Timestamp;
use futures::StreamExt;

use crate::load::{Arrival, LoadError, LoadOperator, LoadProgress, Loader};
use crate::ports::{
    ByteRange, ChunkClaim, ChunkId, ChunkStatus, Clock, Cursor, ExportFile, ExportFiles,
    FileWriter, FilesError, Ids, InFile, LeaseTerm, LeaseUpdate, LoadFilter, LoadQueue, LoadStore,
    Page, RowOutcome, RowWriter, StoreError, SweepPage, VersionStore, WriteTarget,
};

#[derive(Default)]
pub struct Fakes {
    pub objects: Mutex<BTreeMap<String, Vec<u8>>>,
    pub loads: Mutex<BTreeMap<String, Load>>,
    pub chunks: Mutex<BTreeMap<(Phase, u32), Chunk>>,
    pub versions: Mutex<BTreeMap<LoadKind, CatalogVersions>>,
    pub lock: Mutex<Option<String>>,
    pub declared: Mutex<Option<u64>>,
    pub enqueued: Mutex<Vec<(String, Option<u32>)>>,
    pub minted: Mutex<u64>,
    pub seen: Mutex<BTreeMap<String, [u8; 16]>>,
    pub sweeps: Mutex<u64>,
    pub piece: Mutex<usize>,
    pub chunk_bytes: Mutex<Option<u64>>,
    pub outage: Mutex<bool>,
}

impl Fakes {
    pub fn object(&self, key: &str) -> Option<String> {
        self.objects
            .lock()
            .unwrap()
            .get(key)
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }
}

pub fn loader(fakes: &Arc<Fakes>) -> Loader<CatalogRecord> {
    Loader {
        files: Arc::new(Shared(fakes.clone())),
        loads: Arc::new(Shared(fakes.clone())),
        rows: Arc::new(Shared(fakes.clone())),
        versions: Arc::new(Shared(fakes.clone())),
        queue: Arc::new(Shared(fakes.clone())),
        guards: BTreeMap::new(),
        max_unpacked_bytes: 1 << 20,
        chunk_bytes: (*fakes.chunk_bytes.lock().unwrap()).unwrap_or(1 << 20),
        checkpoint_rows: 1500,
        clock: Arc::new(Noon),
        ids: Arc::new(Shared(fakes.clone())),
    }
}

/// Runs a load, and the chunks that it enqueues, until it ends.
pub fn run_to_end(fakes: &Arc<Fakes>, arrival: &Arrival) -> Result<Load, LoadError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let mut chunk = None;
    loop {
        let until = Timestamp::from_seconds(i64::from(u32::MAX));
        if let LoadProgress::Ended(load) =
            runtime.block_on(loader(fakes).run(arrival, chunk, until))?
        {
            return Ok(*load);
        }
        chunk = fakes.enqueued.lock().unwrap().pop().unwrap().1;
    }
}

pub fn operator(fakes: &Arc<Fakes>) -> LoadOperator {
    LoadOperator {
        loads: Arc::new(Shared(fakes.clone())),
        versions: Arc::new(Shared(fakes.clone())),
        files: Arc::new(Shared(fakes.clone())),
        queue: Arc::new(Shared(fakes.clone())),
        clock: Arc::new(Noon),
        ids: Arc::new(Shared(fakes.clone())),
    }
}

impl Ids for Shared {
    fn mint(&self) -> String {
        let mut minted = self.0.minted.lock().unwrap();
        *minted += 1;
        minted.to_string()
    }

    fn below(&self, _: u64) -> u64 {
        0
    }
}

#[async_trait]
impl LoadQueue for Shared {
    async fn enqueue(
        &self,
        _: &ExportKey,
        id: &LoadId,
        chunks: &[u32],
        _: u32,
    ) -> Result<(), StoreError> {
        let mut enqueued = self.0.enqueued.lock().unwrap();
        match chunks {
            [] => enqueued.push((id.to_string(), None)),
            _ => enqueued.extend(chunks.iter().map(|chunk| (id.to_string(), Some(*chunk)))),
        }
        Ok(())
    }
}

#[async_trait]
impl VersionStore for Shared {
    async fn versions(&self, kind: LoadKind) -> Result<CatalogVersions, StoreError> {
        Ok(self
            .0
            .versions
            .lock()
            .unwrap()
            .get(&kind)
            .cloned()
            .unwrap_or_default())
    }

    async fn replace(
        &self,
        kind: LoadKind,
        from: u64,
        versions: &CatalogVersions,
    ) -> Result<bool, StoreError> {
        let mut stored = self.0.versions.lock().unwrap();
        let current = stored.get(&kind).map_or(0, |versions| versions.revision) == from;
        if current {
            stored.insert(kind, versions.clone());
        }
        Ok(current)
    }
}

pub struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(1_800_000_000)
    }
}

struct Shared(Arc<Fakes>);

struct Writer {
    fakes: Arc<Fakes>,
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
        self.fakes
            .objects
            .lock()
            .unwrap()
            .insert(self.key, self.bytes);
        Ok(())
    }
}

#[async_trait]
impl ExportFiles for Shared {
    async fn open(
        &self,
        key: &str,
        range: Option<ByteRange>,
    ) -> Result<Option<ExportFile>, FilesError> {
        let Some(whole) = self.0.objects.lock().unwrap().get(key).cloned() else {
            return Ok(None);
        };
        let (from, to) = range.map_or((0, None), |range| (range.start, range.end));
        let bytes = &whole[usize::try_from(from).unwrap()
            ..to.map_or(whole.len(), |to| usize::try_from(to).unwrap())];
        assert!(range.is_none() || !bytes.is_empty());
        let piece = (*self.0.piece.lock().unwrap()).max(1);
        let pieces: Vec<Result<Bytes, FilesError>> = bytes
            .chunks(piece)
            .map(|piece| Ok(Bytes::copy_from_slice(piece)))
            .collect();
        let last_modified = Timestamp::from_seconds(1_700_000_000);
        Ok(Some(ExportFile {
            bytes: whole.len() as u64,
            version: format!("{whole:?}"),
            declared_rows: *self.0.declared.lock().unwrap(),
            last_modified,
            chunks: futures::stream::iter(pieces).boxed(),
        }))
    }

    async fn read(&self, key: &str, _: usize) -> Result<Option<Vec<u8>>, FilesError> {
        Ok(self.0.objects.lock().unwrap().get(key).cloned())
    }

    async fn create(&self, key: &str) -> Result<Box<dyn FileWriter>, FilesError> {
        Ok(Box::new(Writer {
            fakes: self.0.clone(),
            key: key.to_owned(),
            bytes: Vec::new(),
        }))
    }

    async fn remove(&self, keys: &[String]) -> Result<(), FilesError> {
        keys.iter().for_each(|key| {
            assert!(
                self.0.objects.lock().unwrap().remove(key).is_some(),
                "{key}"
            )
        });
        Ok(())
    }

    async fn report(&self, key: &str, load: &Load) -> Result<(), FilesError> {
        self.0
            .objects
            .lock()
            .unwrap()
            .insert(key.to_owned(), load.state.as_str().into());
        Ok(())
    }
}

#[async_trait]
impl LoadStore for Shared {
    async fn load(&self, id: &LoadId) -> Result<Option<Load>, StoreError> {
        Ok(self.0.loads.lock().unwrap().get(id.as_str()).cloned())
    }

    async fn latest_held(&self) -> Result<usize, StoreError> {
        let loads = self.0.loads.lock().unwrap();
        Ok(loads
            .values()
            .filter(|load| load.state == domain::load::LoadState::Held)
            .count())
    }

    async fn begin(&self, load: &Load, _: &str, _: Timestamp) -> Result<bool, StoreError> {
        Ok(self
            .0
            .loads
            .lock()
            .unwrap()
            .insert(load.id.to_string(), load.clone())
            .is_none())
    }

    async fn claim(&self, id: &LoadId, _: LeaseTerm<'_>) -> Result<Option<Load>, StoreError> {
        self.load(id).await
    }

    async fn save(&self, load: &Load, _: LeaseUpdate<'_>) -> Result<bool, StoreError> {
        self.0
            .loads
            .lock()
            .unwrap()
            .insert(load.id.to_string(), load.clone());
        Ok(true)
    }

    async fn plan(&self, _: &LoadId, phase: Phase, chunks: &[Chunk]) -> Result<(), StoreError> {
        let mut all = self.0.chunks.lock().unwrap();
        all.extend(
            chunks
                .iter()
                .map(|chunk| ((phase, chunk.number), chunk.clone())),
        );
        Ok(())
    }

    async fn chunks(
        &self,
        _: &LoadId,
        phase: Phase,
        _: Timestamp,
    ) -> Result<Vec<ChunkStatus>, StoreError> {
        let all = self.0.chunks.lock().unwrap();
        Ok(all
            .iter()
            .filter(|(key, _)| key.0 == phase)
            .map(|(_, chunk)| ChunkStatus {
                chunk: chunk.clone(),
                leased: false,
            })
            .collect())
    }

    async fn claim_chunk(
        &self,
        id: ChunkId<'_>,
        _: LeaseTerm<'_>,
    ) -> Result<ChunkClaim, StoreError> {
        Ok(
            match self.0.chunks.lock().unwrap().get(&(id.phase, id.number)) {
                None => ChunkClaim::Missing,
                Some(chunk) if chunk.done => ChunkClaim::Done,
                Some(chunk) => ChunkClaim::Claimed(Box::new(chunk.clone())),
            },
        )
    }

    async fn save_chunk(
        &self,
        id: ChunkId<'_>,
        chunk: &Chunk,
        _: LeaseUpdate<'_>,
    ) -> Result<bool, StoreError> {
        self.0
            .chunks
            .lock()
            .unwrap()
            .insert((id.phase, id.number), chunk.clone());
        Ok(true)
    }

    async fn delete_chunks(
        &self,
        _: &LoadId,
        phase: Phase,
        numbers: &[u32],
    ) -> Result<(), StoreError> {
        self.0
            .chunks
            .lock()
            .unwrap()
            .retain(|key, _| key.0 != phase || !numbers.contains(&key.1));
        Ok(())
    }

    async fn loads(
        &self,
        _: LoadFilter,
        _: usize,
        _: Option<&Cursor>,
    ) -> Result<Page<Load>, StoreError> {
        Ok(Page {
            items: Vec::new(),
            next: None,
        })
    }

    async fn lock_kind(&self, _: LoadKind, lease: LeaseTerm<'_>) -> Result<bool, StoreError> {
        let mut lock = self.0.lock.lock().unwrap();
        Ok(lock.get_or_insert_with(|| lease.owner.to_owned()) == lease.owner)
    }

    async fn unlock_kind(&self, _: LoadKind, owner: &str) -> Result<(), StoreError> {
        self.0.lock.lock().unwrap().take_if(|lock| lock == owner);
        Ok(())
    }
}

#[async_trait]
impl RowWriter<CatalogRecord> for Shared {
    fn identity(&self, row: &CatalogRecord) -> u64 {
        match row {
            CatalogRecord::Category(Category { id, .. }) | CatalogRecord::NoCategory(id) => {
                id.as_str().bytes().fold(0, |hash: u64, byte| {
                    hash.wrapping_mul(257).wrapping_add(u64::from(byte))
                })
            }
            _ => 0,
        }
    }

    fn references(&self, row: &CatalogRecord) -> Vec<Reference> {
        row.references()
    }

    async fn missing(
        &self,
        references: Vec<Reference>,
        _: &WriteTarget,
    ) -> Result<Vec<Reference>, StoreError> {
        let seen = self.0.seen.lock().unwrap();
        let is_missing = |reference: &Reference| match reference {
            Reference::Category(id) => !seen.contains_key(id.as_str()),
            _ => true,
        };
        Ok(references.into_iter().filter(is_missing).collect())
    }

    async fn is_empty(&self, _: LoadKind) -> Result<bool, StoreError> {
        Ok(self.0.seen.lock().unwrap().is_empty())
    }

    async fn sweep(
        &self,
        target: &WriteTarget,
        in_file: &InFile<'_>,
        _: Option<Cursor>,
    ) -> Result<SweepPage, StoreError> {
        *self.0.sweeps.lock().unwrap() += 1;
        let mut seen = self.0.seen.lock().unwrap();
        let existing = seen.len() as u64;
        let gone: Vec<String> = seen
            .keys()
            .filter(|id| {
                in_file(self.identity(&CatalogRecord::NoCategory(CategoryId::parse(id).unwrap())))
                    == Some(false)
            })
            .cloned()
            .collect();
        if target.writes() {
            seen.retain(|id, _| !gone.contains(id));
        }
        Ok(SweepPage {
            existing,
            removed: gone.len() as u64,
            next: None,
        })
    }

    async fn apply(
        &self,
        rows: Vec<Accepted<CatalogRecord>>,
        target: &WriteTarget,
    ) -> Result<Vec<RowOutcome>, StoreError> {
        if *self.0.outage.lock().unwrap() {
            return Err(StoreError::Throttled { operation: "test" });
        }
        let mut seen = self.0.seen.lock().unwrap();
        let apply = |row: Accepted<CatalogRecord>| {
            let CatalogRecord::Category(category) = &row.record else {
                return RowOutcome::Applied(None);
            };
            let id = category.id.to_string();
            let before = if target.writes() {
                seen.insert(id, row.fingerprint)
            } else {
                seen.get(&id).copied()
            };
            match before {
                Some(before) if before == row.fingerprint => RowOutcome::Unchanged,
                _ => RowOutcome::Applied(None),
            }
        };
        Ok(rows.into_iter().map(apply).collect())
    }
}
