//! Transactions whose refusal tells which part of them did not hold.

use app::ports::StoreError;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem};

use super::record::REGISTRATION;
use crate::attribute::{Record, text};
use crate::transaction::{self, incomplete};

/// A part of a transaction, as far as its refusal makes a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The user.
    User,
    /// The organization.
    Organization,
    /// Everything else. It weighs more than the members: another write came first.
    Other,
}

/// What must hold of the record that a put replaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Precondition {
    /// There is none.
    New,
    /// There is none in use: none at all, one of this registration, one that was refused, one that
    /// a file removed.
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
        guard: Precondition,
        registration: &str,
    ) -> Result<(), StoreError> {
        let put = Put::builder()
            .table_name(table)
            .set_item(Some(record.into_attributes()));
        let put = match guard {
            Precondition::New => put.condition_expression("attribute_not_exists(pk)"),
            Precondition::Free => put
                .condition_expression(
                    "attribute_not_exists(pk) OR #registration = :registration OR #gone = :gone \
                     OR (#status = :rejected AND #origin = :registered)",
                )
                .expression_attribute_names("#registration", REGISTRATION)
                .expression_attribute_names("#gone", "gone")
                .expression_attribute_names("#status", "status")
                .expression_attribute_names("#origin", "origin")
                .expression_attribute_values(":registration", text(registration))
                .expression_attribute_values(
                    ":gone",
                    aws_sdk_dynamodb::types::AttributeValue::Bool(true),
                )
                .expression_attribute_values(":rejected", text("rejected"))
                .expression_attribute_values(":registered", text("registered")),
            Precondition::Own => put
                .condition_expression("#registration = :registration")
                .expression_attribute_names("#registration", REGISTRATION)
                .expression_attribute_values(":registration", text(registration)),
            Precondition::Pending => put
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
    /// # Errors
    /// [`StoreError`]; only after `Unavailable` it may have taken effect.
    pub(super) async fn commit(&self, client: &Client) -> Result<Option<Part>, StoreError> {
        let unmet = transaction::commit(
            client,
            self.parts.iter().map(|(_, item)| item.clone()).collect(),
        )
        .await?;
        Ok(decisive(
            unmet
                .iter()
                .filter_map(|place| self.parts.get(*place))
                .map(|(part, _)| *part),
        ))
    }
}

/// Returns the part that decides among those whose condition failed: that another write came first
/// weighs more than the members.
pub(super) fn decisive(unmet: impl Iterator<Item = Part>) -> Option<Part> {
    unmet.reduce(|decisive, part| if part == Part::Other { part } else { decisive })
}
