//! The loads table, and how rows of files reach the other tables.
//!
//! | pk | sk | what |
//! | --- | --- | --- |
//! | `loads` | load id | a load; the ids sort by time |
//! | `load#<load id>` | phase, `#` and number of five digits | a chunk of a load |
//! | `turn#<kind>` | `turn` | whose turn it is to load the kind, and until when |

mod chunk;
pub(crate) mod pointer;
mod record;
pub(crate) mod rows;

use app::ports::{Cursor, LoadFilter, LoadStore, Page, StoreError, Taken};
use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, Select};
use aws_types::SdkConfig;
use domain::ids::LoadId;
use domain::load::{Chunk, Load, LoadKind, LoadState, Phase};
use domain::time::Timestamp;

use crate::attribute::{Attributes, Record, find_number, get_text, key, number, text};
use crate::error::store_error;
use crate::query::{Asked, get_current, query_all_current, query_page};
use crate::{batch, cursor};

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
        Self {
            client: Client::new(sdk),
            table: table.into(),
        }
    }
}

impl LoadsTable {
    /// Puts a record into the owner's hands; none as time gives it back.
    async fn put(
        &self,
        record: Record,
        owner: &str,
        until: Option<Timestamp>,
        condition: &str,
    ) -> Result<bool, StoreError> {
        let record = record
            .with(OWNER, text(owner))
            .with(UNTIL, number(until.map_or(0, Timestamp::as_millis)));
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(record.into_attributes()));
        let put = put
            .condition_expression(condition)
            .expression_attribute_names("#owner", OWNER)
            .expression_attribute_values(":owner", text(owner));
        unless_condition_failed(put.send().await.map(drop), "PutItem")
    }

    /// Takes a record that nobody has; none when somebody has it, or it is not as `condition` says.
    async fn take(
        &self,
        place: Attributes,
        owner: &str,
        (now, until): (Timestamp, Timestamp),
        condition: &str,
    ) -> Result<Option<Attributes>, StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(place))
            .update_expression("SET #owner = :owner, #until = :until")
            .condition_expression(format!(
                "{condition} AND (#owner = :owner OR #until < :now)"
            ))
            .expression_attribute_names("#owner", OWNER)
            .expression_attribute_names("#until", UNTIL)
            .expression_attribute_values(":owner", text(owner))
            .expression_attribute_values(":until", number(until.as_millis()))
            .expression_attribute_values(":now", number(now.as_millis()))
            .return_values(ReturnValue::AllNew);
        let update = if condition.contains(":open") {
            update.expression_attribute_values(":open", AttributeValue::Bool(false))
        } else {
            update
        };
        match update.send().await {
            Ok(answer) => Ok(answer.attributes),
            Err(error) => unless_condition_failed(Err(error), "UpdateItem").map(|_| None),
        }
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

    async fn loads(
        &self,
        filter: LoadFilter,
        limit: usize,
        cursor: Option<&Cursor>,
    ) -> Result<Page<Load>, StoreError> {
        let mut asked = Asked::all(LOADS).descending();
        if let Some(kind) = filter.kind {
            asked = asked.equal("kind", kind.as_str());
        }
        if let Some(state) = filter.state {
            asked = asked.equal("state", state.as_str());
        }
        let size = if filter == LoadFilter::default() {
            limit
        } else {
            READ
        };
        let mut start = match cursor {
            None => None,
            Some(cursor) => {
                let [id] = cursor::decode(cursor)?;
                Some(key(LOADS, id))
            }
        };
        let mut items = Vec::new();
        for _ in 0..MAX_QUERIES {
            let (records, more) =
                query_page(&self.client, &self.table, asked.clone(), size, start.take()).await?;
            for record in &records {
                if items.len() == limit {
                    break;
                }
                items.push(record::read(record)?);
            }
            if items.len() == limit {
                // More than fits may have been read: the rest follows the last one handed out.
                let whole = records.len() <= limit && more.is_none();
                let next = items
                    .last()
                    .filter(|_| !whole)
                    .map(|load| cursor::encode(&[load.id.as_str()]));
                return Ok(Page { items, next });
            }
            start = more;
            if start.is_none() {
                return Ok(Page { items, next: None });
            }
        }
        let next = start
            .as_ref()
            .map(|key| get_text(key, "sk").map(|id| cursor::encode(&[id])))
            .transpose()?;
        Ok(Page { items, next })
    }

    async fn latest_held(&self) -> Result<usize, StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("#pk = :pk")
            .filter_expression("#state = :state")
            .expression_attribute_names("#pk", "pk")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":pk", text(LOADS))
            .expression_attribute_values(":state", text(LoadState::Held.as_str()))
            .scan_index_forward(false)
            .select(Select::Count)
            .limit(i32::try_from(READ).unwrap_or(i32::MAX));
        let answer = query
            .send()
            .await
            .map_err(|error| store_error("Query", error))?;
        Ok(usize::try_from(answer.count()).unwrap_or(0))
    }

    async fn begin(&self, load: &Load, owner: &str, until: Timestamp) -> Result<bool, StoreError> {
        let record = record::write(load, key(LOADS, load.id.as_str()));
        // A put whose answer was lost is repeated, and must not meet itself.
        self.put(
            record,
            owner,
            Some(until),
            "attribute_not_exists(pk) OR #owner = :owner",
        )
        .await
    }

    async fn claim(
        &self,
        id: &LoadId,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Load>, StoreError> {
        let taken = self
            .take(
                key(LOADS, id.as_str()),
                owner,
                (now, until),
                "attribute_exists(pk)",
            )
            .await?;
        taken.as_ref().map(record::read).transpose()
    }

    async fn keep(
        &self,
        load: &Load,
        owner: &str,
        until: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        self.put(
            record::write(load, key(LOADS, load.id.as_str())),
            owner,
            until,
            "#owner = :owner",
        )
        .await
    }

    async fn plan(&self, id: &LoadId, phase: Phase, chunks: &[Chunk]) -> Result<(), StoreError> {
        let puts = chunks.iter().map(|chunk| {
            let record = chunk::write(chunk, chunk::chunk_key(id, phase, chunk.number))
                .with(UNTIL, number(0));
            rows::put_request(record.into_attributes())
        });
        batch::write_all(&self.client, &self.table, puts.collect::<Result<_, _>>()?).await
    }

    async fn chunks(
        &self,
        id: &LoadId,
        phase: Phase,
        now: Timestamp,
    ) -> Result<Vec<(Chunk, bool)>, StoreError> {
        let asked = Asked::beginning(chunk::pk(id), chunk::beginning(phase));
        let records = query_all_current(&self.client, &self.table, asked).await?;
        let read = |record: &Attributes| {
            let until: i64 = find_number(record, UNTIL)?.unwrap_or_default();
            Ok((chunk::read(record)?, until >= now.as_millis()))
        };
        records.iter().map(read).collect()
    }

    async fn take_chunk(
        &self,
        id: &LoadId,
        phase: Phase,
        number: u32,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Taken, StoreError> {
        let place = chunk::chunk_key(id, phase, number);
        if let Some(record) = self
            .take(place.clone(), owner, (now, until), "done = :open")
            .await?
        {
            return Ok(Taken::Mine(Box::new(chunk::read(&record)?)));
        }
        Ok(match get_current(&self.client, &self.table, place).await? {
            None => Taken::Missing,
            Some(record) if chunk::is_done(&record) => Taken::Done,
            Some(_) => Taken::Busy,
        })
    }

    async fn keep_chunk(
        &self,
        id: &LoadId,
        phase: Phase,
        chunk: &Chunk,
        owner: &str,
        until: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        let record = chunk::write(chunk, chunk::chunk_key(id, phase, chunk.number));
        self.put(
            record,
            owner,
            until,
            "attribute_not_exists(pk) OR #owner = :owner",
        )
        .await
    }

    async fn forget(&self, id: &LoadId, phase: Phase, numbers: &[u32]) -> Result<(), StoreError> {
        let deletes = numbers
            .iter()
            .map(|number| rows::delete_request(chunk::chunk_key(id, phase, *number)));
        batch::write_all(
            &self.client,
            &self.table,
            deletes.collect::<Result<_, _>>()?,
        )
        .await
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
            .condition_expression(
                "attribute_not_exists(#owner) OR #owner = :owner OR #until < :now",
            )
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
