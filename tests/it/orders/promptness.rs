//! How soon an order is with the ERP.

use crate::app::{ADA, TestApp};

/// Orders that are placed; `PROMPT_ORDERS` gives another number.
const ORDERS: usize = 20;

#[tokio::test]
async fn an_order_is_confirmed_within_a_second_of_its_capture() {
    let orders = std::env::var("PROMPT_ORDERS").map_or(ORDERS, |text| text.parse().unwrap());
    let app = TestApp::start().await;
    let mut took = Vec::new();
    for number in 0..orders {
        let prepared = app
            .prepared(ADA, &[("BLT-HEX-M8", 20), ("WRN-CMB-13", 1)])
            .await;
        app.place(ADA, &format!("key-{number}"), 10, &prepared.order())
            .await
            .expect(201);
        let timeline = app
            .get(ADA, &format!("/orders/{}/timeline", prepared.cart_id))
            .await
            .expect(200);
        let at = |event: &str| {
            let entry = timeline
                .list("events")
                .iter()
                .find(|entry| entry["event"] == event)
                .unwrap();
            entry["at"]
                .as_str()
                .unwrap()
                .parse::<domain::time::Timestamp>()
                .unwrap()
        };
        took.push(at("confirmed").millis_since(at("captured")));
    }
    took.sort_unstable();
    let p95 = took[(took.len() * 95).div_ceil(100) - 1];
    println!(
        "{orders} orders, from capture to confirmed: half within {} ms, 95 % within {p95} ms",
        took[took.len() / 2]
    );
    assert!(p95 <= 1_000, "{took:?}");
    app.finish().await;
}
