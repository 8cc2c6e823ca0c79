//! How things stand.

use std::sync::Arc;

use app::health::{Finding, Health, HealthCheck};
use app::ports::ErpError;
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use lambda_kit::{Call, Json, Operator, Problem};
use wire::storefront::operations as body;

pub(crate) fn router(checkup: HealthCheck) -> Router {
    Router::new()
        .route("/operations/health", get(look))
        .with_state(Arc::new(checkup))
}

async fn look(
    State(checkup): State<Arc<HealthCheck>>,
    call: Call,
    Operator(operator): Operator,
) -> Result<Json<body::Health>, Problem> {
    let health = checkup.look(&operator, &call.context()).await?;
    Ok(Json(shown(&health)))
}

fn shown(health: &Health) -> body::Health {
    let findings: Vec<body::Finding> = health.findings().into_iter().map(finding).collect();
    body::Health {
        status: if findings.is_empty() {
            body::HealthStatus::Ok
        } else {
            body::HealthStatus::Attention
        },
        checked_at: health.at.into(),
        findings,
        erp: body::ErpHealth {
            reachable: health.erp.is_ok(),
            duration_ms: health.erp.as_ref().ok().copied(),
            reason: health.erp.as_ref().err().map(reason),
        },
        waiting: body::Waiting {
            oldest_unconfirmed_seconds: health.waiting.oldest_unconfirmed_seconds,
            oldest_awaiting_approval_seconds: health.waiting.oldest_awaiting_approval_seconds,
            unknown: health.waiting.unknown,
            needs_attention: health.waiting.needs_attention,
            held_loads: health.waiting.held_loads,
        },
    }
}

fn finding(finding: Finding) -> body::Finding {
    let (code, look) = match finding {
        Finding::ErpUnavailable => ("erp_unavailable", None),
        Finding::NeedsAttention => (
            "needs_attention",
            Some("/operations/submissions?state=needs_attention"),
        ),
        Finding::Overdue => ("overdue", Some("/operations/submissions")),
        Finding::HeldLoads => ("held_loads", Some("/operations/loads?state=held")),
    };
    body::Finding {
        code: code.to_owned(),
        look: look.map(str::to_owned),
    }
}

/// A stable code of why the ERP is not well; nothing of what it said.
fn reason(error: &ErpError) -> String {
    match error {
        ErpError::Unavailable(reason) | ErpError::Invalid(reason) => (*reason).to_owned(),
        ErpError::Timeout => "timeout".to_owned(),
        ErpError::NoTime => "no_time".to_owned(),
        ErpError::Refused { .. } => "refused".to_owned(),
    }
}
