use super::*;
use crate::operations::organization_factor;

#[tokio::test]
async fn the_same_reference_and_key_make_one_order() {
    let erp = Erp::start().await;
    let (status, first) = erp.post("/orders", order("R1")).await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(first["accepted"], true);
    assert_eq!(first["totals"]["grand"]["amount"], "5.00");
    let (status, again) = erp.post("/orders", order("R1")).await;
    assert_eq!(
        (status, &again["externalOrderId"]),
        (StatusCode::CREATED, &first["externalOrderId"])
    );
    assert_eq!(erp.held("R1"), 1);
    let (status, found) = erp.get("/orders?reference=R1").await;
    assert_eq!((status, &found["accepted"]), (StatusCode::OK, &json!(true)));
    let (status, missing) = erp.get("/orders?reference=R2").await;
    assert_eq!(
        (status, &missing["error"]["code"]),
        (StatusCode::NOT_FOUND, &json!("not_found"))
    );
}

#[tokio::test]
async fn an_erp_that_knows_no_keys_makes_a_second_order() {
    let erp = Erp::start().await;
    assert_eq!(
        erp.put("/_sim/capabilities", json!({"submission": "none"}))
            .await
            .0,
        StatusCode::OK
    );
    assert_eq!(
        erp.put("/_sim/capabilities", json!({"submission": "nothing"}))
            .await
            .0,
        StatusCode::BAD_REQUEST
    );
    erp.post("/orders", order("R1")).await;
    erp.post("/orders", order("R1")).await;
    assert_eq!(erp.held("R1"), 2);
}

#[tokio::test]
async fn another_total_is_refused_and_nothing_is_kept() {
    let erp = Erp::start().await;
    let mut request = order("R1");
    request["acceptedTotal"]["amount"] = json!("4.99");
    let (status, answer) = erp.post("/orders", request).await;
    assert_eq!(
        (status, &answer["error"]["code"]),
        (StatusCode::CONFLICT, &json!("total_changed"))
    );
    assert_eq!(answer["error"]["parameters"][0], "5.00");
    erp.put("/_sim/prices", json!({"sku": "TAP-5", "factor": 2}))
        .await;
    let (_, answer) = erp.post("/orders", order("R1")).await;
    assert_eq!(answer["error"]["code"], "total_changed");
    assert_eq!(erp.held("R1"), 0);
}

#[tokio::test]
async fn unknown_items_and_missing_keys_are_refused() {
    let erp = Erp::start().await;
    let mut request = order("R1");
    request["lines"][0]["sku"] = json!("NO-SUCH");
    let (status, answer) = erp.post("/orders", request).await;
    assert_eq!(
        (status, &answer["error"]["code"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("unknown_sku"))
    );
    let response = erp
        .client
        .post(format!("{}/orders", erp.base))
        .bearer_auth(Options::LOCAL_TOKEN)
        .json(&order("R1"));
    assert_eq!(
        response.send().await.unwrap().status(),
        StatusCode::BAD_REQUEST
    );
    let response = erp
        .client
        .get(format!("{}/capabilities", erp.base))
        .bearer_auth("guess")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_reservation_replaces_itself_expires_and_becomes_the_order() {
    let erp = Erp::start().await;
    erp.put(
        "/_sim/stock",
        json!({"sku": "TAP-5", "location": "online", "quantity": 10}),
    )
    .await;
    let available = async || {
        let body = json!({"store": "main", "items": [{"sku": "TAP-5"}]});
        erp.post("/availability", body).await.1["items"][0]["availableQuantity"]
            .as_i64()
            .unwrap()
    };
    let late = "2026-11-22T12:15:00.000Z";
    for _ in 0..2 {
        let (_, answer) = erp
            .put("/reservations/R1", reservation("TAP-5", 4, late))
            .await;
        assert_eq!(answer["lines"][0]["status"], "reserved");
    }
    assert_eq!(available().await, 6);
    let (_, answer) = erp
        .put("/reservations/R2", reservation("TAP-5", 9, late))
        .await;
    assert_eq!(
        (
            &answer["lines"][0]["status"],
            &answer["lines"][0]["quantity"]
        ),
        (&json!("backordered"), &json!(6))
    );
    erp.send(Method::DELETE, "/reservations/R2", None)
        .await
        .unwrap();
    // The order takes one; the reservation of four goes in the same step.
    erp.post("/orders", order("R1")).await;
    assert_eq!(available().await, 9);
    assert_eq!(
        erp.get("/_sim/reservations").await.1,
        json!({"reservations": []})
    );
    erp.put("/reservations/R3", reservation("TAP-5", 4, late))
        .await;
    assert_eq!(available().await, 5);
    erp.pass(15 * 60_000);
    assert_eq!(available().await, 9);
}

#[tokio::test]
async fn prices_follow_list_offer_organization_and_factor() {
    let erp = Erp::start().await;
    let factor = organization_factor("ORG-100");
    let (_, answer) = erp
        .post(
            "/prices",
            prices(&["LVL-60", "TAP-5", "NO-SUCH", "FOM-PU-750"], 1),
        )
        .await;
    let own = |list: &str| {
        crate::amount::money(
            crate::amount::round(
                list.parse::<rust_decimal::Decimal>().unwrap() * factor,
                "USD",
            ),
            "USD",
        )
    };
    assert_eq!(
        answer["items"][0]["unitPrice"],
        json!(own("27.00")),
        "an offer of last year does not count"
    );
    assert_eq!(
        answer["items"][1]["unitPrice"],
        json!(own("5.85")),
        "10 % off"
    );
    assert_eq!(answer["items"][2]["code"], "unknown_sku");
    assert_eq!(answer["items"][3]["code"], "item_inactive");
    let (_, answer) = erp.post("/prices", prices(&["BLT-HEX-M12"], 100)).await;
    let breaks = answer["items"][0]["quantityBreaks"].as_array().unwrap();
    assert_eq!(
        breaks
            .iter()
            .map(|step| step["minQuantity"].as_i64().unwrap())
            .collect::<Vec<_>>(),
        [1, 100, 500]
    );
    assert_eq!(answer["items"][0]["unitPrice"], breaks[1]["unitPrice"]);
    assert_eq!(answer["items"][0]["listPrice"]["amount"], "0.89");
}

#[tokio::test]
async fn amounts_add_up() {
    let erp = Erp::start().await;
    let address = json!({
        "name": "H", "line1": "1", "city": "Oakland", "region": "CA", "postalCode": "94607",
        "country": "US",
    });
    let mut request = order("R1");
    request["shipping"] = json!({"address": address, "method": "STANDARD"});
    let (_, answer) = erp.post("/orders/calculate", request.clone()).await;
    // Goods 5.00, shipping 6.90 + 0.21 kg × 0.35, tax 8.75 %.
    assert_eq!(answer["totals"]["shipping"]["amount"], "6.97");
    assert_eq!(answer["totals"]["tax"]["amount"], "0.44");
    assert_eq!(answer["totals"]["shippingTax"]["amount"], "0.61");
    assert_eq!(answer["totals"]["grand"]["amount"], "13.02");
    assert_eq!(answer["extraLines"][0]["kind"], "shipping");
    assert_eq!(answer["taxes"][0]["rate"], 8.75);
    request["acceptedTotal"] = answer["totals"]["grand"].clone();
    assert_eq!(erp.post("/orders", request).await.0, StatusCode::CREATED);
    let mut preparation = reservation("TAP-5", 2, "2026-11-22T12:15:00.000Z");
    preparation["currency"] = json!("USD");
    let (_, answer) = erp.put("/preparations/R2", preparation).await;
    assert_eq!(answer["lines"][0]["status"], "reserved");
    assert_eq!(answer["totals"]["grand"], answer["lines"][0]["lineTotal"]);
}

#[tokio::test]
async fn orders_advance_by_themselves_or_step_by_step() {
    let erp = Erp::start().await;
    let id = erp.post("/orders", order("R1")).await.1["externalOrderId"]
        .as_str()
        .unwrap()
        .to_owned();
    let status = async || {
        erp.get(&format!("/orders/{id}")).await.1["status"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(status().await, "new");
    erp.pass(10_000);
    assert_eq!(status().await, "confirmed");
    erp.put("/_sim/mode", json!({"mode": "explicit"})).await;
    erp.pass(1_000_000);
    assert_eq!(status().await, "confirmed");
    erp.send(Method::POST, &format!("/_sim/orders/{id}/advance"), None)
        .await
        .unwrap();
    assert_eq!(status().await, "shipped");
}

#[tokio::test]
async fn a_quote_becomes_an_order_once_and_not_after_its_end() {
    let erp = Erp::start().await;
    let mut request = order("Q1");
    for field in ["acceptedTotal", "reservation"] {
        request.as_object_mut().unwrap().remove(field);
    }
    request["requestedExpiry"] = json!("2026-11-30");
    let (status, quote) = erp.post("/quotes", request.clone()).await;
    assert_eq!(
        (status, &quote["status"], &quote["expiresAt"]),
        (StatusCode::CREATED, &json!("offered"), &json!("2026-11-30"))
    );
    let mut ordered = order("R1");
    ordered["quote"] = quote["externalQuoteId"].clone();
    ordered["acceptedTotal"] = quote["totals"]["grand"].clone();
    assert_eq!(
        erp.post("/orders", ordered.clone()).await.0,
        StatusCode::CREATED
    );
    ordered["reference"] = json!("R2");
    assert_eq!(
        erp.post("/orders", ordered).await.1["error"]["code"],
        "quote_already_ordered"
    );
    request["reference"] = json!("Q2");
    let quote = erp.post("/quotes", request).await.1;
    erp.pass(9 * 86_400_000);
    let mut late = order("R3");
    late["quote"] = quote["externalQuoteId"].clone();
    assert_eq!(
        erp.post("/orders", late).await.1["error"]["code"],
        "quote_expired"
    );
}

#[tokio::test]
async fn lists_show_every_channel_of_the_organization_page_by_page() {
    let erp = Erp::start().await;
    erp.post("/orders", order("R1")).await;
    let mut seen = Vec::new();
    let mut path = "/orders?organization=ORG-100&limit=2".to_owned();
    loop {
        let (_, page) = erp.get(&path).await;
        for order in page["orders"].as_array().unwrap() {
            assert_eq!(order["customer"]["organizationId"], "ORG-100");
            assert_eq!(order.get("lines"), None);
            seen.push(order["channel"].as_str().unwrap().to_owned());
        }
        let Some(cursor) = page["nextCursor"].as_str() else {
            break;
        };
        path = format!("/orders?organization=ORG-100&limit=2&cursor={cursor}");
    }
    assert_eq!(seen, ["web", "phone", "edi", "edi"]);
    let (_, page) = erp
        .get("/orders?organization=ORG-100&user=ada@hillside.example&status=new")
        .await;
    assert_eq!(page["orders"].as_array().unwrap().len(), 1);
    assert_eq!(
        erp.get("/quotes?organization=ORG-200").await.1["quotes"][0]["channel"],
        "phone"
    );
}

#[tokio::test]
async fn members_calls_and_reset() {
    let erp = Erp::start().await;
    assert_eq!(
        erp.put("/organizations/O-9", json!({"name": "New"}))
            .await
            .1["accepted"],
        true
    );
    assert_eq!(
        erp.get("/_sim/members").await.1["organizations"][0]["organizationId"],
        "O-9"
    );
    let (_, calls) = erp.get("/_sim/calls").await;
    assert_eq!(calls["counts"], json!({"members": 1}));
    assert_eq!(calls["calls"][0]["correlationId"], "c-1");
    erp.post("/orders", order("R1")).await;
    erp.send(Method::POST, "/_sim/reset", None).await.unwrap();
    assert_eq!(erp.get("/_sim/calls").await.1["counts"], json!({}));
    assert_eq!(erp.held("R1"), 0);
}

#[tokio::test]
async fn stock_is_answered_per_location_in_all_and_without_limit() {
    let erp = Erp::start().await;
    let ask = async |locations: Value| {
        let body = json!({
            "store": "main", "items": [{"sku": "HLM-YE"}, {"sku": "TAP-8"}, {"sku": "NO"}],
            "locations": locations,
        });
        erp.post("/availability", body).await.1["items"].clone()
    };
    let items = ask(Value::Null).await;
    assert_eq!(
        (&items[0]["status"], &items[0]["location"]),
        (&json!("backorderable"), &json!("online"))
    );
    assert_eq!(items[2]["code"], "unknown_sku");
    erp.put(
        "/_sim/stock",
        json!({"sku": "HLM-YE", "location": "WEST", "quantity": 3}),
    )
    .await;
    erp.put("/_sim/stock", json!({"sku": "TAP-8", "quantity": null}))
        .await;
    let items = ask(json!(["EAST", "WEST"])).await;
    assert_eq!(
        (
            &items[0]["availableQuantity"],
            &items[1]["availableQuantity"]
        ),
        (&json!(0), &json!(3))
    );
    let items = ask(Value::Null).await;
    assert_eq!(
        (&items[1]["status"], items[1].get("availableQuantity")),
        (&json!("available"), None)
    );
}
