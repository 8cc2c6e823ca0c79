//! Leases: conditional updates of many records, in one call unless another request wants the same.

use std::collections::HashMap;

use app::ports::StoreError;
use app::ports::lookups::{Lease, LeaseFailure, LeaseRequest, LookupKey};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use futures::{StreamExt, TryStreamExt, stream};

use super::record;
use crate::attribute::{Attributes, instant, number, text};
use crate::error::store_error;
use crate::transaction::incomplete;

/// Most updates of one transaction, by DynamoDB's limit.
const PER_TRANSACTION: usize = 100;
/// Most concurrent single updates after a transaction was cancelled.
const IN_FLIGHT: usize = 16;
/// How long a record without an entry lives, in seconds.
const RECORD_SECONDS: i64 = 3_600;

/// An update of one record under a condition.
pub(super) struct ConditionalUpdate {
    key: String,
    expression: &'static str,
    condition: &'static str,
    values: HashMap<String, AttributeValue>,
}

impl ConditionalUpdate {
    /// Acquires a lease, if no other lease runs and the record has the revision that was read.
    pub(super) fn acquire(request: &LeaseRequest, lease: &Lease) -> Self {
        let mut values = HashMap::from([
            (":owner".to_owned(), text(&lease.owner)),
            (":until".to_owned(), instant(lease.until)),
            (":now".to_owned(), instant(lease.from)),
            (
                ":keep".to_owned(),
                number(lease.until.plus_seconds(RECORD_SECONDS).as_seconds()),
            ),
        ]);
        let condition = match &request.revision {
            Some(revision) => {
                values.insert(":seen".to_owned(), text(revision));
                "(attribute_not_exists(leaseUntil) OR leaseUntil <= :now) AND revision = :seen"
            }
            None => {
                "(attribute_not_exists(leaseUntil) OR leaseUntil <= :now) AND \
                attribute_not_exists(revision)"
            }
        };
        Self {
            key: record::key(&request.key),
            expression: "SET leaseOwner = :owner, leaseUntil = :until, expiresAt = \
                if_not_exists(expiresAt, :keep)",
            condition,
            values,
        }
    }

    /// Ends the owner's lease and stores why the ERP did not answer.
    pub(super) fn abandon(key: &LookupKey, owner: &str, failure: LeaseFailure) -> Self {
        Self {
            key: record::key(key),
            expression: "SET failedAt = :at, failedFor = :reason, revision = :revision REMOVE \
                leaseOwner, leaseUntil",
            condition: "leaseOwner = :owner",
            values: HashMap::from([
                (":owner".to_owned(), text(owner)),
                (":at".to_owned(), instant(failure.at)),
                (
                    ":reason".to_owned(),
                    text(record::reason_name(failure.reason)),
                ),
                (":revision".to_owned(), text(format!("failed {owner}"))),
            ]),
        }
    }

    fn key(&self) -> Attributes {
        Attributes::from([("pk".to_owned(), text(&self.key))])
    }
}

/// Makes each update whose condition is met. One answer per update, in their order.
///
/// A transaction makes all updates or none, so it suffices while no other request wants the same
/// records, which is nearly always. Otherwise it says which conditions failed, and the other
/// updates are made one by one.
///
/// # Errors
/// [`StoreError`]; some of the updates may have been made.
pub(super) async fn update_each(
    client: &Client,
    table: &str,
    updates: &[ConditionalUpdate],
) -> Result<Vec<bool>, StoreError> {
    if let [update] = updates {
        return Ok(vec![update_one(client, table, update).await?]);
    }
    let mut answers = Vec::with_capacity(updates.len());
    for chunk in updates.chunks(PER_TRANSACTION) {
        match update_all(client, table, chunk).await? {
            None => answers.extend(chunk.iter().map(|_| true)),
            Some(unmet) => {
                let mut singles = Vec::with_capacity(chunk.len());
                for (update, unmet) in chunk.iter().zip(unmet) {
                    singles.push(async move {
                        if unmet {
                            Ok(false)
                        } else {
                            update_one(client, table, update).await
                        }
                    });
                }
                let done: Vec<bool> = stream::iter(singles)
                    .buffered(IN_FLIGHT)
                    .try_collect()
                    .await?;
                answers.extend(done);
            }
        }
    }
    Ok(answers)
}

/// Makes all updates and returns `None`; or makes none, and returns whose condition is not met.
async fn update_all(
    client: &Client,
    table: &str,
    updates: &[ConditionalUpdate],
) -> Result<Option<Vec<bool>>, StoreError> {
    let item = |update: &ConditionalUpdate| {
        let update = Update::builder()
            .table_name(table)
            .set_key(Some(update.key()))
            .update_expression(update.expression)
            .condition_expression(update.condition)
            .set_expression_attribute_values(Some(update.values.clone()))
            .build()
            .map_err(incomplete)?;
        Ok(TransactWriteItem::builder().update(update).build())
    };
    let items = updates
        .iter()
        .map(item)
        .collect::<Result<Vec<_>, StoreError>>()?;
    let Err(error) = client
        .transact_write_items()
        .set_transact_items(Some(items))
        .send()
        .await
    else {
        return Ok(None);
    };
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(refusal)) => {
            let reasons = refusal.cancellation_reasons();
            let unmet = |at: usize| {
                reasons
                    .get(at)
                    .is_some_and(|r| r.code() == Some("ConditionalCheckFailed"))
            };
            Ok(Some((0..updates.len()).map(unmet).collect()))
        }
        _ => Err(store_error("TransactWriteItems", error)),
    }
}

async fn update_one(
    client: &Client,
    table: &str,
    update: &ConditionalUpdate,
) -> Result<bool, StoreError> {
    let sent = client
        .update_item()
        .table_name(table)
        .set_key(Some(update.key()))
        .update_expression(update.expression)
        .condition_expression(update.condition)
        .set_expression_attribute_values(Some(update.values.clone()))
        .send()
        .await;
    match sent {
        Ok(_) => Ok(true),
        Err(error) => match error.as_service_error() {
            // A concurrent transaction on the same record acquires the same lease.
            Some(
                UpdateItemError::ConditionalCheckFailedException(_)
                | UpdateItemError::TransactionConflictException(_),
            ) => Ok(false),
            _ => Err(store_error("UpdateItem", error)),
        },
    }
}
