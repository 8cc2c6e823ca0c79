//! Submissions and their timelines: one partition each, the submission at `submission`, its
//! timeline at `event#…`.

mod capture;

use std::collections::HashSet;

use app::ports::submissions::{Capture, DecisionWritten, Indexed, Reserved, Submissions};
use app::ports::{Cursor, Page, StoreError, Written};
use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use aws_types::SdkConfig;
use domain::ids::{CartId, OrganizationId, SubmissionId};
use domain::submission::{State, Submission, SubmissionKind, TimelineEvent, Transition};
use domain::time::Timestamp;

use crate::attribute::{
    Attributes, Record, corrupt, get_parsed, get_text, instant, key, number, text,
};
use crate::batch::{Key, read_all};
use crate::carts::ledger;
use crate::cursor;
use crate::document::event::EventDocument;
use crate::document::submission::SubmissionDocument;
use crate::document::{decode, encode};
use crate::error::store_error;
use crate::key::joined;
use crate::transaction;

const SUBMISSION: &str = "submission";

/// The tables that a capture writes next to the submissions. Only the function that captures has
/// them.
#[derive(Debug, Clone)]
pub struct CaptureTables {
    /// Carts.
    pub carts: String,
    /// Idempotency records.
    pub idempotency: String,
}

/// Stores submissions in DynamoDB.
#[derive(Debug, Clone)]
pub struct SubmissionsTable {
    client: Client,
    table: String,
    capture: Option<CaptureTables>,
}

impl SubmissionsTable {
    /// Uses the given table. Without `capture` it refuses captures and decisions.
    #[must_use]
    pub fn new(sdk: &SdkConfig, table: impl Into<String>, capture: Option<CaptureTables>) -> Self {
        Self {
            client: Client::new(sdk),
            table: table.into(),
            capture,
        }
    }

    /// Queries the index of a state, oldest capture first.
    fn by_state(&self, state: State, limit: usize) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.table)
            .index_name("by-state")
            .key_condition_expression("#state = :state")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":state", text(state.as_str()))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX).max(1))
    }
}

fn kind_name(kind: SubmissionKind) -> &'static str {
    match kind {
        SubmissionKind::Order => "order",
        SubmissionKind::Quote => "quote",
        SubmissionKind::Organization => "organization",
        SubmissionKind::User => "user",
    }
}

/// Orders submissions by their capture, and submissions of the same instant by their ids.
fn captured_at(created_at: Timestamp, id: &SubmissionId) -> String {
    format!("{created_at}#{id}")
}

fn record(submission: &Submission) -> Result<Attributes, StoreError> {
    let kind = kind_name(submission.kind());
    Ok(Record::keyed(submission.id().as_str(), SUBMISSION)
        .with("state", text(submission.state().as_str()))
        .with("revision", number(submission.revision()))
        .with(
            "owner",
            text(joined(&[submission.organization().as_str(), kind])),
        )
        .with(
            "createdAt",
            text(captured_at(submission.created_at(), submission.id())),
        )
        .with(
            "document",
            text(encode(&SubmissionDocument::from(submission))?),
        )
        .with_some("due", submission.due_at().map(|_| text(SUBMISSION)))
        .with_some("dueAt", submission.due_at().map(instant))
        .into_attributes())
}

fn event_put(table: &str, transition: &Transition) -> Result<TransactWriteItem, StoreError> {
    let Transition { submission, event } = transition;
    // The revision orders the timeline even if two transitions share a millisecond.
    let record = Record::keyed(
        submission.id().as_str(),
        format!("event#{:010}", submission.revision()),
    )
    .with("document", text(encode(&EventDocument::from(event))?));
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(record.into_attributes()))
        .condition_expression("attribute_not_exists(pk)")
        .build()
        .map_err(transaction::incomplete)?;
    Ok(TransactWriteItem::builder().put(put).build())
}

/// Returns the parts of a transaction that write a new submission with the first entry of its
/// timeline.
pub(crate) fn new_submission_items(
    table: &str,
    transition: &Transition,
) -> Result<Vec<TransactWriteItem>, StoreError> {
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(record(&transition.submission)?))
        .condition_expression("attribute_not_exists(pk)")
        .build()
        .map_err(transaction::incomplete)?;
    Ok(vec![
        TransactWriteItem::builder().put(put).build(),
        event_put(table, transition)?,
    ])
}

/// Returns the parts of a transaction that write a submission and the next entry of its timeline,
/// if the stored one has the revision before.
fn update_items(
    table: &str,
    transition: &Transition,
) -> Result<Vec<TransactWriteItem>, StoreError> {
    let expected = transition.submission.revision().saturating_sub(1);
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(record(&transition.submission)?))
        .condition_expression("revision = :expected")
        .expression_attribute_values(":expected", number(expected))
        .build()
        .map_err(transaction::incomplete)?;
    Ok(vec![
        TransactWriteItem::builder().put(put).build(),
        event_put(table, transition)?,
    ])
}

fn read(record: &Attributes) -> Result<Submission, StoreError> {
    decode::<SubmissionDocument>(get_text(record, "document")?)?.read()
}

#[async_trait]
impl Submissions for SubmissionsTable {
    async fn capture(&self, capture: &Capture<'_>) -> Result<Written, StoreError> {
        capture::run(&self.client, &self.table, self.capture.as_ref(), capture).await
    }

    async fn submission(&self, id: &SubmissionId) -> Result<Option<Submission>, StoreError> {
        let get = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key(id.as_str(), SUBMISSION)))
            .consistent_read(true);
        let answer = get
            .send()
            .await
            .map_err(|error| store_error("GetItem", error))?;
        answer.item.as_ref().map(read).transpose()
    }

    async fn submissions(&self, ids: &[SubmissionId]) -> Result<Vec<Submission>, StoreError> {
        // DynamoDB refuses a call that names a key twice.
        let ids: HashSet<&SubmissionId> = ids.iter().collect();
        let keys: Vec<_> = ids
            .into_iter()
            .map(|id| Key::two(id.as_str(), SUBMISSION))
            .collect();
        read_all(&self.client, &self.table, &keys, &[])
            .await?
            .iter()
            .map(read)
            .collect()
    }

    async fn update(&self, transition: &Transition) -> Result<Written, StoreError> {
        transaction::run(&self.client, update_items(&self.table, transition)?).await
    }

    async fn decide(
        &self,
        transition: &Transition,
        reserved: Reserved,
    ) -> Result<DecisionWritten, StoreError> {
        let tables = self.capture.as_ref().ok_or_else(capture::without_tables)?;
        let cart = CartId::of_order(transition.submission.id());
        let mut items = update_items(&self.table, transition)?;
        items.push(ledger::settle(&tables.carts, &cart, reserved)?);
        let reservation = items.len().saturating_sub(1);
        let unmet = transaction::commit(&self.client, items).await?;
        Ok(match unmet.as_slice() {
            [] => DecisionWritten::Done,
            [place] if *place == reservation => DecisionWritten::ReservationOver,
            _ => DecisionWritten::Conflict,
        })
    }

    async fn timeline(&self, id: &SubmissionId) -> Result<Vec<TimelineEvent>, StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :event)")
            .expression_attribute_values(":pk", text(id.as_str()))
            .expression_attribute_values(":event", text("event#"))
            .consistent_read(true);
        let answer = query
            .send()
            .await
            .map_err(|error| store_error("Query", error))?;
        let event = |record| Ok(decode::<EventDocument>(get_text(record, "document")?)?.into());
        answer.items().iter().map(event).collect()
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<SubmissionId>, StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .index_name("by-due")
            .key_condition_expression("due = :due AND dueAt <= :now")
            .expression_attribute_values(":due", text(SUBMISSION))
            .expression_attribute_values(":now", instant(now))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let answer = query
            .send()
            .await
            .map_err(|error| store_error("Query", error))?;
        answer
            .items()
            .iter()
            .map(|record| get_parsed(record, "pk", SubmissionId::parse))
            .collect()
    }

    async fn in_state(
        &self,
        state: State,
        cursor: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Submission>, StoreError> {
        let mut query = self.by_state(state, limit);
        if let Some(cursor) = cursor {
            let [id, created_at] = cursor::decode(cursor)?;
            query = query
                .exclusive_start_key("pk", text(id))
                .exclusive_start_key("sk", text(SUBMISSION))
                .exclusive_start_key("state", text(state.as_str()))
                .exclusive_start_key("createdAt", text(created_at));
        }
        let answer = query
            .send()
            .await
            .map_err(|error| store_error("Query", error))?;
        let next = match &answer.last_evaluated_key {
            Some(last) => Some(cursor::encode(&[
                get_text(last, "pk")?,
                get_text(last, "createdAt")?,
            ])),
            None => None,
        };
        let ids = answer
            .items()
            .iter()
            .map(|record| get_parsed(record, "pk", SubmissionId::parse));
        let mut items = self
            .submissions(&ids.collect::<Result<Vec<_>, _>>()?)
            .await?;
        // The index lags: a submission that moved since is no longer in this state.
        items.retain(|submission| submission.state() == state);
        items.sort_by(|a, b| (a.created_at(), a.id()).cmp(&(b.created_at(), b.id())));
        Ok(Page { items, next })
    }

    async fn oldest(
        &self,
        state: State,
        after: Option<&Indexed>,
        most: usize,
    ) -> Result<Vec<Indexed>, StoreError> {
        let mut query = self
            .by_state(state, most)
            .projection_expression("createdAt");
        if let Some(Indexed { id, created_at }) = after {
            query = query
                .key_condition_expression("#state = :state AND createdAt > :after")
                .expression_attribute_values(":after", text(captured_at(*created_at, id)));
        }
        let answer = query
            .send()
            .await
            .map_err(|error| store_error("Query", error))?;
        let indexed = |record| {
            // The instant, then the id.
            let (instant, id) = get_text(record, "createdAt")?
                .split_once('#')
                .ok_or_else(|| corrupt("createdAt"))?;
            Ok(Indexed {
                id: SubmissionId::parse(id).map_err(|_| corrupt("createdAt"))?,
                created_at: instant.parse().map_err(|_| corrupt("createdAt"))?,
            })
        };
        answer.items().iter().map(indexed).collect()
    }

    async fn of_organization(
        &self,
        organization: &OrganizationId,
        kind: SubmissionKind,
        cursor: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Submission>, StoreError> {
        let owner = joined(&[organization.as_str(), kind_name(kind)]);
        let mut query = self
            .client
            .query()
            .table_name(&self.table)
            .index_name("by-owner")
            .key_condition_expression("#owner = :owner")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":owner", text(&owner))
            .scan_index_forward(false)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        if let Some(cursor) = cursor {
            let [id, created_at] = cursor::decode(cursor)?;
            query = query
                .exclusive_start_key("pk", text(id))
                .exclusive_start_key("sk", text(SUBMISSION))
                .exclusive_start_key("owner", text(&owner))
                .exclusive_start_key("createdAt", text(created_at));
        }
        let answer = query
            .send()
            .await
            .map_err(|error| store_error("Query", error))?;
        let next = match &answer.last_evaluated_key {
            Some(last) => Some(cursor::encode(&[
                get_text(last, "pk")?,
                get_text(last, "createdAt")?,
            ])),
            None => None,
        };
        Ok(Page {
            items: answer.items().iter().map(read).collect::<Result<_, _>>()?,
            next,
        })
    }
}
