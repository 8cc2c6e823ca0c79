//! Prices are between the ERP and one customer.

use serde_json::{Value, json};

use crate::app::{ADA, BEN, DIRK, FINN, TestApp};

async fn price(app: &TestApp, user: &str, mode: &str) -> Value {
    let asked = json!({"mode": mode, "items": [{"sku": "WRN-TRQ-200"}]});
    app.post(user, "/prices/query", asked)
        .await
        .expect(200)
        .list("items")[0]
        .clone()
}

#[tokio::test]
async fn two_organizations_ask_at_once_and_each_gets_its_own_price() {
    let app = TestApp::start().await;
    let (ada, finn, dirk) = futures::join!(
        price(&app, ADA, "auto"),
        price(&app, FINN, "auto"),
        price(&app, DIRK, "auto")
    );
    assert_ne!(
        ada["offerPrice"], finn["offerPrice"],
        "the data set gives them different terms"
    );
    assert_eq!(dirk["offerPrice"]["currency"], "EUR");
    for _ in 0..3 {
        let now = futures::join!(
            price(&app, FINN, "cached"),
            price(&app, ADA, "cached"),
            price(&app, DIRK, "cached")
        );
        assert_eq!(
            (&now.0["offerPrice"], &now.1["offerPrice"]),
            (&finn["offerPrice"], &ada["offerPrice"])
        );
        assert_eq!(now.2["offerPrice"], dirk["offerPrice"]);
        assert_eq!(now.0["freshness"]["source"], "cache");
    }
    app.finish().await;
}

#[tokio::test]
async fn what_one_organization_cached_another_does_not_see() {
    let app = TestApp::start().await;
    price(&app, ADA, "live").await;
    let finn = price(&app, FINN, "cached").await;
    assert_eq!(
        (
            finn["status"].as_str(),
            finn["freshness"]["reason"].as_str()
        ),
        (Some("unpriced"), Some("not_cached"))
    );
    // A read is repeated once.
    app.fault(json!({"operation": "prices", "kind": "status", "times": 2}));
    let finn = price(&app, FINN, "auto").await;
    assert_eq!(
        (finn["status"].as_str(), &finn["offerPrice"]),
        (Some("unpriced"), &Value::Null),
        "not even in need"
    );
    assert!(finn["listPrice"].is_object());
    let ben = price(&app, BEN, "cached").await;
    assert_eq!(
        ben["status"], "priced",
        "a colleague shares the organization's price"
    );
    app.finish().await;
}

#[tokio::test]
async fn where_prices_are_the_users_colleagues_share_none() {
    let app = TestApp::start().await;
    app.control(
        "PUT",
        "/_sim/capabilities",
        Some(json!({"priceScope": "user"})),
    )
    .await;
    price(&app, ADA, "live").await;
    assert_eq!(price(&app, ADA, "cached").await["status"], "priced");
    assert_eq!(price(&app, BEN, "cached").await["status"], "unpriced");
    app.finish().await;
}

#[tokio::test]
async fn where_the_erp_has_no_quantity_breaks_each_quantity_has_a_price_of_its_own() {
    let app = TestApp::start().await;
    app.control(
        "PUT",
        "/_sim/capabilities",
        Some(json!({"quantityBreaks": false})),
    )
    .await;
    let ask = async |quantity: u32, mode: &str| {
        let asked = json!({"mode": mode, "items": [{"sku": "BLT-HEX-M8", "quantity": quantity}]});
        app.post(ADA, "/prices/query", asked)
            .await
            .expect(200)
            .list("items")[0]
            .clone()
    };
    let few = ask(10, "auto").await;
    assert_eq!(ask(500, "cached").await["status"], "unpriced");
    let many = ask(500, "auto").await;
    assert_ne!(
        few["offerPrice"], many["offerPrice"],
        "the offer for five hundred"
    );
    assert_eq!(ask(10, "cached").await["offerPrice"], few["offerPrice"]);
    app.finish().await;
}
