//! Price queries: what a whole query costs next to the bare calls that it is made of, on the same
//! store and ERP.
//!
//! *Ours* is an event of API Gateway handed to the `prices` function, until its answer. *Bare* is
//! the DynamoDB client and `reqwest` alone, with requests made beforehand as far as they can be:
//! for cached lines a read of the same keys; for missing lines the read, the leases, the ERP's
//! answer and the writes. *Behind an event* is the smallest function of `lambda_http` and axum that
//! takes the same event, makes the same bare calls, and answers with what they brought. All run in
//! turns in one process, and so do DynamoDB and the ERP: their share is in all figures.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeValue, KeysAndAttributes, PutRequest, TransactWriteItem, Update, WriteRequest,
};
use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use lambda_kit::{Env, Function, RandomIds, Runtime, SystemClock};
use lambda_runtime::Context;
use local::stack::Stack;
use serde_json::{Value, json};

use crate::cpu;

type Error = Box<dyn std::error::Error + Send + Sync>;
type Record = HashMap<String, AttributeValue>;

/// Rounds of each side.
const ROUNDS: usize = 9;
/// A round goes on until it used so much CPU: the kernel counts in steps of 10 milliseconds.
const ROUND: Duration = Duration::from_millis(400);
const TABLE: &str = "LookupsTable";
/// Most keys of one read and most records of one write.
const READ: usize = 100;
const WRITE: usize = 25;
/// The unit of all lines.
const UNIT: &str = "EA";

/// What a query of N lines costs, in microseconds of CPU; the medians of the rounds.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// How many lines.
    pub lines: usize,
    /// Whether the lines were cached; if not, all were missing.
    pub cached: bool,
    /// Ours.
    pub ours_us: u64,
    /// The bare calls.
    pub bare_us: u64,
    /// The bare calls behind an event.
    pub behind_us: u64,
}

impl Cost {
    /// Ours for a hundred of the bare calls, and of these behind an event.
    #[must_use]
    pub fn percent(&self) -> [u64; 2] {
        [self.bare_us, self.behind_us].map(|other| self.ours_us.saturating_mul(100) / other.max(1))
    }
}

/// A line: an item, and how many of it.
type Line = (String, u32);

struct Bench {
    ours: Function,
    behind: [Function; 2],
    bare: Arc<Bare>,
    skus: Vec<String>,
    /// The next quantity: the ERP sends no quantity breaks, so a quantity that never was asked is
    /// missing.
    next: AtomicU32,
}

/// The calls alone.
struct Bare {
    sdk: Client,
    http: reqwest::Client,
    erp: String,
    token: String,
    user: (String, String),
    /// What ours wrote of a price.
    record: Record,
}

/// Runs queries of N lines each, cached and missing, and measures them.
///
/// # Errors
/// When a call fails.
pub async fn run(stack: &Stack, lines: &[usize]) -> Result<Vec<Cost>, Error> {
    let bench = Bench::open(stack).await?;
    let mut costs = Vec::new();
    for lines in lines.iter().copied() {
        for cached in [true, false] {
            costs.push(bench.compare(lines, cached).await?);
        }
    }
    Ok(costs)
}

impl Bench {
    async fn open(stack: &Stack) -> Result<Self, Error> {
        let http = reqwest::Client::new();
        let url = format!("{}/_sim/capabilities", stack.erp());
        http.put(url)
            .json(&json!({"quantityBreaks": false}))
            .send()
            .await?
            .error_for_status()?;
        let function = stack
            .template()
            .function("prices")
            .ok_or("there is no function prices")?;
        let env = Env::from_pairs(function.variables(stack.aws()));
        let token = env.required("ERP_TOKEN")?.to_owned();
        let start = Runtime::new(
            env,
            Some(stack.http_client()),
            Arc::new(SystemClock),
            Arc::new(RandomIds),
        )?;
        let sdk = Client::new(&start.sdk);
        let ours = local::functions::build("prices", &start)
            .await
            .ok_or("prices is not built")??;
        let user = ("ada@hillside.example".to_owned(), "ORG-100".to_owned());
        let mut bare = Bare {
            sdk,
            http,
            erp: stack.erp().to_owned(),
            token,
            user,
            record: Record::new(),
        };
        let skus = bare.skus().await?;
        // Warm: the member, the items and the ERP are known.
        let all: Vec<Line> = skus.iter().map(|sku| (sku.clone(), 1)).collect();
        asked(&ours, &event(&bare.user, &all)).await?;
        let keys: Vec<String> = all.iter().map(|line| bare.key(line)).collect();
        bare.record = bare.read(&keys).await?.pop().ok_or("no price was kept")?;
        let bare = Arc::new(bare);
        let behind = [false, true].map(|cached| behind(bare.clone(), cached));
        Ok(Self {
            ours,
            behind,
            bare,
            skus,
            next: AtomicU32::new(2),
        })
    }

    /// Lines that never were asked for.
    fn lines(&self, count: usize) -> Vec<Line> {
        let mut lines = Vec::with_capacity(count);
        while lines.len() < count {
            let some = self.skus.iter().take(count - lines.len());
            let quantity = self.next.fetch_add(1, Ordering::Relaxed);
            lines.extend(some.map(|sku| (sku.clone(), quantity)));
        }
        lines
    }

    async fn compare(&self, lines: usize, cached: bool) -> Result<Cost, Error> {
        let same = self.lines(lines);
        let event_of_same = event(&self.bare.user, &same);
        let keys: Vec<String> = same.iter().map(|line| self.bare.key(line)).collect();
        if cached {
            asked(&self.ours, &event_of_same).await?;
        }
        let answered = async |function: &Function| match cached {
            true => asked(function, &event_of_same).await,
            false => asked(function, &event(&self.bare.user, &self.lines(lines))).await,
        };
        let called = async || match cached {
            true if self.bare.read(&keys).await?.len() == lines => Ok(()),
            true => Err("a line was not cached".into()),
            false => self.bare.miss(&self.lines(lines)).await.map(drop),
        };
        let behind = &self.behind[usize::from(cached)];
        let [mut ours, mut bare, mut unmeasured] = [const { Vec::new() }; 3];
        for _ in 0..ROUNDS {
            ours.push(round(async || answered(&self.ours).await).await?);
            bare.push(round(&called).await?);
            unmeasured.push(round(async || answered(behind).await).await?);
        }
        let [ours_us, bare_us, behind_us] = [ours, bare, unmeasured].map(median);
        Ok(Cost {
            lines,
            cached,
            ours_us,
            bare_us,
            behind_us,
        })
    }
}

/// Microseconds of CPU that one of many calls takes.
async fn round(call: impl AsyncFn() -> Result<(), Error>) -> Result<u64, Error> {
    let (mut calls, began) = (0, cpu::used());
    while cpu::used().saturating_sub(began) < ROUND {
        for _ in 0..8 {
            call().await?;
        }
        calls += 8;
    }
    Ok(micros(cpu::used().saturating_sub(began), calls))
}

/// Invokes a function with an event. Every line of the answer must have its price.
async fn asked(function: &Function, event: &[u8]) -> Result<(), Error> {
    let mut context = Context::default();
    context
        .request_id
        .push_str("8476a536-e9f4-11e8-9739-2dfe598c3fcd");
    let answer = function.answer(event, context).await?;
    let has = |text: &str| memchr::memmem::find(&answer, text.as_bytes()).is_some();
    let priced = has(r#""statusCode":200"#) && !has("unpriced");
    if priced {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&answer).into())
    }
}

/// The bare calls behind an event.
fn behind(bare: Arc<Bare>, cached: bool) -> Function {
    #[derive(serde::Deserialize)]
    struct Query {
        items: Vec<Item>,
    }
    #[derive(serde::Deserialize)]
    struct Item {
        sku: String,
        quantity: u32,
    }
    let answer = async move |State(bare): State<Arc<Bare>>, Json(query): Json<Query>| {
        let lines: Vec<Line> = query
            .items
            .into_iter()
            .map(|item| (item.sku, item.quantity))
            .collect();
        let keys: Vec<String> = lines.iter().map(|line| bare.key(line)).collect();
        let records = if cached {
            bare.read(&keys).await
        } else {
            bare.miss(&lines).await
        };
        let records = records.map_err(|error| error.to_string())?;
        if records.len() != lines.len() {
            return Err("unpriced".to_owned());
        }
        let item = |record: &Record| {
            let price = record.get("unitPrice").and_then(|price| price.as_n().ok());
            json!({"price": price, "asOf": record.get("asOf").and_then(|as_of| as_of.as_s().ok())})
        };
        Ok(Json(
            json!({"items": records.iter().map(item).collect::<Vec<_>>()}),
        ))
    };
    Function::Http(
        Router::new()
            .route("/prices/query", post(answer))
            .with_state(bare),
    )
}

impl Bare {
    async fn skus(&self) -> Result<Vec<String>, Error> {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let items = self
            .sdk
            .scan()
            .table_name("CatalogTable")
            .filter_expression("sk = :item AND begins_with(pk, :pk)");
        let items = items.expression_attribute_values(":item", text("item"));
        let items = items
            .expression_attribute_values(":pk", text("item#"))
            .send()
            .await?;
        let sku = |record: &Record| {
            let is = |name: &str, text: &str| {
                record
                    .get(name)
                    .and_then(|v| v.as_s().ok())
                    .is_some_and(|v| v == text)
            };
            // Sold one by one, so that each quantity is one of its own, and in the unit of the
            // lines.
            let singly =
                !record.contains_key("nominalQuantity") && !record.contains_key("quantityMultiple");
            let pk = record.get("pk")?.as_s().ok()?;
            (singly && is("unit", UNIT) && is("status", "active"))
                .then(|| pk.trim_start_matches("item#").to_owned())
        };
        Ok(items.items().iter().filter_map(sku).collect())
    }

    fn key(&self, (sku, quantity): &Line) -> String {
        format!("price#main#{}##USD#{sku}#{UNIT}#{quantity}", self.user.1)
    }

    /// Reads what ours reads: the prices, and what was invalidated. Answers the prices.
    async fn read(&self, keys: &[String]) -> Result<Vec<Record>, Error> {
        let key = |pk: &str| Record::from([("pk".to_owned(), AttributeValue::S(pk.to_owned()))]);
        let keys = keys
            .iter()
            .map(|pk| key(pk))
            .chain([key("invalidated#main")]);
        let asked: Vec<Record> = keys.collect();
        let mut found = Vec::with_capacity(asked.len());
        for asked in asked.chunks(READ) {
            let asked = KeysAndAttributes::builder()
                .set_keys(Some(asked.to_vec()))
                .build()?;
            let answer = self
                .sdk
                .batch_get_item()
                .request_items(TABLE, asked)
                .send()
                .await?;
            found.extend(
                answer
                    .responses
                    .into_iter()
                    .flatten()
                    .flat_map(|(_, records)| records),
            );
        }
        Ok(found)
    }

    async fn miss(&self, asked: &[Line]) -> Result<Vec<Record>, Error> {
        let keys: Vec<String> = asked
            .iter()
            .map(|(sku, quantity)| format!("bare#{sku}#{quantity}"))
            .collect();
        self.read(&keys).await?;
        self.lease(&keys).await?;
        let items: Vec<Value> = asked
            .iter()
            .map(|(sku, quantity)| json!({"sku": sku, "quantity": quantity, "unit": UNIT}))
            .collect();
        let body = json!({
            "store": "main", "currency": "USD", "items": items,
            "customer": {"organizationId": self.user.1, "userId": self.user.0},
        });
        let call = self
            .http
            .post(format!("{}/prices", self.erp))
            .bearer_auth(&self.token)
            .json(&body);
        let answer: Value = call.send().await?.error_for_status()?.json().await?;
        if answer["items"].as_array().map(Vec::len) != Some(asked.len()) {
            return Err(answer.to_string().into());
        }
        let record = |pk: &String| {
            let mut record = self.record.clone();
            record.insert("pk".to_owned(), AttributeValue::S(pk.clone()));
            record
        };
        let records: Vec<Record> = keys.iter().map(record).collect();
        for records in records.chunks(WRITE) {
            let put = |record: &Record| {
                let put = PutRequest::builder().set_item(Some(record.clone())).build();
                put.map(|put| WriteRequest::builder().put_request(put).build())
            };
            let writes = records.iter().map(put).collect::<Result<Vec<_>, _>>()?;
            self.sdk
                .batch_write_item()
                .request_items(TABLE, writes)
                .send()
                .await?;
        }
        Ok(records)
    }

    /// Takes the leases: of one key by an update, of several in a transaction.
    async fn lease(&self, keys: &[String]) -> Result<(), Error> {
        const UPDATE: &str = "SET leaseOwner = :owner, leaseUntil = :until, expiresAt = \
            if_not_exists(expiresAt, :keep)";
        const CONDITION: &str = "(attribute_not_exists(leaseUntil) OR leaseUntil <= :now) AND \
            attribute_not_exists(revision)";
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let values = [
            (":owner", text("01a20497-b6ee-7573-a378-1f750aa3e969")),
            (":until", text("2026-11-22T12:00:05.000Z")),
            (":now", text("2026-11-22T12:00:00.000Z")),
            (":keep", AttributeValue::N("1795352400".to_owned())),
        ];
        let values: Record = values.map(|(name, value)| (name.to_owned(), value)).into();
        if let [key] = keys {
            let update = self
                .sdk
                .update_item()
                .table_name(TABLE)
                .key("pk", text(key))
                .update_expression(UPDATE);
            let update = update
                .condition_expression(CONDITION)
                .set_expression_attribute_values(Some(values));
            update.send().await?;
            return Ok(());
        }
        let lease = |pk: &String| {
            let update = Update::builder()
                .table_name(TABLE)
                .key("pk", text(pk))
                .update_expression(UPDATE);
            let update = update.condition_expression(CONDITION);
            let update = update
                .set_expression_attribute_values(Some(values.clone()))
                .build();
            update.map(|update| TransactWriteItem::builder().update(update).build())
        };
        let leases = keys.iter().map(lease).collect::<Result<Vec<_>, _>>()?;
        self.sdk
            .transact_write_items()
            .set_transact_items(Some(leases))
            .send()
            .await?;
        Ok(())
    }
}

fn event((user, organization): &(String, String), lines: &[Line]) -> Vec<u8> {
    let items: Vec<Value> = lines
        .iter()
        .map(|(sku, quantity)| json!({"sku": sku, "quantity": quantity, "unit": UNIT}))
        .collect();
    let event = json!({
        "version": "2.0",
        "routeKey": "POST /prices/query",
        "rawPath": "/prices/query",
        "rawQueryString": "",
        "headers": {"content-type": "application/json", "host": "localhost",
            "authorization": "Bearer verified"},
        "requestContext": {
            "accountId": "1", "apiId": "local", "domainName": "localhost", "domainPrefix": "local",
            "http": {"method": "POST", "path": "/prices/query", "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1", "userAgent": ""},
            "requestId": "r", "routeKey": "POST /prices/query", "stage": "$default",
            "time": "01/Jan/2026:00:00:00 +0000", "timeEpoch": 0,
            "authorizer": {"jwt": {"claims": {"sub": user, "org": organization, "roles": "[buyer]"},
                "scopes": null}},
        },
        "body": json!({"items": items}).to_string(),
        "isBase64Encoded": false,
    });
    event.to_string().into_bytes()
}

fn micros(used: Duration, queries: u32) -> u64 {
    u64::try_from((used / queries.max(1)).as_micros()).unwrap_or(u64::MAX)
}

fn median(mut figures: Vec<u64>) -> u64 {
    figures.sort_unstable();
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}
