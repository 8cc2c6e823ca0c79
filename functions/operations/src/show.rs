//! Answers, as operators see them.

use app::dead_letters::{Action, Explained};
use app::health::{Finding, Health};
use app::ports::ErpError;
use app::ports::dead_letters::Subject;
use domain::submission::{Submission, SubmissionKind};
use wire::storefront::operations as body;

pub(crate) fn health(health: &Health) -> body::Health {
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

pub(crate) fn submission(submission: &Submission) -> body::Submission {
    body::Submission {
        submission_id: submission.id().to_string(),
        kind: kind(submission.kind()).to_owned(),
        state: submission.state().as_str().to_owned(),
        reason: submission.reason().map(str::to_owned),
        refusal: submission
            .refusal()
            .and_then(|refusal| refusal.reason.clone()),
        organization_id: submission.organization().to_string(),
        attempt: submission.attempt(),
        sends_without_trace: submission.sends_without_trace(),
        external_id: submission.external_id().map(ToString::to_string),
        created_at: submission.created_at().into(),
        updated_at: submission.updated_at().into(),
        due_at: submission.due_at().map(Into::into),
        correlation_id: submission.correlation_id().to_owned(),
    }
}

fn kind(kind: SubmissionKind) -> &'static str {
    match kind {
        SubmissionKind::Order => "order",
        SubmissionKind::Quote => "quote",
        SubmissionKind::Organization => "organization",
        SubmissionKind::User => "user",
    }
}

pub(crate) fn dead_letter(explained: &Explained, done: Option<Option<Action>>) -> body::DeadLetter {
    let letter = &explained.letter;
    let (submission_id, load_id) = match &letter.subject {
        Subject::Submission(id) => (Some(id.to_string()), None),
        Subject::Load(id) => (None, Some(id.to_string())),
        Subject::Unreadable => (None, None),
    };
    body::DeadLetter {
        queue: letter.queue.as_str().to_owned(),
        message_id: letter.message_id.clone(),
        reason: explained.reason.clone(),
        submission_id,
        load_id,
        state: explained.state.map(str::to_owned),
        organization_id: explained.owner.as_ref().map(ToString::to_string),
        sent_at: letter.sent_at.map(Into::into),
        next_action: explained.next.as_str().to_owned(),
        done: done.map(|done| done.map(|action| action.as_str().to_owned())),
    }
}
