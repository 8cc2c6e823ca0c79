//! The responses about a submission: 201 if the ERP confirmed it, 202 before.

use app::ports::idempotency::StoredResponse;
use axum::http::StatusCode;
use domain::submission::{State, Submission, SubmissionKind};
use lambda_kit::stored_response;
use serde_json::json;
use wire::storefront::documents::{Links, OrderAnswer, QuoteAnswer};

fn links(route: &str, submission: &Submission) -> Links {
    Links {
        own: format!("/{route}/{}", submission.id()),
        timeline: format!("/{route}/{}/timeline", submission.id()),
    }
}

pub(crate) fn order(submission: &Submission) -> OrderAnswer {
    OrderAnswer {
        order_id: submission.id().to_string(),
        state: submission.state().as_str().to_owned(),
        external_order_id: submission.external_id().map(ToString::to_string),
        reason: submission.reason().map(str::to_owned),
        links: links("orders", submission),
    }
}

fn quote(submission: &Submission) -> QuoteAnswer {
    QuoteAnswer {
        quote_id: submission.id().to_string(),
        state: submission.state().as_str().to_owned(),
        external_quote_id: submission.external_id().map(ToString::to_string),
        reason: submission.reason().map(str::to_owned),
        links: links("quotes", submission),
    }
}

/// Returns the response of a capture.
pub(crate) fn captured(submission: &Submission) -> StoredResponse {
    let status = match submission.state() {
        State::Confirmed => StatusCode::CREATED,
        State::AwaitingApproval
        | State::Accepted
        | State::Sending
        | State::Rejected
        | State::Waiting
        | State::Unknown
        | State::NeedsAttention => StatusCode::ACCEPTED,
    };
    let body = match submission.kind() {
        SubmissionKind::Quote => json!(quote(submission)),
        // Only orders and quotes are captured here.
        SubmissionKind::Order | SubmissionKind::Organization | SubmissionKind::User => {
            json!(order(submission))
        }
    };
    stored_response(status, body.to_string())
}
