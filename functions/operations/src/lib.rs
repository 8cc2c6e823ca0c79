//! What operators see and do.

mod caches;
mod dead_letters;
mod health;
mod submissions;

use std::sync::Arc;

use app::UseCaseError;
use app::dead_letters::DeadLetters;
use app::health::HealthCheck;
use app::load::LoadOperator;
use app::lookup::Invalidate;
use app::ports::{Cursor, LoadFilter};
use app::submission::{BacklogMetrics, SubmissionOperator};
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use domain::ids::{LoadId, StoreId};
use domain::load::{LoadKind, LoadState};
use erp_client::ErpClient;
use files_s3::ExportBucket;
use lambda_kit::{
    ConfigError, Env, Function, Json, Operator, Params, Path, Problem, Runtime, parse_id,
};
use queue_sqs::{QueueUrls, SqsDeadLetters, SqsLoadQueue, SqsSubmitQueue};
use serde::Deserialize;
use store_dynamodb::{CatalogTable, LoadsTable, LookupsTable, SubmissionsTable};
use wire::storefront::loads as body;

/// Entries of a page, unless the caller says otherwise.
const DEFAULT_LIMIT: usize = 50;
/// Most entries of a page.
const MAX_LIMIT: usize = 200;

/// How the function is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `LOADS_TABLE`: where the loads are kept.
    pub loads_table: String,
    /// `LOOKUPS_TABLE`: the cache of prices and availabilities.
    pub lookups_table: String,
    /// `STORE_ID`: whose cache it is.
    pub store: StoreId,
    /// `CATALOG_TABLE`: what readers see of the catalog.
    pub catalog_table: String,
    /// `SUBMISSIONS_TABLE`: orders, quotes and registrations on their way to the ERP.
    pub submissions_table: String,
    /// `SUBMIT_QUEUE_URL` wakes the submit worker, `SUBMIT_DEAD_LETTERS_URL` holds what it gave up.
    pub submissions: QueueUrls,
    /// `CATALOG_LOAD_QUEUE_URL` wakes the function that loads the catalog,
    /// `CATALOG_LOAD_DEAD_LETTERS_URL` holds what it gave up.
    pub catalog_loads: QueueUrls,
    /// `MEMBER_LOAD_QUEUE_URL` wakes the function that loads members,
    /// `MEMBER_LOAD_DEAD_LETTERS_URL` holds what it gave up.
    pub member_loads: QueueUrls,
    /// `EXPORTS_BUCKET`: where the reports of loads are.
    pub exports_bucket: String,
}

impl Config {
    /// Reads the variables.
    ///
    /// # Errors
    /// [`ConfigError`] naming the variable that is missing.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            loads_table: env.required("LOADS_TABLE")?.to_owned(),
            lookups_table: env.required("LOOKUPS_TABLE")?.to_owned(),
            store: StoreId::parse(env.required("STORE_ID")?)
                .map_err(|e| env.invalid("STORE_ID", &e.to_string()))?,
            catalog_table: env.required("CATALOG_TABLE")?.to_owned(),
            submissions_table: env.required("SUBMISSIONS_TABLE")?.to_owned(),
            submissions: QueueUrls {
                queue: env.required("SUBMIT_QUEUE_URL")?.to_owned(),
                dead_letters: env.required("SUBMIT_DEAD_LETTERS_URL")?.to_owned(),
            },
            catalog_loads: QueueUrls {
                queue: env.required("CATALOG_LOAD_QUEUE_URL")?.to_owned(),
                dead_letters: env.required("CATALOG_LOAD_DEAD_LETTERS_URL")?.to_owned(),
            },
            member_loads: QueueUrls {
                queue: env.required("MEMBER_LOAD_QUEUE_URL")?.to_owned(),
                dead_letters: env.required("MEMBER_LOAD_DEAD_LETTERS_URL")?.to_owned(),
            },
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
    let store = Arc::new(LoadsTable::new(&runtime.sdk, config.loads_table));
    let erp = ErpClient::from_variables(
        |name| runtime.env.optional(name),
        runtime.clock.clone(),
        runtime.metrics.handle(),
    );
    let erp = erp.map_err(|error| runtime.env.invalid(error.name, error.reason))?;
    let state = Arc::new(Operations {
        loads: LoadOperator {
            loads: store.clone(),
            versions: Arc::new(CatalogTable::new(&runtime.sdk, config.catalog_table)),
            files: Arc::new(ExportBucket::new(&runtime.sdk, config.exports_bucket)),
            queue: Arc::new(SqsLoadQueue::new(
                &runtime.sdk,
                config.catalog_loads.queue.as_str(),
                config.member_loads.queue.as_str(),
            )),
            clock: runtime.clock.clone(),
            ids: runtime.ids.clone(),
        },
    });
    let invalidate = Invalidate {
        cache: Arc::new(LookupsTable::new(&runtime.sdk, config.lookups_table)),
        clock: runtime.clock.clone(),
        store: config.store,
    };
    let submissions = Arc::new(SubmissionsTable::new(
        &runtime.sdk,
        config.submissions_table,
        None,
    ));
    let operate = SubmissionOperator {
        submissions: submissions.clone(),
        queue: Arc::new(SqsSubmitQueue::new(
            &runtime.sdk,
            config.submissions.queue.as_str(),
        )),
        clock: runtime.clock.clone(),
    };
    let letters = SqsDeadLetters::new(
        &runtime.sdk,
        config.submissions,
        config.catalog_loads,
        config.member_loads,
    );
    let backlog = BacklogMetrics {
        submissions: submissions.clone(),
        loads: store.clone(),
        clock: runtime.clock.clone(),
    };
    let checkup = HealthCheck {
        erp: Arc::new(erp),
        backlog,
        clock: runtime.clock.clone(),
    };
    let letter_box = DeadLetters {
        letters: Arc::new(letters),
        submissions,
        loads: store,
    };
    let router = Router::new()
        .route("/operations/loads", get(list_loads))
        .route("/operations/loads/{load_id}", get(get_load))
        .route("/operations/loads/{load_id}/release", post(release_load))
        .route("/operations/loads/{load_id}/rollback", post(rollback_load))
        .with_state(state)
        .merge(caches::router(invalidate))
        .merge(submissions::router(operate))
        .merge(dead_letters::router(letter_box))
        .merge(health::router(checkup));
    lambda_kit::serve(router, runtime)
}

struct Operations {
    loads: LoadOperator,
}

#[derive(Debug, Deserialize)]
struct LoadsParams {
    kind: Option<String>,
    state: Option<String>,
    limit: Option<usize>,
    cursor: Option<String>,
}

impl LoadsParams {
    fn filter(&self) -> Result<LoadFilter, UseCaseError> {
        let kind = self
            .kind
            .as_deref()
            .map(|text| LoadKind::parse(text).ok_or_else(|| unknown("/kind", "kind of loads")));
        let state = self
            .state
            .as_deref()
            .map(|text| LoadState::parse(text).ok_or_else(|| unknown("/state", "state of loads")));
        Ok(LoadFilter {
            kind: kind.transpose()?,
            state: state.transpose()?,
        })
    }
}

fn unknown(pointer: &str, what: &str) -> UseCaseError {
    UseCaseError::invalid(pointer, "invalid_query", format!("there is no such {what}"))
}

async fn list_loads(
    State(operations): State<Arc<Operations>>,
    Operator(operator): Operator,
    Params(params): Params<LoadsParams>,
) -> Result<Json<body::Loads>, Problem> {
    let filter = params.filter()?;
    let limit = params.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT);
    let cursor = params.cursor.map(Cursor::new);
    let page = operations
        .loads
        .list(&operator, filter, limit, cursor.as_ref())
        .await?;
    Ok(Json(body::Loads {
        loads: page.items.iter().map(body::Load::from).collect(),
        next_cursor: page.next.map(|next| next.as_str().to_owned()),
    }))
}

async fn get_load(
    State(operations): State<Arc<Operations>>,
    Operator(operator): Operator,
    Path(load_id): Path<String>,
) -> Result<Json<body::Load>, Problem> {
    let load_id = parse_id(&load_id, LoadId::parse)?;
    let load = operations.loads.get(&operator, &load_id).await?;
    Ok(Json(body::Load::from(&load)))
}

async fn release_load(
    State(operations): State<Arc<Operations>>,
    Operator(operator): Operator,
    Path(load_id): Path<String>,
) -> Result<Json<body::Load>, Problem> {
    let load_id = parse_id(&load_id, LoadId::parse)?;
    let load = operations.loads.release(&operator, &load_id).await?;
    Ok(Json(body::Load::from(&load)))
}

async fn rollback_load(
    State(operations): State<Arc<Operations>>,
    Operator(operator): Operator,
    Path(load_id): Path<String>,
) -> Result<Json<body::Load>, Problem> {
    let load_id = parse_id(&load_id, LoadId::parse)?;
    let load = operations.loads.roll_back(&operator, &load_id).await?;
    Ok(Json(body::Load::from(&load)))
}
