//! Limits fit into each other.

use std::time::Duration;

use domain::cart::MAX_LINES;
use erp_client::{TimeLimit, TimeLimits};
use local::template::{Node, SOURCE};
use serde_json::Value;
use wire::erp::Capabilities;

use super::{calls_erp, template};

/// After this the HTTP API answers by itself.
const HTTP_API: Duration = Duration::from_secs(29);

#[test]
fn time_limits_nest() {
    let erp = TimeLimits::default();
    let of = |limit: TimeLimit, lines: usize| {
        Duration::from_millis(u64::try_from(limit.of(lines)).unwrap())
    };
    // Calls on behalf of a request end with its deadline as well, so that large ones fit too.
    let small = [of(erp.lookup, 1), of(erp.checkout, 1), of(erp.tracking, 0)]
        .into_iter()
        .max()
        .unwrap();
    let largest_order = of(erp.submission, MAX_LINES);
    for function in &template().functions {
        if !function.routes.is_empty() {
            assert!(
                function.timeout < HTTP_API,
                "{} outlives the HTTP API",
                function.name
            );
        }
        if calls_erp(function) {
            assert!(
                function.timeout > small,
                "{} ends before the ERP's time limit",
                function.name
            );
        }
        for source in &function.queues {
            let template = template();
            let queue = template
                .queues
                .iter()
                .find(|queue| queue.name == source.queue)
                .unwrap();
            let visibility: u64 = queue.attributes["VisibilityTimeout"].parse().unwrap();
            assert!(
                visibility >= 6 * function.timeout.as_secs(),
                "{}",
                function.name
            );
            assert!(
                source.partial_failures,
                "{} fails whole batches",
                function.name
            );
            let redrive: Value = serde_json::from_str(&queue.attributes["RedrivePolicy"]).unwrap();
            let dead = redrive["deadLetterTargetArn"]
                .as_str()
                .unwrap()
                .rsplit(':')
                .next()
                .unwrap()
                .to_owned();
            assert!(template.queues.iter().any(|queue| queue.name == dead));
            assert!(has_alarm(&dead), "no one hears of {dead}");
            if calls_erp(function) {
                assert!(
                    function.timeout > largest_order,
                    "{} cannot send the largest order",
                    function.name
                );
            }
        }
    }
}

fn has_alarm(queue: &str) -> bool {
    let source = Node::parse(SOURCE).unwrap();
    source
        .get("Resources")
        .unwrap()
        .entries()
        .iter()
        .any(|(_, resource)| {
            resource.get("Type").and_then(Node::text) == Some("AWS::CloudWatch::Alarm")
                && format!("{:?}", resource.at(&["Properties", "Dimensions"]))
                    .contains(&format!("{queue}.QueueName"))
        })
}

#[test]
fn functions_that_call_the_erp_do_so_a_limited_number_of_times_at_once() {
    let source = Node::parse(SOURCE).unwrap();
    for function in &template().functions {
        let properties = source
            .at(&["Resources", &function.logical_name, "Properties"])
            .unwrap();
        let reserved = properties.get("ReservedConcurrentExecutions");
        assert_eq!(reserved.is_some(), calls_erp(function), "{}", function.name);
        for queue in function.queues.iter().filter(|_| calls_erp(function)) {
            // With less than its queue starts, messages would be throttled until they are dead
            // letters.
            let events = properties.get("Events").unwrap().entries();
            let limits = events.iter().filter_map(|(_, event)| {
                event.at(&["Properties", "ScalingConfig", "MaximumConcurrency"])
            });
            assert_eq!(
                limits.collect::<Vec<_>>(),
                [reserved.unwrap()],
                "{}",
                function.name
            );
            // The default is what an ERP is taken to bear that does not say.
            assert_eq!(
                queue.concurrency,
                usize::try_from(Capabilities::default().max_concurrency).unwrap()
            );
        }
    }
}
