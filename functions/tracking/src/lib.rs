//! Orders and quotes of every channel, read live from the ERP.

mod read;
mod routes;
mod show;

use std::sync::Arc;

use app::ports::erp::DocumentKind;
use app::tracking::Tracking;
use axum::Router;
use axum::routing::get;
use erp_client::ErpClient;
use lambda_kit::{ConfigError, Function, Runtime};
use store_dynamodb::SubmissionsTable;

/// Builds the function.
///
/// # Errors
/// [`ConfigError`] if a variable is missing or not usable.
pub async fn build(runtime: &Runtime) -> Result<Function, ConfigError> {
    let submissions = runtime.env.required("SUBMISSIONS_TABLE")?;
    let tracking = Tracking {
        erp: runtime.erp(ErpClient::from_variables)?,
        submissions: Arc::new(SubmissionsTable::new(&runtime.sdk, submissions, None)),
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
            get(move |state, call, member, params| routes::list(kind, state, call, member, params)),
        )
        .route(
            &format!("{base}/{{id}}"),
            get(move |state, call, member, path| routes::detail(kind, state, call, member, path)),
        )
        .route(
            &format!("{base}/{{id}}/timeline"),
            get(move |state, call, member, path| routes::timeline(kind, state, call, member, path)),
        )
}
