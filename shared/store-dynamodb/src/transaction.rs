//! Transactions: all or nothing.

#[cfg(test)]
mod tests;

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
    StoreError::Refused {
        operation: OPERATION,
        reason: error.to_string(),
    }
}

/// How a transaction was cancelled.
#[derive(Debug, PartialEq, Eq)]
enum Cancelled {
    /// The conditions of the parts with these indexes failed.
    Unmet(Vec<usize>),
    /// Another transaction met it, or the store was throttling.
    Passing,
    /// A mistake of ours.
    Other(String),
}

fn cancelled<'a>(codes: impl Iterator<Item = &'a str>) -> Cancelled {
    let mut unmet = Vec::new();
    let mut other = None;
    for (place, code) in codes.enumerate() {
        match code {
            "ConditionalCheckFailed" => unmet.push(place),
            "None"
            | "TransactionConflict"
            | "ThrottlingError"
            | "ProvisionedThroughputExceeded" => {}
            code => other = Some(code.to_owned()),
        }
    }
    match other {
        _ if !unmet.is_empty() => Cancelled::Unmet(unmet),
        Some(code) => Cancelled::Other(code),
        None => Cancelled::Passing,
    }
}

/// Writes all or nothing. Returns the indexes of the parts whose conditions failed; it took effect
/// if there are none.
///
/// The SDK gives each transaction a token, so its repetition after a lost answer has no second
/// effect and answers like the first. A transaction that met another one is tried
/// again.
///
/// # Errors
/// [`StoreError`]; after `Unavailable`, and only then, it may have taken effect.
pub(crate) async fn commit(
    client: &Client,
    items: Vec<TransactWriteItem>,
) -> Result<Vec<usize>, StoreError> {
    for attempt in 0..TRIES {
        if attempt > 0 {
            tokio::time::sleep(Duration::from_millis(10 << attempt)).await;
        }
        let Err(error) = client
            .transact_write_items()
            .set_transact_items(Some(items.clone()))
            .send()
            .await
        else {
            return Ok(Vec::new());
        };
        let Some(TransactWriteItemsError::TransactionCanceledException(refusal)) =
            error.as_service_error()
        else {
            return Err(store_error(OPERATION, error));
        };
        match cancelled(
            refusal
                .cancellation_reasons()
                .iter()
                .map(|reason| reason.code().unwrap_or("None")),
        ) {
            Cancelled::Unmet(places) => return Ok(places),
            Cancelled::Passing => {}
            Cancelled::Other(reason) => {
                return Err(StoreError::Refused {
                    operation: OPERATION,
                    reason,
                });
            }
        }
    }
    Err(StoreError::Throttled {
        operation: OPERATION,
    })
}

/// Writes all or nothing, where it makes no difference which condition failed.
///
/// # Errors
/// As [`commit`].
pub(crate) async fn run(
    client: &Client,
    items: Vec<TransactWriteItem>,
) -> Result<Written, StoreError> {
    let unmet = commit(client, items).await?;
    Ok(if unmet.is_empty() {
        Written::Done
    } else {
        Written::Conflict
    })
}
