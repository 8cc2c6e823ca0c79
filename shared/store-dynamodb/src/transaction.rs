//! Transactions: all or nothing.

use std::time::Duration;

use app::ports::{StoreError, Written};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::TransactWriteItem;

use crate::error::store_error;

const OPERATION: &str = "TransactWriteItems";

/// Tries against other transactions on the same records.
const TRIES: u32 = 6;

/// The SDK found a part of a transaction incomplete: a defect of ours.
pub(crate) fn incomplete(error: BuildError) -> StoreError {
    StoreError::Refused { operation: OPERATION, reason: error.to_string() }
}

/// Runs a transaction. The SDK gives each one a token, so a repetition after a lost answer has no second effect and
/// answers like the first. A transaction that only met another one on its way is tried again.
///
/// # Errors
/// [`StoreError`]; after `Unavailable` nobody knows whether it took effect. [`Written::Conflict`] when a condition failed: nothing was written.
pub(crate) async fn run(client: &Client, items: Vec<TransactWriteItem>) -> Result<Written, StoreError> {
    for attempt in 0..TRIES {
        if attempt > 0 {
            tokio::time::sleep(Duration::from_millis(10 << attempt)).await;
        }
        let Err(error) = client.transact_write_items().set_transact_items(Some(items.clone())).send().await else {
            return Ok(Written::Done);
        };
        let codes: Vec<&str> = match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                cancelled.cancellation_reasons().iter().filter_map(|reason| reason.code()).collect()
            }
            _ => return Err(store_error(OPERATION, error)),
        };
        if codes.contains(&"ConditionalCheckFailed") {
            return Ok(Written::Conflict);
        }
        let passing = |code: &&str| {
            matches!(*code, "None" | "TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded")
        };
        if !codes.iter().all(passing) {
            return Err(StoreError::Refused { operation: OPERATION, reason: codes.join(", ") });
        }
    }
    Err(StoreError::Throttled { operation: OPERATION })
}
