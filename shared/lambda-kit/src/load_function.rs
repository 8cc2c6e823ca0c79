//! Makes a function that loads export files.

use std::collections::BTreeMap;
use std::sync::Arc;

use app::load::{Loader, RecordFamily};
use app::ports::{ExportFiles, LoadQueue, LoadStore, RowWriter, VersionStore};
use domain::load::{Guard, LoadKind};

use crate::env::{ConfigError, Env};
use crate::function::Function;
use crate::load_events::{self, LoadEvents};
use crate::runtime::Runtime;

/// This much takes hours to load. A file that unpacks to more is a mistake or an attack.
const MAX_UNPACKED_BYTES: u64 = 8 * 1024 * 1024 * 1024;
/// This much takes seconds to load. A worker that is stopped loses less, because it writes
/// checkpoints.
const CHUNK_BYTES: u64 = 16 * 1024 * 1024;
/// These take seconds to load.
const CHECKPOINT_ROWS: u64 = 25_000;

/// The limits of a load function. Each variable is optional.
#[derive(Debug, Clone, PartialEq, Eq)]
struct LoaderConfig {
    /// `GUARDRAILS`: limits of kinds that differ from the default, as [`Guard::parse_all`] reads
    /// them.
    guards: BTreeMap<LoadKind, Guard>,
    /// `CHUNK_BYTES`: a larger file is split into chunks of about this size.
    chunk_bytes: u64,
    /// `CHECKPOINT_ROWS`: rows between two checkpoints of a worker. A worker that is stopped
    /// repeats at most that many.
    checkpoint_rows: u64,
    /// `MAX_UNPACKED_BYTES`: the most that a compressed file may unpack to.
    max_unpacked_bytes: u64,
}

impl LoaderConfig {
    fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let number = |name, default| {
            let number = env.optionally_parsed(name, str::parse::<u64>)?;
            Ok::<_, ConfigError>(number.unwrap_or(default))
        };
        let guards = env.optionally_parsed("GUARDRAILS", Guard::parse_all)?;
        Ok(Self {
            guards: guards.unwrap_or_default(),
            chunk_bytes: number("CHUNK_BYTES", CHUNK_BYTES)?,
            checkpoint_rows: number("CHECKPOINT_ROWS", CHECKPOINT_ROWS)?,
            max_unpacked_bytes: number("MAX_UNPACKED_BYTES", MAX_UNPACKED_BYTES)?,
        })
    }
}

/// The adapters of a load function.
pub struct LoadAdapters<'a, T> {
    /// The table of the rows.
    pub table: T,
    /// The loads and their chunks.
    pub loads: Arc<dyn LoadStore>,
    /// The bucket of the export files.
    pub files: Arc<dyn ExportFiles>,
    /// The name of that bucket. Events of other buckets are ignored.
    pub bucket: &'a str,
    /// The queue of this function.
    pub queue: Arc<dyn LoadQueue>,
}

/// Makes the function that loads the files of a family of kinds. Its bucket and its queue invoke
/// it.
///
/// # Errors
/// [`ConfigError`] if a limit is not usable.
pub fn load_function<R, T>(
    runtime: &Runtime,
    adapters: LoadAdapters<'_, T>,
) -> Result<Function, ConfigError>
where
    R: RecordFamily,
    T: RowWriter<R> + VersionStore + 'static,
{
    let config = LoaderConfig::from_env(&runtime.env)?;
    let table = Arc::new(adapters.table);
    let loader: Loader<R> = Loader {
        files: adapters.files,
        loads: adapters.loads,
        rows: table.clone(),
        versions: table,
        queue: adapters.queue,
        guards: config.guards,
        max_unpacked_bytes: config.max_unpacked_bytes,
        chunk_bytes: config.chunk_bytes,
        checkpoint_rows: config.checkpoint_rows,
        clock: runtime.clock.clone(),
        ids: runtime.ids.clone(),
    };
    Ok(load_events::function(LoadEvents {
        loader,
        bucket: adapters.bucket.to_owned(),
    }))
}
