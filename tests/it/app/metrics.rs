//! The metrics of a test: what CloudWatch would make of the lines that functions write.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use lambda_kit::metrics::{DIMENSION, Metric, NAMESPACE};
use lambda_kit::{MetricSink, metrics};
use serde_json::Value;

use super::TestApp;

/// Keeps every line.
#[derive(Default)]
pub struct Heard(Mutex<Vec<String>>);

impl MetricSink for Heard {
    fn line(&self, line: &str) {
        self.0.lock().unwrap().push(line.to_owned());
    }
}

/// The metrics of a line, each with its value; fails unless the line is what CloudWatch reads, and
/// nothing else.
#[track_caller]
pub fn read(line: &str) -> BTreeMap<String, u64> {
    let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let object = value.as_object().unwrap();
    assert!(
        value["_aws"]["Timestamp"]
            .as_u64()
            .is_some_and(|millis| millis > 1_700_000_000_000),
        "{line}"
    );
    let directives = value["_aws"]["CloudWatchMetrics"].as_array().unwrap();
    assert_eq!(directives.len(), 1, "{line}");
    assert_eq!(directives[0]["Namespace"], NAMESPACE, "{line}");
    assert_eq!(
        directives[0]["Dimensions"],
        serde_json::json!([[DIMENSION]]),
        "{line}"
    );
    assert!(
        value[DIMENSION]
            .as_str()
            .is_some_and(|stack| !stack.is_empty()),
        "{line}"
    );
    let metrics = directives[0]["Metrics"].as_array().unwrap();
    assert!((1..=100).contains(&metrics.len()), "{line}");
    let known = |name: &str| {
        metrics::Metric::ALL
            .into_iter()
            .find(|metric| metric.name() == name)
    };
    let values = metrics.iter().map(|metric| {
        let name = metric["Name"].as_str().unwrap();
        let unit = known(name)
            .map(Metric::unit)
            .unwrap_or_else(|| panic!("{name} is not a metric"));
        assert_eq!(metric["Unit"], unit, "{line}");
        (
            name.to_owned(),
            value[name]
                .as_u64()
                .unwrap_or_else(|| panic!("{name}: {line}")),
        )
    });
    let values: BTreeMap<String, u64> = values.collect();
    // Nothing else is in a line, so no customer is.
    let mut keys: BTreeSet<&str> = object.keys().map(String::as_str).collect();
    for name in ["_aws", DIMENSION, "function"]
        .into_iter()
        .chain(values.keys().map(String::as_str))
    {
        assert!(keys.remove(name), "{name}: {line}");
    }
    assert!(keys.is_empty(), "{keys:?}");
    values
}

impl TestApp {
    /// What listens to the metrics of this test.
    pub fn listener(&self) -> std::sync::Arc<Heard> {
        self.metrics.clone()
    }

    /// The lines so far, each as its metrics; and starts over.
    pub fn take_metrics(&self) -> Vec<BTreeMap<String, u64>> {
        std::mem::take(&mut *self.metrics.0.lock().unwrap())
            .iter()
            .map(|line| read(line))
            .collect()
    }
}
