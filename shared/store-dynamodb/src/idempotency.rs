//! Idempotency records. One conditional put begins a request; what stands in the way tells how to
//! answer it.
//!
//! A record is `running` until its answer is known, then `done`. DynamoDB deletes it some time
//! after `expiresAt`; until then every read compares the instants itself.

#[cfg(test)]
mod tests;

use app::ports::submissions::{Begun, Idempotency, IdempotencyKey, StoredResponse};
use app::ports::{StoreError, Written};
use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem};
use aws_types::SdkConfig;
use domain::time::Timestamp;

use crate::attribute::{
    Attributes, Record, find_instant, get_number, get_text, instant, number, text,
};
use crate::error::store_error;
use crate::transaction::incomplete;

const RUNNING: &str = "running";
const DONE: &str = "done";
const ABANDONED: &str = "abandoned";

/// Nobody has the key, or nobody has it any more: its time is over, its request gave it back, or
/// its request died with the same body in hand. Another body has to wait until the record goes:
/// nobody knows what the first one wrote.
const FREE: &str = "attribute_not_exists(pk) OR #expiresAt <= :today OR #status = :abandoned \
                    OR (#status = :running AND #until < :now AND #fingerprint = :fingerprint)";

/// Whoever began the request still has the record.
const OWNED: &str = "#owner = :owner";

/// Keeps idempotency records in DynamoDB.
#[derive(Debug, Clone)]
pub struct IdempotencyTable {
    client: Client,
    table: String,
}

impl IdempotencyTable {
    /// Keeps them in the given table.
    #[must_use]
    pub fn new(sdk: &SdkConfig, table: impl Into<String>) -> Self {
        Self {
            client: Client::new(sdk),
            table: table.into(),
        }
    }
}

fn running(key: &IdempotencyKey, owner: &str, until: Timestamp) -> Attributes {
    Record::empty()
        .with("pk", text(&key.key))
        .with("fingerprint", text(&key.fingerprint))
        .with("owner", text(owner))
        .with("status", text(RUNNING))
        .with("until", instant(until))
        .with("expiresAt", number(key.expires_at.as_seconds()))
        .into_attributes()
}

fn done(key: &IdempotencyKey, owner: &str, answer: &StoredResponse) -> Attributes {
    Record::empty()
        .with("pk", text(&key.key))
        .with("fingerprint", text(&key.fingerprint))
        .with("owner", text(owner))
        .with("status", text(DONE))
        .with("answerStatus", number(answer.status))
        .with("answerBody", text(&answer.body))
        .with("expiresAt", number(key.expires_at.as_seconds()))
        .into_attributes()
}

/// The part of a transaction that completes a record with its answer, if the record is still
/// `owner`'s. When it is not, another invocation took the request over, and the transaction must
/// not take effect. Until `pending_until` the request still runs and may better the answer; a
/// repetition is told so meanwhile.
///
/// # Errors
/// [`StoreError::Refused`] when the SDK finds the put incomplete.
pub(crate) fn done_put(
    table: &str,
    key: &IdempotencyKey,
    owner: &str,
    answer: &StoredResponse,
    pending_until: Option<Timestamp>,
) -> Result<TransactWriteItem, StoreError> {
    let mut record = done(key, owner, answer);
    if let Some(until) = pending_until {
        record.insert("until".to_owned(), instant(until));
    }
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(record))
        .condition_expression(OWNED)
        .expression_attribute_names("#owner", "owner")
        .expression_attribute_values(":owner", text(owner))
        .build()
        .map_err(incomplete)?;
    Ok(TransactWriteItem::builder().put(put).build())
}

/// What the record in the way means to a request.
fn met(
    record: &Attributes,
    key: &IdempotencyKey,
    owner: &str,
    now: Timestamp,
) -> Result<Begun, StoreError> {
    let status = get_text(record, "status")?;
    if status == RUNNING && get_text(record, "owner")? == owner {
        // Our own put took effect although its answer was lost, and the SDK sent it again.
        return Ok(Begun::First {
            owner: owner.to_owned(),
        });
    }
    if get_text(record, "fingerprint")? != key.fingerprint {
        return Ok(Begun::Reused);
    }
    let pending = find_instant(record, "until")?.is_some_and(|until| now < until);
    if status == DONE && !pending {
        let answer = StoredResponse {
            status: get_number(record, "answerStatus")?,
            body: get_text(record, "answerBody")?.to_owned(),
        };
        return Ok(Begun::Done(answer));
    }
    Ok(Begun::InProgress)
}

impl IdempotencyTable {
    /// Makes an answer final that its request could have bettered: that request may still live,
    /// however late it is, and what is given out once is given out for ever. If the better one came
    /// first, that is the answer.
    async fn seal(
        &self,
        key: &IdempotencyKey,
        owner: &str,
        before: &str,
        answer: StoredResponse,
        now: Timestamp,
    ) -> Result<Begun, StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", text(&key.key))
            .update_expression("SET #owner = :owner REMOVE #until")
            .condition_expression("#owner = :before AND attribute_exists(#until)")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_names("#until", "until")
            .expression_attribute_values(":owner", text(owner))
            .expression_attribute_values(":before", text(before))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let error = match update.send().await {
            Ok(_) => return Ok(Begun::Done(answer)),
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(refusal)) => {
                match &refusal.item {
                    Some(record) => met(record, key, owner, now),
                    None => Ok(Begun::InProgress),
                }
            }
            _ => Err(store_error("UpdateItem", error)),
        }
    }
}

#[async_trait]
impl Idempotency for IdempotencyTable {
    async fn begin(
        &self,
        key: &IdempotencyKey,
        owner: &str,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Begun, StoreError> {
        const OPERATION: &str = "PutItem";
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(running(key, owner, until)))
            .condition_expression(FREE)
            .expression_attribute_names("#expiresAt", "expiresAt")
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#until", "until")
            .expression_attribute_names("#fingerprint", "fingerprint")
            .expression_attribute_values(":today", number(now.as_seconds()))
            .expression_attribute_values(":abandoned", text(ABANDONED))
            .expression_attribute_values(":running", text(RUNNING))
            .expression_attribute_values(":now", instant(now))
            .expression_attribute_values(":fingerprint", text(&key.fingerprint))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let error = match put.send().await {
            Ok(_) => {
                return Ok(Begun::First {
                    owner: owner.to_owned(),
                });
            }
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(refusal)) => match &refusal.item {
                Some(record) => match met(record, key, owner, now)? {
                    Begun::Done(answer) if record.contains_key("until") => {
                        self.seal(key, owner, get_text(record, "owner")?, answer, now)
                            .await
                    }
                    begun => Ok(begun),
                },
                // The service always sends it along; without it the safe answer is that the caller
                // comes again.
                None => Ok(Begun::InProgress),
            },
            _ => Err(store_error(OPERATION, error)),
        }
    }

    async fn finish(
        &self,
        key: &IdempotencyKey,
        owner: &str,
        answer: &StoredResponse,
    ) -> Result<Written, StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(done(key, owner, answer)))
            .condition_expression(OWNED)
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":owner", text(owner));
        match put.send().await {
            Ok(_) => Ok(Written::Done),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(PutItemError::is_conditional_check_failed_exception) =>
            {
                Ok(Written::Conflict)
            }
            Err(error) => Err(store_error("PutItem", error)),
        }
    }

    async fn abandon(&self, key: &IdempotencyKey, owner: &str) -> Result<(), StoreError> {
        // Marked rather than deleted: the functions need no permission to delete answers.
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", text(&key.key))
            .update_expression("SET #status = :abandoned")
            .condition_expression("#owner = :owner AND #status = :running")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":owner", text(owner))
            .expression_attribute_values(":abandoned", text(ABANDONED))
            .expression_attribute_values(":running", text(RUNNING));
        match update.send().await {
            Ok(_) => Ok(()),
            // Somebody took it over, or it is done: nothing of ours is left to give back.
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|e| e.is_conditional_check_failed_exception()) =>
            {
                Ok(())
            }
            Err(error) => Err(store_error("UpdateItem", error)),
        }
    }
}
