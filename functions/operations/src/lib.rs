//! What operators see and do: the state of the integration, submissions, dead letters, loads and
//! the cache of prices and availabilities.

mod read;
mod routes;
mod show;

use std::sync::Arc;

use app::dead_letters::DeadLetters;
use app::health::HealthCheck;
use app::load::LoadOperator;
use app::lookup::Invalidate;
use app::submission::{BacklogMetrics, SubmissionOperator};
use axum::Router;
use axum::routing::{get, post};
use domain::ids::StoreId;
use erp_client::ErpClient;
use files_s3::ExportBucket;
use lambda_kit::{ConfigError, Env, Function, Runtime};
use queue_sqs::{QueueUrls, SqsDeadLetters, SqsLoadQueue, SqsSubmitQueue};
use store_dynamodb::{CatalogTable, LoadsTable, LookupsTable, SubmissionsTable};

/// The queues of the workers, with their dead letters.
struct Queues {
    submissions: QueueUrls,
    catalog_loads: QueueUrls,
    member_loads: QueueUrls,
}

impl Queues {
    fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let urls = |queue, dead_letters| {
            Ok::<_, ConfigError>(QueueUrls {
                queue: env.required(queue)?.to_owned(),
                dead_letters: env.required(dead_letters)?.to_owned(),
            })
        };
        Ok(Self {
            submissions: urls("SUBMIT_QUEUE_URL", "SUBMIT_DEAD_LETTERS_URL")?,
            catalog_loads: urls("CATALOG_LOAD_QUEUE_URL", "CATALOG_LOAD_DEAD_LETTERS_URL")?,
            member_loads: urls("MEMBER_LOAD_QUEUE_URL", "MEMBER_LOAD_DEAD_LETTERS_URL")?,
        })
    }
}

/// Builds the function.
///
/// # Errors
/// [`ConfigError`] if a variable is missing or not usable.
pub async fn build(runtime: &Runtime) -> Result<Function, ConfigError> {
    let (sdk, env) = (&runtime.sdk, &runtime.env);
    let clock = &runtime.clock;
    let queues = Queues::from_env(env)?;
    let loads = Arc::new(LoadsTable::new(sdk, env.required("LOADS_TABLE")?));
    let submissions = SubmissionsTable::new(sdk, env.required("SUBMISSIONS_TABLE")?, None);
    let submissions = Arc::new(submissions);
    let cache = LookupsTable::new(sdk, env.required("LOOKUPS_TABLE")?);
    let invalidate = Invalidate {
        cache: Arc::new(cache),
        clock: clock.clone(),
        store: env.parsed("STORE_ID", StoreId::parse)?,
    };
    let submission_operator = SubmissionOperator {
        submissions: submissions.clone(),
        queue: Arc::new(SqsSubmitQueue::new(sdk, &*queues.submissions.queue)),
        clock: clock.clone(),
    };
    let health = HealthCheck {
        erp: runtime.erp(ErpClient::from_variables)?,
        backlog: BacklogMetrics {
            submissions: submissions.clone(),
            loads: loads.clone(),
            clock: clock.clone(),
        },
        clock: clock.clone(),
    };
    let load_operator = load_operator(runtime, loads.clone(), &queues)?;
    let letters = SqsDeadLetters::new(
        sdk,
        queues.submissions,
        queues.catalog_loads,
        queues.member_loads,
    );
    let dead_letters = DeadLetters {
        letters: Arc::new(letters),
        submissions,
        loads,
    };
    let router = health_routes(health)
        .merge(submission_routes(submission_operator))
        .merge(dead_letter_routes(dead_letters))
        .merge(load_routes(load_operator))
        .merge(cache_routes(invalidate));
    lambda_kit::serve(router, runtime)
}

fn load_operator(
    runtime: &Runtime,
    loads: Arc<LoadsTable>,
    queues: &Queues,
) -> Result<LoadOperator, ConfigError> {
    let (sdk, env) = (&runtime.sdk, &runtime.env);
    let queue = SqsLoadQueue::new(
        sdk,
        &*queues.catalog_loads.queue,
        &*queues.member_loads.queue,
    );
    let catalog = CatalogTable::new(sdk, env.required("CATALOG_TABLE")?);
    let files = ExportBucket::new(sdk, env.required("EXPORTS_BUCKET")?);
    Ok(LoadOperator {
        loads,
        versions: Arc::new(catalog),
        files: Arc::new(files),
        queue: Arc::new(queue),
        clock: runtime.clock.clone(),
        ids: runtime.ids.clone(),
    })
}

fn health_routes(health: HealthCheck) -> Router {
    Router::new()
        .route("/operations/health", get(routes::health))
        .with_state(Arc::new(health))
}

fn submission_routes(operator: SubmissionOperator) -> Router {
    Router::new()
        .route("/operations/submissions", get(routes::list_submissions))
        .route(
            "/operations/submissions/{id}/retry",
            post(routes::retry_submission),
        )
        .route(
            "/operations/submissions/{id}/resolve",
            post(routes::resolve_submission),
        )
        .with_state(Arc::new(operator))
}

fn dead_letter_routes(dead_letters: DeadLetters) -> Router {
    Router::new()
        .route("/operations/dead-letters", get(routes::list_dead_letters))
        .route(
            "/operations/dead-letters/redrive",
            post(routes::redrive_dead_letters),
        )
        .with_state(Arc::new(dead_letters))
}

fn load_routes(operator: LoadOperator) -> Router {
    Router::new()
        .route("/operations/loads", get(routes::list_loads))
        .route("/operations/loads/{load_id}", get(routes::get_load))
        .route(
            "/operations/loads/{load_id}/release",
            post(routes::release_load),
        )
        .route(
            "/operations/loads/{load_id}/rollback",
            post(routes::rollback_load),
        )
        .with_state(Arc::new(operator))
}

fn cache_routes(invalidate: Invalidate) -> Router {
    Router::new()
        .route(
            "/operations/caches/invalidate",
            post(routes::invalidate_caches),
        )
        .with_state(Arc::new(invalidate))
}
