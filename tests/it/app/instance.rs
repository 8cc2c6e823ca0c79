//! One instance of a function, cold, whose calls to AWS are counted, and which dies at one of them
//! on demand.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use app::ports::Clock;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use lambda_kit::{Env, Function, RandomIds, Runtime};
use lambda_runtime::Context;
use local::edge::Policy;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::TestApp;

/// At which call an instance dies; the first is 1.
#[derive(Debug, Clone, Copy)]
pub enum Cut {
    /// The call is never made.
    Before(usize),
    /// The call takes effect, and its answer is lost.
    After(usize),
}

#[derive(Debug, Default)]
struct Tap {
    cut: Option<Cut>,
    calls: Mutex<Vec<String>>,
    struck: Notify,
}

/// One instance of a function.
pub struct Instance {
    function: Function,
    tap: Arc<Tap>,
    deadline: u64,
}

impl TestApp {
    /// A new instance of a function, with other variables than the template's.
    pub async fn instance(
        &self,
        name: &str,
        variables: &[(&str, &str)],
        cut: Option<Cut>,
    ) -> Instance {
        let template = self.stack().template().function(name).unwrap();
        let mut all = template.variables(self.stack().aws());
        all.extend(
            variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        let env = Env::from_pairs(all);
        let tap = Arc::new(Tap {
            cut,
            ..Tap::default()
        });
        let policy = Arc::new(Policy::new(name, template.statements.clone()));
        let inner = self.stack().edge().http_client_of(policy);
        let client = SharedHttpClient::new(Tapped {
            tap: tap.clone(),
            inner,
        });
        let start = Runtime::new(
            env,
            Some(client),
            Arc::new(self.clock().clone()),
            Arc::new(RandomIds),
        )
        .unwrap();
        let start = start.with_metrics(self.listener()).unwrap();
        let function = local::functions::build(name, &start)
            .await
            .unwrap()
            .unwrap();
        let deadline = self.clock().now().plus_seconds(25).as_millis();
        Instance {
            function,
            tap,
            deadline: u64::try_from(deadline).unwrap(),
        }
    }
}

impl Instance {
    /// A request of a user with the role `buyer`: status and body, or nothing when the instance
    /// died of it.
    pub async fn call(
        &self,
        (user, organization): (&str, &str),
        route: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Option<(u64, Value)> {
        let (method, path) = route.split_once(' ').unwrap();
        let mut sent = json!({"content-type": "application/json", "host": "localhost"});
        for (name, value) in headers {
            sent[*name] = json!(value);
        }
        let event = json!({
            "version": "2.0",
            "routeKey": route,
            "rawPath": path,
            "rawQueryString": "",
            "headers": sent,
            "requestContext": {
                "accountId": "1", "apiId": "local", "domainName": "localhost",
                "domainPrefix": "local",
                "http": {"method": method, "path": path, "protocol": "HTTP/1.1",
                    "sourceIp": "127.0.0.1", "userAgent": ""},
                "requestId": "r", "routeKey": route, "stage": "$default",
                "time": "01/Jan/2026:00:00:00 +0000", "timeEpoch": 0,
                "authorizer": {"jwt": {"claims": {"sub": user, "org": organization,
                    "roles": "[buyer]"}, "scopes": null}},
            },
            "body": body.map(|body| body.to_string()),
            "isBase64Encoded": false,
        });
        let mut context = Context::default();
        context.deadline = self.deadline;
        let answer = tokio::select! {
            biased;
            () = self.tap.struck.notified() => return None,
            answer = self.function.invoke(event, context) => answer.unwrap(),
        };
        let body =
            serde_json::from_str(answer["body"].as_str().unwrap_or_default()).unwrap_or_default();
        Some((answer["statusCode"].as_u64().unwrap(), body))
    }

    /// Invokes the function with an event of a source other than the HTTP API, and returns the
    /// answer.
    pub async fn event(&self, event: Value) -> Value {
        let mut context = Context::default();
        context.deadline = self.deadline;
        self.function.invoke(event, context).await.unwrap()
    }

    /// The calls to AWS so far, by operation, and starts over.
    pub fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for operation in std::mem::take(&mut *self.tap.calls.lock().unwrap()) {
            *counts.entry(operation).or_default() += 1;
        }
        counts
    }
}

#[derive(Debug)]
struct Tapped<T> {
    tap: Arc<Tap>,
    inner: T,
}

impl HttpClient for Tapped<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Tapped {
            tap: self.tap.clone(),
            inner,
        })
    }
}

impl HttpConnector for Tapped<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request
            .headers()
            .get("x-amz-target")
            .unwrap_or("SendMessage");
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        let number = {
            let mut calls = self.tap.calls.lock().unwrap();
            calls.push(operation);
            calls.len()
        };
        let tap = self.tap.clone();
        match self.tap.cut {
            Some(Cut::Before(n)) if n == number => HttpConnectorFuture::new(async move {
                tap.struck.notify_one();
                std::future::pending().await
            }),
            Some(Cut::After(n)) if n == number => {
                let made = self.inner.call(request);
                HttpConnectorFuture::new(async move {
                    let _lost = made.await;
                    tap.struck.notify_one();
                    std::future::pending().await
                })
            }
            _ => self.inner.call(request),
        }
    }
}
