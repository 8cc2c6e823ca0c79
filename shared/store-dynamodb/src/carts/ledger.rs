//! The ledger of reservations. An entry has no time to live: it is deleted when the reservation is
//! released or ordered.

use app::ports::carts::LedgerEntry;
use app::ports::submissions::Reserved;
use app::ports::{StoreError, Written};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{ConditionCheck, Delete, Put, TransactWriteItem, Update};
use domain::ids::CartId;
use domain::time::Timestamp;

use crate::attribute::{Attributes, Record, get_instant, get_parsed, get_text, instant, text};
use crate::error::store_error;
use crate::key::joined;
use crate::transaction;

const DUE: &str = "reservation";

fn key(cart: &CartId) -> String {
    joined(&["reservation", cart.as_str()])
}

fn read(record: &Attributes) -> Result<LedgerEntry, StoreError> {
    Ok(LedgerEntry {
        cart: get_parsed(record, "cartId", CartId::parse)?,
        expires_at: get_instant(record, "dueAt")?,
        revision: get_text(record, "revision")?.to_owned(),
        held_until: get_instant(record, "heldUntil")?,
    })
}

pub(super) fn note(
    table: &str,
    entry: &LedgerEntry,
    replaces: Option<&str>,
    now: Timestamp,
) -> Result<TransactWriteItem, StoreError> {
    let record = Record::empty()
        .with("pk", text(key(&entry.cart)))
        .with("cartId", text(entry.cart.as_str()))
        .with("revision", text(&entry.revision))
        .with("heldUntil", instant(entry.held_until))
        .with("due", text(DUE))
        .with("dueAt", instant(entry.expires_at));
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(record.into_attributes()))
        .condition_expression(
            "attribute_not_exists(pk) OR heldUntil <= :now OR revision = :replaces",
        )
        .expression_attribute_values(":now", instant(now))
        // No revision is empty, so this replaces nothing.
        .expression_attribute_values(":replaces", text(replaces.unwrap_or_default()))
        .build()
        .map_err(transaction::incomplete)?;
    Ok(TransactWriteItem::builder().put(put).build())
}

pub(super) async fn hold(
    client: &Client,
    table: &str,
    cart: &CartId,
    revision: &str,
    until: Timestamp,
) -> Result<Written, StoreError> {
    let update = client
        .update_item()
        .table_name(table)
        .key("pk", text(key(cart)))
        .update_expression("SET heldUntil = :until")
        .condition_expression("revision = :revision")
        .expression_attribute_values(":until", instant(until))
        .expression_attribute_values(":revision", text(revision));
    match update.send().await {
        Ok(_) => Ok(Written::Done),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|e| e.is_conditional_check_failed_exception()) =>
        {
            Ok(Written::Conflict)
        }
        Err(error) => Err(store_error("UpdateItem", error)),
    }
}

pub(super) async fn forget(
    client: &Client,
    table: &str,
    cart: &CartId,
    revision: &str,
) -> Result<(), StoreError> {
    let delete = client
        .delete_item()
        .table_name(table)
        .key("pk", text(key(cart)))
        .condition_expression("revision = :revision")
        .expression_attribute_values(":revision", text(revision));
    match delete.send().await {
        Ok(_) => Ok(()),
        // The entry has another revision, or is gone.
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|e| e.is_conditional_check_failed_exception()) =>
        {
            Ok(())
        }
        Err(error) => Err(store_error("DeleteItem", error)),
    }
}

pub(super) async fn due(
    client: &Client,
    table: &str,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<LedgerEntry>, StoreError> {
    let query = client
        .query()
        .table_name(table)
        .index_name("by-due")
        .key_condition_expression("due = :due AND dueAt <= :now")
        .expression_attribute_values(":due", text(DUE))
        .expression_attribute_values(":now", instant(now))
        .limit(i32::try_from(limit).unwrap_or(i32::MAX));
    let answer = query
        .send()
        .await
        .map_err(|error| store_error("Query", error))?;
    answer.items().iter().map(read).collect()
}

/// Passes the reservation of a cart to the order that it becomes: from then on the order's outcome
/// decides about it. If the ledger no longer has the preparation's revision, the preparation has no
/// reservation, and the transaction takes no effect.
pub(crate) fn hand_over(
    table: &str,
    cart: &CartId,
    revision: &str,
) -> Result<TransactWriteItem, StoreError> {
    let delete = Delete::builder()
        .table_name(table)
        .key("pk", text(key(cart)))
        .condition_expression("revision = :revision")
        .expression_attribute_values(":revision", text(revision))
        .build()
        .map_err(transaction::incomplete)?;
    Ok(TransactWriteItem::builder().delete(delete).build())
}

/// Takes effect only if the ledger still has the preparation's revision, and keeps the entry.
pub(crate) fn still_there(
    table: &str,
    cart: &CartId,
    revision: &str,
) -> Result<TransactWriteItem, StoreError> {
    let check = ConditionCheck::builder()
        .table_name(table)
        .key("pk", text(key(cart)))
        .condition_expression("revision = :revision")
        .expression_attribute_values(":revision", text(revision))
        .build()
        .map_err(transaction::incomplete)?;
    Ok(TransactWriteItem::builder().condition_check(check).build())
}

/// What becomes of the reservation of an order that waited for an approver. Its cart is closed, so
/// the entry that the cart has, if it has one, is the order's.
pub(crate) fn settle(
    table: &str,
    cart: &CartId,
    reserved: Reserved,
) -> Result<TransactWriteItem, StoreError> {
    let item = TransactWriteItem::builder();
    let item = match reserved {
        Reserved::Keep(beyond) => item.delete(
            Delete::builder()
                .table_name(table)
                .key("pk", text(key(cart)))
                .condition_expression("dueAt > :beyond")
                .expression_attribute_values(":beyond", instant(beyond))
                .build()
                .map_err(transaction::incomplete)?,
        ),
        Reserved::End(at) => item.update(
            Update::builder()
                .table_name(table)
                .key("pk", text(key(cart)))
                .update_expression("SET dueAt = :at")
                .condition_expression("dueAt > :at")
                .expression_attribute_values(":at", instant(at))
                .build()
                .map_err(transaction::incomplete)?,
        ),
    };
    Ok(item.build())
}
