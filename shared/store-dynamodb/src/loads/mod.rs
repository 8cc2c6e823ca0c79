//! The loads table, and how rows of files are written to the other tables.
//!
//! | pk | sk | what |
//! | --- | --- | --- |
//! | `loads` | load id | a load; the ids sort by time |
//! | `load#<load id>` | phase, `#` and number of five digits | a chunk of a load |
//! | `lock#<kind>` | `lock` | which load has locked the kind, and until when |

mod chunk;
mod record;
pub(crate) mod rows;
pub(crate) mod versions;

use app::ports::{
    ChunkClaim, ChunkId, ChunkStatus, Cursor, LeaseTerm, LeaseUpdate, LoadFilter, LoadStore, Page,
    StoreError,
};
use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
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
const LOCK: &str = "lock";
const OWNER: &str = "owner";
const UNTIL: &str = "until";
/// Reads of a filtered list before a short page is returned.
const MAX_QUERIES: usize = 10;
/// Records per read of a filtered list.
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
    /// Puts a record with its lease. `false` if the condition fails.
    async fn put(
        &self,
        record: Record,
        lease: LeaseUpdate<'_>,
        condition: &str,
    ) -> Result<bool, StoreError> {
        let record = record
            .with(OWNER, text(lease.owner()))
            .with(UNTIL, number(lease.until().map_or(0, Timestamp::as_millis)));
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(record.into_attributes()));
        let put = put
            .condition_expression(condition)
            .expression_attribute_names("#owner", OWNER)
            .expression_attribute_values(":owner", text(lease.owner()));
        unless_condition_failed(put.send().await.map(drop), "PutItem")
    }

    /// Claims a record that is free. `None` if another owner has it, or the condition fails.
    async fn claim_record(
        &self,
        key: Attributes,
        lease: LeaseTerm<'_>,
        condition: &str,
    ) -> Result<Option<Attributes>, StoreError> {
        let update = self
            .lease_update(key, lease)
            .condition_expression(format!(
                "{condition} AND (#owner = :owner OR #until < :now)"
            ))
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

    /// An update that gives the record to the owner; its condition may name `:now`.
    fn lease_update(&self, key: Attributes, lease: LeaseTerm<'_>) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key))
            .update_expression("SET #owner = :owner, #until = :until")
            .expression_attribute_names("#owner", OWNER)
            .expression_attribute_names("#until", UNTIL)
            .expression_attribute_values(":owner", text(lease.owner))
            .expression_attribute_values(":until", number(lease.until.as_millis()))
            .expression_attribute_values(":now", number(lease.now.as_millis()))
    }
}

fn lock_key(kind: LoadKind) -> Attributes {
    key(format!("lock#{kind}"), LOCK)
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
        // A put whose answer was lost is repeated, and must not fail because of itself.
        self.put(
            record,
            LeaseUpdate::Extend { owner, until },
            "attribute_not_exists(pk) OR #owner = :owner",
        )
        .await
    }

    async fn claim(&self, id: &LoadId, lease: LeaseTerm<'_>) -> Result<Option<Load>, StoreError> {
        let claimed = self
            .claim_record(key(LOADS, id.as_str()), lease, "attribute_exists(pk)")
            .await?;
        claimed.as_ref().map(record::read).transpose()
    }

    async fn save(&self, load: &Load, lease: LeaseUpdate<'_>) -> Result<bool, StoreError> {
        let record = record::write(load, key(LOADS, load.id.as_str()));
        self.put(record, lease, "#owner = :owner").await
    }

    async fn plan(&self, id: &LoadId, phase: Phase, chunks: &[Chunk]) -> Result<(), StoreError> {
        let puts = chunks.iter().map(|chunk| {
            let id = ChunkId {
                load: id,
                phase,
                number: chunk.number,
            };
            let record = chunk::write(chunk, chunk::chunk_key(id)).with(UNTIL, number(0));
            rows::put_request(record.into_attributes())
        });
        batch::write_all(&self.client, &self.table, puts.collect::<Result<_, _>>()?).await
    }

    async fn chunks(
        &self,
        id: &LoadId,
        phase: Phase,
        now: Timestamp,
    ) -> Result<Vec<ChunkStatus>, StoreError> {
        let asked = Asked::beginning(chunk::pk(id), chunk::sort_key_prefix(phase));
        let records = query_all_current(&self.client, &self.table, asked).await?;
        let read = |record: &Attributes| {
            let until: i64 = find_number(record, UNTIL)?.unwrap_or_default();
            Ok(ChunkStatus {
                chunk: chunk::read(record)?,
                leased: until >= now.as_millis(),
            })
        };
        records.iter().map(read).collect()
    }

    async fn claim_chunk(
        &self,
        id: ChunkId<'_>,
        lease: LeaseTerm<'_>,
    ) -> Result<ChunkClaim, StoreError> {
        let key = chunk::chunk_key(id);
        let claimed = self
            .claim_record(key.clone(), lease, "done = :open")
            .await?;
        if let Some(record) = claimed {
            return Ok(ChunkClaim::Claimed(Box::new(chunk::read(&record)?)));
        }
        Ok(match get_current(&self.client, &self.table, key).await? {
            None => ChunkClaim::Missing,
            Some(record) if chunk::is_done(&record) => ChunkClaim::Done,
            Some(_) => ChunkClaim::Busy,
        })
    }

    async fn save_chunk(
        &self,
        id: ChunkId<'_>,
        chunk: &Chunk,
        lease: LeaseUpdate<'_>,
    ) -> Result<bool, StoreError> {
        self.put(
            chunk::write(chunk, chunk::chunk_key(id)),
            lease,
            "attribute_not_exists(pk) OR #owner = :owner",
        )
        .await
    }

    async fn delete_chunks(
        &self,
        id: &LoadId,
        phase: Phase,
        numbers: &[u32],
    ) -> Result<(), StoreError> {
        let deletes = numbers.iter().map(|number| {
            rows::delete_request(chunk::chunk_key(ChunkId {
                load: id,
                phase,
                number: *number,
            }))
        });
        batch::write_all(
            &self.client,
            &self.table,
            deletes.collect::<Result<_, _>>()?,
        )
        .await
    }

    async fn lock_kind(&self, kind: LoadKind, lease: LeaseTerm<'_>) -> Result<bool, StoreError> {
        let update = self
            .lease_update(lock_key(kind), lease)
            .condition_expression(
                "attribute_not_exists(#owner) OR #owner = :owner OR #until < :now",
            )
            .send()
            .await;
        unless_condition_failed(update.map(drop), "UpdateItem")
    }

    async fn unlock_kind(&self, kind: LoadKind, owner: &str) -> Result<(), StoreError> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(lock_key(kind)))
            .condition_expression("#owner = :owner")
            .expression_attribute_names("#owner", OWNER)
            .expression_attribute_values(":owner", text(owner))
            .send()
            .await;
        unless_condition_failed(delete.map(drop), "DeleteItem").map(drop)
    }
}

/// `false` if the condition of the write failed.
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
