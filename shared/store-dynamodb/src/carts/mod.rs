//! Carts, each in one record, next to the ledger of reservations and the customers' current carts.

pub(crate) mod ledger;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use app::ports::carts::{Carts, LedgerEntry};
use app::ports::submissions::CartClose;
use app::ports::{Ids, StoreError, Written};
use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{
    ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};
use aws_types::SdkConfig;
use domain::caller::Customer;
use domain::cart::Cart;
use domain::ids::CartId;
use domain::time::Timestamp;

use crate::attribute::{
    Attributes, Record, find_text, get_number, get_parsed, get_text, number, text,
};
use crate::document::cart::CartDocument;
use crate::document::{decode, encode};
use crate::error::store_error;
use crate::key::joined;
use crate::transaction;

/// Carts in a DynamoDB table.
#[derive(Clone)]
pub struct CartsTable {
    client: Client,
    table: String,
    ids: Arc<dyn Ids>,
}

impl CartsTable {
    /// `ids` marks each write, so that a repetition by the SDK recognizes the write whose answer
    /// was lost.
    #[must_use]
    pub fn new(sdk: &SdkConfig, table: impl Into<String>, ids: Arc<dyn Ids>) -> Self {
        Self {
            client: Client::new(sdk),
            table: table.into(),
            ids,
        }
    }
}

pub(crate) fn cart_key(id: &CartId) -> String {
    joined(&["cart", id.as_str()])
}

fn current_key(customer: &Customer) -> String {
    joined(&[
        "current",
        customer.organization.as_str(),
        customer.user.as_str(),
    ])
}

/// Most bytes of the document of a cart: DynamoDB stores records of 400 KB, names of attributes
/// included.
const MAX_DOCUMENT: usize = 400_000;

/// Most bytes that a preparation adds for each line: a cart that can be stored can also be
/// prepared.
const PREPARED_LINE: usize = 240;

/// The record of a cart.
///
/// # Errors
/// [`StoreError::TooLarge`] when DynamoDB would not keep it, or not once it is prepared.
pub(crate) fn cart_record(
    cart: &Cart,
    keep_until: Timestamp,
    mark: &str,
) -> Result<Attributes, StoreError> {
    let document = encode(&CartDocument::from(cart))?;
    let room = if cart.preparation.is_none() {
        cart.lines.len().saturating_mul(PREPARED_LINE)
    } else {
        0
    };
    if document.len().saturating_add(room) > MAX_DOCUMENT {
        return Err(StoreError::TooLarge { what: "cart" });
    }
    Ok(Record::empty()
        .with("pk", text(cart_key(&cart.id)))
        .with("version", number(cart.version))
        .with("mark", text(mark))
        .with("document", text(document))
        .with("expiresAt", number(keep_until.as_seconds()))
        .into_attributes())
}

/// Whether a record has not expired: DynamoDB deletes late.
fn kept(record: &Attributes, now: Timestamp) -> Result<bool, StoreError> {
    Ok(get_number::<i64>(record, "expiresAt")? > now.as_seconds())
}

/// Returns the put of a cart in a transaction, if the stored one still has the expected version.
pub(crate) fn cart_put(table: &str, close: CartClose<'_>) -> Result<TransactWriteItem, StoreError> {
    let CartClose {
        cart,
        expected,
        keep_until,
    } = close;
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(cart_record(cart, keep_until, "captured")?))
        .condition_expression("version = :expected")
        .expression_attribute_values(":expected", number(expected))
        .build()
        .map_err(transaction::incomplete)?;
    Ok(TransactWriteItem::builder().put(put).build())
}

/// Takes effect only if the stored cart still has version `version`.
fn version_check(
    table: &str,
    cart: &CartId,
    version: u64,
) -> Result<TransactWriteItem, StoreError> {
    let check = ConditionCheck::builder()
        .table_name(table)
        .key("pk", text(cart_key(cart)))
        .condition_expression("version = :version")
        .expression_attribute_values(":version", number(version))
        .build()
        .map_err(transaction::incomplete)?;
    Ok(TransactWriteItem::builder().condition_check(check).build())
}

#[async_trait]
impl Carts for CartsTable {
    async fn cart(&self, id: &CartId, now: Timestamp) -> Result<Option<Cart>, StoreError> {
        let get = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", text(cart_key(id)))
            .consistent_read(true);
        let answer = get
            .send()
            .await
            .map_err(|error| store_error("GetItem", error))?;
        match answer.item {
            Some(record) if kept(&record, now)? => {
                decode::<CartDocument>(get_text(&record, "document")?)?
                    .read()
                    .map(Some)
            }
            _ => Ok(None),
        }
    }

    async fn current(&self, customer: &Customer) -> Result<Option<CartId>, StoreError> {
        let get = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", text(current_key(customer)))
            .consistent_read(true);
        let answer = get
            .send()
            .await
            .map_err(|error| store_error("GetItem", error))?;
        answer
            .item
            .map(|record| get_parsed(&record, "cartId", CartId::parse))
            .transpose()
    }

    async fn create(&self, cart: &Cart, keep_until: Timestamp) -> Result<(), StoreError> {
        let customer = Customer {
            organization: cart.organization.clone(),
            user: cart.user.clone(),
        };
        // It has no time to live: it ends with the cart that it points to.
        let pointer = Record::empty()
            .with("pk", text(current_key(&customer)))
            .with("cartId", text(cart.id.as_str()));
        let new = Put::builder()
            .table_name(&self.table)
            .set_item(Some(cart_record(cart, keep_until, &self.ids.mint())?))
            .condition_expression("attribute_not_exists(pk)")
            .build()
            .map_err(transaction::incomplete)?;
        let current = Put::builder()
            .table_name(&self.table)
            .set_item(Some(pointer.into_attributes()))
            .build()
            .map_err(transaction::incomplete)?;
        let items = vec![
            TransactWriteItem::builder().put(new).build(),
            TransactWriteItem::builder().put(current).build(),
        ];
        match transaction::run(&self.client, items).await? {
            Written::Done => Ok(()),
            Written::Conflict => Err(StoreError::Throttled {
                operation: "TransactWriteItems",
            }),
        }
    }

    async fn put(
        &self,
        cart: &Cart,
        expected: u64,
        keep_until: Timestamp,
    ) -> Result<Written, StoreError> {
        let mark = self.ids.mint();
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(cart_record(cart, keep_until, &mark)?))
            .condition_expression("version = :expected")
            .expression_attribute_values(":expected", number(expected))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match put.send().await {
            Ok(_) => Ok(Written::Done),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(refusal)) => {
                    // The SDK repeats a put whose answer was lost, and the repetition meets the
                    // first one's record.
                    let ours = refusal
                        .item
                        .as_ref()
                        .is_some_and(|old| find_text(old, "mark") == Ok(Some(mark.as_str())));
                    Ok(if ours {
                        Written::Done
                    } else {
                        Written::Conflict
                    })
                }
                _ => Err(store_error("PutItem", error)),
            },
        }
    }

    async fn delete(&self, cart: &Cart, expected: u64) -> Result<Written, StoreError> {
        let delete = Delete::builder()
            .table_name(&self.table)
            .key("pk", text(cart_key(&cart.id)))
            .condition_expression("version = :expected")
            .expression_attribute_values(":expected", number(expected))
            .build()
            .map_err(transaction::incomplete)?;
        // The pointer to the current cart stays: a pointer to a missing cart reads as no current
        // cart.
        transaction::run(
            &self.client,
            vec![TransactWriteItem::builder().delete(delete).build()],
        )
        .await
    }

    async fn note_reservation(
        &self,
        entry: &LedgerEntry,
        version: u64,
        replaces: Option<&str>,
        now: Timestamp,
    ) -> Result<Written, StoreError> {
        let items = vec![
            ledger::note(&self.table, entry, replaces, now)?,
            version_check(&self.table, &entry.cart, version)?,
        ];
        transaction::run(&self.client, items).await
    }

    async fn hold_reservation(
        &self,
        cart: &CartId,
        revision: &str,
        until: Timestamp,
    ) -> Result<Written, StoreError> {
        ledger::hold(&self.client, &self.table, cart, revision, until).await
    }

    async fn forget_reservation(&self, cart: &CartId, revision: &str) -> Result<(), StoreError> {
        ledger::forget(&self.client, &self.table, cart, revision).await
    }

    async fn due_reservations(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<LedgerEntry>, StoreError> {
        ledger::due(&self.client, &self.table, now, limit).await
    }
}
