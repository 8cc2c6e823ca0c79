//! What a storefront sees while the ERP is away.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::lookups::fixtures::{ADA, Instance, TestSystem, list};
use crate::workspace::documents::hold;

const SHORT: [(&str, &str); 2] = [
    ("ERP_LOOKUP_MS", "600"),
    (
        "INVENTORY_RULES",
        r#"[{"threshold": 10, "expiryAbove": 300, "expiryBelow": 300}]"#,
    ),
];

/// Both kinds of lookups: the function, its route, the ERP's name for it.
const KINDS: [(&str, &str, &str); 2] = [
    ("prices", "/prices/query", "prices"),
    ("inventory", "/inventory/query", "availability"),
];

fn body() -> Value {
    json!({"items": [{"sku": "TAP-5"}, {"sku": "TAP-8"}]})
}

/// An instance that starts while the ERP is down knows from the table what prices are kept under.
#[tokio::test]
async fn a_cold_instance_serves_stale_values_while_the_erp_is_down() {
    let system = TestSystem::start().await;
    for (function, path, _) in KINDS {
        let warm = system.instance_with(function, &SHORT).await;
        let fresh = list(warm.post(ADA, path, &body()).await);
        assert!(
            fresh
                .iter()
                .all(|item| item["freshness"]["source"] == "erp"),
            "{fresh:?}"
        );
    }
    // Past the soft limit of the values, and past the time for which capabilities are taken for
    // granted.
    system.advance(1_200);
    system.fault(json!({"operation": "*", "kind": "refuse", "times": 1000}));
    for (function, path, _) in KINDS {
        let cold = system.instance_with(function, &SHORT).await;
        let items = list(cold.post(ADA, path, &body()).await);
        for item in &items {
            assert_eq!(item["freshness"]["source"], "cache", "{item}");
            assert_eq!(item["freshness"]["stale"], true, "{item}");
            assert_eq!(item["freshness"]["reason"], "erp_unavailable", "{item}");
        }
        // The cache alone leaves the ERP alone, capabilities included.
        let before = system.erp().calls().calls.len();
        let another = system.instance_with(function, &SHORT).await;
        let mut asked = body();
        asked["mode"] = json!("cached");
        assert_eq!(
            list(another.post(ADA, path, &asked).await)[0]["freshness"]["source"],
            "cache"
        );
        assert_eq!(system.erp().calls().calls.len(), before);
    }
    system.stack.stop().await;
}

/// This ERP was never asked before: there is nothing to show, and still an answer.
#[tokio::test]
async fn without_any_knowledge_of_the_erp_every_line_says_why() {
    let system = TestSystem::start().await;
    system.fault(json!({"operation": "*", "kind": "refuse", "times": 1000}));
    for (function, path, _) in KINDS {
        let cold = system.instance_with(function, &SHORT).await;
        for item in list(cold.post(ADA, path, &body()).await) {
            assert!(
                ["unpriced", "unknown"].contains(&item["status"].as_str().unwrap()),
                "{item}"
            );
            assert_eq!(item["freshness"]["reason"], "erp_unavailable", "{item}");
        }
    }
    // Nor do those who came together fail one after the other.
    system.erp().disarm();
    system.fault(json!({"operation": "*", "kind": "hang", "times": 1000}));
    let cold = system.instance_with("prices", &SHORT).await;
    let body = body();
    let within = Duration::from_secs(3);
    let began = Instant::now();
    let requests = (0..8).map(|_| cold.post_within(within, ADA, "/prices/query", &body));
    for answer in futures::future::join_all(requests).await {
        assert_eq!(list(answer)[0]["freshness"]["reason"], "erp_timeout");
    }
    assert!(began.elapsed() < within, "{:?}", began.elapsed());
    system.stack.stop().await;
}

/// The one who was asking dies: its lease ends, and one of those who wait takes over.
#[tokio::test]
async fn a_lease_whose_owner_died_is_taken_over() {
    let system = TestSystem::start().await;
    let inventory = system.instance_with("inventory", &SHORT).await;
    inventory.availability(&["TAP-8"]).await;
    let table = aws_sdk_dynamodb::Client::new(system.stack.sdk_config());
    let until = system.stack.clock().now().plus_millis(1_000);
    let lease = table.put_item().table_name("LookupsTable");
    let lease = lease.item(
        "pk",
        crate::lookups::fixtures::text("availability#main#TAP-5#"),
    );
    let lease = lease.item("leaseOwner", crate::lookups::fixtures::text("dead"));
    lease
        .item(
            "leaseUntil",
            crate::lookups::fixtures::text(&until.to_string()),
        )
        .send()
        .await
        .unwrap();
    let before = system.asked("availability");
    let began = Instant::now();
    let answers = inventory.availability(&["TAP-5"]).await;
    assert_eq!(answers[0]["status"], "available", "{answers:?}");
    assert_eq!(system.asked("availability"), before + 1);
    assert!(
        began.elapsed() >= Duration::from_millis(900),
        "it waited for the lease"
    );
    // Who wants it live does not wait for anybody.
    let until = system.stack.clock().now().plus_seconds(60);
    let lease = table.update_item().table_name("LookupsTable");
    let lease = lease
        .key(
            "pk",
            crate::lookups::fixtures::text("availability#main#TAP-5#"),
        )
        .update_expression("SET leaseUntil = :u");
    lease
        .expression_attribute_values(":u", crate::lookups::fixtures::text(&until.to_string()))
        .send()
        .await
        .unwrap();
    let began = Instant::now();
    let live = json!({"mode": "live", "items": [{"sku": "TAP-5"}]});
    assert_eq!(
        list(inventory.post(ADA, "/inventory/query", &live).await)[0]["freshness"]["source"],
        "erp"
    );
    assert!(began.elapsed() < Duration::from_secs(5));
    system.stack.stop().await;
}

/// No one waits twice: when the one that asks gets nothing, neither are the others, and none of
/// them asks again.
#[tokio::test]
async fn those_who_wait_share_the_failure_too() {
    let system = TestSystem::start().await;
    let patient = [("ERP_LOOKUP_MS", "2000")];
    let (one, other) = (
        system.instance_with("prices", &patient).await,
        system.instance_with("prices", &patient).await,
    );
    for instance in [&one, &other] {
        instance.prices(&[("LVL-60", 1)]).await;
    }
    let before = system.asked("prices");
    system.fault(json!({"operation": "prices", "kind": "hang", "times": 100}));
    let requests = (0..20)
        .flat_map(|_| [&one, &other])
        .map(|instance| instance.prices(&[("TAP-5", 1)]));
    for answer in futures::future::join_all(requests).await {
        assert_eq!(
            answer[0]["freshness"]["reason"], "erp_timeout",
            "{answer:?}"
        );
    }
    assert_eq!(system.asked("prices"), before + 1);
    system.stack.stop().await;
}

/// What goes wrong, in the words of the table.
fn faults() -> Vec<(&'static str, Value)> {
    vec![
        ("refuses the connection", json!({"kind": "refuse"})),
        ("hangs", json!({"kind": "hang"})),
        (
            "answers too slowly",
            json!({"kind": "delay", "delayMs": 30_000}),
        ),
        ("429", json!({"kind": "status", "status": 429})),
        ("500", json!({"kind": "status", "status": 500})),
        ("error with status 200", json!({"kind": "error-200"})),
        ("garbage", json!({"kind": "garbage"})),
        ("half an answer", json!({"kind": "partial"})),
        ("byte by byte", json!({"kind": "slow-drip", "delayMs": 200})),
        ("omits lines", json!({"kind": "omit-items"})),
        (
            "answers for other items",
            json!({"kind": "wrong-reference"}),
        ),
    ]
}

/// A word for what a line says.
fn word(item: &Value) -> String {
    let (freshness, status) = (&item["freshness"], item["status"].as_str().unwrap());
    let reason = freshness["reason"].as_str().unwrap_or("-");
    match freshness["source"].as_str().unwrap() {
        "erp" => format!("`{status}`"),
        "cache" if freshness["stale"] == true => format!("`{status}`, stale, `{reason}`"),
        "cache" => format!("`{status}`, cached"),
        "list" => format!("`{status}`, list, `{reason}`"),
        _ => format!("`{status}`, `{reason}`"),
    }
}

/// The different things that the lines of an answer say, and how long it took.
async fn seen(instance: &Instance, within: Duration, path: &str) -> (String, Duration) {
    let began = Instant::now();
    let items = list(instance.post_within(within, ADA, path, &body()).await);
    let took = began.elapsed();
    let mut words: Vec<String> = items.iter().map(word).collect();
    words.sort();
    words.dedup();
    (words.join("; "), took)
}

/// Every fault, with nothing in the cache and with something stale in it. The deadline is two
/// seconds, of which the function keeps 0.7 to answer; the ERP's own limit is 0.6 seconds and 20
/// milliseconds for each line. The tables are those of `OPERATIONS.md`; `UPDATE_TABLES=1` writes
/// them.
#[tokio::test(flavor = "multi_thread")]
async fn degradation_is_as_the_table_says_and_never_later_than_the_deadline() {
    let deadline = Duration::from_secs(2);
    let mut tables = BTreeMap::new();
    for (name, fault) in faults() {
        let system = TestSystem::start().await;
        for (function, path, operation) in KINDS {
            // One that has seen the ERP, but not these items.
            let empty = system.instance_with(function, &SHORT).await;
            empty
                .post(ADA, path, &json!({"items": [{"sku": "LVL-60"}]}))
                .await;
            let arm = || {
                let mut fault = fault.clone();
                fault["operation"] = json!(operation);
                fault["times"] = json!(1000);
                system.fault(fault);
            };
            arm();
            let (nothing, first) = seen(&empty, deadline, path).await;
            system.erp().disarm();
            empty.post(ADA, path, &body()).await;
            system.advance(1_200);
            empty
                .post(ADA, path, &json!({"items": [{"sku": "LVL-60"}]}))
                .await;
            arm();
            let (stale, second) = seen(&empty, deadline, path).await;
            system.erp().disarm();
            let took = first.max(second);
            assert!(took < deadline, "{name}: {path} took {took:?}");
            // Faults that are silence take the ERP's limit; the others are answered at once, after
            // a second try at most.
            let silent = ["hang", "delay", "slow-drip"]
                .iter()
                .any(|kind| fault["kind"] == *kind);
            assert!(
                !silent || first.min(second) >= Duration::from_millis(590),
                "{name}: {path} took {first:?}"
            );
            let class = if silent {
                "the ERP's time limit"
            } else {
                "at once"
            };
            let rows: &mut String = tables.entry(function).or_default();
            *rows += &format!("| {name} | {nothing} | {stale} | {class} |\n");
        }
        system.stack.stop().await;
    }
    assert_eq!(tables.len(), KINDS.len());
    for (function, rows) in tables {
        let head = "| the ERP | nothing cached | stale value cached | answered |";
        let table = format!("{head}\n| --- | --- | --- | --- |\n{rows}");
        hold("OPERATIONS.md", &format!("outage of {function}"), &table);
    }
}
