//! EmfMetrics, written as lines of the [embedded metric
//! format](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html):
//! CloudWatch makes metrics of what a function writes to its log, and no call is made for them.
//!
//! What AWS measures by itself (requests, their time and errors, throttles, messages of queues) is
//! not measured again. All metrics of a deployment have one dimension, its name, so that an alarm
//! adds up no functions and a second deployment in the same account is told apart. Nothing that
//! leads to a customer is in a line.

#[cfg(test)]
mod tests;

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use app::ports::{Clock, Metrics};
use serde_json::{Map, Value, json};

use crate::env::{ConfigError, Env};

/// What all metrics belong to.
pub const NAMESPACE: &str = "OrderCapture";

/// The one dimension of all metrics: the name of the deployment.
pub const DIMENSION: &str = "Stack";

/// A metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// Calls to the ERP that came to an end, well or badly.
    ErpCalls,
    /// Those of them that say that the ERP is not well. A refusal is an answer.
    ErpErrors,
    /// Prices and availabilities that were shown.
    Values,
    /// Those of them that were older than they may be, for want of newer ones.
    StaleValues,
    /// For how long the submission that waits longest was captured and is neither confirmed nor
    /// rejected; 0 when there is none. One that awaits its approver does not count.
    OldestUnconfirmed,
    /// For how long the order that waits longest for its approver was captured; 0 when there is
    /// none.
    OldestAwaitingApproval,
    /// Submissions whose outcome nobody knows yet.
    UnknownSubmissions,
    /// Submissions that a person has to decide about.
    SubmissionsNeedingAttention,
    /// Loads that a guardrail stopped and nobody decided about.
    HeldLoads,
}

impl Metric {
    /// Every metric that is ever written.
    pub const ALL: [Self; 9] = [
        Self::ErpCalls,
        Self::ErpErrors,
        Self::Values,
        Self::StaleValues,
        Self::OldestUnconfirmed,
        Self::OldestAwaitingApproval,
        Self::UnknownSubmissions,
        Self::SubmissionsNeedingAttention,
        Self::HeldLoads,
    ];

    /// Its name in CloudWatch.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ErpCalls => "ErpCalls",
            Self::ErpErrors => "ErpErrors",
            Self::Values => "Values",
            Self::StaleValues => "StaleValues",
            Self::OldestUnconfirmed => "OldestUnconfirmed",
            Self::OldestAwaitingApproval => "OldestAwaitingApproval",
            Self::UnknownSubmissions => "UnknownSubmissions",
            Self::SubmissionsNeedingAttention => "SubmissionsNeedingAttention",
            Self::HeldLoads => "HeldLoads",
        }
    }

    /// Its unit in CloudWatch.
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            Self::OldestUnconfirmed | Self::OldestAwaitingApproval => "Seconds",
            Self::ErpCalls
            | Self::ErpErrors
            | Self::Values
            | Self::StaleValues
            | Self::UnknownSubmissions
            | Self::SubmissionsNeedingAttention
            | Self::HeldLoads => "Count",
        }
    }
}

/// Takes the lines that metrics are made of.
pub trait MetricSink: Send + Sync {
    /// Takes a line, which is one JSON object without its line end.
    fn line(&self, line: &str);
}

/// The standard output, which the Lambda service hands to CloudWatch.
struct Output;

impl MetricSink for Output {
    fn line(&self, line: &str) {
        // One write, so that no other line comes in between. A function whose log is gone has other
        // troubles.
        let _ = std::io::stdout()
            .lock()
            .write_all(format!("{line}\n").as_bytes());
    }
}

/// The metrics of one function. Cheap to clone; clones count together.
#[derive(Clone)]
pub struct EmfMetrics(Arc<Inner>);

struct Inner {
    /// Without one nobody listens.
    sink: Option<Arc<dyn MetricSink>>,
    clock: Arc<dyn Clock>,
    stack: String,
    function: String,
    erp_calls: AtomicU64,
    erp_errors: AtomicU64,
    values: AtomicU64,
    stale: AtomicU64,
}

impl EmfMetrics {
    /// To nobody.
    pub(crate) fn disabled(clock: Arc<dyn Clock>) -> Self {
        Self::over(None, clock, String::new(), String::new())
    }

    /// To the standard output.
    pub(crate) fn to_output(env: &Env, clock: Arc<dyn Clock>) -> Result<Self, ConfigError> {
        Self::to(Arc::new(Output), env, clock)
    }

    /// To a sink, under the name of the deployment in `STACK_NAME`.
    pub(crate) fn to(
        sink: Arc<dyn MetricSink>,
        env: &Env,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ConfigError> {
        let stack = env.required("STACK_NAME")?.to_owned();
        let function = env
            .optional("AWS_LAMBDA_FUNCTION_NAME")
            .unwrap_or_default()
            .to_owned();
        Ok(Self::over(Some(sink), clock, stack, function))
    }

    fn over(
        sink: Option<Arc<dyn MetricSink>>,
        clock: Arc<dyn Clock>,
        stack: String,
        function: String,
    ) -> Self {
        Self(Arc::new(Inner {
            sink,
            clock,
            stack,
            function,
            erp_calls: AtomicU64::default(),
            erp_errors: AtomicU64::default(),
            values: AtomicU64::default(),
            stale: AtomicU64::default(),
        }))
    }

    /// Whether anybody listens: what is read for metrics alone need not be read otherwise.
    #[must_use]
    pub fn enabled(&self) -> bool {
        self.0.sink.is_some()
    }

    /// For a use case that counts. What was counted is written with the answer of the request, in
    /// one line.
    #[must_use]
    pub fn handle(&self) -> Arc<dyn Metrics> {
        Arc::new(self.clone())
    }

    /// Writes metrics in one line.
    pub fn put(&self, values: &[(Metric, u64)]) {
        let Some(sink) = self.0.sink.as_ref().filter(|_| !values.is_empty()) else {
            return;
        };
        let metrics: Vec<Value> = values
            .iter()
            .map(|(metric, _)| json!({"Name": metric.name(), "Unit": metric.unit()}))
            .collect();
        let mut line = Map::new();
        let directive =
            json!([{"Namespace": NAMESPACE, "Dimensions": [[DIMENSION]], "Metrics": metrics}]);
        let now = self.0.clock.now().as_millis();
        line.insert(
            "_aws".to_owned(),
            json!({"Timestamp": now, "CloudWatchMetrics": directive}),
        );
        line.insert(DIMENSION.to_owned(), json!(self.0.stack));
        line.insert("function".to_owned(), json!(self.0.function));
        line.extend(
            values
                .iter()
                .map(|(metric, value)| (metric.name().to_owned(), json!(value))),
        );
        sink.line(&Value::Object(line).to_string());
    }

    /// Writes what was counted since the last time, if anything was. Each count is written once,
    /// whoever comes first.
    pub fn flush(&self) {
        let take = |count: &AtomicU64| count.swap(0, Ordering::Relaxed);
        let mut counted = Vec::new();
        // The part first: what is counted meanwhile must not make it more than the whole.
        let (errors, stale) = (take(&self.0.erp_errors), take(&self.0.stale));
        let calls = take(&self.0.erp_calls);
        if calls > 0 || errors > 0 {
            counted.extend([(Metric::ErpCalls, calls), (Metric::ErpErrors, errors)]);
        }
        let values = take(&self.0.values);
        if values > 0 || stale > 0 {
            counted.extend([(Metric::Values, values), (Metric::StaleValues, stale)]);
        }
        self.put(&counted);
    }
}

impl Metrics for EmfMetrics {
    fn erp_called(&self, failed: bool) {
        self.0.erp_calls.fetch_add(1, Ordering::Relaxed);
        self.0
            .erp_errors
            .fetch_add(u64::from(failed), Ordering::Relaxed);
    }

    fn values_served(&self, values: usize, stale: usize) {
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        self.0.values.fetch_add(count(values), Ordering::Relaxed);
        self.0.stale.fetch_add(count(stale), Ordering::Relaxed);
    }
}
