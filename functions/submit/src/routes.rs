//! The handlers.

use std::sync::Arc;

use app::idempotent::{Idempotent, KeyScope, RepeatableRequest};
use app::ports::idempotency::IdempotencyClaim;
use app::submission::{Approvals, CaptureContext, CaptureService};
use axum::extract::State;
use axum::response::Response;
use domain::caller::{Customer, Role};
use domain::ids::SubmissionId;
use lambda_kit::{
    Buyer, Call, FingerprintedJson, IdempotencyHeader, Json, Member, Path, PreferWait, Problem,
    parse_id, recorded,
};
use wire::storefront::documents::{NewOrder, NewQuote, OrderAnswer};
use wire::storefront::members::DecisionRequest;

use crate::{answer, read};

pub(crate) struct Services {
    pub(crate) submit: CaptureService,
    pub(crate) approvals: Approvals,
    pub(crate) idempotent: Idempotent,
}

pub(crate) async fn order(
    State(services): State<Arc<Services>>,
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
        services.submit.order(&context, order).await
    };
    Ok(recorded(services.idempotent.run(request, work).await?))
}

pub(crate) async fn quote(
    State(services): State<Arc<Services>>,
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
        services.submit.quote(&context, quote).await
    };
    Ok(recorded(services.idempotent.run(request, work).await?))
}

pub(crate) async fn approval(
    State(services): State<Arc<Services>>,
    call: Call,
    member: Member,
    Path(id): Path<String>,
    Json(request): Json<DecisionRequest>,
) -> Result<Json<OrderAnswer>, Problem> {
    member.require(Role::Approver)?;
    let request = read::approval(parse_id(&id, SubmissionId::parse)?, request)?;
    let order = services
        .approvals
        .decide(&member.customer, &request, &call.correlation_id)
        .await?;
    Ok(Json(answer::order(&order)))
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
