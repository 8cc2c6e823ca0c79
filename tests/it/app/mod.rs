//! `TestApp`: the whole system of one test, with its own tables, queues, buckets and ERP simulator.

mod answer;
mod erp;
mod files;
mod instance;
mod metrics;
mod program;
mod steps;
mod tables;

pub use answer::Answer;
pub use instance::Cut;
pub use metrics::read as read_metrics;
pub use program::built;
pub use steps::Prepared;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_sqs::types::QueueAttributeName;
use http::{Method, Request};
use lambda_kit::SystemClock;
use local::edge::Body;
use local::stack::{Options, Stack};
use serde_json::{Value, json};
use testkit::ShiftedClock;

/// A buyer and administrator of ORG-100, which pays in USD.
pub const ADA: &str = "ada@hillside.example";
/// A buyer of ORG-100.
pub const BEN: &str = "ben@hillside.example";
/// An approver of ORG-100.
pub const CLEO: &str = "cleo@hillside.example";
/// A buyer of ORG-200, which pays in EUR.
pub const DIRK: &str = "dirk@norddach.example";
/// A buyer and administrator of ORG-300, which pays in USD.
pub const FINN: &str = "finn@quayside.example";
/// The operator.
pub const OPERATOR: &str = "operator";
/// A caller without a token.
pub const ANONYMOUS: &str = "";

/// The running system. [`TestApp::finish`] must be called: it looks whether everything came to an
/// end.
pub struct TestApp {
    stack: Option<Stack>,
    clock: ShiftedClock,
    metrics: Arc<metrics::Heard>,
    tokens: Mutex<HashMap<String, String>>,
    server_errors: Mutex<Vec<String>>,
    faults_may_stay: bool,
    http: reqwest::Client,
}

impl TestApp {
    /// Starts everything and loads the bundled data set through S3.
    pub async fn start() -> Self {
        Self::start_with(None).await
    }

    /// Starts everything and loads the data set in a folder.
    pub async fn start_with(dataset: Option<PathBuf>) -> Self {
        let app = Self::start_empty(dataset).await;
        local::load::load(app.stack(), |loaded| {
            assert_eq!(loaded.state, "published", "{loaded:?}")
        })
        .await
        .unwrap();
        app.stack().set_ready();
        app
    }

    async fn start_empty(dataset: Option<PathBuf>) -> Self {
        let clock = ShiftedClock::over(Arc::new(SystemClock));
        let metrics = Arc::new(metrics::Heard::default());
        let options = Options {
            dataset,
            schedules: false,
            sweep: false,
            clock: Arc::new(clock.clone()),
            metrics: Some(metrics.clone()),
            ..Options::default()
        };
        Self {
            stack: Some(Stack::start(options).await.unwrap()),
            clock,
            metrics,
            tokens: Mutex::default(),
            server_errors: Mutex::default(),
            faults_may_stay: false,
            http: reqwest::Client::new(),
        }
    }

    /// The system itself.
    pub fn stack(&self) -> &Stack {
        self.stack.as_ref().unwrap()
    }

    /// Puts the clock of functions, gateway and simulator forward. Tokens are made anew.
    pub fn advance(&self, seconds: i64) {
        self.clock.advance_seconds(seconds);
        self.tokens.lock().unwrap().clear();
    }

    /// One request. An answer of 500 and more fails the test at its end; see
    /// [`TestApp::take_server_errors`].
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let what = format!("{} {}", request.method(), request.uri());
        let answer = Answer::read(self.stack().call(request).await).await;
        if answer.status >= 500 {
            self.server_errors
                .lock()
                .unwrap()
                .push(format!("{what}: {} {}", answer.status, answer.text));
        }
        answer
    }

    /// A request of `user` with headers and a body.
    pub async fn request(
        &self,
        method: Method,
        user: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if user != ANONYMOUS {
            request = request.header(
                "authorization",
                format!("Bearer {}", self.token(user).await),
            );
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            Some(body) => {
                request = request.header("content-type", "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.send(request.body(body).unwrap()).await
    }

    pub async fn get(&self, user: &str, path: &str) -> Answer {
        self.request(Method::GET, user, path, &[], None).await
    }

    pub async fn post(&self, user: &str, path: &str, body: Value) -> Answer {
        self.request(Method::POST, user, path, &[], Some(&body))
            .await
    }

    pub async fn put(&self, user: &str, path: &str, body: Value) -> Answer {
        self.request(Method::PUT, user, path, &[], Some(&body))
            .await
    }

    pub async fn patch(&self, user: &str, path: &str, body: Value) -> Answer {
        self.request(Method::PATCH, user, path, &[], Some(&body))
            .await
    }

    pub async fn delete(&self, user: &str, path: &str) -> Answer {
        self.request(Method::DELETE, user, path, &[], None).await
    }

    /// A `POST` with an idempotency key.
    pub async fn post_once(&self, user: &str, path: &str, key: &str, body: &Value) -> Answer {
        self.request(
            Method::POST,
            user,
            path,
            &[("idempotency-key", key)],
            Some(body),
        )
        .await
    }

    /// A token of a user who is loaded or registered.
    pub async fn token(&self, user: &str) -> String {
        if let Some(token) = self.tokens.lock().unwrap().get(user) {
            return token.clone();
        }
        let body = Body::from(json!({"userId": user}).to_string());
        let answer = self
            .send(Request::post("/local/tokens").body(body).unwrap())
            .await
            .expect(200);
        let token = answer["token"].as_str().unwrap().to_owned();
        self.tokens
            .lock()
            .unwrap()
            .insert(user.to_owned(), token.clone());
        token
    }

    /// The clock of functions, gateway and simulator.
    fn clock(&self) -> &ShiftedClock {
        &self.clock
    }

    /// Runs the function that the schedule would run.
    pub async fn reconcile(&self) -> Value {
        self.stack().invoke("reconcile", json!({})).await.unwrap()
    }

    /// The answers of 500 and more so far, which are thereby expected.
    pub fn take_server_errors(&self) -> Vec<String> {
        std::mem::take(&mut self.server_errors.lock().unwrap())
    }

    /// Armed faults may be left over at the end.
    pub fn leave_faults(&mut self) {
        self.faults_may_stay = true;
    }

    /// Ends the system, and fails when something was left undone: messages, dead letters,
    /// unexpected errors, faults that never struck, two documents of one reference.
    pub async fn finish(mut self) {
        self.eventually("the submit queue is empty", async || {
            let left = self.messages("SubmitQueue").await;
            (left == 0).then_some(())
        })
        .await;
        assert_eq!(self.messages("SubmitDeadLetters").await, 0, "dead letters");
        assert_eq!(
            self.take_server_errors(),
            Vec::<String>::new(),
            "answers of 500 and more"
        );
        if !self.faults_may_stay {
            assert_eq!(self.simulator().armed(), [], "faults that never struck");
        }
        for documents in [self.simulator().orders(), self.simulator().quotes()] {
            let mut references: Vec<_> = documents
                .iter()
                .map(|document| document["reference"].to_string())
                .collect();
            let all = references.len();
            references.sort();
            references.dedup();
            assert_eq!(references.len(), all, "a reference has two documents");
        }
        let stack = self.stack.take().unwrap();
        stack.stop().await;
    }

    /// Messages that are there or in delivery. Those that come later are reminders; the
    /// table knows of them too.
    pub async fn messages(&self, queue: &str) -> u32 {
        let sqs = aws_sdk_sqs::Client::new(self.stack().sdk_config());
        let request = sqs
            .get_queue_attributes()
            .queue_url(self.stack().edge().sqs().queue_url(queue));
        let attributes = request
            .attribute_names(QueueAttributeName::All)
            .send()
            .await
            .unwrap()
            .attributes
            .unwrap();
        let count = |name| attributes[&name].parse::<u32>().unwrap();
        count(QueueAttributeName::ApproximateNumberOfMessages)
            + count(QueueAttributeName::ApproximateNumberOfMessagesNotVisible)
    }

    /// Looks until there is an answer, for at most ten seconds.
    pub async fn eventually<T>(&self, what: &str, look: impl AsyncFn() -> Option<T>) -> T {
        let until = tokio::time::Instant::now() + Duration::from_secs(10);
        loop {
            if let Some(found) = look().await {
                return found;
            }
            assert!(tokio::time::Instant::now() < until, "never: {what}");
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if self.stack.is_some() && !std::thread::panicking() {
            panic!("TestApp::finish was not called");
        }
    }
}
