//! Through the front door: real HTTP against a served simulator with the bundled data.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod contract;
mod data;
mod faulty;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use crate::{Dataset, Options, Simulator};

/// 2026-11-22T12:00:00Z
const NOON: i64 = 1_795_348_800_000;

struct Erp {
    base: String,
    client: Client,
    simulator: Simulator,
    time: Arc<AtomicI64>,
}

fn bundled() -> Dataset {
    Dataset::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../local/data")).unwrap()
}

impl Erp {
    async fn start() -> Self {
        let time = Arc::new(AtomicI64::new(NOON));
        let clock = {
            let time = Arc::clone(&time);
            Arc::new(move || time.load(Ordering::SeqCst))
        };
        let simulator = Simulator::new(Options::new(bundled(), clock));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let served = simulator.clone();
        tokio::spawn(async move { served.serve(listener, std::future::pending()).await });
        let client = Client::builder()
            .timeout(Duration::from_secs(2))
            .build()
            .unwrap();
        Self {
            base,
            client,
            simulator,
            time,
        }
    }

    fn pass(&self, millis: i64) {
        self.time.fetch_add(millis, Ordering::SeqCst);
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<(StatusCode, Value), reqwest::Error> {
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.base))
            .bearer_auth(Options::LOCAL_TOKEN);
        if let Some(body) = body {
            if let Some(reference) = body.get("reference").and_then(Value::as_str) {
                request = request.header("idempotency-key", reference);
            }
            request = request.json(&body);
        }
        let response = request.header("x-correlation-id", "c-1").send().await?;
        let status = response.status();
        let bytes = response.bytes().await?;
        Ok((
            status,
            serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        ))
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.send(Method::GET, path, None).await.unwrap()
    }

    async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.send(Method::POST, path, Some(body)).await.unwrap()
    }

    async fn put(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.send(Method::PUT, path, Some(body)).await.unwrap()
    }

    async fn fault(&self, fault: Value) {
        assert_eq!(self.post("/_sim/faults", fault).await.0, StatusCode::OK);
    }

    /// How many accepted orders or drafts stand under a reference.
    fn held(&self, reference: &str) -> usize {
        self.simulator
            .orders()
            .iter()
            .filter(|order| order["reference"] == reference)
            .count()
    }
}

fn customer() -> Value {
    json!({"organizationId": "ORG-100", "userId": "ada@hillside.example"})
}

/// One measuring tape at a price of its own, without shipping: 1 × 5.00.
fn order(reference: &str) -> Value {
    json!({
        "reference": reference, "store": "main", "reservation": reference, "customer": customer(),
        "currency": "USD",
        "lines": [{
            "lineId": "1", "sku": "TAP-5", "quantity": 1, "unit": "EA",
            "unitPrice": {"amount": "5.00", "currency": "USD"},
            "lineTotal": {"amount": "5.00", "currency": "USD"},
        }],
        "acceptedTotal": {"amount": "5.00", "currency": "USD"},
    })
}

fn prices(skus: &[&str], quantity: u32) -> Value {
    let items: Vec<Value> = skus
        .iter()
        .map(|sku| json!({"sku": sku, "quantity": quantity, "unit": "EA"}))
        .collect();
    json!({"store": "main", "customer": customer(), "currency": "USD", "items": items})
}

fn reservation(sku: &str, quantity: u32, expires_at: &str) -> Value {
    json!({
        "store": "main", "customer": customer(), "expiresAt": expires_at,
        "lines": [{"lineId": "1", "sku": sku, "quantity": quantity, "unit": "EA"}],
    })
}
