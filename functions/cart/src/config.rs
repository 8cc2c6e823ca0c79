//! How the function is configured.

use domain::freshness::ThresholdRules;
use domain::ids::StoreId;
use lambda_kit::{ConfigError, Env};

/// How the function is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `CARTS_TABLE`: carts and the ledger of reservations.
    pub carts_table: String,
    /// `CATALOG_TABLE`: what carts hold.
    pub catalog_table: String,
    /// `MEMBERS_TABLE`: who buys, and where to.
    pub members_table: String,
    /// `LOOKUPS_TABLE`: the cache of prices and availabilities.
    pub lookups_table: String,
    /// `SUBMISSIONS_TABLE`: orders to order again.
    pub submissions_table: String,
    /// `STORE_ID`: the store that is asked for.
    pub store: StoreId,
    /// `INVENTORY_RULES`: how long an availability is fresh, as [`wire::rules`] describes;
    /// optional.
    pub rules: ThresholdRules,
}

impl Config {
    /// Reads the variables.
    ///
    /// # Errors
    /// [`ConfigError`] naming the variable that is missing.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            carts_table: env.required("CARTS_TABLE")?.to_owned(),
            catalog_table: env.required("CATALOG_TABLE")?.to_owned(),
            members_table: env.required("MEMBERS_TABLE")?.to_owned(),
            lookups_table: env.required("LOOKUPS_TABLE")?.to_owned(),
            submissions_table: env.required("SUBMISSIONS_TABLE")?.to_owned(),
            store: StoreId::parse(env.required("STORE_ID")?)
                .map_err(|e| env.invalid("STORE_ID", &e.to_string()))?,
            rules: wire::rules::read(env.optional("INVENTORY_RULES").unwrap_or("[]"))
                .map_err(|e| env.invalid("INVENTORY_RULES", &e.to_string()))?,
        })
    }
}
