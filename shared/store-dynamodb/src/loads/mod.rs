//! The loads table, and how rows of files reach the other tables.
//!
//! | pk | sk | what |
//! | --- | --- | --- |
//! | `loads` | load id | a load; the ids sort by time |
//! | `turn#<kind>` | `turn` | whose turn it is to load the kind, and until when |

pub(crate) mod pointer;
mod record;
pub(crate) mod rows;

use app::ports::{Cursor, LoadFilter, LoadStore, Page, StoreError};
use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_types::SdkConfig;
use domain::ids::LoadId;
use domain::load::{Load, LoadKind};
use domain::time::Timestamp;

use crate::attribute::{get_text, key, number, text};
use crate::cursor;
use crate::error::store_error;
use crate::query::{Asked, get_current, query_page};

const LOADS: &str = "loads";
const TURN: &str = "turn";
const OWNER: &str = "owner";
const UNTIL: &str = "until";
/// Reads of a filtered list before a page is handed out short.
const MAX_QUERIES: usize = 10;
/// Records looked at in one read of a filtered list.
const READ: usize = 200;

/// The loads in their table.
#[derive(Debug, Clone)]
pub struct LoadsTable {
    client: Client,
    table: String,
}

impl LoadsTable {
    /// The loads in the given table.
    #[must_use]
    pub fn new(sdk: &SdkConfig, table: impl Into<String>) -> Self {
        Self { client: Client::new(sdk), table: table.into() }
    }
}

fn turn_pk(kind: LoadKind) -> String {
    format!("turn#{kind}")
}

#[async_trait]
impl LoadStore for LoadsTable {
    async fn load(&self, id: &LoadId) -> Result<Option<Load>, StoreError> {
        let record = get_current(&self.client, &self.table, key(LOADS, id.as_str())).await?;
        record.as_ref().map(record::read).transpose()
    }

    async fn put(&self, load: &Load) -> Result<(), StoreError> {
        let record = record::write(load, key(LOADS, load.id.as_str()));
        let put = self.client.put_item().table_name(&self.table).set_item(Some(record)).send().await;
        put.map(drop).map_err(|error| store_error("PutItem", error))
    }

    async fn loads(&self, filter: LoadFilter, limit: usize, cursor: Option<&Cursor>) -> Result<Page<Load>, StoreError> {
        let mut asked = Asked::all(LOADS).descending();
        if let Some(kind) = filter.kind {
            asked = asked.equal("kind", kind.as_str());
        }
        if let Some(state) = filter.state {
            asked = asked.equal("state", state.as_str());
        }
        let size = if filter == LoadFilter::default() { limit } else { READ };
        let mut start = match cursor {
            None => None,
            Some(cursor) => {
                let [id] = cursor::decode(cursor)?;
                Some(key(LOADS, id))
            }
        };
        let mut items = Vec::new();
        for _ in 0..MAX_QUERIES {
            let (records, more) = query_page(&self.client, &self.table, asked.clone(), size, start.take()).await?;
            for record in &records {
                if items.len() == limit {
                    break;
                }
                items.push(record::read(record)?);
            }
            if items.len() == limit {
                // More than fits may have been read: the rest follows the last one handed out.
                let whole = records.len() <= limit && more.is_none();
                let next = items.last().filter(|_| !whole).map(|load| cursor::encode(&[load.id.as_str()]));
                return Ok(Page { items, next });
            }
            start = more;
            if start.is_none() {
                return Ok(Page { items, next: None });
            }
        }
        let next = start.as_ref().map(|key| get_text(key, "sk").map(|id| cursor::encode(&[id]))).transpose()?;
        Ok(Page { items, next })
    }

    async fn take_turn(
        &self,
        kind: LoadKind,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(turn_pk(kind), TURN)))
            .update_expression("SET #owner = :owner, #until = :until")
            .condition_expression("attribute_not_exists(#owner) OR #owner = :owner OR #until < :now")
            .expression_attribute_names("#owner", OWNER)
            .expression_attribute_names("#until", UNTIL)
            .expression_attribute_values(":owner", text(owner))
            .expression_attribute_values(":until", number(until.as_millis()))
            .expression_attribute_values(":now", number(now.as_millis()))
            .send()
            .await;
        unless_condition_failed(update.map(drop), "UpdateItem")
    }

    async fn end_turn(&self, kind: LoadKind, owner: &str) -> Result<(), StoreError> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key(turn_pk(kind), TURN)))
            .condition_expression("#owner = :owner")
            .expression_attribute_names("#owner", OWNER)
            .expression_attribute_values(":owner", text(owner))
            .send()
            .await;
        unless_condition_failed(delete.map(drop), "DeleteItem").map(drop)
    }
}

/// Whether a conditional write took place.
fn unless_condition_failed<E, R>(
    result: Result<(), SdkError<E, R>>,
    operation: &'static str,
) -> Result<bool, StoreError>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    match result {
        Ok(()) => Ok(true),
        Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(false),
        Err(error) => Err(store_error(operation, error)),
    }
}
