//! The memory of the load function, run as the Lambda service runs it, while it loads files of different sizes.

use std::path::Path;
use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use local::stack::{Options, Stack};
use serde_json::{Value, json};
use testkit::{Failed, Sandbox};

use crate::{parse, starts};

/// The function that loads items.
const FUNCTION: &str = "catalog-load";
/// A bucket of which nobody tells the stack's own functions.
const BUCKET: &str = "measured";
/// Its messages come here, and only here.
const QUEUE: &str = "measured";
const KEY: &str = "incoming/items/snapshot/items-20270101T000000Z.csv";

type Error = Box<dyn std::error::Error + Send + Sync>;

/// What a load took.
#[derive(Debug, Clone, Copy)]
pub struct Footprint {
    /// Rows of the file.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
    /// How often the function was invoked.
    pub invocations: u32,
    /// Resident memory of the process before its first event, and at its most until the load was over, in KiB.
    pub memory_kib: (u64, u64),
    /// What the process used of the CPU for it.
    pub cpu: Duration,
}

/// Loads a file of so many rows into a stack of its own, with the program that lies in `programs`.
///
/// # Errors
/// The program is not there, or the load does not come to its end.
pub async fn run(rows: u64, programs: &Path) -> Result<Footprint, Error> {
    let binary = programs.join(FUNCTION);
    if !binary.is_file() {
        return Err(format!("there is no program {}", binary.display()).into());
    }
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("items.csv");
    parse::write_items(rows, &path)?;
    let bytes = path.metadata()?.len();
    let data = Some(folder.path().join("data"));
    let stack = Stack::start(Options { data, schedules: false, sweep: false, ..Options::default() }).await?;

    let sdk = stack.sdk_config();
    let s3 = aws_sdk_s3::Client::from_conf(aws_sdk_s3::config::Builder::from(sdk).force_path_style(true).build());
    s3.create_bucket().bucket(BUCKET).send().await?;
    s3.put_object().bucket(BUCKET).key(KEY).body(ByteStream::from_path(&path).await?).send().await?;
    let sqs = aws_sdk_sqs::Client::new(sdk);
    let queue = sqs.create_queue().queue_name(QUEUE).send().await?.queue_url.ok_or("the queue has no address")?;

    let mut program = starts::program(&stack, FUNCTION, &binary);
    let function = stack.template().function(FUNCTION).ok_or("the function is not in the template")?;
    program.memory = 1024;
    program.timeout = function.timeout;
    program.variables.insert("EXPORTS_BUCKET".to_owned(), BUCKET.to_owned());
    program.variables.insert("LOAD_QUEUE_URL".to_owned(), queue.clone());
    let sandbox = Sandbox::start(program).await?;
    let failed = |failed: Failed| format!("{failed:?}");
    sandbox.ready().await.map_err(failed)?;
    let (idle, began) = (sandbox.memory().resident_kib, sandbox.cpu());

    sandbox.invoke(&arrived(bytes)).await.map_err(failed)?;
    let mut invocations = 1;
    while published(&stack).await? < rows {
        let received = sqs.receive_message().queue_url(&queue).max_number_of_messages(1).wait_time_seconds(20);
        let Some(message) = received.send().await?.messages.unwrap_or_default().pop() else {
            return Err("the load stands still".into());
        };
        let answer = sandbox.invoke(&told(&message)).await.map_err(failed)?;
        invocations += 1;
        if answer["batchItemFailures"].as_array().is_none_or(Vec::is_empty) {
            sqs.delete_message().queue_url(&queue).set_receipt_handle(message.receipt_handle).send().await?;
        }
    }
    let found = Footprint {
        rows,
        bytes,
        invocations,
        memory_kib: (idle, sandbox.memory().peak_kib),
        cpu: sandbox.cpu().saturating_sub(began),
    };
    stack.stop().await;
    Ok(found)
}

/// Word of the file, as S3 sends it.
fn arrived(bytes: u64) -> Value {
    json!({"Records": [{
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": local::edge::REGION,
        "eventTime": "2027-01-01T00:00:00.000Z",
        "eventName": "ObjectCreated:Put",
        "userIdentity": {"principalId": "bench"},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "bench",
            "bucket": {"name": BUCKET, "ownerIdentity": {"principalId": "bench"}, "arn": "arn:aws:s3:::measured"},
            "object": {"key": KEY, "size": bytes, "eTag": "1", "sequencer": "01"},
        },
    }]})
}

/// A message, as the Lambda service hands it over.
fn told(message: &aws_sdk_sqs::types::Message) -> Value {
    json!({"Records": [{
        "messageId": message.message_id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:local:1:measured",
        "awsRegion": local::edge::REGION,
    }]})
}

/// The rows of the load, once it is published.
async fn published(stack: &Stack) -> Result<u64, Error> {
    let sdk = aws_sdk_dynamodb::Client::new(stack.sdk_config());
    let loads = sdk.scan().table_name("LoadsTable").filter_expression("begins_with(#pk, :loads)");
    let loads = loads.expression_attribute_names("#pk", "pk");
    let loads = loads.expression_attribute_values(":loads", aws_sdk_dynamodb::types::AttributeValue::S("loads".into()));
    let mut rows = 0;
    for load in loads.send().await?.items() {
        let state = load.get("state").and_then(|state| state.as_s().ok()).map(String::as_str);
        match state {
            Some("published") => {
                let applied = load.get("applied").and_then(|applied| applied.as_n().ok());
                rows += applied.and_then(|applied| applied.parse::<u64>().ok()).unwrap_or_default();
            }
            Some("running") => {}
            other => return Err(format!("the load is {other:?}").into()),
        }
    }
    Ok(rows)
}
