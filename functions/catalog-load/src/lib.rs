#![doc = include_str!("../README.md")]

use std::sync::Arc;

use domain::load::CatalogRecord;
use files_s3::ExportBucket;
use lambda_kit::{ConfigError, Function, LoadAdapters, Runtime, load_function};
use queue_sqs::SqsLoadQueue;
use store_dynamodb::{CatalogTable, LoadsTable};

/// Builds the function.
///
/// # Errors
/// [`ConfigError`] if a variable is missing or not usable.
pub async fn build(runtime: &Runtime) -> Result<Function, ConfigError> {
    let (sdk, env) = (&runtime.sdk, &runtime.env);
    let bucket = env.required("EXPORTS_BUCKET")?;
    let queue = env.required("LOAD_QUEUE_URL")?;
    let adapters = LoadAdapters {
        table: CatalogTable::new(sdk, env.required("CATALOG_TABLE")?),
        loads: Arc::new(LoadsTable::new(sdk, env.required("LOADS_TABLE")?)),
        files: Arc::new(ExportBucket::new(sdk, bucket)),
        bucket,
        queue: Arc::new(SqsLoadQueue::new(sdk, queue, queue)),
    };
    load_function::<CatalogRecord, _>(runtime, adapters)
}
