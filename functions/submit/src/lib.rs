//! Captures orders and quotes durably, and lets approvers decide about orders that wait for them.
//! Needs no ERP: a slow one must never stop an order from being taken.

mod answer;
mod read;
mod routes;

use std::sync::Arc;

use app::directory::Directory;
use app::idempotent::Idempotent;
use app::submission::{Approvals, Backorder, CaptureService};
use axum::Router;
use axum::routing::post;
use lambda_kit::{ConfigError, Function, Runtime};
use queue_sqs::SqsSubmitQueue;
use store_dynamodb::{
    CaptureTables, CartsTable, CatalogTable, IdempotencyTable, MembersTable, SubmissionsTable,
};

use crate::routes::Services;

/// Builds the function.
///
/// # Errors
/// [`ConfigError`] if a variable is missing or not usable.
pub async fn build(runtime: &Runtime) -> Result<Function, ConfigError> {
    let (sdk, env) = (&runtime.sdk, &runtime.env);
    let (clock, ids) = (runtime.clock.clone(), runtime.ids.clone());
    let tables = CaptureTables {
        carts: env.required("CARTS_TABLE")?.to_owned(),
        idempotency: env.required("IDEMPOTENCY_TABLE")?.to_owned(),
    };
    let carts = CartsTable::new(sdk, tables.carts.as_str(), ids.clone());
    let records = IdempotencyTable::new(sdk, tables.idempotency.as_str());
    let submissions = env.required("SUBMISSIONS_TABLE")?;
    let submissions = Arc::new(SubmissionsTable::new(sdk, submissions, Some(tables)));
    let members = Arc::new(MembersTable::new(sdk, env.required("MEMBERS_TABLE")?));
    let catalog = CatalogTable::new(sdk, env.required("CATALOG_TABLE")?);
    let queue = Arc::new(SqsSubmitQueue::new(sdk, env.required("SUBMIT_QUEUE_URL")?));
    // What happens to lines that are not completely in stock.
    let backorder = env.optionally_parsed("BACKORDER", |text| {
        Backorder::parse(text).ok_or("it is neither allow nor refuse")
    })?;
    let services = Services {
        approvals: Approvals {
            submissions: submissions.clone(),
            queue: queue.clone(),
            directory: Directory::new(members.clone(), clock.clone()),
            clock: clock.clone(),
        },
        submit: CaptureService {
            carts: Arc::new(carts),
            submissions,
            queue,
            directory: Directory::new(members.clone(), clock.clone()),
            members,
            catalog: Arc::new(catalog),
            backorder: backorder.unwrap_or(Backorder::Allow),
            respond: Arc::new(answer::captured),
            clock: clock.clone(),
            ids: ids.clone(),
        },
        idempotent: Idempotent::new(Arc::new(records), clock, ids),
    };
    let router = Router::new()
        .route("/orders", post(routes::order))
        .route("/orders/{id}/approval", post(routes::approval))
        .route("/quotes", post(routes::quote))
        .with_state(Arc::new(services));
    lambda_kit::serve(router, runtime)
}
