//! A buyer looks around: categories, items, prices, availability.

use serde_json::{Value, json};

use crate::app::{ADA, ANONYMOUS, DIRK, TestApp};

/// Twenty items of the bundled catalogue.
const TWENTY: [&str; 20] = [
    "SCR-WD-4X20",
    "SCR-WD-4X30",
    "SCR-WD-4X40",
    "SCR-WD-4X60",
    "SCR-WD-4X80",
    "SCR-DW-35X25",
    "SCR-DW-35X35",
    "SCR-DW-35X45",
    "SCR-SM-42X16",
    "SCR-SM-42X25",
    "BLT-HEX-M6",
    "BLT-HEX-M8",
    "BLT-HEX-M10",
    "BLT-HEX-M12",
    "GLV-NIT-S",
    "GLV-NIT-M",
    "GLV-NIT-L",
    "DRV-SET-6",
    "WRN-TRQ-200",
    "HLM-YE",
];

fn twenty() -> Value {
    json!(TWENTY.map(|sku| json!({"sku": sku})))
}

#[tokio::test]
async fn anybody_browses_the_catalogue() {
    let app = TestApp::start().await;
    let categories = app.get(ANONYMOUS, "/catalog/categories").await.expect(200);
    let screws = categories
        .list("categories")
        .iter()
        .find(|category| category["categoryId"] == "SCREWS")
        .unwrap();
    assert_eq!(screws["parentId"], "FASTENERS");
    assert_eq!(categories.list("categories").len(), 11);

    let mut items = Vec::new();
    let mut path = "/catalog/categories/FASTENERS/items?limit=7".to_owned();
    loop {
        let page = app.get(ANONYMOUS, &path).await.expect(200);
        items.extend(
            page.list("items")
                .iter()
                .map(|item| item["sku"].as_str().unwrap().to_owned()),
        );
        let Some(cursor) = page["nextCursor"].as_str() else {
            break;
        };
        path = format!("/catalog/categories/FASTENERS/items?limit=7&cursor={cursor}");
    }
    for sku in ["SCR-WD-4X20", "BLT-HEX-M8"] {
        assert_eq!(
            items.iter().filter(|item| *item == sku).count(),
            1,
            "{sku} in the category above: {items:?}"
        );
    }
    assert!(!items.iter().any(|sku| sku == "GLV-NIT-S"));

    let item = app
        .get(ANONYMOUS, "/catalog/items/SCR-WD-4X20")
        .await
        .expect(200);
    assert_eq!(item["unit"], "EA");
    assert_eq!(item["quantityMultiple"], 100);
    assert_eq!(
        item["listPrices"],
        json!([{"amount": "0.05", "currency": "EUR"}, {"amount": "0.06", "currency": "USD"}]),
        "the prices of today, and no others"
    );
    let german = [("accept-language", "de")];
    let item = app
        .request(
            http::Method::GET,
            ANONYMOUS,
            "/catalog/items/SCR-WD-4X20",
            &german,
            None,
        )
        .await
        .expect(200);
    assert_eq!(item["name"], "Holzschraube 4 x 20 mm");

    let found = app
        .post(
            ANONYMOUS,
            "/catalog/items/query",
            json!({"skus": ["GLV-NIT-S", "NOPE", "BLT-HEX-M8"]}),
        )
        .await;
    let skus: Vec<_> = found
        .expect(200)
        .list("items")
        .iter()
        .map(|item| item["sku"].clone())
        .collect();
    assert_eq!(skus, ["GLV-NIT-S", "BLT-HEX-M8"]);
    app.get(ANONYMOUS, "/catalog/items/NOPE")
        .await
        .expect_problem(404, "not_found");
    app.finish().await;
}

#[tokio::test]
async fn twenty_prices_are_one_call_and_then_none() {
    let app = TestApp::start().await;
    let asked = json!({"items": twenty()});
    let prices = app
        .post(ADA, "/prices/query", asked.clone())
        .await
        .expect(200);
    assert_eq!(prices.list("items").len(), 20);
    for (item, sku) in prices.list("items").iter().zip(TWENTY) {
        assert_eq!(item["sku"], sku, "in request order");
        assert_eq!(
            (
                item["status"].as_str(),
                item["freshness"]["source"].as_str()
            ),
            (Some("priced"), Some("erp"))
        );
        assert_eq!(item["offerPrice"]["currency"], "USD");
        assert!(
            item["offerPrice"]["amount"].is_string() && item["listPrice"]["amount"].is_string(),
            "{item}"
        );
    }
    assert_eq!(app.calls("prices"), 1);
    let again = app
        .post(ADA, "/prices/query", asked.clone())
        .await
        .expect(200);
    for (item, first) in again.list("items").iter().zip(prices.list("items")) {
        assert_eq!(item["freshness"]["source"], "cache");
        assert_eq!(item["offerPrice"], first["offerPrice"]);
        assert_eq!(item["freshness"]["asOf"], first["freshness"]["asOf"]);
    }
    assert_eq!(app.calls("prices"), 1);
    app.post(
        ADA,
        "/prices/query",
        json!({"mode": "live", "items": twenty()}),
    )
    .await
    .expect(200);
    assert_eq!(app.calls("prices"), 2);
    app.advance(1000);
    let later = app.post(ADA, "/prices/query", asked).await.expect(200);
    assert_eq!(
        later.list("items")[0]["freshness"]["source"],
        "erp",
        "no longer fresh, so asked again"
    );
    assert_eq!(app.calls("prices"), 3);
    app.finish().await;
}

#[tokio::test]
async fn what_the_cache_does_not_have_it_does_not_invent() {
    let app = TestApp::start().await;
    let asked = json!({"mode": "cached", "items": [{"sku": "BLT-HEX-M8"}, {"sku": "NOPE"}]});
    let prices = app
        .post(ADA, "/prices/query", asked.clone())
        .await
        .expect(200);
    assert_eq!((app.calls("prices"), app.calls("availability")), (0, 0));
    let [bolt, nothing] = prices.list("items") else {
        panic!("{}", prices.text)
    };
    assert_eq!(
        (bolt["status"].as_str(), &bolt["offerPrice"]),
        (Some("unpriced"), &Value::Null)
    );
    assert!(bolt["listPrice"].is_object(), "the list price is shown too");
    assert_eq!(
        (nothing["status"].as_str(), nothing["code"].as_str()),
        (Some("error"), Some("unknown_sku"))
    );
    let stock = app.post(ADA, "/inventory/query", asked).await.expect(200);
    assert!(
        stock
            .list("items")
            .iter()
            .all(|item| item["status"] == "unknown"),
        "{}",
        stock.text
    );
    assert_eq!(app.calls("availability"), 0);
    app.finish().await;
}

#[tokio::test]
async fn availability_of_twenty_items_is_one_call_and_scarce_stock_is_asked_again() {
    let app = TestApp::start().await;
    let stock = app
        .post(DIRK, "/inventory/query", json!({"items": twenty()}))
        .await
        .expect(200);
    assert_eq!(stock.list("items").len(), 20);
    assert_eq!(app.calls("availability"), 1);
    let item = |sku: &str| {
        stock
            .list("items")
            .iter()
            .find(|item| item["sku"] == sku)
            .unwrap()
    };
    assert_eq!(
        (
            item("SCR-WD-4X20")["availableQuantity"].as_i64(),
            item("DRV-SET-6")["availableQuantity"].as_i64()
        ),
        (Some(31_000), Some(1))
    );
    assert_eq!(item("WRN-TRQ-200")["status"], "backorderable");
    assert!(item("WRN-TRQ-200")["availableFrom"].is_string());

    app.post(
        DIRK,
        "/inventory/query",
        json!({"items": [{"sku": "SCR-WD-4X20"}]}),
    )
    .await
    .expect(200);
    assert_eq!(app.calls("availability"), 1, "plenty is remembered");
    app.post(
        DIRK,
        "/inventory/query",
        json!({"items": [{"sku": "DRV-SET-6"}]}),
    )
    .await
    .expect(200);
    assert_eq!(app.calls("availability"), 2, "scarce stock is not");

    let places = json!({"items": [{"sku": "SCR-WD-4X20"}], "locations": ["EAST", "WEST"]});
    let places = app.post(DIRK, "/inventory/query", places).await.expect(200);
    let quantities: Vec<_> = places
        .list("items")
        .iter()
        .map(|item| item["availableQuantity"].as_i64().unwrap())
        .collect();
    assert_eq!(quantities, [20_000, 10_000]);
    app.finish().await;
}
