//! How many calls a lookup makes: counted, not timed.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};

use crate::lookups::fixtures::{ADA, TestSystem, list, skus};

/// The machine of a test may be busy with others.
const PATIENCE: Duration = Duration::from_secs(60);

fn calls(expected: &[(&str, usize)]) -> BTreeMap<String, usize> {
    expected
        .iter()
        .map(|(name, count)| ((*name).to_owned(), *count))
        .collect()
}

fn items(skus: &[String]) -> Value {
    json!({"items": skus.iter().map(|sku| json!({"sku": sku})).collect::<Vec<_>>()})
}

#[tokio::test]
async fn twenty_cached_lines_take_one_read_and_leave_the_erp_alone() {
    let system = TestSystem::start().await;
    let asked = items(&skus(&system, 20));
    // Well stocked, or else no cache may keep what the ERP says of it.
    let plenty = [(
        "INVENTORY_RULES",
        r#"[{"expiryAbove":300,"expiryBelow":300}]"#,
    )];
    for (function, path, operation) in [
        ("prices", "/prices/query", "prices"),
        ("inventory", "/inventory/query", "availability"),
    ] {
        let instance = system.instance_with(function, &plenty).await;
        let first = list(instance.post(ADA, path, &asked).await);
        let unasked: Vec<_> = first
            .iter()
            .filter(|item| item["freshness"]["source"] != "erp")
            .collect();
        assert!(unasked.is_empty(), "{unasked:?}");
        assert_eq!(system.asked(operation), 1, "twenty misses are one call");
        // Except for the member, the items and the capabilities, which a warm instance remembers:
        // one read, one round of leases, one write.
        let counts = instance.counts.take();
        assert_eq!(counts.get("TransactWriteItems"), Some(&1), "{counts:?}");
        assert_eq!(counts.get("BatchWriteItem"), Some(&1), "{counts:?}");
        let second = list(instance.post(ADA, path, &asked).await);
        assert!(
            second
                .iter()
                .all(|item| item["freshness"]["source"] == "cache"),
            "{second:?}"
        );
        assert_eq!(
            instance.counts.take(),
            calls(&[("BatchGetItem", 1)]),
            "{function}"
        );
        assert_eq!(system.asked(operation), 1);
    }
    system.stack.stop().await;
}

#[tokio::test]
async fn many_misses_go_out_in_calls_of_the_size_that_the_erp_takes() {
    let system = TestSystem::start().await;
    system
        .declare(json!({"maxItemsPerCall": 100, "quantityBreaks": false}))
        .await;
    let prices = system.instance("prices").await;
    // Without quantity breaks each quantity has a price of its own.
    let asked: Vec<(&str, u32)> = (1..=250).map(|quantity| ("TAP-5", quantity)).collect();
    let answers = prices.prices(&asked).await;
    assert!(
        answers
            .iter()
            .all(|item| item["status"] == "priced" && item["freshness"]["source"] == "erp")
    );
    assert_eq!(system.asked("prices"), 3);
    let counts = prices.counts.take();
    assert_eq!(counts.get("TransactWriteItems"), Some(&3), "{counts:?}");
    system.stack.stop().await;
}

/// However many the ERP says it bears, one request has at most four calls under way.
#[tokio::test]
async fn calls_of_one_request_go_out_in_parallel_and_not_all_at_once() {
    let system = TestSystem::start().await;
    system
        .declare(json!({"maxItemsPerCall": 10, "maxConcurrency": 50, "quantityBreaks": false}))
        .await;
    let prices = system.instance("prices").await;
    prices.prices(&[("TAP-8", 1)]).await;
    system.fault(json!({"operation": "prices", "kind": "delay", "delayMs": 700, "times": 1000}));
    let asked: Vec<(&str, u32)> = (1..=120).map(|quantity| ("TAP-5", quantity)).collect();
    let began = std::time::Instant::now();
    let answers = prices.prices(&asked).await;
    assert!(answers.iter().all(|item| item["status"] == "priced"));
    let took = began.elapsed();
    // Twelve calls: three times four.
    assert_eq!(system.asked("prices"), 13);
    assert!(
        took >= Duration::from_millis(2_100),
        "no more than four at once: {took:?}"
    );
    assert!(took < Duration::from_millis(6_000), "in parallel: {took:?}");
    system.stack.stop().await;
}

#[tokio::test]
async fn an_item_that_is_asked_twice_is_looked_up_once() {
    let system = TestSystem::start().await;
    let inventory = system.instance("inventory").await;
    let answers = inventory.availability(&["TAP-5", "TAP-5", "TAP-5"]).await;
    assert_eq!((answers.len(), &answers[0]), (3, &answers[2]));
    let counts = inventory.counts.take();
    assert_eq!(
        (counts.get("UpdateItem"), counts.get("TransactWriteItems")),
        (Some(&1), None),
        "{counts:?}"
    );
    assert_eq!(system.asked("availability"), 1);
    system.stack.stop().await;
}

/// N requests that miss the same key on each of eight instances, which share nothing but the
/// table and the machine.
async fn at_once(
    system: &TestSystem,
    (function, path): (&str, &str),
    each: usize,
    delay: u32,
    body: &Value,
) -> Vec<Value> {
    // The machine of a test is slower than eight instances; that is not what is tested.
    let patient = [("ERP_LOOKUP_MS", "25000")];
    let mut instances = Vec::new();
    for _ in 0..8 {
        instances.push(system.instance_with(function, &patient).await);
    }
    // Warm, as an instance under such load is: it knows the member, the item and the ERP.
    for instance in &instances {
        instance
            .post(ADA, path, &json!({"items": [{"sku": "TAP-8"}]}))
            .await;
    }
    let operation = if function == "prices" {
        "prices"
    } else {
        "availability"
    };
    system.fault(json!({"operation": operation, "kind": "delay", "delayMs": delay}));
    let before = system.erp().calls().calls.len();
    let began = std::time::Instant::now();
    // A thread for each instance, as they would have.
    let threads = instances.into_iter().map(|instance| {
        let (path, body) = (path.to_owned(), body.clone());
        let (done, answers) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            let requests = (0..each).map(|_| async {
                list(instance.post_within(PATIENCE, ADA, &path, &body).await).remove(0)
            });
            done.send(runtime.block_on(join_all(requests))).unwrap();
        });
        answers
    });
    let answers: Vec<_> = join_all(threads.collect::<Vec<_>>()).await;
    let answers: Vec<Value> = answers.into_iter().flat_map(Result::unwrap).collect();
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for answer in &answers {
        *kinds
            .entry(format!(
                "{} {}",
                answer["status"], answer["freshness"]["reason"]
            ))
            .or_default() += 1;
    }
    println!("{kinds:?} after {:?}", began.elapsed());
    let calls = system.erp().calls().calls;
    let calls: Vec<_> = calls
        .iter()
        .skip(before)
        .map(|call| call.operation)
        .collect();
    assert_eq!(calls.len(), 1, "{calls:?}");
    answers
}

/// One after the other: each of them is load enough for the machine of a test.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_misses_at_once_are_one_call() {
    let system = TestSystem::start().await;
    let body = json!({"items": [{"sku": "TAP-5", "quantity": 2}]});
    let answers = at_once(&system, ("prices", "/prices/query"), 125, 300, &body).await;
    assert_eq!(answers.len(), 1000);
    let price = &answers[0]["offerPrice"];
    assert!(price["amount"].is_string());
    for answer in &answers {
        assert_eq!(
            (&answer["status"], &answer["offerPrice"]),
            (&json!("priced"), price),
            "{answer}"
        );
        assert_eq!(answer["freshness"]["stale"], false, "{answer}");
    }
    // Scarce stock may not be kept at all, yet those who ask at the same time share one answer.
    // Fewer, for all of them must have begun before it is there.
    system.stock("TAP-5", 3).await;
    let answers = at_once(&system, ("inventory", "/inventory/query"), 12, 5_000, &body).await;
    assert_eq!(answers.len(), 96);
    for answer in &answers {
        assert_eq!(
            (&answer["availableQuantity"], &answer["freshness"]["source"]),
            (&json!(3), &json!("erp"))
        );
    }
    system.stack.stop().await;
}
