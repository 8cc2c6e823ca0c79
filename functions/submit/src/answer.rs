//! What the storefront is told of a submission: 201 once the ERP confirmed it, 202 before.

use app::ports::submissions::StoredResponse;
use domain::submission::{State, Submission};
use serde_json::json;
use wire::storefront::documents::{Links, OrderAnswer, QuoteAnswer};

fn status(submission: &Submission) -> u16 {
    if submission.state == State::Confirmed {
        201
    } else {
        202
    }
}

fn links(route: &str, submission: &Submission) -> Links {
    Links {
        own: format!("/{route}/{}", submission.id),
        timeline: format!("/{route}/{}/timeline", submission.id),
    }
}

pub(crate) fn order_answer(submission: &Submission) -> OrderAnswer {
    OrderAnswer {
        order_id: submission.id.to_string(),
        state: submission.state.as_str().to_owned(),
        external_order_id: submission.external_id.as_ref().map(ToString::to_string),
        reason: submission.reason.clone(),
        links: links("orders", submission),
    }
}

pub(crate) fn order(submission: &Submission) -> StoredResponse {
    StoredResponse {
        status: status(submission),
        body: json!(order_answer(submission)).to_string(),
    }
}

pub(crate) fn quote(submission: &Submission) -> StoredResponse {
    let answer = QuoteAnswer {
        quote_id: submission.id.to_string(),
        state: submission.state.as_str().to_owned(),
        external_quote_id: submission.external_id.as_ref().map(ToString::to_string),
        reason: submission.reason.clone(),
        links: links("quotes", submission),
    };
    StoredResponse {
        status: status(submission),
        body: json!(answer).to_string(),
    }
}
