//! Every boundary of a run passes here: it is counted, written into the trace, and hit if the plan
//! says so.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use app::ports::Clock;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use domain::time::Timestamp;
use erp_sim::{Moment, Simulator, Verdict, Watcher};
use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;

use super::plan::{DuplicateProtection, Fault, Operation, Plan, Site};
use super::time::{VirtualClock, busy};

/// What a boundary asks of the driver.
pub enum Event {
    /// The running function dies.
    Crash,
    /// The running function is paused for this time, until it may go on.
    Stall(i64, oneshot::Sender<()>),
    /// The running function waits for others.
    Look(oneshot::Sender<()>),
}

/// What all boundaries of a run share.
pub struct CallBoundaries {
    inner: Mutex<Inner>,
    clock: VirtualClock,
    driver: UnboundedSender<Event>,
}

struct Inner {
    /// None between runs: nothing is counted and nothing goes wrong.
    plan: Option<(Plan, DuplicateProtection)>,
    began: Timestamp,
    nested: bool,
    /// Whether the worker has more than one message at once.
    together: bool,
    looks: bool,
    sites: Vec<Site>,
    trace: Vec<String>,
    /// A fault that goes on at the same kind of site.
    again: Option<(Site, Fault)>,
    /// What happens when the ERP's work is done.
    after: Option<Fault>,
    /// Bodies of messages that reached the queue, with their delay in seconds.
    sent: Vec<(String, i64)>,
    /// Submissions that a capture wrote or tried to write.
    captured: Vec<String>,
    /// Calls that are still on their way.
    on_their_way: usize,
}

impl CallBoundaries {
    pub fn new(clock: VirtualClock, driver: UnboundedSender<Event>) -> Arc<Self> {
        let inner = Inner {
            plan: None,
            began: clock.now(),
            nested: false,
            together: false,
            looks: false,
            sites: Vec::new(),
            trace: Vec::new(),
            again: None,
            after: None,
            sent: Vec::new(),
            captured: Vec::new(),
            on_their_way: 0,
        };
        Arc::new(Self {
            inner: Mutex::new(inner),
            clock,
            driver,
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Inner) -> T) -> T {
        work(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A run begins. A function that waits for the ERP is given way to once if `looks`.
    pub fn begin(&self, plan: Plan, support: DuplicateProtection, looks: bool) {
        let began = self.clock.now();
        self.with(|inner| {
            inner.plan = Some((plan, support));
            (inner.began, inner.nested, inner.together, inner.looks) = (began, false, false, looks);
            (inner.again, inner.after) = (None, None);
            inner.sites.clear();
            inner.trace.clear();
            inner.sent.clear();
            inner.captured.clear();
        });
    }

    /// The run is over; returns its trace.
    pub fn end(&self) -> Vec<String> {
        self.with(|inner| {
            inner.plan = None;
            std::mem::take(&mut inner.trace)
        })
    }

    /// Nothing goes wrong from here on, but the run is not over. Returns the sites so far.
    pub fn calm(&self) -> Vec<Site> {
        self.with(|inner| {
            inner.plan = inner
                .plan
                .take()
                .map(|(_, support)| (Plan::Fixed(Vec::new()), support));
            inner.again = None;
            inner.sites.clone()
        })
    }

    /// While a function is paused, no other is.
    pub fn nested(&self, nested: bool) -> bool {
        self.with(|inner| std::mem::replace(&mut inner.nested, nested))
    }

    /// The worker has more than one message at once, or no longer.
    pub fn together(&self, together: bool) {
        self.with(|inner| inner.together = together);
    }

    /// The messages that reached the queue since the last call.
    pub fn take_sent(&self) -> Vec<(String, i64)> {
        self.with(|inner| std::mem::take(&mut inner.sent))
    }

    pub fn captured(&self) -> Vec<String> {
        self.with(|inner| inner.captured.clone())
    }

    pub fn on_their_way(&self) -> usize {
        self.with(|inner| inner.on_their_way)
    }

    /// A line of the trace, with the time since the run began.
    pub fn note(&self, what: &dyn fmt::Display) {
        let now = self.clock.now();
        self.with(|inner| {
            inner
                .trace
                .push(format!("{:>9} {what}", now.millis_since(inner.began)))
        });
    }

    /// Comes to a site: what hits it.
    pub fn pass(&self, site: Site) -> Option<Fault> {
        let now = self.clock.now();
        self.with(|inner| {
            let (plan, support) = inner.plan.as_mut()?;
            let number = inner.sites.len();
            inner.sites.push(site);
            let fault = match inner.again.take() {
                Some((at, fault)) if at == site => Some(fault),
                Some(other) => {
                    inner.again = Some(other);
                    None
                }
                None => None,
            };
            let fault = fault.or_else(|| plan.take(number, site, *support));
            let sending = inner.together || matches!(site, Site::Erp(_));
            let fault = fault.map(|fault| fault.bearable(*support, sending));
            let fault = fault.filter(|fault| {
                !(inner.nested && matches!(fault, Fault::StallBefore(_) | Fault::StallAfter(_)))
            });
            inner.again = match &fault {
                Some(Fault::Lose(times)) if *times > 1 => Some((site, Fault::Lose(times - 1))),
                Some(Fault::Fail(times)) if *times > 1 => Some((site, Fault::Fail(times - 1))),
                Some(Fault::Throttle(times)) if *times > 1 => {
                    Some((site, Fault::Throttle(times - 1)))
                }
                _ => inner.again.take(),
            };
            let hit = fault
                .as_ref()
                .map(|fault| format!(" ✗ {fault:?}"))
                .unwrap_or_default();
            inner.trace.push(format!(
                "{:>9} #{number} {site:?}{hit}",
                now.millis_since(inner.began)
            ));
            fault
        })
    }

    async fn stall(&self, millis: i64) {
        let (go_on, resumed) = oneshot::channel();
        if self.driver.send(Event::Stall(millis, go_on)).is_ok() {
            let _driver_gone = resumed.await;
        }
    }

    async fn look(&self) {
        let (go_on, resumed) = oneshot::channel();
        if self.with(|inner| !inner.nested && std::mem::take(&mut inner.looks))
            && self.driver.send(Event::Look(go_on)).is_ok()
        {
            let _driver_gone = resumed.await;
        }
    }

    /// The running function dies here.
    async fn crash<T>(&self) -> T {
        let _driver_gone = self.driver.send(Event::Crash);
        std::future::pending().await
    }

    /// What the simulator asks about every call.
    pub fn watcher(self: &Arc<Self>, simulator: Simulator) -> Watcher {
        let boundaries = Arc::clone(self);
        Arc::new(move |moment, operation| {
            busy();
            let (boundaries, simulator) = (Arc::clone(&boundaries), simulator.clone());
            Box::pin(async move { boundaries.erp(&simulator, moment, operation).await })
        })
    }

    async fn erp(&self, simulator: &Simulator, moment: Moment, operation: &'static str) -> Verdict {
        let fault = match moment {
            Moment::Arrived => self.pass(Site::Erp(operation)),
            Moment::Done => self.with(|inner| inner.after.take()),
        };
        match (moment, fault) {
            (Moment::Arrived, Some(Fault::CrashBefore))
            | (Moment::Done, Some(Fault::CrashAfter)) => {
                let _driver_gone = self.driver.send(Event::Crash);
                return Verdict::Cut;
            }
            (Moment::Arrived, Some(fault @ (Fault::CrashAfter | Fault::StallAfter(_)))) => {
                self.with(|inner| inner.after = Some(fault));
            }
            (Moment::Arrived, Some(Fault::StallBefore(millis)))
            | (Moment::Done, Some(Fault::StallAfter(millis))) => {
                self.stall(millis).await;
            }
            (_, Some(Fault::Late(millis))) => return Verdict::Late(Duration::from_millis(millis)),
            (_, Some(Fault::Erp(faults))) => {
                faults.into_iter().for_each(|fault| simulator.arm(fault))
            }
            _ => {}
        }
        Verdict::Go
    }

    /// What a call that took effect leaves behind for the harness.
    fn took_effect(&self, operation: Operation, body: &[u8]) {
        let body = || serde_json::from_slice::<Value>(body).unwrap_or_default();
        match operation {
            Operation::Send => {
                let body = body();
                let message = (
                    body["MessageBody"].as_str().unwrap_or_default().to_owned(),
                    body["DelaySeconds"].as_i64().unwrap_or(0),
                );
                self.with(|inner| inner.sent.push(message));
            }
            Operation::Transact => {
                for item in body()["TransactItems"].as_array().into_iter().flatten() {
                    let record = &item["Put"]["Item"];
                    if record["sk"]["S"] == "submission"
                        && let Some(id) = record["pk"]["S"].as_str()
                    {
                        self.with(|inner| {
                            if !inner.captured.iter().any(|known| known == id) {
                                inner.captured.push(id.to_owned());
                            }
                        });
                    }
                }
            }
            _ => {}
        }
    }
}

/// The AWS transport of one function.
#[derive(Clone)]
pub struct FaultyTransport {
    under: SharedHttpClient,
    boundaries: Arc<CallBoundaries>,
    function: &'static str,
}

impl FaultyTransport {
    pub fn new(
        under: SharedHttpClient,
        boundaries: Arc<CallBoundaries>,
        function: &'static str,
    ) -> Self {
        Self {
            under,
            boundaries,
            function,
        }
    }
}

impl fmt::Debug for FaultyTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FaultyTransport")
    }
}

impl HttpClient for FaultyTransport {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        parts: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let under = self.under.http_connector(settings, parts);
        SharedHttpConnector::new(Connector {
            under,
            boundaries: Arc::clone(&self.boundaries),
            function: self.function,
        })
    }
}

#[derive(Clone)]
struct Connector {
    under: SharedHttpConnector,
    boundaries: Arc<CallBoundaries>,
    function: &'static str,
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connector")
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let this = self.clone();
        HttpConnectorFuture::new(async move { this.pass(request).await })
    }
}

impl Connector {
    async fn pass(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        busy();
        let operation = Operation::of(request.headers().get("x-amz-target").unwrap_or_default());
        let boundaries = Arc::clone(&self.boundaries);
        if self.function == "submit"
            && operation == Operation::Get
            && !boundaries.captured().is_empty()
        {
            boundaries.look().await;
        }
        match boundaries.pass(Site::Aws(self.function, operation)) {
            Some(Fault::CrashBefore) => boundaries.crash().await,
            Some(Fault::CrashAfter) => {
                let _lost = self.carry_out(operation, request).await;
                boundaries.crash().await
            }
            Some(Fault::StallBefore(millis)) => {
                boundaries.stall(millis).await;
                self.carry_out(operation, request).await
            }
            Some(Fault::StallAfter(millis)) => {
                let answer = self.carry_out(operation, request).await;
                boundaries.stall(millis).await;
                answer
            }
            Some(Fault::Lose(_)) => {
                let _lost = self.carry_out(operation, request).await;
                Err(ConnectorError::io("the answer was lost".into()))
            }
            Some(Fault::Fail(_)) => Err(ConnectorError::io("there is no connection".into())),
            Some(Fault::Throttle(_)) => throttled(),
            Some(Fault::Late(millis)) => {
                boundaries.with(|inner| inner.on_their_way += 1);
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(millis)).await;
                    busy();
                    self.boundaries.note(&format_args!(
                        "{operation:?} of {} arrives late",
                        self.function
                    ));
                    let _lost = self.carry_out(operation, request).await;
                    self.boundaries.with(|inner| inner.on_their_way -= 1);
                });
                std::future::pending().await
            }
            _ => self.carry_out(operation, request).await,
        }
    }

    async fn carry_out(
        &self,
        operation: Operation,
        request: HttpRequest,
    ) -> Result<HttpResponse, ConnectorError> {
        let body = request
            .body()
            .bytes()
            .map(<[u8]>::to_vec)
            .unwrap_or_default();
        let answer = self.under.call(request).await?;
        if answer.status().is_success() || operation == Operation::Transact {
            self.boundaries.took_effect(operation, &body);
        }
        Ok(answer)
    }
}

fn throttled() -> Result<HttpResponse, ConnectorError> {
    let body = concat!(
        r#"{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException","#,
        r#""message":"Rate exceeded"}"#
    );
    let answer = http::Response::builder()
        .status(400)
        .header("content-type", "application/x-amz-json-1.0");
    let answer = answer
        .body(SdkBody::from(body))
        .map_err(|error| ConnectorError::user(error.into()))?;
    HttpResponse::try_from(answer).map_err(|error| ConnectorError::user(error.into()))
}
