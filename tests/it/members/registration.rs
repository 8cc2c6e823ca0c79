//! Organizations and users register, an operator decides, and then they buy.

use serde_json::{Value, json};

use crate::app::{ADA, ANONYMOUS, BEN, DIRK, FINN, OPERATOR, TestApp};

const ANNA: &str = "anna@newcomer.example";

fn organization() -> Value {
    json!({
        "name": "Newcomer Works",
        "taxId": "US-123",
        "currency": "USD",
        "address": {"name": "Newcomer Works", "line1": "1 First Street", "city": "Austin",
            "region": "TX", "postalCode": "78701", "country": "US"},
        "administrator": {"email": "Anna@Newcomer.example", "givenName": "Anna",
            "familyName": "New"},
    })
}

fn user(email: &str, roles: &[&str]) -> Value {
    json!({
        "organizationId": "ORG-100", "email": email, "givenName": "Nina", "familyName": "Door",
        "roles": roles,
    })
}

/// The members that the ERP was sent, by id.
async fn erp_members(app: &TestApp, kind: &str, name: &str) -> Vec<String> {
    let members = app.control("GET", "/_sim/members", None).await;
    members[kind]
        .as_array()
        .unwrap()
        .iter()
        .map(|member| member[name].as_str().unwrap().to_owned())
        .collect()
}

async fn erp_has(app: &TestApp, user: &str) {
    app.eventually("the ERP is sent the user", async || {
        erp_members(app, "users", "userId")
            .await
            .contains(&user.to_owned())
            .then_some(())
    })
    .await;
}

/// A purchase from the cart to the ERP's number, delivered to an address of the organization.
async fn buys(app: &TestApp, user: &str) {
    let cart = app.cart(user, &[("GLS-CLR", 2)]).await.text_of("cartId");
    let addresses = app.get(user, "/me/addresses").await.expect(200);
    let address = addresses
        .list("addresses")
        .iter()
        .find(|address| address["kind"] == "shipping")
        .unwrap();
    let shipping = json!({"addressId": address["addressId"], "method": "STANDARD"});
    app.put(user, &format!("/carts/{cart}/shipping"), shipping)
        .await
        .expect(200);
    let preparation = app.prepare(user, &cart).await.expect(200);
    let order = json!({
        "cartId": cart, "preparationId": preparation["preparationId"],
        "acceptedTotal": preparation["totals"]["grand"],
    });
    app.place(user, "first", 10, &order).await.expect(201);
    assert_eq!(app.orders_of(&cart).len(), 1);
}

#[tokio::test]
async fn an_organization_registers_is_approved_by_the_operator_and_buys() {
    let app = TestApp::start().await;
    let made = app
        .post_once(ANONYMOUS, "/organizations", "o-1", &organization())
        .await
        .expect(202);
    assert_eq!(made["status"], "pending");
    let (registration, id) = (
        made.text_of("registrationId"),
        made.text_of("organizationId"),
    );
    let again = app
        .post_once(ANONYMOUS, "/organizations", "o-1", &organization())
        .await;
    assert_eq!((again.status, &again.text), (202, &made.text));

    // Pending members may look around, but not commit to anything.
    assert_eq!(app.get(ANNA, "/me").await.expect(200)["status"], "pending");
    let order = json!({
        "cartId": "c", "preparationId": "p", "acceptedTotal": {"amount": "1.00", "currency": "USD"},
    });
    app.place(ANNA, "k", 0, &order)
        .await
        .expect_problem(403, "member_not_active");
    app.prepare(ANNA, "c")
        .await
        .expect_problem(403, "member_not_active");

    let path = format!("/registrations/{registration}/decision");
    for user in [ADA, FINN] {
        app.post(user, &path, json!({"decision": "approve"}))
            .await
            .expect_problem(404, "not_found");
    }
    let inbox = app
        .get(OPERATOR, "/registrations?status=pending")
        .await
        .expect(200);
    assert_eq!(inbox.list("registrations").len(), 1);
    assert_eq!(
        inbox.list("registrations")[0]["registrationId"],
        registration.as_str()
    );
    let decided = app
        .post(OPERATOR, &path, json!({"decision": "approve"}))
        .await
        .expect(200);
    assert_eq!(decided["status"], "approved");
    app.post(OPERATOR, &path, json!({"decision": "reject"}))
        .await
        .expect_problem(409, "already_decided");
    assert_eq!(
        app.get(OPERATOR, "/registrations")
            .await
            .expect(200)
            .list("registrations")
            .len(),
        0
    );

    app.eventually("the ERP is sent the organization", async || {
        erp_members(&app, "organizations", "organizationId")
            .await
            .contains(&id)
            .then_some(())
    })
    .await;
    let me = app.get(ANNA, "/me").await.expect(200);
    assert_eq!(
        (me["status"].as_str(), me["organization"]["name"].as_str()),
        (Some("active"), Some("Newcomer Works"))
    );
    buys(&app, ANNA).await;
    app.advance(120);
    app.reconcile().await;
    erp_has(&app, ANNA).await;
    app.finish().await;
}

#[tokio::test]
async fn a_user_registers_is_approved_by_the_own_administrator_and_buys() {
    let app = TestApp::start().await;
    let made = app
        .post_once(
            ANONYMOUS,
            "/users",
            "u-1",
            &user("nina@hillside.example", &["buyer"]),
        )
        .await
        .expect(202);
    let nina = made.text_of("userId");
    assert_eq!(
        (nina.as_str(), made["status"].as_str()),
        ("nina@hillside.example", Some("pending"))
    );
    let cart = app.post(&nina, "/carts", json!({})).await;
    cart.expect_problem(403, "member_not_active");
    app.prepare(&nina, "any")
        .await
        .expect_problem(403, "member_not_active");

    let path = format!("/registrations/{}/decision", made.text_of("registrationId"));
    app.post(DIRK, &path, json!({"decision": "approve"}))
        .await
        .expect_problem(403, "forbidden");
    app.post(FINN, &path, json!({"decision": "approve"}))
        .await
        .expect_problem(404, "not_found");
    assert_eq!(
        app.get(FINN, "/registrations")
            .await
            .expect(200)
            .list("registrations")
            .len(),
        0
    );
    assert_eq!(
        app.get(ADA, "/registrations")
            .await
            .expect(200)
            .list("registrations")
            .len(),
        1
    );
    app.post(ADA, &path, json!({"decision": "approve"}))
        .await
        .expect(200);
    erp_has(&app, &nina).await;
    buys(&app, &nina).await;
    app.finish().await;
}

#[tokio::test]
async fn a_user_whom_the_administrator_makes_is_active_at_once() {
    let app = TestApp::start().await;
    let made = app
        .post_once(
            ADA,
            "/users",
            "u-1",
            &user("otto@hillside.example", &["buyer", "org_admin"]),
        )
        .await
        .expect(201);
    assert_eq!(made["status"], "active");
    let otto = made.text_of("userId");
    erp_has(&app, &otto).await;
    buys(&app, &otto).await;
    let before = app.moment();
    let twice = app
        .post_once(
            ADA,
            "/users",
            "u-2",
            &user("otto@hillside.example", &["buyer"]),
        )
        .await;
    twice.expect_problem(409, "already_exists");
    app.post_once(
        FINN,
        "/users",
        "u-3",
        &user("paul@hillside.example", &["buyer"]),
    )
    .await
    .expect_problem(404, "not_found");
    assert_eq!(app.written_since(&before), [] as [&str; 0]);
    app.finish().await;
}

#[tokio::test]
async fn a_rejected_user_never_prepares() {
    let app = TestApp::start().await;
    let made = app
        .post_once(
            ANONYMOUS,
            "/users",
            "u-1",
            &user("rita@hillside.example", &["buyer"]),
        )
        .await
        .expect(202);
    let path = format!("/registrations/{}/decision", made.text_of("registrationId"));
    let decided = app
        .post(
            ADA,
            &path,
            json!({"decision": "reject", "reason": "not one of us"}),
        )
        .await
        .expect(200);
    assert_eq!(decided["decision"]["reason"], "not one of us");
    app.prepare("rita@hillside.example", "any")
        .await
        .expect_problem(403, "member_not_active");
    assert!(
        !erp_members(&app, "users", "userId")
            .await
            .contains(&"rita@hillside.example".to_owned())
    );
    app.finish().await;
}

#[tokio::test]
async fn what_a_registration_lacks_is_said_field_by_field() {
    let app = TestApp::start().await;
    let before = app.moment();
    let mut wrong = organization();
    wrong["administrator"]["email"] = json!("no address");
    wrong["currency"] = json!("dollars");
    let refused = app
        .post_once(ANONYMOUS, "/organizations", "o-1", &wrong)
        .await
        .expect_problem(400, "invalid_request");
    let pointers: Vec<_> = refused
        .list("errors")
        .iter()
        .map(|error| error["pointer"].clone())
        .collect();
    assert!(
        pointers.contains(&json!("/currency")) && pointers.contains(&json!("/administrator/email")),
        "{}",
        refused.text
    );
    app.post(ANONYMOUS, "/organizations", organization())
        .await
        .expect_problem(400, "idempotency_key_required");
    app.post(ANONYMOUS, "/users", user("x@y.example", &["buyer"]))
        .await
        .expect_problem(400, "idempotency_key_required");
    let admin = user("x@y.example", &["org_admin"]);
    app.post_once(ANONYMOUS, "/users", "u-1", &admin)
        .await
        .expect_problem(400, "invalid_request");
    assert_eq!(app.written_since(&before), [] as [&str; 0]);
    app.finish().await;
}

#[tokio::test]
async fn members_that_came_from_the_erp_survive_a_snapshot_and_so_do_those_registered_here() {
    let app = TestApp::start().await;
    let made = app
        .post_once(
            ADA,
            "/users",
            "u-1",
            &user("otto@hillside.example", &["buyer"]),
        )
        .await
        .expect(201);
    let rows = "user_id,organization_id,email,given_name,family_name,roles,language,status\n\
        ada@hillside.example,ORG-100,ada@hillside.example,Ada,Moore-Lee,buyer;org_admin,en,active\n";
    let load = app
        .load("incoming/users/snapshot/users-20260201T000000Z.csv", rows)
        .await;
    assert_eq!(load["state"], "published", "{load}");
    assert_eq!(
        app.get(ADA, "/me").await.expect(200)["familyName"],
        "Moore-Lee"
    );
    assert_eq!(
        app.get(&made.text_of("userId"), "/me").await.expect(200)["status"],
        "active"
    );
    erp_has(&app, &made.text_of("userId")).await;
    app.finish().await;
}

#[tokio::test]
async fn an_address_made_here_can_be_shipped_to_by_colleagues_and_by_no_one_else() {
    let app = TestApp::start().await;
    let address = json!({"kind": "shipping", "name": "Yard 3", "line1": "9 Mill Road",
        "city": "Oakland", "region": "CA",
        "postalCode": "94607", "country": "US"});
    let made = app.post(ADA, "/me/addresses", address.clone()).await;
    assert!(matches!(made.status, 200 | 201), "{}", made.text);
    let id = made.text_of("addressId");
    let shipping = json!({"addressId": id, "method": "STANDARD"});
    for (user, status) in [(BEN, 200), (FINN, 400)] {
        let cart = app.cart(user, &[("GLS-CLR", 1)]).await.text_of("cartId");
        app.put(user, &format!("/carts/{cart}/shipping"), shipping.clone())
            .await
            .expect(status);
    }
    app.put(FINN, &format!("/me/addresses/{id}"), address)
        .await
        .expect_problem(404, "not_found");
    app.delete(FINN, &format!("/me/addresses/{id}"))
        .await
        .expect_problem(404, "not_found");
    app.delete(ADA, &format!("/me/addresses/{id}"))
        .await
        .expect(204);
    let cart = app.cart(BEN, &[("GLS-CLR", 1)]).await.text_of("cartId");
    app.put(BEN, &format!("/carts/{cart}/shipping"), shipping)
        .await
        .expect_problem(400, "invalid_request");
    app.finish().await;
}
