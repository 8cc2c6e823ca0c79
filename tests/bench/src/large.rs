//! One large file of items through S3 and the load function into the embedded store, where there
//! are no items yet, next to a bare loop that reads the same file with the csv crate and writes the
//! same records, row by row.

use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, PutRequest,
    ScalarAttributeType, WriteRequest,
};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use local::dataset::ExportFile;
use local::load::load_file;
use local::stack::Stack;

use crate::{cpu, memory, parse};

/// Where the bare loop writes to.
const BARE: &str = "BareTable";
/// Records of one write, by DynamoDB's limit, and writes under way at once, as the load function
/// has them.
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

/// Loads a file of N rows, and then writes the same records again, bare.
///
/// # Errors
/// The load does not come to its end, or a record cannot be written.
pub async fn run(stack: &Stack, rows: u64, folder: &Path) -> Result<Found, Error> {
    let path = folder.join("items.csv");
    parse::write_items(rows, &path)?;
    let bytes = path.metadata()?.len();
    let key = "incoming/items/snapshot/items-20270101T000000Z.csv".to_owned();
    let copy = path.clone();
    let before = memory::reset_peak();
    let (began, used) = (Instant::now(), cpu::used());
    let loaded = load_file(
        stack,
        &ExportFile {
            kind: "items",
            path,
            key,
        },
    )
    .await?;
    let ours = (began.elapsed(), cpu::used().saturating_sub(used));
    let memory_kib = (before, memory::peak());
    if loaded.state != "published" || loaded.rows != rows || loaded.rejected > 0 {
        return Err(format!("{rows} rows were written, and came to {loaded:?}").into());
    }
    let client = Client::new(stack.sdk_config());
    create(&client).await?;
    let (began, used) = (Instant::now(), cpu::used());
    let records = bare(&client, &copy).await?;
    let bare = (began.elapsed(), cpu::used().saturating_sub(used));
    let [item, same] = [
        first(&client, "CatalogTable").await?,
        first(&client, BARE).await?,
    ];
    if item != same {
        return Err(
            format!("the bare loop wrote another record: {same:?} and not {item:?}").into(),
        );
    }
    Ok(Found {
        rows,
        bytes,
        records,
        ours,
        bare,
        memory_kib,
    })
}

/// Reads the file and writes its records, some calls at a time, and reads on meanwhile. Answers how
/// many there were.
async fn bare(client: &Client, path: &Path) -> Result<u64, Error> {
    let mut reader = csv::Reader::from_path(path)?;
    let headers = reader.headers()?.clone();
    let mut rows = reader.into_records();
    let (mut written, mut waiting) = (0, VecDeque::new());
    let mut calls = FuturesUnordered::new();
    loop {
        while waiting.len() < BATCH
            && let Some(row) = rows.next()
        {
            waiting.extend(records_of(&headers, &row?));
        }
        let call: Vec<Record> = waiting.drain(..waiting.len().min(BATCH)).collect();
        if calls.len() >= IN_FLIGHT || call.is_empty() {
            match calls.next().await {
                Some(answer) => _ = answer?,
                None => return Ok(written),
            }
        }
        if !call.is_empty() {
            written += call.len() as u64;
            calls.push(
                client
                    .batch_write_item()
                    .request_items(BARE, requests(call)?)
                    .send(),
            );
        }
    }
}

/// The item of a row, as the load function writes it, and the ways that lead to it from its
/// categories.
fn records_of(headers: &csv::StringRecord, row: &csv::StringRecord) -> Vec<Record> {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let key = |pk: String, sk: &str| {
        Record::from([
            ("pk".to_owned(), AttributeValue::S(pk)),
            ("sk".to_owned(), text(sk)),
        ])
    };
    let (mut item, mut attributes, mut ways) = (Record::new(), Record::new(), Vec::new());
    let sku = row.get(0).unwrap_or_default();
    for (name, value) in headers
        .iter()
        .zip(row)
        .filter(|(_, value)| !value.is_empty())
    {
        if let Some(name) = name.strip_prefix("attr:") {
            attributes.insert(name.to_owned(), text(value));
            continue;
        }
        let (name, value) = match name {
            "sku" => {
                item.extend(key(format!("item#{value}"), "item"));
                continue;
            }
            "category_ids" => {
                ways.extend(
                    value
                        .split(';')
                        .map(|id| key(format!("category#{id}"), sku)),
                );
                (
                    "categoryIds",
                    AttributeValue::L(value.split(';').map(text).collect()),
                )
            }
            // One is not written.
            "nominal_quantity" | "quantity_multiple" if value == "1" => continue,
            "nominal_quantity" => ("nominalQuantity", AttributeValue::N(value.to_owned())),
            "quantity_multiple" => ("quantityMultiple", AttributeValue::N(value.to_owned())),
            "product_id" => ("productId", text(value)),
            name => (name, text(value)),
        };
        item.insert(name.to_owned(), value);
    }
    item.insert("attributes".to_owned(), AttributeValue::M(attributes));
    item.insert(
        "fingerprint".to_owned(),
        AttributeValue::B(Blob::new([0; 16])),
    );
    item.insert("generation".to_owned(), AttributeValue::N("1".to_owned()));
    item.insert(
        "sequence".to_owned(),
        AttributeValue::N("1798761600000".to_owned()),
    );
    ways.push(item);
    ways
}

fn requests(records: Vec<Record>) -> Result<Vec<WriteRequest>, Error> {
    let put = |record: Record| {
        let put = PutRequest::builder().set_item(Some(record)).build()?;
        Ok(WriteRequest::builder().put_request(put).build())
    };
    records.into_iter().map(put).collect()
}

/// The item of the first row.
async fn first(client: &Client, table: &str) -> Result<Record, Error> {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let get = client
        .get_item()
        .table_name(table)
        .key("pk", text("item#SKU-000000000"))
        .key("sk", text("item"));
    let mut item = get
        .send()
        .await?
        .item
        .ok_or_else(|| format!("the first item is not in {table}"))?;
    // What the row says, hashed: as long as the other, but another.
    item.remove("fingerprint")
        .ok_or("the first item has no fingerprint")?;
    Ok(item)
}

async fn create(client: &Client) -> Result<(), Error> {
    let mut create = client
        .create_table()
        .table_name(BARE)
        .billing_mode(BillingMode::PayPerRequest);
    for (name, kind) in [("pk", KeyType::Hash), ("sk", KeyType::Range)] {
        let attribute = AttributeDefinition::builder()
            .attribute_name(name)
            .attribute_type(ScalarAttributeType::S);
        let key = KeySchemaElement::builder()
            .attribute_name(name)
            .key_type(kind);
        create = create
            .attribute_definitions(attribute.build()?)
            .key_schema(key.build()?);
    }
    create.send().await?;
    Ok(())
}
