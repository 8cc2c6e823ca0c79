//! What happens before anybody waits: renewal of what is asked for often, and a start that leaves
//! things warm.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::lookups::fixtures::{ADA, Instance, TestSystem, list};

/// Both kinds of lookups with the seconds after which a value is near its end, whatever the jitter.
const KINDS: [(&str, &str, &str, i64); 2] = [
    ("prices", "/prices/query", "prices", 800),
    ("inventory", "/inventory/query", "availability", 265),
];

/// Plenty counts for everything, so that the jitter is a tenth of 300 seconds.
const RULES: [(&str, &str); 1] = [("INVENTORY_RULES", r#"[{"expiryAbove": 300}]"#)];

async fn look(instance: &Instance, path: &str) -> Value {
    list(
        instance
            .post(ADA, path, &json!({"items": [{"sku": "TAP-5"}]}))
            .await,
    )
    .remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_for_often_is_renewed_before_its_end_and_no_one_waits() {
    let system = TestSystem::start().await;
    for (function, path, operation, near) in KINDS {
        let instances = [
            system.instance_with(function, &RULES).await,
            system.instance_with(function, &RULES).await,
        ];
        for instance in &instances {
            look(instance, path).await;
        }
        let (before, mut seconds) = (system.asked(operation), near);
        system.advance(near);
        // The jitter may have put its end a tenth later.
        while fresh_for(&look(&instances[0], path).await, &system) * 5 >= near {
            system.advance(5);
            seconds += 5;
        }
        system.fault(json!({"operation": operation, "kind": "delay", "delayMs": 1_000}));
        let began = Instant::now();
        for _ in 0..4 {
            for instance in &instances {
                let item = look(instance, path).await;
                assert_eq!(
                    (&item["freshness"]["source"], &item["freshness"]["stale"]),
                    (&json!("cache"), &json!(false))
                );
            }
        }
        assert!(
            began.elapsed() < Duration::from_millis(900),
            "no one waits: {:?}",
            began.elapsed()
        );
        for instance in &instances {
            instance.after_response.quiet().await;
        }
        assert_eq!(
            system.asked(operation),
            before + 1,
            "both asked often, and one of them renewed"
        );
        // Long after its first end it is fresh still.
        system.advance(near - 60);
        let item = look(&instances[1], path).await;
        assert_eq!(item["freshness"]["source"], "cache", "{seconds}: {item}");
        assert_eq!(system.asked(operation), before + 1);
    }
    system.stack.stop().await;
}

fn fresh_for(item: &Value, system: &TestSystem) -> i64 {
    let until: domain::time::Timestamp = item["freshness"]["freshUntil"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    until.millis_since(app::ports::Clock::now(&system.clock)) / 1000
}

/// Twice is not often.
#[tokio::test]
async fn what_is_asked_for_seldom_is_not_renewed() {
    let system = TestSystem::start().await;
    let prices = system.instance("prices").await;
    look(&prices, "/prices/query").await;
    system.advance(800);
    for _ in 0..2 {
        look(&prices, "/prices/query").await;
    }
    prices.after_response.quiet().await;
    assert_eq!(system.asked("prices"), 1);
    system.stack.stop().await;
}

/// A renewal that comes to nothing changes nothing, and is not tried at every request.
#[tokio::test]
async fn a_renewal_that_fails_harms_no_one() {
    let system = TestSystem::start().await;
    let prices = system.instance("prices").await;
    look(&prices, "/prices/query").await;
    system.advance(795);
    system.fault(json!({"operation": "prices", "kind": "status", "status": 500, "times": 1000}));
    for _ in 0..7 {
        assert_eq!(
            look(&prices, "/prices/query").await["freshness"]["source"],
            "cache"
        );
        prices.after_response.quiet().await;
    }
    assert!(
        (2..=3).contains(&system.asked("prices")),
        "{}",
        system.asked("prices")
    );
    system.stack.stop().await;
}

/// Every instance that starts reads the table once and reaches the ERP once, and its first request
/// finds the ERP's capabilities there.
#[tokio::test]
async fn a_start_reads_the_table_and_reaches_the_erp_at_once() {
    let system = TestSystem::start().await;
    look(&system.instance("prices").await, "/prices/query").await;
    for (function, path, operation, _) in KINDS {
        let instance = system.instance(function).await;
        let asked = |what| system.asked(what);
        let before = (asked("health"), asked("capabilities"), asked(operation));
        assert!(instance.counts.take().is_empty(), "building calls nothing");
        instance.runtime.warm_up().await;
        assert_eq!(
            (asked("health"), asked("capabilities"), asked(operation)),
            (before.0 + 1, before.1, before.2)
        );
        assert_eq!(
            instance.counts.take().into_iter().collect::<Vec<_>>(),
            [("GetItem".to_owned(), 1)]
        );
        look(&instance, path).await;
        let cold = system.instance(function).await;
        look(&cold, path).await;
        let (cold, warm) = (cold.counts.take(), instance.counts.take());
        let got = |counts: &std::collections::BTreeMap<String, usize>| {
            counts.get("GetItem").copied().unwrap_or(0)
        };
        // A price has no key without the capabilities; a stock that is kept needs none.
        let saved = usize::from(function == "prices");
        assert_eq!(
            got(&warm) + saved,
            got(&cold),
            "the capabilities are known: {warm:?} {cold:?}"
        );
        assert_eq!(asked("capabilities"), before.1);
    }
    // What hangs holds up no start.
    system.fault(json!({"operation": "*", "kind": "hang", "times": 10}));
    let began = Instant::now();
    system.instance("prices").await.runtime.warm_up().await;
    assert!(
        began.elapsed() < Duration::from_millis(1_500),
        "{:?}",
        began.elapsed()
    );
    system.stack.stop().await;
}
