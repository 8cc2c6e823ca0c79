//! One run: a buyer commits to a prepared cart, faults strike, and time passes until nothing is
//! left to do.

use app::ports::Clock;
use domain::time::Timestamp;
use serde_json::{Value, json};

use super::environment::Environment;
use super::plan::{DuplicateProtection, Fault, Plan, Rng, Site};

/// A reservation of a run ends long after the run, so that it never goes by itself.
const RESERVED_SECONDS: i64 = 86_400;
/// A run that takes longer than this never comes to its end.
const LONGEST_MS: i64 = 12 * 3_600_000;
/// A client that got no answer comes again after so long: longer than a function runs.
const CLIENT_RETRY_MS: i64 = 27_000;
/// An HTTP function lives so long.
const ANSWERED_MS: i64 = 25_000;
/// So often a message is delivered, as the template has it.
pub const MOST_RECEIVES: u32 = 10;
/// How often a client comes again.
const CLIENT_TRIES: u32 = 6;

/// What a run plays.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    pub support: DuplicateProtection,
    pub quote: bool,
    /// The ERP refuses the order, for its price is another one by now.
    pub refused: bool,
    /// Seconds that the buyer waits for the ERP.
    pub wait: u32,
}

impl Scenario {
    pub fn of(support: DuplicateProtection) -> Self {
        Self {
            support,
            quote: false,
            refused: false,
            wait: 0,
        }
    }
}

/// A message in the queue.
#[derive(Debug, Clone)]
pub struct Message {
    pub id: String,
    pub body: String,
    pub visible_at: Timestamp,
    pub received: u32,
}

/// An answer that the client got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    pub status: u64,
    pub body: String,
}

/// What a run ended with.
pub struct Ended {
    pub sites: Vec<Site>,
    pub trace: Vec<String>,
    pub violations: Vec<String>,
}

/// A run under way.
pub struct Run<'a> {
    pub environment: &'a mut Environment,
    pub scenario: Scenario,
    pub cart: String,
    pub heard: Vec<Heard>,
    pub dead: usize,
    /// When the run began.
    pub began: Timestamp,
    pub order: Value,
    pub queue: Vec<Message>,
    messages: u32,
    client_at: Option<Timestamp>,
    tries: u32,
    rng: Rng,
    /// When the schedule comes next at the earliest.
    reconciles_from: Timestamp,
    /// The body of the message that is being worked on.
    pub working_on: Option<String>,
}

/// A run in which nothing happened yet: the clock shows a new day, and the ERP holds nothing.
pub fn begin(environment: &mut Environment, scenario: Scenario, seed: u64) -> Run<'_> {
    environment.runs += 1;
    // A day or more lies between two runs, so that nothing that an instance remembers is still
    // fresh.
    let now = environment.clock.now();
    let begins = Timestamp::from_seconds((now.as_seconds() / 86_400 + 2) * 86_400);
    environment.clock.skip(begins.millis_since(now));
    environment
        .ids
        .begin(&format!("id-{}", environment.runs), seed);
    environment.simulator.reset();
    let began = environment.clock.now();
    Run {
        cart: format!("cart-{}", environment.runs),
        environment,
        scenario,
        heard: Vec::new(),
        dead: 0,
        began,
        order: Value::Null,
        queue: Vec::new(),
        messages: 0,
        client_at: None,
        tries: 0,
        rng: Rng::new(seed ^ 0xdead_beef),
        reconciles_from: began,
        working_on: None,
    }
}

/// Plays `scenario` with the faults of `plan`. `seed` decides about ids, jitter and order.
pub async fn run(
    environment: &mut Environment,
    scenario: Scenario,
    plan: Plan,
    seed: u64,
) -> Ended {
    let mut run = begin(environment, scenario, seed);
    let began = run.began;
    run.client_at = Some(began);
    run.set_up().await;
    run.environment
        .boundaries
        .begin(plan, scenario.support, scenario.wait > 0);
    let mut violations = Vec::new();
    if let Err(stuck) = run.settle(began.plus_millis(LONGEST_MS)).await {
        violations.push(stuck);
    }
    let sites = run.environment.boundaries.calm();
    run.environment.simulator.disarm();
    violations.extend(run.violations().await);
    let trace = run.environment.boundaries.end();
    run.clean_up().await;
    Ended {
        sites,
        trace,
        violations,
    }
}

impl Run<'_> {
    /// A cart that is prepared, and an ERP as the scenario has it.
    pub async fn set_up(&mut self) {
        let capabilities = json!({"submission": self.scenario.support.name()});
        let simulator = self.environment.simulator.clone();
        simulator
            .ask("PUT", "/_sim/capabilities", &capabilities)
            .await;
        let expires = self.began.plus_seconds(RESERVED_SECONDS);
        self.order = self
            .environment
            .prepare(&self.cart, self.began, expires)
            .await;
        if self.scenario.quote {
            self.order = json!({"cartId": self.cart, "preparationId": self.order["preparationId"]});
        }
        if self.scenario.refused {
            simulator
                .ask(
                    "PUT",
                    "/_sim/prices",
                    &json!({"sku": "WRN-CMB-13", "factor": "1.5"}),
                )
                .await;
        }
    }

    /// Nothing of this run reaches the next.
    pub async fn clean_up(&mut self) {
        while self.environment.boundaries.on_their_way() > 0 {
            tokio::time::sleep(std::time::Duration::from_secs(10)).await;
        }
        self.environment.forget(&self.cart);
        // A stray event of this run must not reach the next.
        while self.environment.driver.try_recv().is_ok() {}
    }

    pub fn note(&self, what: std::fmt::Arguments<'_>) {
        self.environment.boundaries.note(&what);
    }

    /// Goes from one thing that has to happen to the next, until there is none.
    ///
    /// # Errors
    /// When something is left to do at `end`.
    pub async fn settle(&mut self, end: Timestamp) -> Result<(), String> {
        loop {
            self.collect();
            let now = self.environment.clock.now();
            if now >= end {
                return Err("it never comes to an end".to_owned());
            }
            let message = self.queue.iter().map(|message| message.visible_at).min();
            let tick = self.next_due().map(|due| {
                // Schedules come at full minutes, and once at each.
                let late = due.max(now).as_millis();
                Timestamp::from_millis((late + 59_999) / 60_000 * 60_000).max(self.reconciles_from)
            });
            let on_its_way =
                (self.environment.boundaries.on_their_way() > 0).then(|| now.plus_seconds(1));
            let next = [message, tick, self.client_at, on_its_way]
                .into_iter()
                .flatten()
                .min();
            let Some(next) = next else { return Ok(()) };
            let wait = next.min(end).millis_since(now);
            if wait > 0 {
                tokio::time::sleep(std::time::Duration::from_millis(wait.unsigned_abs())).await;
                continue;
            }
            // Of what is due together, chance decides what comes first.
            let mut ready = Vec::new();
            if self.client_at.is_some_and(|at| at <= now) {
                ready.push(0);
            }
            if message.is_some_and(|at| at <= now) {
                ready.push(1);
            }
            if tick.is_some_and(|at| at <= now) {
                ready.push(2);
            }
            match ready.get(self.rng.below(ready.len())) {
                Some(0) => self.ask().await,
                Some(1) => self.deliver().await,
                Some(_) => self.reconcile().await,
                None => {}
            }
        }
    }

    /// What reached the queue since the last look.
    pub fn collect(&mut self) {
        let now = self.environment.clock.now();
        for (body, delay) in self.environment.boundaries.take_sent() {
            self.messages += 1;
            let id = format!("message-{}", self.messages);
            self.queue.push(Message {
                id,
                body,
                visible_at: now.plus_seconds(delay),
                received: 0,
            });
        }
    }

    /// When `reconcile` would find something.
    fn next_due(&self) -> Option<Timestamp> {
        let query = json!({
            "TableName": "SubmissionsTable",
            "IndexName": "by-due",
            "KeyConditionExpression": "due = :due",
            "ExpressionAttributeValues": {":due": {"S": "submission"}},
            "Limit": 1,
        });
        self.environment.table("Query", query)["Items"][0]["dueAt"]["S"]
            .as_str()
            .and_then(|at| at.parse().ok())
    }

    /// The records of this run's submissions.
    pub fn submissions(&self) -> Vec<Value> {
        let records = self
            .environment
            .boundaries
            .captured()
            .into_iter()
            .map(|id| {
                let key = json!({"pk": {"S": id}, "sk": {"S": "submission"}});
                self.environment.table(
                    "GetItem",
                    json!({"TableName": "SubmissionsTable", "Key": key}),
                )["Item"]
                    .clone()
            });
        records.filter(|record| !record.is_null()).collect()
    }

    /// The client commits, or commits again because it heard nothing.
    pub async fn ask(&mut self) {
        self.client_at = None;
        self.tries += 1;
        let body = self.order.to_string();
        let answer = self.commit("key", &body).await;
        let again = match &answer {
            None => true,
            Some(Heard { status, body }) => {
                *status >= 500 || body.contains("idempotency_in_progress")
            }
        };
        if again && self.tries < CLIENT_TRIES {
            self.client_at = Some(self.environment.clock.now().plus_millis(CLIENT_RETRY_MS));
        }
    }

    /// One request; nothing when no answer came.
    pub async fn commit(&mut self, key: &str, body: &str) -> Option<Heard> {
        let route = if self.scenario.quote {
            "/quotes"
        } else {
            "/orders"
        };
        let mut event = self.environment.blueprint.event.clone();
        event["routeKey"] = json!(format!("POST {route}"));
        event["rawPath"] = json!(route);
        event["requestContext"]["routeKey"] = event["routeKey"].clone();
        event["requestContext"]["http"]["path"] = json!(route);
        event["body"] = json!(body);
        event["headers"]["content-length"] = json!(body.len().to_string());
        event["headers"]["idempotency-key"] = json!(format!("{key}-{}", self.cart));
        event["headers"]["prefer"] = json!(format!("wait={}", self.scenario.wait));
        let gives_up = self.environment.clock.now().plus_millis(ANSWERED_MS);
        let answer = self.invoke("submit", event).await;
        // The service has ended it by then, and the HTTP API has answered 503.
        let answer = answer
            .ok()
            .filter(|_| self.environment.clock.now() <= gives_up);
        let heard = answer.map(|answer| Heard {
            status: answer["statusCode"].as_u64().unwrap_or_default(),
            body: answer["body"].as_str().unwrap_or_default().to_owned(),
        });
        match &heard {
            Some(heard) => {
                // The trace names no request: its id differs between runs of one seed in different
                // places.
                let code = serde_json::from_str::<Value>(&heard.body).unwrap_or_default();
                self.note(format_args!(
                    "the client hears {} {} {}",
                    heard.status, code["state"], code["code"]
                ));
                self.heard.push(heard.clone());
            }
            None => self.note(format_args!("the client hears nothing")),
        }
        heard
    }

    /// One of the messages that are visible goes to the worker.
    pub async fn deliver(&mut self) {
        let now = self.environment.clock.now();
        let visible: Vec<usize> = (0..self.queue.len())
            .filter(|at| self.queue[*at].visible_at <= now)
            .collect();
        let Some(at) = visible.get(self.rng.below(visible.len())) else {
            return;
        };
        let mut message = self.queue.swap_remove(*at);
        let fault = self.environment.boundaries.pass(Site::Delivery);
        if let Some(Fault::Postpone(millis)) = fault {
            message.visible_at = now.plus_millis(millis);
            self.queue.push(message);
            return;
        }
        let copies = if fault == Some(Fault::TwiceAtOnce) {
            2
        } else {
            1
        };
        let failed = self.work_on(&message, copies).await;
        let now = self.environment.clock.now();
        if failed || fault == Some(Fault::NotDeleted) {
            message.received += 1;
            if message.received >= MOST_RECEIVES {
                self.note(format_args!("{} goes to the dead letters", message.id));
                self.dead += 1;
                return;
            }
            message.visible_at = now.plus_seconds(720);
            self.queue.push(message);
        }
    }

    /// Delivers a message to the worker; returns whether the queue must deliver it again.
    pub async fn work_on(&mut self, message: &Message, copies: usize) -> bool {
        let record = |copy: usize| {
            json!({"messageId": format!("{}-{copy}", message.id), "receiptHandle": "r",
                "body": message.body,
                "attributes": {}, "messageAttributes": {}, "md5OfBody": "",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:SubmitQueue",
                "awsRegion": "eu-central-1"})
        };
        let records: Vec<Value> = (0..copies).map(record).collect();
        let before = self.working_on.replace(message.body.clone());
        if copies > 1 {
            self.environment.boundaries.together(true);
        }
        let answer = self
            .invoke("submit-worker", json!({"Records": records}))
            .await;
        self.working_on = before;
        if copies > 1 {
            self.environment.boundaries.together(false);
        }
        answer.map_or(true, |answer| {
            answer["batchItemFailures"]
                .as_array()
                .is_some_and(|failed| !failed.is_empty())
        })
    }

    /// A message that another sender put into the queue.
    pub fn plant(&mut self, body: &str) {
        self.messages += 1;
        let id = format!("message-{}", self.messages);
        let visible_at = self.environment.clock.now();
        self.queue.push(Message {
            id,
            body: body.to_owned(),
            visible_at,
            received: 0,
        });
    }

    pub async fn reconcile(&mut self) {
        self.reconciles_from = self.environment.clock.now().plus_seconds(60);
        let _next_minute_does_it = self.invoke("reconcile", json!({})).await;
    }
}
