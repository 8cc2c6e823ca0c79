//! Reads and writes many records in few calls. Unprocessed keys are sent again, with growing
//! pauses.

use std::borrow::Cow;
use std::collections::HashMap;
use std::time::Duration;

use app::ports::StoreError;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{KeysAndAttributes, WriteRequest};
use futures::{StreamExt, TryStreamExt, stream};
use tokio::time::Instant;

use crate::attribute::{Attributes, corrupt, find_text, text};
use crate::error::store_error;

/// Most keys of one read and most records of one write, by DynamoDB's limits.
const READ: usize = 100;
const WRITE: usize = 25;
/// Most concurrent calls. More only move the waiting from here to the table.
const IN_FLIGHT: usize = 8;
/// How long all calls of one read or write may be repeated. Together with the SDK's time limit of
/// one call, and a read before a write, this stays below the lease of a load: a worker that lost
/// its lease no longer writes.
const PATIENCE: Duration = Duration::from_secs(50);

/// The key of a record, of one part or of two.
#[derive(Debug, Clone)]
pub(crate) struct Key<'a> {
    pk: Cow<'a, str>,
    sk: Option<Cow<'a, str>>,
}

impl<'a> Key<'a> {
    /// In a table with keys of one part.
    pub(crate) fn one(pk: impl Into<Cow<'a, str>>) -> Self {
        Self {
            pk: pk.into(),
            sk: None,
        }
    }

    /// In a table with keys of two parts.
    pub(crate) fn two(pk: impl Into<Cow<'a, str>>, sk: impl Into<Cow<'a, str>>) -> Self {
        Self {
            pk: pk.into(),
            sk: Some(sk.into()),
        }
    }

    fn attributes(&self) -> Attributes {
        let part = |name: &str, value: &str| (name.to_owned(), text(value));
        let sk = self.sk.iter().map(|sk| part("sk", sk));
        [part("pk", &self.pk)].into_iter().chain(sk).collect()
    }

    fn read(attributes: &Attributes) -> Result<Self, StoreError> {
        let part = |name| {
            Ok::<_, StoreError>(
                find_text(attributes, name)?.map(|part| Cow::Owned(part.to_owned())),
            )
        };
        Ok(Self {
            pk: part("pk")?.ok_or_else(|| corrupt("pk"))?,
            sk: part("sk")?,
        })
    }
}

/// Reads the records with the given keys, in no order. A key without a record is absent from the
/// answer.
///
/// `projection` names the attributes to return; an empty one returns all.
///
/// # Errors
/// [`StoreError`]; records that were read before it are lost.
pub(crate) async fn read_all(
    client: &Client,
    table: &str,
    keys: &[Key<'_>],
    projection: &[&str],
) -> Result<Vec<Attributes>, StoreError> {
    read(client, table, keys, projection, false).await
}

/// As [`read_all`], strongly consistent: for callers that decide by it what to write.
pub(crate) async fn read_all_current(
    client: &Client,
    table: &str,
    keys: &[Key<'_>],
    projection: &[&str],
) -> Result<Vec<Attributes>, StoreError> {
    read(client, table, keys, projection, true).await
}

async fn read(
    client: &Client,
    table: &str,
    keys: &[Key<'_>],
    projection: &[&str],
    current: bool,
) -> Result<Vec<Attributes>, StoreError> {
    let until = Instant::now() + PATIENCE;
    // Most reads are one call.
    if keys.len() <= READ {
        return read_chunk(client, table, keys, projection, current, until).await;
    }
    let calls: Vec<_> = keys
        .chunks(READ)
        .map(|chunk| read_chunk(client, table, chunk, projection, current, until))
        .collect();
    let answers: Vec<Vec<Attributes>> = stream::iter(calls)
        .buffer_unordered(IN_FLIGHT)
        .try_collect()
        .await?;
    Ok(answers.into_iter().flatten().collect())
}

/// The attributes that a read returns; all of them without an expression.
struct Projection {
    expression: Option<String>,
    names: Option<HashMap<String, String>>,
}

impl Projection {
    /// Uses placeholders, because many plain names are reserved words.
    fn of(attributes: &[&str]) -> Self {
        let names = attributes
            .iter()
            .enumerate()
            .map(|(index, name)| (format!("#{index}"), (*name).to_owned()));
        let names: Option<HashMap<String, String>> =
            (!attributes.is_empty()).then(|| names.collect());
        let expression = names.as_ref().map(|names| {
            names
                .keys()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(",")
        });
        Self { expression, names }
    }
}

/// The operation's name in errors.
const BATCH_GET: &str = "BatchGetItem";

fn keys_and_attributes(
    keys: &[Key<'_>],
    projection: &Projection,
    current: bool,
) -> Result<KeysAndAttributes, StoreError> {
    KeysAndAttributes::builder()
        .set_keys(Some(keys.iter().map(Key::attributes).collect()))
        .consistent_read(current)
        .set_projection_expression(projection.expression.clone())
        .set_expression_attribute_names(projection.names.clone())
        .build()
        .map_err(|error| StoreError::Refused {
            operation: BATCH_GET,
            reason: error.to_string(),
        })
}

async fn read_chunk(
    client: &Client,
    table: &str,
    keys: &[Key<'_>],
    projection: &[&str],
    current: bool,
    until: Instant,
) -> Result<Vec<Attributes>, StoreError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let mut left = Cow::Borrowed(keys);
    let mut found = Vec::with_capacity(keys.len());
    let projection = Projection::of(projection);
    for attempt in 0.. {
        pause(attempt).await;
        if Instant::now() > until {
            break;
        }
        let asked = keys_and_attributes(&left, &projection, current)?;
        let answer = match client
            .batch_get_item()
            .request_items(table, asked)
            .send()
            .await
        {
            Ok(answer) => answer,
            Err(error) => match store_error(BATCH_GET, error) {
                StoreError::Throttled { .. } => continue,
                other => return Err(other),
            },
        };
        found.extend(
            answer
                .responses
                .into_iter()
                .flatten()
                .flat_map(|(_, records)| records),
        );
        let undone = answer
            .unprocessed_keys
            .into_iter()
            .flatten()
            .flat_map(|(_, undone)| undone.keys);
        left = undone
            .map(|key| Key::read(&key))
            .collect::<Result<Vec<_>, _>>()?
            .into();
        if left.is_empty() {
            return Ok(found);
        }
    }
    Err(StoreError::Throttled {
        operation: BATCH_GET,
    })
}

/// Writes and deletes records. Each key may occur only once among them.
///
/// # Errors
/// [`StoreError`]; some of the records may have been written then.
pub(crate) async fn write_all(
    client: &Client,
    table: &str,
    requests: Vec<WriteRequest>,
) -> Result<(), StoreError> {
    let until = Instant::now() + PATIENCE;
    let calls = chunks(requests, WRITE)
        .into_iter()
        .map(|chunk| write_chunk(client, table, chunk, until));
    stream::iter(calls)
        .buffer_unordered(IN_FLIGHT)
        .try_collect()
        .await
}

async fn write_chunk(
    client: &Client,
    table: &str,
    mut requests: Vec<WriteRequest>,
    until: Instant,
) -> Result<(), StoreError> {
    const OPERATION: &str = "BatchWriteItem";
    for attempt in 0.. {
        pause(attempt).await;
        if Instant::now() > until {
            break;
        }
        let answer = match client
            .batch_write_item()
            .request_items(table, requests.clone())
            .send()
            .await
        {
            Ok(answer) => answer,
            Err(error) => match store_error(OPERATION, error) {
                StoreError::Throttled { .. } => continue,
                other => return Err(other),
            },
        };
        requests = answer
            .unprocessed_items
            .into_iter()
            .flatten()
            .flat_map(|(_, left)| left)
            .collect();
        if requests.is_empty() {
            return Ok(());
        }
    }
    Err(StoreError::Throttled {
        operation: OPERATION,
    })
}

fn chunks<T>(all: Vec<T>, size: usize) -> Vec<Vec<T>> {
    let mut chunks = Vec::with_capacity(all.len().div_ceil(size));
    let mut rest = all.into_iter().peekable();
    while rest.peek().is_some() {
        chunks.push(rest.by_ref().take(size).collect());
    }
    chunks
}

/// Waits before a repetition: 50 milliseconds, doubling up to three seconds.
pub(crate) async fn pause(attempt: u32) {
    if attempt > 0 {
        let millis = 50_u64
            .saturating_mul(1 << attempt.saturating_sub(1).min(10))
            .min(3000);
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }
}
