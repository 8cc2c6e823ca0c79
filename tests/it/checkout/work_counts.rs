//! How many calls the cart and the checkout make: counted, not timed.

use std::path::Path;

use serde_json::{Value, json};

use crate::app::{ADA, TestApp};

const WHO: (&str, &str) = (ADA, "ORG-100");

#[tokio::test]
async fn a_quantity_change_takes_four_calls_to_the_tables_and_one_to_the_erp() {
    let app = TestApp::start().await;
    let cart = app
        .cart(ADA, &[("BLT-HEX-M8", 20), ("GLS-CLR", 1), ("TAP-5", 1)])
        .await;
    let line = format!(
        "/carts/{}/lines/{}",
        cart.text_of("cartId"),
        cart.list("lines")[0]["lineId"].as_str().unwrap()
    );
    let instance = app.instance("cart", &[], None).await;
    // Warm: it knows what the ERP can do.
    let warm = instance
        .call(
            WHO,
            &format!("PATCH {line}"),
            &[],
            Some(json!({"quantity": 25})),
        )
        .await
        .unwrap();
    assert_eq!(warm.0, 200, "{}", warm.1);
    for quantity in [30, 10, 40] {
        instance.counts();
        let erp = app.all_calls();
        let asked = app.calls("availability");
        let (status, changed) = instance
            .call(
                WHO,
                &format!("PATCH {line}"),
                &[],
                Some(json!({"quantity": quantity})),
            )
            .await
            .unwrap();
        assert_eq!(
            (status, &changed["lines"][0]["quantity"]),
            (200, &json!(quantity)),
            "{changed}"
        );
        let counts = instance.counts();
        assert!(counts.values().sum::<usize>() <= 4, "{counts:?}");
        assert_eq!(
            (app.all_calls() - erp, app.calls("availability") - asked),
            (1, 1),
            "{counts:?}"
        );
        println!("PATCH {quantity}: {counts:?}");
    }
    app.finish().await;
}

/// The bundled data set and `count` items more, which cost 1 to `count` dollars and of which there
/// are plenty.
fn larger(count: usize) -> tempfile::TempDir {
    fn copy(from: &Path, to: &Path) {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            let target = to.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                copy(&entry.path(), &target);
            } else {
                std::fs::copy(entry.path(), target).unwrap();
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    copy(
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../local/data")),
        folder.path(),
    );
    let append = |file: &str, row: &dyn Fn(usize) -> String| {
        let path = folder.path().join(file);
        let mut text = std::fs::read_to_string(&path).unwrap();
        (1..=count).for_each(|number| text.push_str(&format!("{}\n", row(number))));
        std::fs::write(path, text).unwrap();
    };
    append("incoming/items/snapshot/items-20260101T000000Z.csv", &|n| {
        format!("BULK-{n},BULK,Bulk {n},,TOOLS,EA,1,1,active,,,,,,,,")
    });
    append(
        "incoming/list-prices/snapshot/list-prices-20260101T000000Z.csv",
        &|n| format!("BULK-{n},USD,{n}.00,EA,2025-01-01,"),
    );
    append("erp/stock.csv", &|n| format!("BULK-{n},EAST,{}", 1_000 + n));
    folder
}

#[tokio::test]
async fn a_hundred_lines_are_prepared_with_three_calls_to_the_erp() {
    let folder = larger(100);
    let app = TestApp::start_with(Some(folder.path().to_owned())).await;
    let cart = app
        .post(ADA, "/carts", json!({}))
        .await
        .expect(201)
        .text_of("cartId");
    let lines: Vec<_> = (1..=100)
        .map(|n| json!({"sku": format!("BULK-{n}"), "quantity": 2}))
        .collect();
    app.put(
        ADA,
        &format!("/carts/{cart}/lines"),
        json!({"lines": lines}),
    )
    .await
    .expect(200);
    let shipping = json!({"addressId": "A-102", "method": "STANDARD"});
    app.put(ADA, &format!("/carts/{cart}/shipping"), shipping)
        .await
        .expect(200);

    let instance = app.instance("checkout", &[], None).await;
    let route = format!("POST /carts/{cart}/preparation");
    assert_eq!(instance.call(WHO, &route, &[], None).await.unwrap().0, 200);
    instance.counts();
    let from = app.simulator().calls().calls.len();
    let (status, prepared) = instance.call(WHO, &route, &[], None).await.unwrap();
    assert_eq!(
        (status, prepared["lines"].as_array().map(Vec::len)),
        (200, Some(100)),
        "{prepared}"
    );
    assert_eq!(
        app.operations_since(from),
        ["reserve", "prices", "calculate"]
    );
    let counts = instance.counts();
    println!("preparation of 100 lines: {counts:?}");
    // The member, the items in two reads, the cart, the ledger, the prices in four writes, the
    // cart.
    assert!(counts.values().sum::<usize>() <= 10, "{counts:?}");
    let cents = |money: &Value| {
        money["amount"]
            .as_str()
            .unwrap()
            .replace('.', "")
            .parse::<u64>()
            .unwrap()
    };
    let lines = prepared["lines"].as_array().unwrap();
    let sum: u64 = lines.iter().map(|line| cents(&line["lineTotal"])).sum();
    assert_eq!(sum, cents(&prepared["totals"]["product"]));
    assert_eq!(prepared["changes"], Value::Array(Vec::new()));
    app.delete(ADA, &format!("/carts/{cart}/preparation"))
        .await
        .expect(204);
    app.finish().await;
}
