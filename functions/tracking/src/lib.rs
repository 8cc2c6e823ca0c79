//! Orders and quotes of every channel, read live from the ERP.

mod shown;

use std::sync::Arc;

use app::ports::erp::DocumentKind;
use app::tracking::{ListQuery, Tracking};
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use erp_client::ErpClient;
use lambda_kit::{Call, ConfigError, Env, Function, Json, Member, Params, Path, Problem, Runtime};
use serde::Deserialize;
use store_dynamodb::SubmissionsTable;
use wire::storefront::documents::{Orders, Quotes, Timeline, TimelineEvent};

/// Documents of a page, unless the caller says otherwise, and at most.
const DEFAULT_LIMIT: usize = 20;
const MAX_LIMIT: usize = 100;

/// How the function is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `SUBMISSIONS_TABLE`: what has not arrived in the ERP yet, and timelines.
    pub submissions_table: String,
}

impl Config {
    /// Reads the variables.
    ///
    /// # Errors
    /// [`ConfigError`] naming the variable that is missing.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            submissions_table: env.required("SUBMISSIONS_TABLE")?.to_owned(),
        })
    }
}

/// Builds the function.
///
/// # Errors
/// [`ConfigError`] when a variable is missing.
pub async fn build(runtime: &Runtime) -> Result<Function, ConfigError> {
    let config = Config::from_env(&runtime.env)?;
    let erp = ErpClient::from_variables(
        |name| runtime.env.optional(name),
        runtime.clock.clone(),
        runtime.metrics.handle(),
    );
    let tracking = Tracking {
        erp: Arc::new(erp.map_err(|error| runtime.env.invalid(error.name, error.reason))?),
        submissions: Arc::new(SubmissionsTable::new(
            &runtime.sdk,
            config.submissions_table,
            None,
        )),
        clock: runtime.clock.clone(),
    };
    let router = Router::new()
        .merge(routes("/orders", DocumentKind::Order))
        .merge(routes("/quotes", DocumentKind::Quote))
        .with_state(Arc::new(tracking));
    lambda_kit::serve(router, runtime)
}

/// Orders and quotes are tracked alike.
fn routes(base: &str, kind: DocumentKind) -> Router<Arc<Tracking>> {
    Router::new()
        .route(
            base,
            get(move |state, call, member, params| list(kind, state, call, member, params)),
        )
        .route(
            &format!("{base}/{{id}}"),
            get(move |state, call, member, path| detail(kind, state, call, member, path)),
        )
        .route(
            &format!("{base}/{{id}}/timeline"),
            get(move |state, call, member, path| timeline(kind, state, call, member, path)),
        )
}

#[derive(Debug, Deserialize)]
struct ListParams {
    status: Option<String>,
    limit: Option<usize>,
    cursor: Option<String>,
}

async fn list(
    kind: DocumentKind,
    State(tracking): State<Arc<Tracking>>,
    call: Call,
    member: Member,
    Params(params): Params<ListParams>,
) -> Result<Response, Problem> {
    let limit = params.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT);
    let query = ListQuery {
        kind,
        status: params.status,
        cursor: params.cursor,
        limit,
    };
    let page = tracking
        .list(&call.context(), &member.customer, &query)
        .await?;
    let (as_of, stale, next_cursor) = (page.as_of.into(), page.stale, page.next_cursor);
    let documents = page
        .found
        .iter()
        .map(|d| shown::document(kind, d, page.as_of, stale, false))
        .collect();
    Ok(match kind {
        DocumentKind::Order => Json(Orders {
            orders: documents,
            as_of,
            stale,
            next_cursor,
        })
        .into_response(),
        DocumentKind::Quote => Json(Quotes {
            quotes: documents,
            as_of,
            stale,
            next_cursor,
        })
        .into_response(),
    })
}

async fn detail(
    kind: DocumentKind,
    State(tracking): State<Arc<Tracking>>,
    call: Call,
    member: Member,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let tracked = tracking
        .detail(&call.context(), &member.customer, kind, &id)
        .await?;
    Ok(Json(shown::document(
        kind,
        &tracked.found,
        tracked.as_of,
        tracked.stale,
        true,
    ))
    .into_response())
}

async fn timeline(
    kind: DocumentKind,
    State(tracking): State<Arc<Tracking>>,
    call: Call,
    member: Member,
    Path(id): Path<String>,
) -> Result<Json<Timeline>, Problem> {
    let events = tracking
        .timeline(&call.context(), &member.customer, kind, &id)
        .await?;
    Ok(Json(Timeline {
        events: events.into_iter().map(TimelineEvent::from).collect(),
    }))
}
