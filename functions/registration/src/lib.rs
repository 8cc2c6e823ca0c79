//! Organizations and users register; operators and administrators decide; members see and change
//! their own.

mod apply;
mod decide;
mod me;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use app::directory::Directory;
use app::idempotent::Idempotent;
use app::profile::Profiles;
use app::registration::Registrar;
use axum::Router;
use axum::routing::{get, post, put};
use lambda_kit::{ConfigError, Env, Function, Runtime};
use queue_sqs::SqsSubmitQueue;
use store_dynamodb::{IdempotencyTable, MembersTable, RegistrationTables, RegistrationsTable};

/// How the function is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `MEMBERS_TABLE`: members and registrations.
    pub members_table: String,
    /// `SUBMISSIONS_TABLE`: what is handed to the ERP.
    pub submissions_table: String,
    /// `IDEMPOTENCY_TABLE`: requests that may be repeated.
    pub idempotency_table: String,
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
            members_table: env.required("MEMBERS_TABLE")?.to_owned(),
            submissions_table: env.required("SUBMISSIONS_TABLE")?.to_owned(),
            idempotency_table: env.required("IDEMPOTENCY_TABLE")?.to_owned(),
            submit_queue_url: env.required("SUBMIT_QUEUE_URL")?.to_owned(),
        })
    }
}

/// Builds the function.
///
/// # Errors
/// [`ConfigError`] when a variable is missing.
pub async fn build(runtime: &Runtime) -> Result<Function, ConfigError> {
    let config = Config::from_env(&runtime.env)?;
    let (clock, ids) = (runtime.clock.clone(), runtime.ids.clone());
    let members = Arc::new(MembersTable::new(
        &runtime.sdk,
        config.members_table.clone(),
    ));
    let tables = RegistrationTables {
        members: config.members_table,
        submissions: config.submissions_table,
        idempotency: config.idempotency_table.clone(),
    };
    let records = Arc::new(IdempotencyTable::new(
        &runtime.sdk,
        config.idempotency_table,
    ));
    let registrar = Registrar {
        store: Arc::new(RegistrationsTable::new(&runtime.sdk, tables)),
        directory: Directory::new(members.clone(), clock.clone()),
        members: members.clone(),
        idempotent: Idempotent::new(records, clock.clone(), ids.clone()),
        queue: Arc::new(SqsSubmitQueue::new(&runtime.sdk, config.submit_queue_url)),
        clock: clock.clone(),
        ids: ids.clone(),
        respond: Arc::new(apply::registered),
    };
    let profiles = Profiles::new(members.clone(), members, clock, ids);
    let registrations = Router::new()
        .route("/organizations", post(apply::organization))
        .route("/users", post(apply::user))
        .route("/registrations", get(decide::inbox))
        .route("/registrations/{id}/decision", post(decide::decide))
        .with_state(Arc::new(registrar));
    let own = Router::new()
        .route("/me", get(me::read).put(me::change))
        .route("/me/organization", get(me::rules).put(me::change_rules))
        .route("/me/addresses", get(me::addresses).post(me::add_address))
        .route(
            "/me/addresses/{address_id}",
            put(me::change_address).delete(me::remove_address),
        )
        .with_state(Arc::new(profiles));
    lambda_kit::serve(registrations.merge(own), runtime)
}
