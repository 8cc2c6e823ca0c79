//! Price queries: what a whole query costs beside the bare calls that it is made of, on the same store and ERP.
//!
//! *Ours* is an event of API Gateway handed to the `prices` function, until its answer. *Bare* is the DynamoDB client and
//! `reqwest` alone, with requests made beforehand as far as they can be: for cached lines one read; for missing lines the
//! read, the leases, the ERP's answer and the writes. Both run in turns in one process, and so do DynamoDB and the ERP:
//! their share is in both figures.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, PutRequest, TransactWriteItem, Update, WriteRequest};
use lambda_kit::{Env, Function, RandomIds, Start, SystemClock};
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
/// Most records of one write.
const WRITE: usize = 25;

/// What a query of so many lines costs.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// How many lines.
    pub lines: usize,
    /// Whether the lines were cached; if not, all were missing.
    pub cached: bool,
    /// Microseconds of CPU of a query, the median of the rounds.
    pub ours_us: u64,
    /// The same of the bare calls.
    pub bare_us: u64,
}

impl Cost {
    /// Ours for a hundred of bare.
    #[must_use]
    pub fn percent(&self) -> u64 {
        self.ours_us.saturating_mul(100) / self.bare_us.max(1)
    }
}

struct Bench {
    function: Function,
    sdk: Client,
    http: reqwest::Client,
    erp: String,
    token: String,
    user: (String, String),
    skus: Vec<String>,
    /// The next quantity: the ERP sends no quantity breaks, so a quantity that never was asked is missing.
    next: u32,
    /// What ours wrote of a price.
    record: Record,
}

/// Measures queries of 1, 20 and 100 lines, cached and missing.
///
/// # Errors
/// When a call fails.
pub async fn run(stack: &Stack) -> Result<Vec<Cost>, Error> {
    let mut bench = Bench::open(stack).await?;
    let mut costs = Vec::new();
    for lines in [1, 20, 100] {
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
        http.put(url).json(&json!({"quantityBreaks": false})).send().await?.error_for_status()?;
        let template = stack.template();
        let function = template.functions.iter().find(|f| f.name == "prices").ok_or("there is no function prices")?;
        let lambda = [
            ("AWS_REGION", local::edge::REGION),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_ENDPOINT_URL", stack.aws()),
        ];
        let own = function.env.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let env = Env::from_pairs(own.chain(lambda));
        let token = env.required("ERP_TOKEN")?.to_owned();
        let start = Start::new(env, Some(stack.http_client()), Arc::new(SystemClock), Arc::new(RandomIds))?;
        let sdk = Client::new(&start.sdk);
        let function = local::functions::build("prices", &start).await.ok_or("prices is not built")??;
        let items = sdk.scan().table_name("CatalogTable").filter_expression("sk = :item AND begins_with(pk, :pk)");
        let items = items.expression_attribute_values(":item", AttributeValue::S("item".to_owned()));
        let items = items.expression_attribute_values(":pk", AttributeValue::S("item#".to_owned())).send().await?;
        let sku = |record: &Record| {
            let pk = record.get("pk")?.as_s().ok()?;
            let active = record.get("status").and_then(|status| status.as_s().ok()).is_none_or(|s| s == "active");
            active.then(|| pk.trim_start_matches("item#").to_owned())
        };
        let skus: Vec<String> = items.items().iter().filter_map(sku).take(50).collect();
        let user = ("ada@hillside.example".to_owned(), "ORG-100".to_owned());
        let mut bench = Self {
            function,
            sdk,
            http,
            erp: stack.erp().to_owned(),
            token,
            user,
            skus,
            next: 1,
            record: Record::new(),
        };
        // Warm: the member, the items and the ERP are known.
        let all = bench.lines(bench.skus.len());
        bench.ours(&event(&bench.user, &all)).await?;
        let (sku, quantity) = all.first().ok_or("there are no items")?;
        bench.record = bench.kept(sku, *quantity).await?;
        Ok(bench)
    }

    /// Lines that never were asked for.
    fn lines(&mut self, count: usize) -> Vec<(String, u32)> {
        let mut lines = Vec::with_capacity(count);
        while lines.len() < count {
            let some = self.skus.iter().take(count - lines.len());
            lines.extend(some.map(|sku| (sku.clone(), self.next)));
            self.next += 1;
        }
        lines
    }

    async fn compare(&mut self, lines: usize, cached: bool) -> Result<Cost, Error> {
        let asked = self.lines(lines);
        let event = event(&self.user, &asked);
        let keys: Vec<String> = if cached {
            self.ours(&event).await?;
            asked.iter().map(|(sku, quantity)| self.key(sku, *quantity)).collect()
        } else {
            Vec::new()
        };
        let (mut ours, mut bare) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let (mut queries, began) = (0, cpu::used());
            while cpu::used().saturating_sub(began) < ROUND {
                for _ in 0..8 {
                    if cached {
                        self.ours(&event).await?;
                    } else {
                        let asked = self.lines(lines);
                        self.ours(&self::event(&self.user, &asked)).await?;
                    }
                }
                queries += 8;
            }
            ours.push(micros(cpu::used().saturating_sub(began), queries));
            let (mut queries, began) = (0, cpu::used());
            while cpu::used().saturating_sub(began) < ROUND {
                for _ in 0..8 {
                    if cached {
                        self.read(&keys).await?;
                    } else {
                        let asked = self.lines(lines);
                        self.bare_miss(&asked).await?;
                    }
                }
                queries += 8;
            }
            bare.push(micros(cpu::used().saturating_sub(began), queries));
        }
        Ok(Cost { lines, cached, ours_us: median(ours), bare_us: median(bare) })
    }

    async fn ours(&self, event: &[u8]) -> Result<(), Error> {
        let answer = self.function.answer(event, Context::default()).await?;
        let has = |text: &str| memchr::memmem::find(&answer, text.as_bytes()).is_some();
        let priced = has(r#""statusCode":200"#) && !has("unpriced");
        if priced { Ok(()) } else { Err(String::from_utf8_lossy(&answer).into()) }
    }

    fn key(&self, sku: &str, quantity: u32) -> String {
        let unit = "EA";
        format!("price#main#{}##USD#{sku}#{unit}#{quantity}", self.user.1)
    }

    async fn kept(&self, sku: &str, quantity: u32) -> Result<Record, Error> {
        let prefix = format!("price#main#{}##USD#{sku}#", self.user.1);
        let found = self.sdk.scan().table_name(TABLE).filter_expression("begins_with(pk, :pk)");
        let found = found.expression_attribute_values(":pk", AttributeValue::S(prefix)).send().await?;
        let found = found.items().first().ok_or_else(|| format!("{sku} at {quantity} was not kept"))?;
        Ok(found.clone())
    }

    async fn read(&self, keys: &[String]) -> Result<(), Error> {
        let key = |pk: &String| Record::from([("pk".to_owned(), AttributeValue::S(pk.clone()))]);
        let asked = KeysAndAttributes::builder().set_keys(Some(keys.iter().map(key).collect())).build()?;
        self.sdk.batch_get_item().request_items(TABLE, asked).send().await?;
        Ok(())
    }

    async fn bare_miss(&self, asked: &[(String, u32)]) -> Result<(), Error> {
        let keys: Vec<String> = asked.iter().map(|(sku, quantity)| format!("bare#{sku}#{quantity}")).collect();
        self.read(&keys).await?;
        let lease = |pk: &String| {
            let text = |text: &str| AttributeValue::S(text.to_owned());
            let update = Update::builder()
                .table_name(TABLE)
                .key("pk", text(pk))
                .update_expression(
                    "SET leaseOwner = :owner, leaseUntil = :until, expiresAt = if_not_exists(expiresAt, :keep)",
                )
                .condition_expression(
                    "(attribute_not_exists(leaseUntil) OR leaseUntil <= :now) AND attribute_not_exists(revision)",
                )
                .expression_attribute_values(":owner", text("01a20497-b6ee-7573-a378-1f750aa3e969"))
                .expression_attribute_values(":until", text("2026-11-22T12:00:05.000Z"))
                .expression_attribute_values(":now", text("2026-11-22T12:00:00.000Z"))
                .expression_attribute_values(":keep", AttributeValue::N("1795352400".to_owned()))
                .build();
            update.map(|update| TransactWriteItem::builder().update(update).build())
        };
        let leases = keys.iter().map(lease).collect::<Result<Vec<_>, _>>()?;
        self.sdk.transact_write_items().set_transact_items(Some(leases)).send().await?;
        let items: Vec<Value> =
            asked.iter().map(|(sku, quantity)| json!({"sku": sku, "quantity": quantity, "unit": "EA"})).collect();
        let body = json!({
            "store": "main", "currency": "USD", "items": items,
            "customer": {"organizationId": self.user.1, "userId": self.user.0},
        });
        let call = self.http.post(format!("{}/prices", self.erp)).bearer_auth(&self.token).json(&body);
        let answer: Value = call.send().await?.error_for_status()?.json().await?;
        if answer["items"].as_array().map(Vec::len) != Some(asked.len()) {
            return Err(answer.to_string().into());
        }
        for keys in keys.chunks(WRITE) {
            let put = |pk: &String| {
                let mut record = self.record.clone();
                record.insert("pk".to_owned(), AttributeValue::S(pk.clone()));
                let put = PutRequest::builder().set_item(Some(record)).build();
                put.map(|put| WriteRequest::builder().put_request(put).build())
            };
            let writes = keys.iter().map(put).collect::<Result<Vec<_>, _>>()?;
            self.sdk.batch_write_item().request_items(TABLE, writes).send().await?;
        }
        Ok(())
    }
}

fn event((user, organization): &(String, String), lines: &[(String, u32)]) -> Vec<u8> {
    let items: Vec<Value> =
        lines.iter().map(|(sku, quantity)| json!({"sku": sku, "quantity": quantity, "unit": "EA"})).collect();
    let event = json!({
        "version": "2.0",
        "routeKey": "POST /prices/query",
        "rawPath": "/prices/query",
        "rawQueryString": "",
        "headers": {"content-type": "application/json", "host": "localhost", "authorization": "Bearer verified"},
        "requestContext": {
            "accountId": "1", "apiId": "local", "domainName": "localhost", "domainPrefix": "local",
            "http": {"method": "POST", "path": "/prices/query", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": ""},
            "requestId": "r", "routeKey": "POST /prices/query", "stage": "$default",
            "time": "01/Jan/2026:00:00:00 +0000", "timeEpoch": 0,
            "authorizer": {"jwt": {"claims": {"sub": user, "org": organization, "roles": "[buyer]"}, "scopes": null}},
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
