use std::sync::{Mutex, PoisonError};

use domain::time::Timestamp;

use super::*;

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(1_795_348_800)
    }
}

#[derive(Default)]
struct Kept(Mutex<Vec<String>>);

impl MetricSink for Kept {
    fn line(&self, line: &str) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(line.to_owned());
    }
}

fn metrics() -> (EmfMetrics, Arc<Kept>) {
    let kept = Arc::new(Kept::default());
    let env = Env::from_pairs([
        ("STACK_NAME", "shop"),
        ("AWS_LAMBDA_FUNCTION_NAME", "prices"),
    ]);
    (
        EmfMetrics::to(kept.clone(), &env, Arc::new(Noon)).unwrap(),
        kept,
    )
}

#[test]
fn a_line_is_what_cloudwatch_reads() {
    let (metrics, kept) = metrics();
    metrics.put(&[(Metric::OldestUnconfirmed, 61), (Metric::HeldLoads, 0)]);
    let lines = kept.0.lock().unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(&lines[0]).unwrap(),
        json!({
            "_aws": {
                "Timestamp": 1_795_348_800_000_i64,
                "CloudWatchMetrics": [{
                    "Namespace": "OrderCapture",
                    "Dimensions": [["Stack"]],
                    "Metrics": [{"Name": "OldestUnconfirmed", "Unit": "Seconds"},
                        {"Name": "HeldLoads", "Unit": "Count"}],
                }],
            },
            "Stack": "shop",
            "function": "prices",
            "OldestUnconfirmed": 61,
            "HeldLoads": 0,
        })
    );
    assert!(!lines[0].contains('\n'));
}

#[test]
fn counts_are_written_once_and_an_empty_flush_writes_no_line() {
    let (metrics, kept) = metrics();
    metrics.flush();
    let counting = metrics.handle();
    counting.erp_called(false);
    counting.erp_called(true);
    metrics.flush();
    metrics.flush();
    counting.values_served(20, 3);
    metrics.flush();
    counting.values_served(0, 0);
    metrics.flush();
    let lines: Vec<Value> = kept
        .0
        .lock()
        .unwrap()
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(
        (&lines[0]["ErpCalls"], &lines[0]["ErpErrors"]),
        (&json!(2), &json!(1))
    );
    assert!(lines[0].get("Values").is_none());
    assert_eq!(
        (&lines[1]["Values"], &lines[1]["StaleValues"]),
        (&json!(20), &json!(3))
    );
    assert!(lines[1].get("ErpCalls").is_none());
}

#[test]
fn metrics_need_the_name_of_the_deployment_and_a_sink() {
    let env = Env::from_pairs([("AWS_LAMBDA_FUNCTION_NAME", "prices")]);
    let missing = EmfMetrics::to_output(&env, Arc::new(Noon)).err().unwrap();
    assert!(missing.to_string().contains("STACK_NAME"));
    let disabled = EmfMetrics::disabled(Arc::new(Noon));
    disabled.handle().erp_called(true);
    disabled.flush();
    assert!(!disabled.enabled() && metrics().0.enabled());
}

#[test]
fn no_two_metrics_have_one_name() {
    let mut names: Vec<_> = Metric::ALL.iter().map(|metric| metric.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Metric::ALL.len());
}
