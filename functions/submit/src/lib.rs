//! Captures orders and quotes durably, and lets approvers decide about orders that wait for them.
//! Needs no ERP: a slow one must never stop an order from being taken.

mod answer;
mod read;

use std::sync::Arc;

use app::directory::Directory;
use app::idempotent::{Idempotent, KeyScope, RepeatableRequest};
use app::ports::idempotency::IdempotencyClaim;
use app::submission::{Approvals, Backorder, CaptureContext, CaptureService};
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use domain::caller::{Customer, Role};
use domain::ids::SubmissionId;
use lambda_kit::{
    Buyer, Call, ConfigError, FingerprintedJson, Function, IdempotencyHeader, Json, Member, Path,
    PreferWait, Problem, Runtime, parse_id, recorded,
};
use queue_sqs::SqsSubmitQueue;
use store_dynamodb::{
    CaptureTables, CartsTable, CatalogTable, IdempotencyTable, MembersTable, SubmissionsTable,
};
use wire::storefront::documents::{NewOrder, NewQuote, OrderAnswer};
use wire::storefront::members::DecisionRequest;

struct Routes {
    submit: CaptureService,
    approvals: Approvals,
    idempotent: Idempotent,
}

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
    let routes = Routes {
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
        .route("/orders", post(order))
        .route("/orders/{id}/approval", post(approval))
        .route("/quotes", post(quote))
        .with_state(Arc::new(routes));
    lambda_kit::serve(router, runtime)
}

fn repeatable(
    buyer: &Customer,
    route: &'static str,
    key: String,
    fingerprint: String,
    call: &Call,
) -> RepeatableRequest {
    RepeatableRequest {
        scope: KeyScope::of_member(buyer),
        route,
        key,
        fingerprint,
        deadline: call.deadline,
    }
}

fn capture_context<'a>(
    buyer: &'a Customer,
    call: &'a Call,
    claim: &'a IdempotencyClaim,
    wait: PreferWait,
) -> CaptureContext<'a> {
    CaptureContext {
        customer: buyer,
        correlation_id: &call.correlation_id,
        claim,
        wait_seconds: wait.0,
    }
}

async fn order(
    State(routes): State<Arc<Routes>>,
    call: Call,
    Buyer(buyer): Buyer,
    wait: PreferWait,
    IdempotencyHeader(key): IdempotencyHeader,
    body: FingerprintedJson<NewOrder>,
) -> Result<Response, Problem> {
    let request = repeatable(&buyer, "POST /orders", key, body.fingerprint, &call);
    let work = async |claim: IdempotencyClaim| {
        let order = read::order(body.value)?;
        let context = capture_context(&buyer, &call, &claim, wait);
        routes.submit.order(&context, order).await
    };
    Ok(recorded(routes.idempotent.run(request, work).await?))
}

async fn quote(
    State(routes): State<Arc<Routes>>,
    call: Call,
    Buyer(buyer): Buyer,
    wait: PreferWait,
    IdempotencyHeader(key): IdempotencyHeader,
    body: FingerprintedJson<NewQuote>,
) -> Result<Response, Problem> {
    let request = repeatable(&buyer, "POST /quotes", key, body.fingerprint, &call);
    let work = async |claim: IdempotencyClaim| {
        let quote = read::quote(body.value)?;
        let context = capture_context(&buyer, &call, &claim, wait);
        routes.submit.quote(&context, quote).await
    };
    Ok(recorded(routes.idempotent.run(request, work).await?))
}

async fn approval(
    State(routes): State<Arc<Routes>>,
    call: Call,
    member: Member,
    Path(id): Path<String>,
    Json(request): Json<DecisionRequest>,
) -> Result<Json<OrderAnswer>, Problem> {
    member.require(Role::Approver)?;
    let request = read::approval(parse_id(&id, SubmissionId::parse)?, request)?;
    let order = routes
        .approvals
        .decide(&member.customer, &request, &call.correlation_id)
        .await?;
    Ok(Json(answer::order(&order)))
}
