//! Idempotency records. One conditional put claims a key; the record in the way says how to answer
//! the request.
//!
//! A record is `running` until its response is known, then `done`. DynamoDB deletes it some time
//! after `expiresAt`; until then every read compares the instants itself.

#[cfg(test)]
mod tests;

use app::ports::idempotency::{
    ClaimResult, Completion, Idempotency, IdempotencyClaim, StoredResponse,
};
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

/// The key is free: it was never claimed, it expired, its request released it, or a request with
/// the same body died. Another body has to wait until the record expires because it is unknown what
/// the first one wrote.
const FREE: &str = "attribute_not_exists(pk) OR #expiresAt <= :today OR #status = :abandoned \
                    OR (#status = :running AND #until < :now AND #fingerprint = :fingerprint)";

/// The record is still the claim's.
const OWNED: &str = "#owner = :owner";

/// Stores idempotency records in DynamoDB.
#[derive(Debug, Clone)]
pub struct IdempotencyTable {
    client: Client,
    table: String,
}

impl IdempotencyTable {
    /// Uses the given table.
    #[must_use]
    pub fn new(sdk: &SdkConfig, table: impl Into<String>) -> Self {
        Self {
            client: Client::new(sdk),
            table: table.into(),
        }
    }
}

fn running(claim: &IdempotencyClaim) -> Attributes {
    record(claim)
        .with("status", text(RUNNING))
        .with("until", instant(claim.held_until()))
        .into_attributes()
}

fn done(claim: &IdempotencyClaim, response: &StoredResponse) -> Attributes {
    record(claim)
        .with("status", text(DONE))
        .with("answerStatus", number(response.code()))
        .with("answerBody", text(response.body()))
        .into_attributes()
}

fn record(claim: &IdempotencyClaim) -> Record {
    Record::empty()
        .with("pk", text(&claim.key.key))
        .with("fingerprint", text(&claim.key.fingerprint))
        .with("owner", text(&claim.owner))
        .with("expiresAt", number(claim.key.expires_at.as_seconds()))
}

/// Returns the part of a transaction that completes a record with its response, if the record is
/// still the claim's. If it is not, another invocation took the request over, and the transaction
/// must not take effect. While the request may upgrade the response, a repetition is in progress.
///
/// # Errors
/// [`StoreError::Refused`] if the SDK finds the put incomplete.
pub(crate) fn done_put(
    table: &str,
    completion: Completion<'_>,
) -> Result<TransactWriteItem, StoreError> {
    let Completion {
        claim,
        response,
        upgradable,
    } = completion;
    let mut record = done(claim, response);
    if upgradable {
        record.insert("until".to_owned(), instant(claim.deadline));
    }
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(record))
        .condition_expression(OWNED)
        .expression_attribute_names("#owner", "owner")
        .expression_attribute_values(":owner", text(&claim.owner))
        .build()
        .map_err(incomplete)?;
    Ok(TransactWriteItem::builder().put(put).build())
}

/// Returns what the record in the way means to a claim.
fn met(
    record: &Attributes,
    claim: &IdempotencyClaim,
    now: Timestamp,
) -> Result<ClaimResult, StoreError> {
    let status = get_text(record, "status")?;
    if status == RUNNING && get_text(record, "owner")? == claim.owner {
        // This claim's own put took effect although its answer was lost, and the SDK repeated it.
        return Ok(ClaimResult::Claimed);
    }
    if get_text(record, "fingerprint")? != claim.key.fingerprint {
        return Ok(ClaimResult::Reused);
    }
    let pending = find_instant(record, "until")?.is_some_and(|until| now < until);
    if status == DONE && !pending {
        return Ok(ClaimResult::Completed(StoredResponse::new(
            get_number(record, "answerStatus")?,
            get_text(record, "answerBody")?.to_owned(),
        )));
    }
    Ok(ClaimResult::InProgress)
}

impl IdempotencyTable {
    /// Makes a response final that its request could have upgraded: that request may still run,
    /// however late it is, and a response that was returned once never changes. If the upgraded one
    /// came first, that is the response.
    async fn finalize(
        &self,
        claim: &IdempotencyClaim,
        before: &str,
        response: StoredResponse,
        now: Timestamp,
    ) -> Result<ClaimResult, StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", text(&claim.key.key))
            .update_expression("SET #owner = :owner REMOVE #until")
            .condition_expression("#owner = :before AND attribute_exists(#until)")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_names("#until", "until")
            .expression_attribute_values(":owner", text(&claim.owner))
            .expression_attribute_values(":before", text(before))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let error = match update.send().await {
            Ok(_) => return Ok(ClaimResult::Completed(response)),
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(refusal)) => {
                match &refusal.item {
                    Some(record) => met(record, claim, now),
                    None => Ok(ClaimResult::InProgress),
                }
            }
            _ => Err(store_error("UpdateItem", error)),
        }
    }
}

#[async_trait]
impl Idempotency for IdempotencyTable {
    async fn claim(
        &self,
        claim: &IdempotencyClaim,
        now: Timestamp,
    ) -> Result<ClaimResult, StoreError> {
        const OPERATION: &str = "PutItem";
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(running(claim)))
            .condition_expression(FREE)
            .expression_attribute_names("#expiresAt", "expiresAt")
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#until", "until")
            .expression_attribute_names("#fingerprint", "fingerprint")
            .expression_attribute_values(":today", number(now.as_seconds()))
            .expression_attribute_values(":abandoned", text(ABANDONED))
            .expression_attribute_values(":running", text(RUNNING))
            .expression_attribute_values(":now", instant(now))
            .expression_attribute_values(":fingerprint", text(&claim.key.fingerprint))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let error = match put.send().await {
            Ok(_) => return Ok(ClaimResult::Claimed),
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(refusal)) => match &refusal.item {
                Some(record) => match met(record, claim, now)? {
                    ClaimResult::Completed(response) if record.contains_key("until") => {
                        self.finalize(claim, get_text(record, "owner")?, response, now)
                            .await
                    }
                    result => Ok(result),
                },
                // The service always returns the record; without it the safe answer is that the
                // caller tries again.
                None => Ok(ClaimResult::InProgress),
            },
            _ => Err(store_error(OPERATION, error)),
        }
    }

    async fn complete(
        &self,
        claim: &IdempotencyClaim,
        response: &StoredResponse,
    ) -> Result<Written, StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(done(claim, response)))
            .condition_expression(OWNED)
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":owner", text(&claim.owner));
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

    async fn release(&self, claim: &IdempotencyClaim) -> Result<(), StoreError> {
        // Marked, not deleted: so the functions need no permission to delete responses.
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", text(&claim.key.key))
            .update_expression("SET #status = :abandoned")
            .condition_expression("#owner = :owner AND #status = :running")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":owner", text(&claim.owner))
            .expression_attribute_values(":abandoned", text(ABANDONED))
            .expression_attribute_values(":running", text(RUNNING));
        match update.send().await {
            Ok(_) => Ok(()),
            // Another request took it over, or it is done: nothing is left to release.
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
