//! A loaded system, and instances of its functions that the test starts by itself.

use std::sync::Arc;
use std::time::Duration;

use app::ports::Clock;
use erp_sim::{Fault, Simulator};
use lambda_kit::{AfterResponse, Env, Function, RandomIds, Runtime, SystemClock};
use lambda_runtime::Context;
use local::stack::{Options, Stack};
use serde_json::{Value, json};
use testkit::ShiftedClock;

use crate::lookups::transport::Counts;

/// A system with the bundled data set.
pub struct TestSystem {
    pub stack: Stack,
    pub clock: ShiftedClock,
    http: reqwest::Client,
}

/// Who asks: user and organization.
pub type Who = (&'static str, &'static str);

pub const ADA: Who = ("ada@hillside.example", "ORG-100");
pub const FINN: Who = ("finn@quayside.example", "ORG-300");

impl TestSystem {
    pub async fn start() -> Self {
        let clock = ShiftedClock::over(Arc::new(SystemClock));
        let options = Options {
            schedules: false,
            sweep: false,
            clock: Arc::new(clock.clone()),
            ..Options::default()
        };
        let stack = Stack::start(options).await.unwrap();
        local::load::load(&stack, |loaded| assert_eq!(loaded.state, "published"))
            .await
            .unwrap();
        Self {
            stack,
            clock,
            http: reqwest::Client::new(),
        }
    }

    pub fn erp(&self) -> &Simulator {
        self.stack.simulator().unwrap()
    }

    /// Arms a fault of the ERP.
    pub fn fault(&self, fault: Value) {
        self.erp()
            .arm(serde_json::from_value::<Fault>(fault).unwrap());
    }

    /// How often the ERP was asked so.
    pub fn asked(&self, operation: &str) -> u64 {
        self.erp()
            .calls()
            .counts
            .get(operation)
            .copied()
            .unwrap_or_default()
    }

    /// Changes what the ERP declares.
    pub async fn declare(&self, capabilities: Value) {
        let url = format!("{}/_sim/capabilities", self.stack.erp());
        assert!(
            self.http
                .put(url)
                .json(&capabilities)
                .send()
                .await
                .unwrap()
                .status()
                .is_success()
        );
    }

    /// Changes what the ERP has.
    pub async fn stock(&self, sku: &str, quantity: u32) {
        let url = format!("{}/_sim/stock", self.stack.erp());
        let body = json!({"sku": sku, "location": "online", "quantity": quantity});
        assert!(
            self.http
                .put(url)
                .json(&body)
                .send()
                .await
                .unwrap()
                .status()
                .is_success()
        );
    }

    pub fn advance(&self, seconds: i64) {
        self.clock.advance_seconds(seconds);
    }

    /// A new instance of a function, cold.
    pub async fn instance(&self, name: &str) -> Instance {
        self.instance_with(name, &[]).await
    }

    /// A new instance with other variables than the template's.
    pub async fn instance_with(&self, name: &str, variables: &[(&str, &str)]) -> Instance {
        let template = self.stack.template();
        let function = template
            .functions
            .iter()
            .find(|function| function.name == name)
            .unwrap();
        let mut all = function.variables(self.stack.aws());
        all.extend(
            variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        let env = Env::from_pairs(all);
        let counts = Counts::default();
        let client = counts.over(self.stack.http_client());
        let runtime = Runtime::new(
            env,
            Some(client),
            Arc::new(self.clock.clone()),
            Arc::new(RandomIds),
        )
        .unwrap();
        let function = local::functions::build(name, &runtime)
            .await
            .unwrap()
            .unwrap();
        let after_response = runtime.after_response.clone();
        Instance {
            function,
            counts,
            after_response,
            runtime,
            clock: self.clock.clone(),
        }
    }
}

/// One instance of a function.
#[derive(Clone)]
pub struct Instance {
    function: Function,
    pub counts: Counts,
    pub after_response: AfterResponse,
    pub runtime: Runtime,
    clock: ShiftedClock,
}

impl Instance {
    /// Posts a body, with 20 seconds for an answer.
    pub async fn post(&self, who: Who, path: &str, body: &Value) -> Value {
        self.post_within(Duration::from_secs(20), who, path, body)
            .await
    }

    /// Posts a body that has to be answered within a time; fails unless the answer is a good one.
    pub async fn post_within(
        &self,
        time: Duration,
        (user, organization): Who,
        path: &str,
        body: &Value,
    ) -> Value {
        let event = json!({
            "version": "2.0",
            "routeKey": format!("POST {path}"),
            "rawPath": path,
            "rawQueryString": "",
            "headers": {"content-type": "application/json", "host": "localhost"},
            "requestContext": {
                "accountId": "1", "apiId": "local", "domainName": "localhost",
                "domainPrefix": "local",
                "http": {"method": "POST", "path": path, "protocol": "HTTP/1.1",
                    "sourceIp": "127.0.0.1", "userAgent": ""},
                "requestId": "r", "routeKey": format!("POST {path}"), "stage": "$default",
                "time": "01/Jan/2026:00:00:00 +0000", "timeEpoch": 0,
                "authorizer": {"jwt": {"claims": {"sub": user, "org": organization,
                    "roles": "[buyer operator]"}, "scopes": null}},
            },
            "body": body.to_string(),
            "isBase64Encoded": false,
        });
        let mut context = Context::default();
        context.deadline = self
            .clock
            .now()
            .plus_millis(time.as_millis() as i64)
            .as_millis() as u64;
        let answer = self.function.invoke(event, context).await.unwrap();
        assert!(
            [200, 204].contains(&answer["statusCode"].as_u64().unwrap()),
            "{answer}"
        );
        serde_json::from_str(answer["body"].as_str().unwrap_or_default()).unwrap_or_default()
    }

    /// The prices of items, each with a quantity.
    pub async fn prices(&self, items: &[(&str, u32)]) -> Vec<Value> {
        let items: Vec<_> = items
            .iter()
            .map(|(sku, quantity)| json!({"sku": sku, "quantity": quantity}))
            .collect();
        list(
            self.post(ADA, "/prices/query", &json!({"items": items}))
                .await,
        )
    }

    /// The availability of items.
    pub async fn availability(&self, skus: &[&str]) -> Vec<Value> {
        let items: Vec<_> = skus.iter().map(|sku| json!({"sku": sku})).collect();
        list(
            self.post(ADA, "/inventory/query", &json!({"items": items}))
                .await,
        )
    }
}

/// The items of an answer.
pub fn list(answer: Value) -> Vec<Value> {
    answer["items"].as_array().unwrap().clone()
}

/// The numbers of N different items that are sold.
pub fn skus(system: &TestSystem, count: usize) -> Vec<String> {
    let folder = system
        .stack
        .dataset()
        .folder()
        .join("incoming/items/snapshot");
    let file = std::fs::read_dir(folder)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let text = std::fs::read_to_string(file).unwrap();
    let skus: Vec<String> = text
        .lines()
        .skip(1)
        .filter(|line| line.contains(",active,"))
        .filter_map(|line| line.split(',').next())
        .map(str::to_owned)
        .take(count)
        .collect();
    assert_eq!(skus.len(), count);
    skus
}

/// A text attribute.
pub fn text(value: &str) -> aws_sdk_dynamodb::types::AttributeValue {
    aws_sdk_dynamodb::types::AttributeValue::S(value.to_owned())
}
