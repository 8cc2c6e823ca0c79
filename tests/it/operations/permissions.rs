//! What functions may do and no other story needs of them.

use serde_json::json;

use crate::app::{ADA, OPERATOR, TestApp};

/// Ten rows that are right and twelve that are not: enough for a person to be asked.
fn doubtful(
    header: &str,
    right: impl Fn(usize) -> String,
    wrong: impl Fn(usize) -> String,
) -> String {
    let rows = (0..10).map(right).chain((0..12).map(wrong));
    rows.fold(format!("{header}\n"), |text, row| text + &row + "\n")
}

#[tokio::test]
async fn loads_that_were_held_go_on_through_their_queues_and_their_dead_letters_are_taken_away() {
    let app = TestApp::start().await;
    let items = doubtful(
        "sku,product_id,name,description,category_ids,unit,nominal_quantity,quantity_multiple,status",
        |n| format!("NEW-{n},NEW,New {n},,TOOLS,EA,1,1,active"),
        |n| format!("BAD-{n},BAD,Bad {n},,TOOLS,EA,1,many,active"),
    );
    let users = doubtful(
        "user_id,organization_id,email,given_name,family_name,roles,language,status",
        |n| {
            format!(
                "new{n}@hillside.example,ORG-100,new{n}@hillside.example,New,User,buyer,en,active"
            )
        },
        |n| format!("bad{n}@hillside.example,,bad{n}@hillside.example,Bad,User,buyer,en,active"),
    );
    let sqs = aws_sdk_sqs::Client::new(app.stack().sdk_config());
    for (kind, file, letters) in [
        ("items", items, "CatalogLoadDeadLetters"),
        ("users", users, "MemberLoadDeadLetters"),
    ] {
        let key = format!("incoming/{kind}/delta/{kind}-20260601T000000Z.csv");
        let load = app.load(&key, file).await;
        assert_eq!(load["state"], "held", "{load}");
        let url = app.stack().edge().sqs().queue_url(letters);
        let body = json!({"loadId": load["loadId"], "key": key}).to_string();
        sqs.send_message()
            .queue_url(&url)
            .message_body(body)
            .send()
            .await
            .unwrap();
        let listed = app
            .get(OPERATOR, "/operations/dead-letters")
            .await
            .expect(200);
        assert_eq!(
            listed.list("deadLetters")[0]["loadId"],
            load["loadId"],
            "{}",
            listed.text
        );

        app.post(
            OPERATOR,
            &format!(
                "/operations/loads/{}/release",
                load["loadId"].as_str().unwrap()
            ),
            json!({}),
        )
        .await
        .expect(200);
        app.eventually("the released load", async || {
            (app.loads_of(&key).await[0]["state"] == "published").then_some(())
        })
        .await;
        app.post(
            OPERATOR,
            "/operations/dead-letters/redrive",
            json!({"discard": true}),
        )
        .await
        .expect(200);
        assert_eq!(app.messages(letters).await, 0);
    }
    app.finish().await;
}

#[tokio::test]
async fn an_invoice_goes_to_an_address_of_the_organization_alone() {
    let app = TestApp::start().await;
    let prepared = app.prepared(ADA, &[("GLS-CLR", 1)]).await;
    let mut order = prepared.order();
    order["billingAddressId"] = json!("A-202");
    let refused = app
        .place(ADA, "foreign", 0, &order)
        .await
        .expect_problem(400, "invalid_request");
    assert_eq!(refused["errors"][0]["code"], "unknown_address");
    let addresses = app.get(ADA, "/me/addresses").await.expect(200);
    order["billingAddressId"] = addresses.list("addresses")[0]["addressId"].clone();
    app.place(ADA, "own", 10, &order).await.expect(201);
    app.finish().await;
}
