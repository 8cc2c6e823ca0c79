//! The capture transaction.

use app::ports::submissions::Capture;
use app::ports::{StoreError, Written};
use aws_sdk_dynamodb::Client;
use domain::submission::{State, SubmissionKind};

use super::{CaptureTables, new_submission_items};
use crate::carts::{cart_put, ledger};
use crate::idempotency::done_put;
use crate::transaction;

/// A function captures or decides without the tables for it: a defect of ours.
pub(super) fn without_tables() -> StoreError {
    StoreError::Refused {
        operation: "TransactWriteItems",
        reason: "this function knows neither carts nor idempotency records".to_owned(),
    }
}

/// Writes submission, timeline, cart, reservation and response: all or nothing.
pub(super) async fn run(
    client: &Client,
    table: &str,
    tables: Option<&CaptureTables>,
    capture: &Capture<'_>,
) -> Result<Written, StoreError> {
    let tables = tables.ok_or_else(without_tables)?;
    let mut items = new_submission_items(table, capture.transition)?;
    items.push(cart_put(&tables.carts, capture.cart)?);
    let (cart, submission) = (capture.cart.cart, &capture.transition.submission);
    match submission.kind() {
        // The order's outcome decides about the reservation from now on, unless it waits for an
        // approver who may not approve it.
        SubmissionKind::Order => {
            let prepared = cart
                .preparation
                .as_ref()
                .map(|p| p.reservation.as_str())
                .unwrap_or_default();
            items.push(match submission.state() {
                State::AwaitingApproval => ledger::still_there(&tables.carts, &cart.id, prepared)?,
                State::Accepted
                | State::Sending
                | State::Confirmed
                | State::Rejected
                | State::Waiting
                | State::Unknown
                | State::NeedsAttention => ledger::hand_over(&tables.carts, &cart.id, prepared)?,
            });
        }
        // A quote has no reservation. The reservation of its cart expires, and `reconcile` releases
        // it.
        SubmissionKind::Quote | SubmissionKind::Organization | SubmissionKind::User => {}
    }
    items.push(done_put(&tables.idempotency, capture.completion)?);
    transaction::run(client, items).await
}
