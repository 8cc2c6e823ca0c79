//! Leases: conditional updates of many records, in one call as long as nobody else wants the same.

use std::collections::HashMap;

use app::ports::StoreError;
use app::ports::lookups::{Lease, LeaseWish, LookupKey};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use domain::freshness::Reason;
use domain::time::Timestamp;
use futures::{StreamExt, TryStreamExt, stream};

use super::record;
use crate::attribute::{Attributes, instant, number, text};
use crate::error::store_error;
use crate::transaction::incomplete;

/// Most updates of one transaction, by DynamoDB's limit.
const TOGETHER: usize = 100;
/// Single updates under way at once, when a transaction met somebody else.
const IN_FLIGHT: usize = 16;
/// How long a record without an answer stays, in seconds.
const KEEP_SECONDS: i64 = 3_600;

/// An update of one record under a condition.
pub(super) struct Step {
    key: String,
    update: &'static str,
    condition: &'static str,
    values: HashMap<String, AttributeValue>,
}

impl Step {
    /// Takes a lease: nobody else's runs, and the record is what was seen.
    pub(super) fn take(wish: &LeaseWish, lease: &Lease) -> Self {
        let mut values = HashMap::from([
            (":owner".to_owned(), text(&lease.owner)),
            (":until".to_owned(), instant(lease.until)),
            (":now".to_owned(), instant(lease.from)),
            (
                ":keep".to_owned(),
                number(lease.until.plus_seconds(KEEP_SECONDS).as_seconds()),
            ),
        ]);
        let condition = match &wish.revision {
            Some(revision) => {
                values.insert(":seen".to_owned(), text(revision));
                "(attribute_not_exists(leaseUntil) OR leaseUntil <= :now) AND revision = :seen"
            }
            None => {
                "(attribute_not_exists(leaseUntil) OR leaseUntil <= :now) AND attribute_not_exists(revision)"
            }
        };
        Self {
            key: record::key(&wish.key),
            update: "SET leaseOwner = :owner, leaseUntil = :until, expiresAt = if_not_exists(expiresAt, :keep)",
            condition,
            values,
        }
    }

    /// Ends the own lease and leaves the reason.
    pub(super) fn give_up(key: &LookupKey, owner: &str, at: Timestamp, reason: Reason) -> Self {
        Self {
            key: record::key(key),
            update: "SET failedAt = :at, failedFor = :reason, revision = :revision REMOVE leaseOwner, leaseUntil",
            condition: "leaseOwner = :owner",
            values: HashMap::from([
                (":owner".to_owned(), text(owner)),
                (":at".to_owned(), instant(at)),
                (":reason".to_owned(), text(record::reason_name(reason))),
                (":revision".to_owned(), text(format!("failed {owner}"))),
            ]),
        }
    }

    fn key(&self) -> Attributes {
        Attributes::from([("pk".to_owned(), text(&self.key))])
    }
}

/// Does each step whose condition holds. One answer per step, in their order.
///
/// A transaction does all or nothing, so it is right when nobody else is there, which is nearly
/// always. Otherwise it says who failed, and the rest is done one by one.
///
/// # Errors
/// [`StoreError`]; some of the steps may have been done.
pub(super) async fn each(
    client: &Client,
    table: &str,
    steps: &[Step],
) -> Result<Vec<bool>, StoreError> {
    if let [step] = steps {
        return Ok(vec![alone(client, table, step).await?]);
    }
    let mut answers = Vec::with_capacity(steps.len());
    for chunk in steps.chunks(TOGETHER) {
        match together(client, table, chunk).await? {
            None => answers.extend(chunk.iter().map(|_| true)),
            Some(unmet) => {
                let mut singles = Vec::with_capacity(chunk.len());
                for (step, unmet) in chunk.iter().zip(unmet) {
                    singles.push(async move {
                        if unmet {
                            Ok(false)
                        } else {
                            alone(client, table, step).await
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

/// Does all; or nothing, and says of which steps the condition did not hold.
async fn together(
    client: &Client,
    table: &str,
    steps: &[Step],
) -> Result<Option<Vec<bool>>, StoreError> {
    let update = |step: &Step| {
        let update = Update::builder()
            .table_name(table)
            .set_key(Some(step.key()))
            .update_expression(step.update)
            .condition_expression(step.condition)
            .set_expression_attribute_values(Some(step.values.clone()))
            .build()
            .map_err(incomplete)?;
        Ok(TransactWriteItem::builder().update(update).build())
    };
    let items = steps
        .iter()
        .map(update)
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
            Ok(Some((0..steps.len()).map(unmet).collect()))
        }
        _ => Err(store_error("TransactWriteItems", error)),
    }
}

async fn alone(client: &Client, table: &str, step: &Step) -> Result<bool, StoreError> {
    let sent = client
        .update_item()
        .table_name(table)
        .set_key(Some(step.key()))
        .update_expression(step.update)
        .condition_expression(step.condition)
        .set_expression_attribute_values(Some(step.values.clone()))
        .send()
        .await;
    match sent {
        Ok(_) => Ok(true),
        Err(error) => match error.as_service_error() {
            // Another transaction on the same record is somebody who asks the same.
            Some(
                UpdateItemError::ConditionalCheckFailedException(_)
                | UpdateItemError::TransactionConflictException(_),
            ) => Ok(false),
            _ => Err(store_error("UpdateItem", error)),
        },
    }
}
