//! How old a value may be, stepped through by the clock; and how it is taken back.

use serde_json::{Value, json};

use crate::lookups::fixtures::{ADA, FINN, Instance, TestSystem, Who, list};

async fn one(instance: &Instance, path: &str, item: Value) -> Value {
    list(instance.post(ADA, path, &json!({"items": [item]})).await).remove(0)
}

/// Source, staleness and reason of a line.
fn age(item: &Value) -> (&str, bool, Option<&str>) {
    let freshness = &item["freshness"];
    (
        freshness["source"].as_str().unwrap(),
        freshness["stale"].as_bool().unwrap(),
        freshness["reason"].as_str(),
    )
}

/// A price is fresh for 15 minutes give or take a tenth, and is gone after a day.
#[tokio::test]
async fn a_price_is_fresh_then_stale_then_gone() {
    let system = TestSystem::start().await;
    let prices = system.instance("prices").await;
    let item = json!({"sku": "TAP-5"});
    let down = || {
        system.fault(json!({"operation": "prices", "kind": "status", "status": 500, "times": 1000}))
    };
    assert_eq!(
        age(&one(&prices, "/prices/query", item.clone()).await),
        ("erp", false, None)
    );
    down();
    for (step, expected) in [
        (0, ("cache", false, None)),
        (800, ("cache", false, None)),
        (200, ("cache", true, Some("erp_unavailable"))),
        (80_000, ("cache", true, Some("erp_unavailable"))),
        (5_300, ("cache", true, Some("erp_unavailable"))),
        (120, ("list", false, Some("erp_unavailable"))),
    ] {
        system.advance(step);
        let priced = one(&prices, "/prices/query", item.clone()).await;
        assert_eq!(
            age(&priced),
            expected,
            "after another {step} seconds: {priced}"
        );
        assert_eq!(
            priced["offerPrice"].is_null(),
            expected.0 == "list",
            "{priced}"
        );
    }
    system.erp().disarm();
    system.advance(10);
    assert_eq!(
        age(&one(&prices, "/prices/query", item).await),
        ("erp", false, None)
    );
    system.stack.stop().await;
}

/// Each rule counts where it fits, and each side of its threshold has its own time.
#[tokio::test]
async fn availability_is_fresh_for_as_long_as_the_rule_of_item_and_place_says() {
    const RULES: &str = r#"{"rules": [
        {"threshold": 10, "expiryAbove": 300, "expiryBelow": 0},
        {"sku": "TAP-8", "threshold": 10, "expiryAbove": 1000, "expiryBelow": 100},
        {"location": "EAST", "expiryAbove": 2000},
        {"sku": "LVL-60", "location": "EAST", "expiryAbove": 4000}
    ]}"#;
    let system = TestSystem::start().await;
    for sku in ["TAP-5", "TAP-8", "LVL-60"] {
        system.stock(sku, 50).await;
    }
    let inventory = system
        .instance_with("inventory", &[("INVENTORY_RULES", RULES)])
        .await;
    // Item, place, quantity, and for how many seconds the answer is fresh.
    let cases = [
        ("TAP-5", None, 40, 300),
        ("TAP-5", None, 41, 0),
        ("TAP-8", None, 40, 1000),
        ("TAP-8", None, 41, 100),
        ("TAP-5", Some("EAST"), 1, 2000),
        ("LVL-60", Some("EAST"), 1, 4000),
        ("LVL-60", None, 1, 300),
    ];
    for (sku, place, quantity, seconds) in cases {
        let mut asked = json!({"items": [{"sku": sku, "quantity": quantity}]});
        if let Some(place) = place {
            asked["locations"] = json!([place]);
        }
        let look = async || {
            let item = list(inventory.post(ADA, "/inventory/query", &asked).await).remove(0);
            item["freshness"]["source"].as_str().unwrap().to_owned()
        };
        system.advance(10_000);
        assert_eq!(look().await, "erp", "{asked}");
        if seconds > 0 {
            system.advance(seconds * 9 / 10 - 2);
            assert_eq!(
                look().await,
                "cache",
                "{asked} is fresh for {seconds} seconds"
            );
            system.advance(seconds * 2 / 10 + 4);
        }
        assert_eq!(
            look().await,
            "erp",
            "{asked} is fresh for {seconds} seconds only"
        );
    }
    system.stack.stop().await;
}

/// What is near its end is renewed by a call that goes out anyway, and by no call of its own.
#[tokio::test]
async fn an_entry_near_its_end_rides_along() {
    let system = TestSystem::start().await;
    let prices = system.instance("prices").await;
    prices.prices(&[("TAP-5", 1)]).await;
    system.advance(800);
    assert_eq!(
        prices.prices(&[("TAP-5", 1)]).await[0]["freshness"]["source"],
        "cache"
    );
    assert_eq!(system.asked("prices"), 1, "no call for what is fresh");
    let both = prices.prices(&[("TAP-5", 1), ("TAP-8", 1)]).await;
    assert!(
        both.iter().all(|item| item["freshness"]["source"] == "erp"),
        "{both:?}"
    );
    assert_eq!(system.asked("prices"), 2);
    system.advance(600);
    assert_eq!(
        prices.prices(&[("TAP-5", 1)]).await[0]["freshness"]["source"],
        "cache"
    );
    assert_eq!(system.asked("prices"), 2);
    // An early refresh never costs anything: the ERP fails, and it is as fresh as it was.
    system.advance(200);
    system.fault(json!({"operation": "prices", "kind": "status", "status": 500, "times": 100}));
    let both = prices.prices(&[("TAP-5", 1), ("LVL-60", 1)]).await;
    assert_eq!(
        (age(&both[0]), &both[1]["status"]),
        (("cache", false, None), &json!("unpriced"))
    );
    system.stack.stop().await;
}

/// The ERP is not asked again and again for what it does not know.
#[tokio::test]
async fn an_item_that_the_erp_does_not_know_is_remembered_as_such() {
    let system = TestSystem::start().await;
    let inventory = system.instance("inventory").await;
    for _ in 0..3 {
        let item = one(
            &inventory,
            "/inventory/query",
            json!({"sku": "NO-SUCH-ITEM"}),
        )
        .await;
        assert_eq!(
            (&item["status"], &item["freshness"]["reason"]),
            (&json!("unknown"), &json!("unknown_sku"))
        );
    }
    assert_eq!(system.asked("availability"), 1);
    system.advance(400);
    one(
        &inventory,
        "/inventory/query",
        json!({"sku": "NO-SUCH-ITEM"}),
    )
    .await;
    assert_eq!(system.asked("availability"), 2);
    system.stack.stop().await;
}

/// What the ERP does not sell any more, or has no price for, is remembered for a minute.
#[tokio::test]
async fn what_the_erp_does_not_sell_is_remembered_for_a_short_time() {
    let system = TestSystem::start().await;
    let (prices, name) = (system.instance("prices").await, "TAP-5");
    // The ERP's list has no prices in this currency.
    let asked = json!({"currency": "SEK", "items": [{"sku": name}]});
    let look = async || list(prices.post(ADA, "/prices/query", &asked).await).remove(0);
    for _ in 0..3 {
        let item = look().await;
        assert_eq!(
            (&item["status"], &item["code"]),
            (&json!("unpriced"), &json!("no_price")),
            "{item}"
        );
    }
    assert_eq!(system.asked("prices"), 1);
    system.advance(67);
    look().await;
    assert_eq!(system.asked("prices"), 2);
    system.stack.stop().await;
}

/// A value that the hard limit ended is not shown, however well stocked, even if a rule lets it be
/// fresh forever.
#[tokio::test]
async fn an_availability_is_gone_after_its_hard_limit() {
    let system = TestSystem::start().await;
    let inventory = system
        .instance_with("inventory", &[("INVENTORY_RULES", r#"[{"threshold": 1}]"#)])
        .await;
    let item = json!({"sku": "TAP-5"});
    assert_eq!(
        age(&one(&inventory, "/inventory/query", item.clone()).await),
        ("erp", false, None)
    );
    system.fault(
        json!({"operation": "availability", "kind": "status", "status": 500, "times": 1000}),
    );
    // A day, give or take a tenth.
    system.advance(77_000);
    assert_eq!(
        age(&one(&inventory, "/inventory/query", item.clone()).await),
        ("cache", false, None)
    );
    system.advance(19_000);
    let gone = one(&inventory, "/inventory/query", item).await;
    assert_eq!(
        (age(&gone), &gone["status"]),
        (("none", false, Some("erp_unavailable")), &json!("unknown"))
    );
    assert!(gone["availableQuantity"].is_null(), "{gone}");
    system.stack.stop().await;
}

/// It is not known how many pieces a box has, so a box has no price and the ERP is not asked for
/// one.
#[tokio::test]
async fn another_unit_than_the_items_is_refused_line_by_line() {
    let system = TestSystem::start().await;
    let prices = system.instance("prices").await;
    let asked = json!({"items": [{"sku": "TAP-5", "unit": "BX"}, {"sku": "TAP-5", "unit": "EA"}]});
    let items = list(prices.post(ADA, "/prices/query", &asked).await);
    assert_eq!(
        (&items[0]["status"], &items[0]["code"]),
        (&json!("error"), &json!("unit_not_convertible"))
    );
    assert!(
        items[0]["offerPrice"].is_null() && items[0]["listPrice"].is_null(),
        "{}",
        items[0]
    );
    assert_eq!(items[1]["status"], "priced");
    system.stack.stop().await;
}

/// As in a cart: packs of 100 count as 100, so the stock that is left decides by pieces.
#[tokio::test]
async fn an_availability_is_judged_by_the_quantity_that_would_be_ordered() {
    let system = TestSystem::start().await;
    system.stock("SCR-WD-4X20", 1_000).await;
    let inventory = system.instance("inventory").await;
    for (quantity, fresh) in [(9, true), (10, false)] {
        system.advance(1_000);
        let item = one(
            &inventory,
            "/inventory/query",
            json!({"sku": "SCR-WD-4X20", "quantity": quantity}),
        )
        .await;
        let (until, as_of) = (&item["freshness"]["freshUntil"], &item["freshness"]["asOf"]);
        assert_eq!(
            until != as_of,
            fresh,
            "{quantity} packs of 1000 pieces: {item}"
        );
    }
    system.stack.stop().await;
}

async fn source(instance: &Instance, who: Who, path: &str, sku: &str) -> String {
    let item = list(
        instance
            .post(who, path, &json!({"items": [{"sku": sku}]}))
            .await,
    )
    .remove(0);
    item["freshness"]["source"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_is_invalidated_is_asked_again_and_nothing_else_is() {
    const INVALIDATE: &str = "/operations/caches/invalidate";
    let system = TestSystem::start().await;
    let (prices, operations) = (
        system.instance("prices").await,
        system.instance("operations").await,
    );
    let inventory = system
        .instance_with(
            "inventory",
            &[("INVENTORY_RULES", r#"[{"expiryAbove": 300}]"#)],
        )
        .await;
    let look = async || {
        let mut sources = Vec::new();
        for (who, sku) in [(ADA, "TAP-5"), (ADA, "TAP-8"), (FINN, "TAP-5")] {
            sources.push(source(&prices, who, "/prices/query", sku).await);
        }
        for sku in ["TAP-5", "TAP-8"] {
            sources.push(source(&inventory, ADA, "/inventory/query", sku).await);
        }
        sources.join(" ")
    };
    assert_eq!(look().await, "erp erp erp erp erp");
    assert_eq!(look().await, "cache cache cache cache cache");
    for (what, expected) in [
        (json!({"skus": ["TAP-5"]}), "erp cache erp erp cache"),
        (
            json!({"organizationId": "ORG-300"}),
            "cache cache erp cache cache",
        ),
        (json!({"all": true}), "erp erp erp erp erp"),
    ] {
        operations.post(ADA, INVALIDATE, &what).await;
        system.advance(1);
        assert_eq!(look().await, expected, "{what}");
        assert_eq!(look().await, "cache cache cache cache cache", "{what}");
    }
    // The record travels with the entries: no call more.
    prices.counts.take();
    source(&prices, ADA, "/prices/query", "TAP-5").await;
    assert_eq!(
        prices.counts.take().into_iter().collect::<Vec<_>>(),
        [("BatchGetItem".to_owned(), 1)]
    );
    system.stack.stop().await;
}
