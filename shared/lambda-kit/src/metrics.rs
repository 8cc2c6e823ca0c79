//! Writes metrics as lines of the [embedded metric
//! format](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html):
//! CloudWatch extracts them from the log of a function, so no request is needed.
//!
//! What AWS measures itself (requests, their durations and errors, throttles, messages of queues)
//! is not measured again. All metrics have one dimension, the name of the deployment: an alarm
//! covers all functions, and two deployments in an account stay apart. A line contains nothing that
//! identifies a customer.

#[cfg(test)]
mod tests;

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use app::ports::{Clock, Metrics};
use serde_json::{Map, Value, json};

use crate::env::{ConfigError, Env};

/// The CloudWatch namespace of all metrics.
pub const NAMESPACE: &str = "OrderCapture";

/// The one dimension of all metrics: the name of the deployment.
pub const DIMENSION: &str = "Stack";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// Calls to the ERP that ended, with success or with an error.
    ErpCalls,
    /// Calls that failed because of the ERP. A refusal is an answer and does not count.
    ErpErrors,
    /// Prices and availabilities in responses.
    Values,
    /// Values that were older than allowed, because no newer ones could be read.
    StaleValues,
    /// The age of the oldest submission that is neither confirmed nor rejected; 0 if there is none.
    /// A submission that awaits its approver does not count.
    OldestUnconfirmed,
    /// The age of the oldest order that awaits its approver; 0 if there is none.
    OldestAwaitingApproval,
    /// Submissions with an unknown outcome.
    UnknownSubmissions,
    /// Submissions that need a decision by an operator.
    SubmissionsNeedingAttention,
    /// Loads that a guardrail stopped and that await a decision.
    HeldLoads,
}

impl Metric {
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

    /// The name in CloudWatch.
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

    /// The unit in CloudWatch.
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

/// The destination of the lines.
pub trait MetricSink: Send + Sync {
    /// Writes a line: one JSON object, without a line end.
    fn line(&self, line: &str);
}

/// The standard output, which the Lambda service forwards to CloudWatch.
struct Output;

impl MetricSink for Output {
    fn line(&self, line: &str) {
        // One write, so that lines do not mix. An error is ignored: there is no other place to
        // report it.
        let _ = std::io::stdout()
            .lock()
            .write_all(format!("{line}\n").as_bytes());
    }
}

/// The metrics of one function. Clones share their counts and are cheap.
#[derive(Clone)]
pub struct EmfMetrics(Arc<Inner>);

struct Inner {
    /// `None` disables the metrics.
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
    /// Writes no metrics.
    pub(crate) fn disabled(clock: Arc<dyn Clock>) -> Self {
        Self::over(None, clock, String::new(), String::new())
    }

    /// Writes to the standard output.
    pub(crate) fn to_output(env: &Env, clock: Arc<dyn Clock>) -> Result<Self, ConfigError> {
        Self::to(Arc::new(Output), env, clock)
    }

    /// Writes to `sink`, under the name of the deployment in `STACK_NAME`.
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

    /// Returns whether metrics are written. Callers that read data only for metrics can skip it if
    /// not.
    #[must_use]
    pub fn enabled(&self) -> bool {
        self.0.sink.is_some()
    }

    /// Returns the handle of a use case that counts. The counts are written in one line before the
    /// response to the request.
    #[must_use]
    pub fn handle(&self) -> Arc<dyn Metrics> {
        Arc::new(self.clone())
    }

    /// Writes `values` in one line.
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

    /// Writes the counts since the last call, if any. Each count is written once, also with
    /// concurrent callers.
    pub fn flush(&self) {
        let take = |count: &AtomicU64| count.swap(0, Ordering::Relaxed);
        let mut counted = Vec::new();
        // The parts first: a count that is added meanwhile must not make a part exceed its whole.
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
