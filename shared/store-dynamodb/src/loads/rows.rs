//! Writes rows that are applied one by one: reads the existing records, decides, and writes what
//! differs.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{DefaultHasher, Hash, Hasher};

use app::ports::{RowOutcome, StoreError, WriteTarget};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, PutRequest, WriteRequest};
use domain::load::{Accepted, LoadMode, RowProblem};

use crate::attribute::{Attributes, Record, corrupt, find_number, get_text, number};
use crate::batch::{self, TableKey};

#[cfg(test)]
mod tests;

/// The sequence of the file that a record comes from.
pub(crate) const SEQUENCE: &str = "sequence";
/// A hash of the row.
pub(crate) const FINGERPRINT: &str = "fingerprint";
/// Marks a record that a file removed. It stays, so that an older file that comes later does not
/// restore it.
pub(crate) const GONE: &str = "gone";

/// Whether a file removed the record.
pub(crate) fn is_gone(record: &Attributes) -> bool {
    matches!(record.get(GONE), Some(AttributeValue::Bool(true)))
}

/// How rows of a family become records.
pub(crate) trait Layout<R> {
    /// The attributes of an existing record that are needed, besides those of every row.
    const READ: &'static [&'static str];

    /// The key of a row.
    fn key(row: &R) -> (String, String);

    /// Whether the row removes its record.
    fn removes(row: &R) -> bool;

    /// Why the row must not be applied to the existing record.
    fn rejection(row: &R, existing: &Attributes) -> Option<RowProblem>;

    /// Adds the content of a row to its record. `existing` is the record that it replaces.
    fn content(row: &R, existing: Option<&Attributes>, record: Record) -> Record;
}

/// What is known of one record while rows are applied.
struct Known<'a, R> {
    sequence: i64,
    fingerprint: Vec<u8>,
    gone: bool,
    /// The record in the table, projected.
    existing: Option<Attributes>,
    /// The row to write.
    pending: Option<&'a Accepted<R>>,
}

/// Applies rows as `RowWriter` promises.
pub(crate) async fn apply<R: 'static, L: Layout<R>>(
    client: &Client,
    table: &str,
    rows: &[Accepted<R>],
    target: &WriteTarget,
) -> Result<Vec<RowOutcome>, StoreError> {
    let keys: Vec<(String, String)> = rows.iter().map(|row| L::key(&row.record)).collect();
    let mut known = read::<R, L>(client, table, &keys).await?;
    let mut outcomes = Vec::with_capacity(rows.len());
    for (row, key) in rows.iter().zip(&keys) {
        let slot = known.entry(key).or_insert_with(|| Known {
            sequence: i64::MIN,
            fingerprint: Vec::new(),
            gone: true,
            existing: None,
            pending: None,
        });
        outcomes.push(decide::<R, L>(row, slot, target.mode, target.writes()));
    }
    if !target.writes() {
        return Ok(outcomes);
    }
    let mut requests = Vec::with_capacity(rows.len());
    for ((pk, sk), slot) in &mut known {
        if let Some(row) = slot.pending {
            requests.push(put::<R, L>(row, pk, sk, slot.existing.as_ref())?);
        }
    }
    batch::write_all(client, table, requests).await?;
    Ok(outcomes)
}

/// A number that identifies a key: the same in every process of one release.
pub(crate) fn identity(pk: &str, sk: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (pk, sk).hash(&mut hasher);
    hasher.finish()
}

async fn read<'k, R: 'static, L: Layout<R>>(
    client: &Client,
    table: &str,
    keys: &'k [(String, String)],
) -> Result<HashMap<&'k (String, String), Known<'k, R>>, StoreError> {
    let mut places: HashMap<(&str, &str), &(String, String)> = HashMap::with_capacity(keys.len());
    let mut asked = Vec::with_capacity(keys.len());
    for place in keys {
        // DynamoDB refuses a key that is asked for twice.
        if let Entry::Vacant(free) = places.entry((&place.0, &place.1)) {
            free.insert(place);
            asked.push(TableKey::two(&place.0, &place.1));
        }
    }
    let mut projection = vec!["pk", "sk", SEQUENCE, FINGERPRINT, GONE];
    projection.extend(L::READ);
    let mut known = HashMap::with_capacity(asked.len());
    for existing in batch::read_all_current(client, table, &asked, &projection).await? {
        let place = places
            .get(&(get_text(&existing, "pk")?, get_text(&existing, "sk")?))
            .copied()
            .ok_or_else(|| corrupt("pk"))?;
        let fingerprint = match existing.get(FINGERPRINT) {
            Some(AttributeValue::B(bytes)) => bytes.as_ref().to_vec(),
            _ => Vec::new(),
        };
        let slot = Known {
            // A record without a sequence comes from no file: every file is newer.
            sequence: find_number(&existing, SEQUENCE)?.unwrap_or(i64::MIN),
            fingerprint,
            gone: is_gone(&existing),
            existing: Some(existing),
            pending: None,
        };
        known.insert(place, slot);
    }
    Ok(known)
}

fn decide<'a, R, L: Layout<R>>(
    row: &'a Accepted<R>,
    slot: &mut Known<'a, R>,
    mode: LoadMode,
    writes: bool,
) -> RowOutcome {
    let sequence = row.sequence.number();
    if sequence < slot.sequence {
        return RowOutcome::Unchanged;
    }
    if let Some(problem) = slot
        .existing
        .as_ref()
        .and_then(|existing| L::rejection(&row.record, existing))
    {
        return RowOutcome::Rejected(problem);
    }
    let same = slot.fingerprint == row.fingerprint;
    // The sequence of the snapshot itself protects records that it does not change.
    if same && (mode == LoadMode::Snapshot || sequence == slot.sequence) {
        return RowOutcome::Unchanged;
    }
    let removes = L::removes(&row.record);
    let nothing_to_remove = removes && slot.gone;
    // A dry run compares with the records before the load.
    if writes {
        slot.sequence = sequence;
        slot.fingerprint = row.fingerprint.to_vec();
        slot.gone = removes;
        slot.pending = Some(row);
    }
    if same || nothing_to_remove {
        RowOutcome::Unchanged
    } else {
        RowOutcome::Applied(None)
    }
}

fn put<R, L: Layout<R>>(
    row: &Accepted<R>,
    pk: &str,
    sk: &str,
    existing: Option<&Attributes>,
) -> Result<WriteRequest, StoreError> {
    let record = Record::keyed(pk, sk)
        .with(SEQUENCE, number(row.sequence.number()))
        .with(FINGERPRINT, AttributeValue::B(Blob::new(row.fingerprint)));
    let record = if L::removes(&row.record) {
        record.with(GONE, AttributeValue::Bool(true))
    } else {
        L::content(&row.record, existing, record)
    };
    put_request(record.into_attributes())
}

/// A request to put a record.
pub(crate) fn put_request(record: Attributes) -> Result<WriteRequest, StoreError> {
    let put = PutRequest::builder().set_item(Some(record)).build();
    let put = put.map_err(|error| StoreError::Refused {
        operation: "BatchWriteItem",
        reason: error.to_string(),
    })?;
    Ok(WriteRequest::builder().put_request(put).build())
}

/// A request to delete a record.
pub(crate) fn delete_request(key: Attributes) -> Result<WriteRequest, StoreError> {
    let delete = DeleteRequest::builder().set_key(Some(key)).build();
    let delete = delete.map_err(|error| StoreError::Refused {
        operation: "BatchWriteItem",
        reason: error.to_string(),
    })?;
    Ok(WriteRequest::builder().delete_request(delete).build())
}
