//! One load function over tables, bucket and queue of its own, that can be killed at any of its
//! calls.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use app::ports::Clock;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use domain::time::Timestamp;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use lambda_kit::{Env, Function, Runtime};
use lambda_runtime::Context;
use local::edge::{Edge, EdgeOptions, ObjectCreated, Policy};
use local::sources::object_created;
use local::template::{Deployment, SOURCE, Template};
use serde_json::{Value, json};
use testkit::{CountingIds, ManualClock};
use tokio::sync::mpsc::unbounded_channel;

use crate::loads::kills::pipeline::{Cut, Pipeline, Transport};

pub const BUCKET: &str = "erp-exports";

/// What a load left behind.
#[derive(Debug, PartialEq, Eq)]
pub struct Left {
    pub rows: Vec<String>,
    pub load: Value,
    pub files: Vec<(String, Vec<u8>)>,
}

impl Left {
    /// Fails with what differs, and no more.
    pub fn assert_is(&self, expected: &Self, what: impl FnOnce() -> String) {
        if self == expected {
            return;
        }
        let lacks = |of: &[String], other: &[String]| {
            of.iter()
                .filter(|row| !other.contains(row))
                .cloned()
                .collect()
        };
        let differing: [Vec<String>; 2] = [
            lacks(&self.rows, &expected.rows),
            lacks(&expected.rows, &self.rows),
        ];
        let [these, those] = [self, expected].map(|left| left.load.as_object().unwrap());
        let fields: Vec<_> = these
            .iter()
            .filter(|(name, value)| those.get(*name) != Some(value))
            .collect();
        let files: Vec<_> = self
            .files
            .iter()
            .filter(|file| !expected.files.contains(file))
            .map(|file| &file.0)
            .collect();
        panic!(
            "{}: rows {differing:#?}, load {fields:#?}, files {files:?}",
            what()
        );
    }
}

/// What earlier loads left, for other labs to begin with.
pub struct Kept {
    function: &'static str,
    records: Vec<(&'static str, Vec<String>)>,
    /// Refused rows and their reasons.
    files: Vec<(String, Vec<u8>)>,
    now: Timestamp,
}

const TABLES: [&str; 3] = ["CatalogTable", "MembersTable", "LoadsTable"];

/// A function, and everything around it.
pub struct Harness {
    edge: Edge,
    pipeline: Arc<Pipeline>,
    function: Function,
    name: &'static str,
    clock: ManualClock,
    table: &'static str,
    objects: tempfile::TempDir,
    events: u64,
    /// Distinct chunks that messages named.
    pub chunks: std::collections::BTreeSet<u64>,
}

impl Harness {
    /// A function with nothing in its tables.
    pub async fn new(function: &'static str, chunk_bytes: u64, checkpoint_rows: u64) -> Self {
        let nothing = Kept {
            function,
            records: Vec::new(),
            files: Vec::new(),
            now: Timestamp::from_seconds(1_800_000_000),
        };
        Self::after(&nothing, chunk_bytes, checkpoint_rows).await
    }

    /// A function that finds what earlier loads left.
    pub async fn after(kept: &Kept, chunk_bytes: u64, checkpoint_rows: u64) -> Self {
        let name = kept.function;
        let objects = tempfile::tempdir().unwrap();
        let (created, _) = unbounded_channel();
        let url = "http://127.0.0.1:1".to_owned();
        let edge = Edge::open(EdgeOptions {
            database: None,
            objects: objects.path(),
            url: url.clone(),
            created,
        })
        .unwrap();
        let parameters = [
            ("ErpUrl", "http://erp"),
            ("JwtIssuer", "http://issuer"),
            ("ExportsBucket", BUCKET),
        ];
        let deployment = Deployment {
            parameters: parameters
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            secrets: [("erp:token".to_owned(), "secret".to_owned())].into(),
            queue_base: url.clone(),
        };
        let template = Template::read(SOURCE, &deployment).unwrap();
        for table in TABLES {
            let attribute = |name: &str| json!({"AttributeName": name, "AttributeType": "S"});
            let definition = json!({
                "TableName": table,
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [attribute("pk"), attribute("sk")],
                "KeySchema": [
                    {"AttributeName": "pk", "KeyType": "HASH"},
                    {"AttributeName": "sk", "KeyType": "RANGE"},
                ],
            });
            edge.dynamodb()
                .call("CreateTable", definition.to_string().as_bytes())
                .unwrap();
        }
        for (table, record) in kept
            .records
            .iter()
            .flat_map(|(table, all)| all.iter().map(move |record| (table, record)))
        {
            let put = format!(r#"{{"TableName":"{table}","Item":{record}}}"#);
            edge.dynamodb()
                .call("PutItem", put.as_bytes())
                .unwrap_or_else(|r| panic!("{}", r.body));
        }
        std::fs::create_dir(objects.path().join(BUCKET)).unwrap();
        let pipeline = Arc::new(Pipeline::default());
        let clock = ManualClock::at(kept.now);
        let role = template.function(name).unwrap();
        let waiting = role.queues[0].queue.clone();
        let queue = edge.sqs().queue_url(&waiting);
        let (chunk_bytes, checkpoint_rows) = (chunk_bytes.to_string(), checkpoint_rows.to_string());
        let env = Env::from_pairs([
            ("AWS_REGION", local::edge::REGION),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_ENDPOINT_URL", &url),
            ("CATALOG_TABLE", "CatalogTable"),
            ("MEMBERS_TABLE", "MembersTable"),
            ("LOADS_TABLE", "LoadsTable"),
            ("EXPORTS_BUCKET", BUCKET),
            ("LOAD_QUEUE_URL", &queue),
            ("CHUNK_BYTES", &chunk_bytes),
            ("CHECKPOINT_ROWS", &checkpoint_rows),
            ("GUARDRAILS", "*:rejects=90,removals=95,price-rows=100"),
        ]);
        // No more is allowed than on AWS.
        let inner = edge.http_client_of(Arc::new(Policy::new(name, role.statements.clone())));
        let client = SharedHttpClient::new(Transport {
            inner,
            pipeline: pipeline.clone(),
        });
        // No id comes twice: the clock has gone on since earlier loads.
        let ids = Arc::new(CountingIds::new(&format!("w{}", kept.now.as_seconds())));
        let start = Runtime::new(env, Some(client), Arc::new(clock.clone()), ids).unwrap();
        let anybody = start
            .sdk
            .to_builder()
            .http_client(edge.http_client())
            .build();
        aws_sdk_sqs::Client::new(&anybody)
            .create_queue()
            .queue_name(waiting)
            .send()
            .await
            .unwrap();
        let table = if name == "member-load" {
            "MembersTable"
        } else {
            "CatalogTable"
        };
        let function = local::functions::build(name, &start)
            .await
            .unwrap()
            .unwrap();
        let harness = Self {
            edge,
            pipeline,
            function,
            name,
            clock,
            table,
            objects,
            events: 0,
            chunks: Default::default(),
        };
        kept.files
            .iter()
            .for_each(|(path, content)| harness.put(path.trim_start_matches('/'), content));
        harness.pipeline.calls.store(0, Ordering::SeqCst);
        harness
    }

    /// What is there now, for other labs.
    pub fn kept(&self) -> Kept {
        let records = TABLES.map(|table| (table, self.scan(table))).into();
        Kept {
            function: self.name,
            records,
            files: self.files("rejects"),
            now: self.clock.now(),
        }
    }

    /// The calls so far.
    pub fn calls(&self) -> u64 {
        self.pipeline.calls.load(Ordering::SeqCst)
    }

    /// How often the function was killed.
    pub fn killed(&self) -> u64 {
        self.pipeline.kills_done.load(Ordering::SeqCst)
    }

    /// Which of the calls since the kills were planned read an object beyond its first half.
    pub fn reads(&self) -> Vec<u64> {
        self.pipeline.reads.lock().unwrap().clone()
    }

    /// Kills the function at these calls from now on.
    pub fn kill(&self, at: impl IntoIterator<Item = (u64, Cut)>) {
        self.pipeline.reads.lock().unwrap().clear();
        self.pipeline.calls.store(0, Ordering::SeqCst);
        *self.pipeline.kills.lock().unwrap() = at.into_iter().collect();
    }

    /// Throttles one of N calls to DynamoDB.
    pub fn throttle(&self, each: u64) {
        self.pipeline.throttles.store(each, Ordering::SeqCst);
    }

    /// Calls that were throttled.
    pub fn throttled(&self) -> u64 {
        self.pipeline.throttled.load(Ordering::SeqCst)
    }

    /// Drops a file, without word of it.
    pub fn put(&self, key: &str, content: &[u8]) {
        let path = self.objects.path().join(BUCKET).join(key);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// Word of a file, as the bucket sends it; of a file that is dropped again it is another one.
    fn event(&mut self, key: &str) -> Value {
        self.events += 1;
        let (bucket, key) = (BUCKET.to_owned(), key.to_owned());
        let object = ObjectCreated {
            event: "ObjectCreated:Put",
            bucket,
            e_tag: key.clone(),
            key,
            size: 1,
        };
        object_created(
            &object,
            Timestamp::from_seconds(1_773_100_801),
            "x",
            self.events,
        )
    }

    /// Drops files, and delivers events and messages, `parallel` of them at once, until there are
    /// none. Whatever was under way when the function is killed comes again.
    pub async fn load(&mut self, files: &[(&str, &[u8])], parallel: usize) {
        files
            .iter()
            .for_each(|(key, content)| self.put(key, content));
        let mut waiting: VecDeque<Value> = files.iter().map(|(key, _)| self.event(key)).collect();
        let mut deliveries = 0;
        while !waiting.is_empty() {
            let some: Vec<Value> = waiting.drain(..waiting.len().min(parallel)).collect();
            let function = &self.function;
            let mut in_flight: FuturesUnordered<_> = some
                .iter()
                .enumerate()
                .map(|(index, event)| async move {
                    (
                        index,
                        function.invoke(event.clone(), Context::default()).await,
                    )
                })
                .collect();
            let mut left: Vec<usize> = (0..some.len()).collect();
            let mut failed = Vec::new();
            while !left.is_empty() {
                tokio::select! {
                    biased;
                    () = self.pipeline.killed.notified() => break,
                    Some((index, answer)) = in_flight.next() => {
                        left.retain(|other| *other != index);
                        let answer = answer.unwrap();
                        let failures = answer["batchItemFailures"].as_array();
                        if failures.is_some_and(|failures| !failures.is_empty()) {
                            failed.push(index);
                        }
                    }
                }
            }
            drop(in_flight);
            deliveries += 1;
            assert!(deliveries < 3000, "it never ends: {:?}", self.loads());
            // What was lost comes again when no worker holds it any more; what waits has waited.
            self.clock
                .advance_seconds(if left.is_empty() && failed.is_empty() {
                    4
                } else {
                    200
                });
            left.extend(failed);
            for index in left.into_iter().rev() {
                waiting.push_front(some[index].clone());
            }
            let sent: Vec<String> = self.pipeline.sent.lock().unwrap().drain(..).collect();
            for body in sent {
                let message: Value = serde_json::from_str(&body).unwrap();
                self.chunks.extend(message["chunk"].as_u64());
                waiting.push_back(json!({"Records": [{
                    "messageId": format!("m{deliveries}"), "body": body, "eventSource": "aws:sqs",
                    "attributes": {}, "messageAttributes": {}, "awsRegion": "eu-central-1",
                }]}));
            }
        }
    }

    /// All loads, as they are kept.
    pub fn loads(&self) -> Vec<Value> {
        let all = self.scan("LoadsTable");
        all.into_iter()
            .map(|text| serde_json::from_str::<Value>(&text).unwrap())
            .filter(|r| r["pk"]["S"] == "loads")
            .collect()
    }

    /// What there is now.
    pub fn left(&self) -> Left {
        let kept = self
            .scan("LoadsTable")
            .into_iter()
            .map(|text| serde_json::from_str::<Value>(&text).unwrap());
        let (loads, others): (Vec<_>, Vec<_>) =
            kept.partition(|record| record["pk"]["S"] == "loads");
        assert_eq!(others, [] as [Value; 0], "turns and chunks are given back");
        assert!(
            self.files("work").is_empty(),
            "{:?}",
            self.files("work")
                .into_iter()
                .map(|f| f.0)
                .collect::<Vec<_>>()
        );
        let place = |load: &Value| {
            load["sequence"]["N"]
                .as_str()
                .unwrap()
                .parse::<i64>()
                .unwrap()
        };
        let mut load = loads.into_iter().max_by_key(place).unwrap();
        for differs in ["startedAt", "updatedAt", "finishedAt", "owner", "until"] {
            load.as_object_mut().unwrap().remove(differs);
        }
        Left {
            rows: self.scan(self.table),
            load,
            files: self.files("rejects"),
        }
    }

    fn files(&self, folder: &str) -> Vec<(String, Vec<u8>)> {
        let mut found = Vec::new();
        let mut folders = vec![self.objects.path().join(BUCKET).join(folder)];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                match entry.file_type().unwrap().is_dir() {
                    true => folders.push(entry.path()),
                    false => found.push((
                        entry.path().display().to_string(),
                        std::fs::read(entry.path()).unwrap(),
                    )),
                }
            }
        }
        for (path, _) in &mut found {
            *path = path.split_once(BUCKET).unwrap().1.to_owned();
        }
        found.sort();
        found
    }

    fn scan(&self, table: &str) -> Vec<String> {
        let mut all = Vec::new();
        let mut start = Value::Null;
        loop {
            let mut request = json!({"TableName": table, "ConsistentRead": true});
            if !start.is_null() {
                request["ExclusiveStartKey"] = start;
            }
            let answer = self
                .edge
                .dynamodb()
                .call("Scan", request.to_string().as_bytes())
                .unwrap_or_else(|r| panic!("{}", r.body));
            let answer: Value = serde_json::from_str(&answer).unwrap();
            all.extend(
                answer["Items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(Value::to_string),
            );
            start = answer["LastEvaluatedKey"].clone();
            if start.is_null() {
                all.sort();
                return all;
            }
        }
    }
}
