//! One large file of items through S3 and the load function into the embedded store, beside a bare loop that only writes the
//! records that came of it.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, PutRequest, ScalarAttributeType,
    WriteRequest,
};
use futures::{StreamExt, TryStreamExt, stream};
use local::dataset::ExportFile;
use local::load::load_file;
use local::stack::Stack;

use crate::{cpu, memory, parse};

/// Where the bare loop writes to.
const BARE: &str = "BareTable";
/// Records of one write, by DynamoDB's limit, and writes under way at once, as the load function has them.
const BATCH: usize = 25;
const IN_FLIGHT: usize = 8;

type Error = Box<dyn std::error::Error + Send + Sync>;
type Record = HashMap<String, AttributeValue>;

/// What was found.
#[derive(Debug, Clone, Copy)]
pub struct Found {
    /// Rows of the file.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
    /// Records that they became.
    pub records: u64,
    /// Wall clock and CPU time of the load, from the file's arrival to its publication.
    pub ours: (Duration, Duration),
    /// The same of the bare loop.
    pub bare: (Duration, Duration),
    /// Memory of the whole process before the load, and at its most during it, in KiB.
    pub memory_kib: (u64, u64),
}

/// Loads a file of so many rows, and then writes the same records again, bare.
///
/// # Errors
/// The load does not come to its end, or a record cannot be written.
pub async fn run(stack: &Stack, rows: u64, folder: &Path) -> Result<Found, Error> {
    let path = folder.join("items.csv");
    parse::write_items(rows, &path)?;
    let bytes = path.metadata()?.len();
    let key = "incoming/items/snapshot/items-20270101T000000Z.csv".to_owned();
    let before = memory::reset_peak();
    let (began, used) = (Instant::now(), cpu::used());
    let loaded = load_file(stack, &ExportFile { kind: "items", path, key }).await?;
    let ours = (began.elapsed(), cpu::used().saturating_sub(used));
    let memory_kib = (before, memory::peak());
    if loaded.state != "published" || loaded.rows != rows || loaded.rejected > 0 {
        return Err(format!("{rows} rows were written, and came to {loaded:?}").into());
    }
    let (records, bare) = bare(&Client::new(stack.sdk_config())).await?;
    Ok(Found { rows, bytes, records, ours, bare, memory_kib })
}

/// Reads what the load wrote, page by page, and writes each page into another table. Only the writing counts.
async fn bare(client: &Client) -> Result<(u64, (Duration, Duration)), Error> {
    create(client).await?;
    let (mut records, mut wall, mut used) = (0, Duration::ZERO, Duration::ZERO);
    let mut start = None;
    loop {
        let page = client.scan().table_name("CatalogTable").set_exclusive_start_key(start).send().await?;
        let items = page.items.unwrap_or_default();
        records += items.len() as u64;
        let calls: Vec<Vec<WriteRequest>> = items.chunks(BATCH).map(requests).collect::<Result<_, _>>()?;
        let (began, before) = (Instant::now(), cpu::used());
        let writes = calls.into_iter().map(|call| client.batch_write_item().request_items(BARE, call).send());
        stream::iter(writes).buffer_unordered(IN_FLIGHT).try_collect::<Vec<_>>().await?;
        wall += began.elapsed();
        used += cpu::used().saturating_sub(before);
        start = page.last_evaluated_key;
        if start.is_none() {
            return Ok((records, (wall, used)));
        }
    }
}

fn requests(items: &[Record]) -> Result<Vec<WriteRequest>, Error> {
    let put = |item: &Record| {
        let put = PutRequest::builder().set_item(Some(item.clone())).build()?;
        Ok(WriteRequest::builder().put_request(put).build())
    };
    items.iter().map(put).collect()
}

async fn create(client: &Client) -> Result<(), Error> {
    let mut create = client.create_table().table_name(BARE).billing_mode(BillingMode::PayPerRequest);
    for (name, kind) in [("pk", KeyType::Hash), ("sk", KeyType::Range)] {
        let attribute = AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
        let key = KeySchemaElement::builder().attribute_name(name).key_type(kind);
        create = create.attribute_definitions(attribute.build()?).key_schema(key.build()?);
    }
    create.send().await?;
    Ok(())
}
