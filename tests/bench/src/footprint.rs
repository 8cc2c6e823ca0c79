//! The memory of the load function, run as the Lambda service runs it, while it loads files of
//! different sizes.

use std::path::Path;
use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use local::dataset::ExportFile;
use local::edge::ObjectCreated;
use local::load::state_of;
use local::sources::{delivered, object_created};
use local::stack::{Options, Stack};
use testkit::{Failed, Sandbox};

use crate::{parse, starts};

/// The function that loads items.
const FUNCTION: &str = "catalog-load";
/// A bucket of which the stack does not announce to its's own functions.
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
    /// Resident memory of the process before its first event, and at its most until the load was
    /// over, in KiB.
    pub memory_kib: (u64, u64),
    /// What the process used of the CPU for it.
    pub cpu: Duration,
}

/// Loads a file of N rows into a stack of its own, with the program that lies in `programs`.
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
    let stack = Stack::start(Options {
        data,
        schedules: false,
        sweep: false,
        ..Options::default()
    })
    .await?;

    let sdk = stack.sdk_config();
    let s3 = aws_sdk_s3::Client::from_conf(
        aws_sdk_s3::config::Builder::from(sdk)
            .force_path_style(true)
            .build(),
    );
    s3.create_bucket().bucket(BUCKET).send().await?;
    let body = ByteStream::from_path(&path).await?;
    let put = s3
        .put_object()
        .bucket(BUCKET)
        .key(KEY)
        .body(body)
        .send()
        .await?;
    let file = ExportFile {
        kind: "items",
        path,
        key: KEY.to_owned(),
    };
    let sqs = aws_sdk_sqs::Client::new(sdk);
    let queue = sqs
        .create_queue()
        .queue_name(QUEUE)
        .send()
        .await?
        .queue_url
        .ok_or("the queue has no address")?;

    let mut program = starts::program(&stack, FUNCTION, &binary)?;
    program
        .variables
        .insert("EXPORTS_BUCKET".to_owned(), BUCKET.to_owned());
    program
        .variables
        .insert("LOAD_QUEUE_URL".to_owned(), queue.clone());
    let sandbox = Sandbox::start(program).await?;
    let failed = |failed: Failed| format!("{failed:?}");
    sandbox.ready().await.map_err(failed)?;
    let (idle, began) = (sandbox.memory().resident_kib, sandbox.cpu());

    let object = ObjectCreated {
        event: "ObjectCreated:Put",
        bucket: BUCKET.to_owned(),
        key: file.key.clone(),
        size: i64::try_from(bytes)?,
        e_tag: put.e_tag.unwrap_or_default(),
    };
    sandbox
        .invoke(&object_created(&object, stack.clock().now(), "bench", 1))
        .await
        .map_err(failed)?;
    let mut invocations = 1;
    loop {
        match state_of(&stack, &file).await? {
            Some(load) if load.state == "published" && load.applied == rows => break,
            Some(load) if load.state == "running" => {}
            other => return Err(format!("{rows} rows were written, and came to {other:?}").into()),
        }
        let received = sqs
            .receive_message()
            .queue_url(&queue)
            .max_number_of_messages(1)
            .wait_time_seconds(20);
        let messages = received.send().await?.messages.unwrap_or_default();
        let [message] = messages.as_slice() else {
            return Err("the load makes no progress".into());
        };
        let answer = sandbox
            .invoke(&delivered(QUEUE, &messages))
            .await
            .map_err(failed)?;
        invocations += 1;
        if answer["batchItemFailures"]
            .as_array()
            .is_none_or(Vec::is_empty)
        {
            let delete = sqs.delete_message().queue_url(&queue);
            delete
                .set_receipt_handle(message.receipt_handle.clone())
                .send()
                .await?;
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
