//! The capture transaction.

use app::ports::submissions::Capture;
use app::ports::{StoreError, Written};
use aws_sdk_dynamodb::Client;
use domain::submission::{State, SubmissionKind};

use super::{CaptureTables, new_submission_items};
use crate::carts::{cart_put, ledger};
use crate::idempotency::done_put;
use crate::transaction;

/// A function captures or decides that was not built for it: a defect of ours.
pub(super) fn without_tables() -> StoreError {
    StoreError::Refused {
        operation: "TransactWriteItems",
        reason: "this function knows neither carts nor idempotency records".to_owned(),
    }
}

/// Submission, timeline, cart, reservation and answer: all or nothing.
pub(super) async fn run(
    client: &Client,
    table: &str,
    tables: Option<&CaptureTables>,
    capture: &Capture<'_>,
) -> Result<Written, StoreError> {
    let mut items = new_submission_items(table, capture.submission, capture.event)?;
    if let Some((cart, expected, keep_until)) = capture.cart {
        let tables = tables.ok_or_else(without_tables)?;
        items.push(cart_put(&tables.carts, cart, expected, keep_until)?);
        match capture.submission.content.kind() {
            // The order's outcome decides about the reservation from now on, unless nobody knows
            // whether there will be one.
            SubmissionKind::Order => {
                let prepared = cart
                    .preparation
                    .as_ref()
                    .map(|p| p.reservation.as_str())
                    .unwrap_or_default();
                items.push(match capture.submission.state {
                    State::AwaitingApproval => {
                        ledger::still_there(&tables.carts, &cart.id, prepared)?
                    }
                    State::Accepted
                    | State::Sending
                    | State::Confirmed
                    | State::Rejected
                    | State::Waiting
                    | State::Unknown
                    | State::NeedsAttention => {
                        ledger::hand_over(&tables.carts, &cart.id, prepared)?
                    }
                });
            }
            // A quote reserves nothing; what its cart had set aside ends in time, and `reconcile`
            // releases it.
            SubmissionKind::Quote | SubmissionKind::Organization | SubmissionKind::User => {}
        }
    }
    if let Some((key, owner, answer, pending_until)) = capture.answer {
        let tables = tables.ok_or_else(without_tables)?;
        items.push(done_put(
            &tables.idempotency,
            key,
            owner,
            answer,
            pending_until,
        )?);
    }
    transaction::run(client, items).await
}
