//! What operators watch: the metrics that functions write, and that the template shows and wakes
//! people by.

use std::collections::{BTreeMap, BTreeSet};

use app::health::OVERDUE_SECONDS;
use lambda_kit::metrics::{DIMENSION, Metric, NAMESPACE};
use local::template::{Node, SOURCE};
use serde_json::{Value, json};

use crate::app::{ADA, BEN, OPERATOR, TestApp};

/// What the text of each alarm refers to.
const GUIDE: &str = include_str!("../../../OPERATIONS.md");

const LINES: [(&str, u32); 2] = [("BLT-HEX-M8", 20), ("WRN-CMB-13", 1)];

fn sum(lines: &[BTreeMap<String, u64>], metric: Metric) -> u64 {
    lines
        .iter()
        .filter_map(|line| line.get(metric.name()))
        .sum()
}

/// What `reconcile` tells now.
async fn waiting(app: &TestApp) -> BTreeMap<String, u64> {
    app.take_metrics();
    app.reconcile().await;
    let lines = app.take_metrics();
    let figures_now: Vec<_> = lines
        .into_iter()
        .filter(|line| line.contains_key(Metric::HeldLoads.name()))
        .collect();
    assert_eq!(figures_now.len(), 1, "one line a minute");
    figures_now[0].clone()
}

fn figures(figures_now: &BTreeMap<String, u64>) -> [u64; 3] {
    [
        Metric::UnknownSubmissions,
        Metric::SubmissionsNeedingAttention,
        Metric::HeldLoads,
    ]
    .map(|m| figures_now[m.name()])
}

#[tokio::test]
async fn a_lookup_tells_what_it_showed_and_how_the_erp_answered_in_one_line() {
    let mut app = TestApp::start().await;
    let asked = json!({"items": [{"sku": "GLS-CLR"}, {"sku": "TAP-5"}, {"sku": "NOPE"}]});
    // Capabilities, too, are a call of the first one.
    app.post(
        ADA,
        "/prices/query",
        json!({"items": [{"sku": "BLT-HEX-M8"}]}),
    )
    .await
    .expect(200);
    app.take_metrics();
    for (erp, calls) in [("asked", 1), ("cached", 0)] {
        app.post(ADA, "/prices/query", asked.clone())
            .await
            .expect(200);
        let lines = app.take_metrics();
        assert_eq!(lines.len(), 1, "{erp}: {lines:?}");
        let counts = [
            Metric::Values,
            Metric::StaleValues,
            Metric::ErpCalls,
            Metric::ErpErrors,
        ];
        assert_eq!(
            counts.map(|metric| sum(&lines, metric)),
            [2, 0, calls, 0],
            "{erp}"
        );
    }
    // The ERP fails, and is asked once more where that helps; what is kept is shown as stale.
    app.advance(2_000);
    app.fault(json!({"operation": "prices", "kind": "status", "times": 1_000}));
    app.leave_faults();
    app.post(ADA, "/prices/query", asked).await.expect(200);
    let lines = app.take_metrics();
    assert_eq!(
        (
            lines.len(),
            sum(&lines, Metric::Values),
            sum(&lines, Metric::StaleValues)
        ),
        (1, 2, 2),
        "{lines:?}"
    );
    let errors = sum(&lines, Metric::ErpErrors);
    assert!(
        errors >= 1 && errors <= sum(&lines, Metric::ErpCalls),
        "{lines:?}"
    );
    // Where nothing is said about the ERP or a value, nothing is written.
    app.get(ADA, "/catalog/categories").await.expect(200);
    app.get(ADA, "/me").await.expect(200);
    assert!(app.take_metrics().is_empty());
    app.finish().await;
}

#[tokio::test]
async fn a_refusal_of_the_erp_is_an_answer_and_a_broken_connection_is_an_error() {
    let app = TestApp::start().await;
    for (state, errors) in [("rejected", 0), ("unknown", 1)] {
        let prepared = app.prepared(ADA, &LINES).await;
        app.take_metrics();
        if errors == 0 {
            app.change_price("WRN-CMB-13", "2").await;
        } else {
            app.fault(json!({"operation": "submit-order", "kind": "commit-then-drop"}));
        }
        app.place(ADA, state, 0, &prepared.order())
            .await
            .expect(202);
        app.until_state(ADA, &prepared.cart_id, &[state]).await;
        // The worker writes with the end of its message.
        let lines = app.eventually("the worker counts too", async || {
            let lines = app.take_metrics();
            (sum(&lines, Metric::ErpCalls) > 0).then_some(lines)
        });
        assert_eq!(sum(&lines.await, Metric::ErpErrors), errors, "{state}");
    }
    app.finish().await;
}

#[tokio::test]
async fn what_waits_is_measured_once_a_minute_with_how_long_it_waits() {
    let app = TestApp::start().await;
    let figures_now = waiting(&app).await;
    let nothing: BTreeMap<String, u64> = [
        Metric::HeldLoads,
        Metric::OldestAwaitingApproval,
        Metric::OldestUnconfirmed,
        Metric::SubmissionsNeedingAttention,
        Metric::UnknownSubmissions,
    ]
    .map(|metric| (metric.name().to_owned(), 0))
    .into();
    assert_eq!(figures_now, nothing, "nothing waits, and it says so");

    // An order whose end is unknown, and an ERP that cannot tell.
    app.control(
        "PUT",
        "/_sim/capabilities",
        Some(json!({"submission": "none"})),
    )
    .await;
    app.fault(json!({"operation": "submit-order", "kind": "status", "status": 500}));
    let prepared = app.prepared(ADA, &LINES).await;
    app.place(ADA, "key-1", 0, &prepared.order())
        .await
        .expect(202);
    app.until_state(ADA, &prepared.cart_id, &["unknown"]).await;
    let figures_now = waiting(&app).await;
    assert_eq!(figures(&figures_now), [1, 0, 0], "{figures_now:?}");
    app.advance(60);
    let figures_now = waiting(&app).await;
    assert!(
        (60..120).contains(&figures_now[Metric::OldestUnconfirmed.name()]),
        "{figures_now:?}"
    );
    app.until_state(ADA, &prepared.cart_id, &["needs_attention"])
        .await;
    app.advance(600);
    let figures_now = waiting(&app).await;
    assert_eq!(figures(&figures_now), [0, 1, 0], "{figures_now:?}");
    assert!(
        (660..720).contains(&figures_now[Metric::OldestUnconfirmed.name()]),
        "{figures_now:?}"
    );

    // An order that waits for its approver is not one that waits for the ERP.
    let resolved = json!({"decision": "reject", "reason": "the ERP has nothing"});
    app.post(
        OPERATOR,
        &format!("/operations/submissions/{}/resolve", prepared.cart_id),
        resolved,
    )
    .await
    .expect(200);
    let rules = json!({
        "purchaseOrderNumberRequired": false,
        "approvalAbove": {"amount": "1.00", "currency": "USD"},
    });
    app.put(ADA, "/me/organization", rules).await.expect(200);
    let prepared = app.prepared(BEN, &LINES).await;
    app.place(BEN, "key-2", 0, &prepared.order())
        .await
        .expect(202);
    app.advance(100);
    let figures_now = waiting(&app).await;
    assert_eq!(
        (
            figures(&figures_now),
            figures_now[Metric::OldestUnconfirmed.name()]
        ),
        ([0, 0, 0], 0),
        "{figures_now:?}"
    );
    assert!(
        (100..160).contains(&figures_now[Metric::OldestAwaitingApproval.name()]),
        "{figures_now:?}"
    );

    // A snapshot that would remove nearly everything.
    let header = "sku,product_id,name,description,category_ids,unit,nominal_quantity,\
        quantity_multiple,status,attr:size";
    let rows = format!("{header}\nGLS-CLR,GLS,Alone,,HEADEYE,EA,1,1,active,\n");
    let load = app
        .load("incoming/items/snapshot/items-20260302T000000Z.csv", rows)
        .await;
    assert_eq!(load["state"], "held", "{load}");
    assert_eq!(figures(&waiting(&app).await), [0, 0, 1]);
    let rollback = format!(
        "/operations/loads/{}/rollback",
        load["loadId"].as_str().unwrap()
    );
    app.post(OPERATOR, &rollback, json!({})).await.expect(200);
    assert_eq!(figures(&waiting(&app).await), [0, 0, 0]);
    app.finish().await;
}

#[tokio::test]
async fn what_cannot_be_measured_stops_nothing() {
    let app = TestApp::start().await;
    let prepared = app.prepared(ADA, &LINES).await;
    app.advance(1_000);
    app.take_metrics();
    let instance = app
        .instance("reconcile", &[("LOADS_TABLE", "Nowhere")], None)
        .await;
    let done = instance.event(json!({})).await;
    assert_eq!(done["released"], 1, "{done}");
    assert!(app.reservations_of(&prepared.cart_id).is_empty());
    let lines = app.take_metrics();
    assert!(
        lines
            .iter()
            .all(|line| !line.contains_key(Metric::OldestUnconfirmed.name())),
        "{lines:?}"
    );
    app.finish().await;
}

/// Every metric of ours that a property of the template names, with its dimensions.
fn shown_by(resource: &Node) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    visit(resource, &mut |node| {
        let text = |key: &str| node.get(key).and_then(Node::text).map(str::to_owned);
        if text("Namespace").as_deref() == Some(NAMESPACE) {
            let dimensions = node.get("Dimensions").map(Node::items).unwrap_or_default();
            let dimensions = dimensions.iter().map(|one| {
                json!([
                    format!("{:?}", one.get("Name")),
                    format!("{:?}", one.get("Value"))
                ])
            });
            found.push((text("MetricName").unwrap(), dimensions.collect()));
        }
    });
    found
}

fn visit(node: &Node, see: &mut impl FnMut(&Node)) {
    see(node);
    match node {
        Node::Tagged(_, inner) => visit(inner, see),
        Node::List(items) => items.iter().for_each(|item| visit(item, see)),
        Node::Map(entries) => entries.iter().for_each(|(_, value)| visit(value, see)),
        Node::Null | Node::Bool(_) | Node::Int(_) | Node::Text(_) => {}
    }
}

#[test]
fn every_metric_that_is_written_is_shown_and_wakes_an_operator_and_no_other_is() {
    let source = Node::parse(SOURCE).unwrap();
    let written: BTreeSet<String> = Metric::ALL
        .iter()
        .map(|metric| metric.name().to_owned())
        .collect();
    let stack = json!([[
        format!("{:?}", Some(Node::Text(DIMENSION.to_owned()))),
        format!(
            "{:?}",
            Some(Node::Tagged(
                "Ref".to_owned(),
                Box::new(Node::Text("AWS::StackName".to_owned()))
            ))
        ),
    ]]);
    // What the functions are configured to write is what the alarms look at.
    let variables = source
        .at(&[
            "Globals",
            "Function",
            "Environment",
            "Variables",
            "STACK_NAME",
        ])
        .unwrap();
    assert_eq!(
        *variables,
        Node::Tagged(
            "Ref".to_owned(),
            Box::new(Node::Text("AWS::StackName".to_owned()))
        )
    );

    let mut alarmed = BTreeSet::new();
    for (name, resource) in source.get("Resources").unwrap().entries() {
        if resource.get("Type").and_then(Node::text) != Some("AWS::CloudWatch::Alarm") {
            continue;
        }
        let property = |key: &str| resource.at(&["Properties", key]);
        let advice = property("AlarmDescription").and_then(Node::text).unwrap();
        assert!(
            advice.contains("First ") && advice.len() <= 1024,
            "{name} does not say what to do first"
        );
        let section = advice
            .split_once("OPERATIONS.md, \"")
            .and_then(|(_, rest)| rest.split_once('"'));
        assert!(
            section.is_some_and(|(section, _)| GUIDE.contains(&format!("\n## {section}\n"))),
            "{name} does not name a section of OPERATIONS.md"
        );
        for actions in ["AlarmActions", "OKActions"] {
            assert!(
                format!("{:?}", property(actions)).contains("AlarmTopic"),
                "{name} alarms no one"
            );
        }
        for (metric, dimensions) in shown_by(resource) {
            assert_eq!(dimensions, stack, "{name}");
            alarmed.insert(metric);
        }
    }
    assert_eq!(alarmed, written);

    let body = source
        .at(&["Resources", "Dashboard", "Properties", "DashboardBody"])
        .unwrap();
    let Node::Tagged(_, body) = body else {
        panic!("{body:?}")
    };
    // Names that the deployment fills in hold nothing that JSON would mind.
    let body: Value = serde_json::from_str(body.text().unwrap()).unwrap();
    let mut shown = BTreeSet::new();
    for widget in body["widgets"].as_array().unwrap() {
        for metric in widget["properties"]["metrics"].as_array().unwrap() {
            if metric[0] == NAMESPACE {
                assert_eq!(
                    (&metric[2], &metric[3]),
                    (&json!(DIMENSION), &json!("${AWS::StackName}")),
                    "{metric}"
                );
                shown.insert(metric[1].as_str().unwrap().to_owned());
            }
        }
    }
    assert_eq!(shown, written);
}

#[test]
fn health_and_the_alarm_agree_on_when_a_submission_is_overdue() {
    let source = Node::parse(SOURCE).unwrap();
    let threshold = source.at(&[
        "Resources",
        "OldestUnconfirmedAlarm",
        "Properties",
        "Threshold",
    ]);
    assert_eq!(
        threshold,
        Some(&Node::Int(OVERDUE_SECONDS.try_into().unwrap()))
    );
}

#[test]
fn every_function_is_among_those_whose_errors_and_throttles_wake_an_operator() {
    let source = Node::parse(SOURCE).unwrap();
    let resources = source.get("Resources").unwrap();
    let of_type = |kind: &str| {
        let entries = resources.entries().iter();
        entries
            .filter(move |(_, resource)| resource.get("Type").and_then(Node::text) == Some(kind))
            .collect::<Vec<_>>()
    };
    let functions: BTreeSet<&str> = of_type("AWS::Serverless::Function")
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    let dashboard = format!("{:?}", resources.get("Dashboard"));
    for metric in ["Errors", "Throttles"] {
        let mut watched = BTreeSet::new();
        for (name, alarm) in of_type("AWS::CloudWatch::Alarm") {
            let queries = alarm
                .at(&["Properties", "Metrics"])
                .map(Node::items)
                .unwrap_or_default();
            // CloudWatch takes ten metrics of an alarm.
            assert!(queries.len() <= 11, "{name}");
            for query in queries {
                let Some(shown) = query.at(&["MetricStat", "Metric"]) else {
                    continue;
                };
                if shown.get("MetricName").and_then(Node::text) != Some(metric) {
                    continue;
                }
                let Some(Node::Tagged(_, function)) =
                    shown.get("Dimensions").unwrap().items()[0].get("Value")
                else {
                    panic!("{name}")
                };
                watched.insert(function.text().unwrap());
            }
        }
        assert_eq!(watched, functions, "{metric}");
    }
    for function in functions {
        assert_eq!(
            dashboard.matches(&format!("${{{function}}}")).count(),
            2,
            "{function} is not on the dashboard"
        );
    }
}
