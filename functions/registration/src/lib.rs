//! Organizations and users register; operators and administrators decide; members see and change
//! their own.

mod read;
mod routes;
mod show;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use app::directory::Directory;
use app::idempotent::Idempotent;
use app::profile::Profiles;
use app::registration::Registrar;
use axum::Router;
use axum::routing::{get, post, put};
use lambda_kit::{ConfigError, Function, Runtime};
use queue_sqs::SqsSubmitQueue;
use store_dynamodb::{IdempotencyTable, MembersTable, RegistrationTables, RegistrationsTable};

/// Builds the function.
///
/// # Errors
/// [`ConfigError`] if a variable is missing or not usable.
pub async fn build(runtime: &Runtime) -> Result<Function, ConfigError> {
    let (sdk, env) = (&runtime.sdk, &runtime.env);
    let (clock, ids) = (runtime.clock.clone(), runtime.ids.clone());
    let tables = RegistrationTables {
        members: env.required("MEMBERS_TABLE")?.to_owned(),
        submissions: env.required("SUBMISSIONS_TABLE")?.to_owned(),
        idempotency: env.required("IDEMPOTENCY_TABLE")?.to_owned(),
    };
    let members = Arc::new(MembersTable::new(sdk, tables.members.as_str()));
    let records = IdempotencyTable::new(sdk, tables.idempotency.as_str());
    let queue = SqsSubmitQueue::new(sdk, env.required("SUBMIT_QUEUE_URL")?);
    let registrar = Registrar {
        store: Arc::new(RegistrationsTable::new(sdk, tables)),
        directory: Directory::new(members.clone(), clock.clone()),
        members: members.clone(),
        idempotent: Idempotent::new(Arc::new(records), clock.clone(), ids.clone()),
        queue: Arc::new(queue),
        clock: clock.clone(),
        ids: ids.clone(),
        respond: Arc::new(show::registered),
    };
    let profiles = Profiles::new(members.clone(), members, clock, ids);
    let registrations = Router::new()
        .route("/organizations", post(routes::register_organization))
        .route("/users", post(routes::register_user))
        .route("/registrations", get(routes::list_registrations))
        .route(
            "/registrations/{id}/decision",
            post(routes::decide_registration),
        )
        .with_state(Arc::new(registrar));
    let own = Router::new()
        .route("/me", get(routes::me).put(routes::change_me))
        .route(
            "/me/organization",
            get(routes::organization_rules).put(routes::change_organization_rules),
        )
        .route(
            "/me/addresses",
            get(routes::list_addresses).post(routes::add_address),
        )
        .route(
            "/me/addresses/{address_id}",
            put(routes::change_address).delete(routes::remove_address),
        )
        .with_state(Arc::new(profiles));
    lambda_kit::serve(registrations.merge(own), runtime)
}
