//! Captures orders and quotes durably, and lets approvers decide about orders that wait for them.
//! Needs no ERP: a slow one must never stop an order from being taken.

mod answer;
mod read;

use std::sync::Arc;

use app::directory::Directory;
use app::idempotent::{Completed, HeldKey, Idempotent, RepeatableRequest, scope_of};
use app::ports::submissions::StoredResponse;
use app::submission::{Approvals, Backorder, CaptureService, Captured, Placed};
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use domain::caller::{Customer, Role};
use domain::ids::SubmissionId;
use domain::submission::Submission;
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
        scope: scope_of(buyer),
        route,
        key,
        fingerprint,
        deadline: call.deadline,
    }
}

fn captured<'a>(
    buyer: &'a Customer,
    call: &'a Call,
    held: &'a HeldKey,
    wait: PreferWait,
) -> Captured<'a> {
    Captured {
        customer: buyer,
        correlation_id: &call.correlation_id,
        record: (&held.key, &held.owner),
        deadline: call.deadline,
        wait_seconds: wait.0,
    }
}

/// The capture recorded the answer in its own transaction; who waited may know better by now.
fn completed(placed: &Placed, answer: fn(&Submission) -> StoredResponse) -> Completed {
    let recorded = answer(&placed.captured);
    match &placed.seen {
        None => Completed::Recorded(recorded),
        Some(seen) => Completed::Upgraded {
            recorded,
            answer: answer(seen),
        },
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
    let work = async |held: HeldKey| {
        let order = read::order(body.value)?;
        let placed = routes
            .submit
            .order(&captured(&buyer, &call, &held, wait), order, answer::order)
            .await?;
        Ok(completed(&placed, answer::order))
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
    let work = async |held: HeldKey| {
        let quote = read::quote(body.value)?;
        let placed = routes
            .submit
            .quote(&captured(&buyer, &call, &held, wait), quote, answer::quote)
            .await?;
        Ok(completed(&placed, answer::quote))
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
    Ok(Json(answer::order_answer(&order)))
}
