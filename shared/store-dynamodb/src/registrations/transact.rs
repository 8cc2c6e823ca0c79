//! Transactions whose refusal tells which part of them did not hold.

use std::time::Duration;

use app::ports::StoreError;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem};

use super::record::REGISTRATION;
use crate::attribute::{Record, text};
use crate::error::store_error;
use crate::transaction::incomplete;

const OPERATION: &str = "TransactWriteItems";

/// Tries of a transaction that met another one under way. Such a meeting is over in milliseconds.
const TRIES: u32 = 4;

/// A part of a transaction, as far as its refusal makes a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The user.
    User,
    /// The organization.
    Organization,
    /// Everything else. Weighs more than the members: it tells that somebody else was faster.
    Other,
}

/// What must hold of the record that a put replaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guard {
    /// There is none.
    New,
    /// There is none in use: none at all, one of this registration, one that was refused, one that a file removed.
    Free,
    /// It is of this registration.
    Own,
    /// It is a registration that waits for its decision.
    Pending,
}

/// A transaction under construction.
#[derive(Debug, Clone, Default)]
pub(super) struct Transaction {
    parts: Vec<(Part, TransactWriteItem)>,
}

impl Transaction {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Adds a write that was made elsewhere.
    pub(super) fn add(&mut self, part: Part, item: TransactWriteItem) {
        self.parts.push((part, item));
    }

    /// Takes a part out again.
    pub(super) fn remove(&mut self, part: Part) {
        self.parts.retain(|(other, _)| *other != part);
    }

    /// Adds a put of `record`, which the guard may tie to a registration.
    pub(super) fn put(
        &mut self,
        table: &str,
        part: Part,
        record: Record,
        guard: Guard,
        registration: &str,
    ) -> Result<(), StoreError> {
        let put = Put::builder().table_name(table).set_item(Some(record.into_attributes()));
        let put = match guard {
            Guard::New => put.condition_expression("attribute_not_exists(pk)"),
            Guard::Free => put
                .condition_expression(
                    "attribute_not_exists(pk) OR #registration = :registration OR #gone = :gone \
                     OR (#status = :rejected AND #origin = :registered)",
                )
                .expression_attribute_names("#registration", REGISTRATION)
                .expression_attribute_names("#gone", "gone")
                .expression_attribute_names("#status", "status")
                .expression_attribute_names("#origin", "origin")
                .expression_attribute_values(":registration", text(registration))
                .expression_attribute_values(":gone", aws_sdk_dynamodb::types::AttributeValue::Bool(true))
                .expression_attribute_values(":rejected", text("rejected"))
                .expression_attribute_values(":registered", text("registered")),
            Guard::Own => put
                .condition_expression("#registration = :registration")
                .expression_attribute_names("#registration", REGISTRATION)
                .expression_attribute_values(":registration", text(registration)),
            Guard::Pending => put
                .condition_expression("#status = :pending")
                .expression_attribute_names("#status", "status")
                .expression_attribute_values(":pending", text("pending")),
        };
        let put = put.build().map_err(incomplete)?;
        self.add(part, TransactWriteItem::builder().put(put).build());
        Ok(())
    }

    /// Writes all of it or nothing. Answers the part that did not hold, if one did not.
    ///
    /// The SDK sends a token along, so that its own repetition after a lost answer does not meet the first try.
    ///
    /// # Errors
    /// [`StoreError`]; only after `Unavailable` it may have taken effect.
    pub(super) async fn commit(&self, client: &Client) -> Result<Option<Part>, StoreError> {
        for attempt in 1..=TRIES {
            let items = self.parts.iter().map(|(_, item)| item.clone()).collect();
            let error = match client.transact_write_items().set_transact_items(Some(items)).send().await {
                Ok(_) => return Ok(None),
                Err(error) => error,
            };
            let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) = error.as_service_error() else {
                return Err(store_error(OPERATION, error));
            };
            let codes = canceled.cancellation_reasons().iter().map(|reason| reason.code().unwrap_or("None"));
            match refusal(self.parts.iter().map(|(part, _)| *part).zip(codes)) {
                Refusal::Unmet(part) => return Ok(Some(part)),
                Refusal::Other(code) => return Err(StoreError::Refused { operation: OPERATION, reason: code }),
                Refusal::Busy => tokio::time::sleep(Duration::from_millis(25 << attempt)).await,
            }
        }
        Err(StoreError::Throttled { operation: OPERATION })
    }
}

/// Why a transaction was cancelled.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// A condition did not hold.
    Unmet(Part),
    /// Something else was written at the same time, or there was too much to do.
    Busy,
    /// A mistake of ours.
    Other(String),
}

/// The reason among those of the parts that decides.
pub(super) fn refusal<'a>(reasons: impl Iterator<Item = (Part, &'a str)>) -> Refusal {
    let mut unmet = None;
    let mut other = None;
    for (part, code) in reasons {
        match code {
            "ConditionalCheckFailed" if unmet.is_none() || part == Part::Other => unmet = Some(part),
            "None"
            | "ConditionalCheckFailed"
            | "TransactionConflict"
            | "ThrottlingError"
            | "ProvisionedThroughputExceeded" => {}
            code => other = Some(code.to_owned()),
        }
    }
    match (unmet, other) {
        (Some(part), _) => Refusal::Unmet(part),
        (None, Some(code)) => Refusal::Other(code),
        (None, None) => Refusal::Busy,
    }
}
