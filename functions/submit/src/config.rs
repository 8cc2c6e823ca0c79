//! How the function is configured.

use app::submission::Backorder;
use lambda_kit::{ConfigError, Env};

/// How the function is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `CARTS_TABLE`: what becomes an order.
    pub carts_table: String,
    /// `SUBMISSIONS_TABLE`: what is handed to the ERP.
    pub submissions_table: String,
    /// `IDEMPOTENCY_TABLE`: requests that may be repeated.
    pub idempotency_table: String,
    /// `MEMBERS_TABLE`: who buys.
    pub members_table: String,
    /// `CATALOG_TABLE`: what is sold.
    pub catalog_table: String,
    /// `BACKORDER`: `allow` (the default) or `refuse` lines that are not all in stock; optional.
    pub backorder: Backorder,
    /// `SUBMIT_QUEUE_URL`: wakes the submit worker.
    pub submit_queue_url: String,
}

impl Config {
    /// Reads the variables.
    ///
    /// # Errors
    /// [`ConfigError`] naming the variable that is missing.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            carts_table: env.required("CARTS_TABLE")?.to_owned(),
            submissions_table: env.required("SUBMISSIONS_TABLE")?.to_owned(),
            idempotency_table: env.required("IDEMPOTENCY_TABLE")?.to_owned(),
            members_table: env.required("MEMBERS_TABLE")?.to_owned(),
            catalog_table: env.required("CATALOG_TABLE")?.to_owned(),
            backorder: Backorder::parse(env.optional("BACKORDER").unwrap_or("allow"))
                .ok_or_else(|| env.invalid("BACKORDER", "it is neither allow nor refuse"))?,
            submit_queue_url: env.required("SUBMIT_QUEUE_URL")?.to_owned(),
        })
    }
}
