//! Loads organizations, users and addresses that the ERP drops as files.

use std::sync::Arc;

use app::load::Loader;
use domain::load::MemberRecord;
use files_s3::ExportBucket;
use lambda_kit::{Arrivals, ConfigError, Env, Function, Start};
use store_dynamodb::{LoadsTable, MembersTable};

/// How the function is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `MEMBERS_TABLE`: where the rows go.
    pub members_table: String,
    /// `LOADS_TABLE`: where the loads are kept.
    pub loads_table: String,
    /// `EXPORTS_BUCKET`: where the files are.
    pub exports_bucket: String,
}

impl Config {
    /// Reads the variables.
    ///
    /// # Errors
    /// [`ConfigError`] naming the variable that is missing.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            members_table: env.required("MEMBERS_TABLE")?.to_owned(),
            loads_table: env.required("LOADS_TABLE")?.to_owned(),
            exports_bucket: env.required("EXPORTS_BUCKET")?.to_owned(),
        })
    }
}

/// Builds the function.
///
/// # Errors
/// [`ConfigError`] when a variable is missing.
pub async fn build(start: &Start) -> Result<Function, ConfigError> {
    let config = Config::from_env(&start.env)?;
    let loader: Loader<MemberRecord> = Loader {
        files: Arc::new(ExportBucket::new(&start.sdk, config.exports_bucket.as_str())),
        loads: Arc::new(LoadsTable::new(&start.sdk, config.loads_table)),
        rows: Arc::new(MembersTable::new(&start.sdk, config.members_table)),
        clock: start.clock.clone(),
    };
    Ok(Function::Event(Arc::new(Arrivals { loader, bucket: config.exports_bucket })))
}
