#![doc = include_str!("../README.md")]

use std::collections::BTreeMap;
use std::sync::Arc;

use app::load::Loader;
use domain::load::{CatalogRecord, Guard, LoadKind};
use files_s3::ExportBucket;
use lambda_kit::{ConfigError, Env, Function, LoadEvents, Runtime, load_function};
use queue_sqs::SqsLoadQueue;
use store_dynamodb::{CatalogTable, LoadsTable};

/// How the function is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `CATALOG_TABLE`: where the rows go.
    pub catalog_table: String,
    /// `LOADS_TABLE`: where the loads are kept.
    pub loads_table: String,
    /// `EXPORTS_BUCKET`: where the files are.
    pub exports_bucket: String,
    /// `LOAD_QUEUE_URL`: where loads wait for their turn, and go on after a failure.
    pub load_queue_url: String,
    /// `GUARDRAILS`: limits of kinds that differ from the default, as [`Guard::parse_all`] reads
    /// them; may be missing.
    pub guards: BTreeMap<LoadKind, Guard>,
    /// `CHUNK_BYTES`: a larger file is cut into chunks of about this size; 16 MiB when it is
    /// missing.
    pub chunk_bytes: u64,
    /// `CHECKPOINT_ROWS`: rows between two checkpoints of a worker, which are done again when it is
    /// stopped; 25,000 when it is missing.
    pub checkpoint_rows: u64,
    /// `MAX_UNPACKED_BYTES`: what a compressed file may unpack to; 8 GiB when it is missing.
    pub max_unpacked_bytes: u64,
}

/// Hours of loading: beyond it a file is a mistake or an attack.
const MAX_UNPACKED_BYTES: u64 = 8 * 1024 * 1024 * 1024;

/// Seconds of loading: what is lost at most when a worker is stopped is less than that, for there
/// are checkpoints.
const CHUNK_BYTES: u64 = 16 * 1024 * 1024;
/// Seconds of work.
const CHECKPOINT_ROWS: u64 = 25_000;

impl Config {
    /// Reads the variables.
    ///
    /// # Errors
    /// [`ConfigError`] naming the variable that is missing or cannot be read.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let guards = Guard::parse_all(env.optional("GUARDRAILS").unwrap_or_default());
        Ok(Self {
            guards: guards.map_err(|error| env.invalid("GUARDRAILS", &error.to_string()))?,
            max_unpacked_bytes: env.parsed("MAX_UNPACKED_BYTES", MAX_UNPACKED_BYTES)?,
            chunk_bytes: env.parsed("CHUNK_BYTES", CHUNK_BYTES)?,
            checkpoint_rows: env.parsed("CHECKPOINT_ROWS", CHECKPOINT_ROWS)?,
            load_queue_url: env.required("LOAD_QUEUE_URL")?.to_owned(),
            catalog_table: env.required("CATALOG_TABLE")?.to_owned(),
            loads_table: env.required("LOADS_TABLE")?.to_owned(),
            exports_bucket: env.required("EXPORTS_BUCKET")?.to_owned(),
        })
    }
}

/// Builds the function.
///
/// # Errors
/// [`ConfigError`] when a variable is missing.
pub async fn build(runtime: &Runtime) -> Result<Function, ConfigError> {
    let config = Config::from_env(&runtime.env)?;
    let table = Arc::new(CatalogTable::new(&runtime.sdk, config.catalog_table));
    let queue = SqsLoadQueue::new(
        &runtime.sdk,
        config.load_queue_url.as_str(),
        config.load_queue_url.as_str(),
    );
    let loader: Loader<CatalogRecord> = Loader {
        files: Arc::new(ExportBucket::new(
            &runtime.sdk,
            config.exports_bucket.as_str(),
        )),
        loads: Arc::new(LoadsTable::new(&runtime.sdk, config.loads_table)),
        rows: table.clone(),
        versions: table,
        queue: Arc::new(queue),
        guards: config.guards,
        max_unpacked_bytes: config.max_unpacked_bytes,
        chunk_bytes: config.chunk_bytes,
        checkpoint_rows: config.checkpoint_rows,
        clock: runtime.clock.clone(),
        ids: runtime.ids.clone(),
    };
    Ok(load_function(LoadEvents {
        loader,
        bucket: config.exports_bucket,
    }))
}
