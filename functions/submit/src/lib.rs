//! Captures orders and quotes durably. Needs no ERP: a slow one must never stop an order from being taken.

mod answer;
mod read;

use std::sync::Arc;

use app::directory::Directory;
use app::idempotent::{Completed, HeldKey, Idempotent, RepeatableRequest, scope_of};
use app::ports::submissions::StoredAnswer;
use app::submission::{Captured, Placed, Submit};
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use domain::caller::Customer;
use domain::submission::Submission;
use lambda_kit::{
    Buyer, Call, ConfigError, Env, FingerprintedJson, Function, IdempotencyHeader, PreferWait, Problem, Start, recorded,
};
use queue_sqs::SqsSubmitQueue;
use store_dynamodb::{CaptureTables, CartsTable, IdempotencyTable, MembersTable, SubmissionsTable};
use wire::storefront::documents::{NewOrder, NewQuote};

/// How the function is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `CARTS_TABLE`: what becomes an order.
    pub carts_table: String,
    /// `SUBMISSIONS_TABLE`: what is handed to the ERP.
    pub submissions_table: String,
    /// `IDEMPOTENCY_TABLE`: requests that may be repeated.
    pub idempotency_table: String,
    /// `MEMBERS_TABLE`: who buys.
    pub members_table: String,
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
            carts_table: env.required("CARTS_TABLE")?.to_owned(),
            submissions_table: env.required("SUBMISSIONS_TABLE")?.to_owned(),
            idempotency_table: env.required("IDEMPOTENCY_TABLE")?.to_owned(),
            members_table: env.required("MEMBERS_TABLE")?.to_owned(),
            submit_queue_url: env.required("SUBMIT_QUEUE_URL")?.to_owned(),
        })
    }
}

struct Routes {
    submit: Submit,
    idempotent: Idempotent,
}

/// Builds the function.
///
/// # Errors
/// [`ConfigError`] when a variable is missing.
pub async fn build(start: &Start) -> Result<Function, ConfigError> {
    let config = Config::from_env(&start.env)?;
    let (clock, ids) = (start.clock.clone(), start.ids.clone());
    let members = Arc::new(MembersTable::new(&start.sdk, config.members_table));
    let tables = CaptureTables { carts: config.carts_table.clone(), idempotency: config.idempotency_table.clone() };
    let records = Arc::new(IdempotencyTable::new(&start.sdk, config.idempotency_table));
    let routes = Routes {
        submit: Submit {
            carts: Arc::new(CartsTable::new(&start.sdk, config.carts_table, ids.clone())),
            submissions: Arc::new(SubmissionsTable::new(&start.sdk, config.submissions_table, Some(tables))),
            queue: Arc::new(SqsSubmitQueue::new(&start.sdk, config.submit_queue_url)),
            directory: Directory::new(members.clone(), clock.clone()),
            members,
            clock: clock.clone(),
            ids: ids.clone(),
        },
        idempotent: Idempotent::new(records, clock, ids),
    };
    let router = Router::new().route("/orders", post(order)).route("/quotes", post(quote)).with_state(Arc::new(routes));
    lambda_kit::serve(router, start)
}

fn repeatable(
    buyer: &Customer,
    route: &'static str,
    key: String,
    fingerprint: String,
    call: &Call,
) -> RepeatableRequest {
    RepeatableRequest { scope: scope_of(buyer), route, key, fingerprint, deadline: call.deadline }
}

fn captured<'a>(buyer: &'a Customer, call: &'a Call, held: &'a HeldKey, wait: PreferWait) -> Captured<'a> {
    Captured {
        customer: buyer,
        correlation_id: &call.correlation_id,
        record: (&held.key, &held.owner),
        deadline: call.deadline,
        wait_seconds: wait.0,
    }
}

/// The capture recorded the answer in its own transaction; who waited may know better by now.
fn completed(placed: &Placed, answer: fn(&Submission) -> StoredAnswer) -> Completed {
    let recorded = answer(&placed.captured);
    match &placed.seen {
        None => Completed::Recorded(recorded),
        Some(seen) => Completed::Bettered { recorded, answer: answer(seen) },
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
        let placed = routes.submit.order(&captured(&buyer, &call, &held, wait), order, answer::order).await?;
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
        let placed = routes.submit.quote(&captured(&buyer, &call, &held, wait), quote, answer::quote).await?;
        Ok(completed(&placed, answer::quote))
    };
    Ok(recorded(routes.idempotent.run(request, work).await?))
}
