//! The ERP drops files; the catalogue follows, and what became of each row can be read.

use serde_json::{Value, json};

use crate::app::{ADA, ANONYMOUS, OPERATOR, TestApp};

const ITEMS: &str =
    "sku,product_id,name,description,category_ids,unit,nominal_quantity,quantity_multiple,status";

fn items(rows: &[&str]) -> String {
    format!("{ITEMS}\n{}\n", rows.join("\n"))
}

fn counts(load: &Value) -> [u64; 4] {
    ["rows", "applied", "unchanged", "rejected"].map(|name| load["counts"][name].as_u64().unwrap())
}

fn warnings(load: &Value) -> Vec<&str> {
    load["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|warning| warning["code"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_delta_dropped_into_the_bucket_shows_within_five_seconds() {
    let app = TestApp::start().await;
    let delta = items(&["GLS-CLR,GLS,Glasses of the future,Never fog.,HEADEYE,EA,1,1,active"]);
    let begin = std::time::Instant::now();
    app.drop_file("incoming/items/delta/items-20260301T000000Z.csv", delta)
        .await;
    app.eventually("the new name shows", async || {
        let item = app
            .get(ANONYMOUS, "/catalog/items/GLS-CLR")
            .await
            .expect(200);
        (item["name"] == "Glasses of the future").then_some(())
    })
    .await;
    assert!(
        begin.elapsed() < std::time::Duration::from_secs(5),
        "{:?}",
        begin.elapsed()
    );
    let other = app
        .get(ANONYMOUS, "/catalog/items/GLS-TNT")
        .await
        .expect(200);
    assert_ne!(
        other["name"], "Glasses of the future",
        "a delta says nothing of other items"
    );
    app.finish().await;
}

#[tokio::test]
async fn bad_rows_are_put_aside_with_reasons_and_the_others_apply() {
    let app = TestApp::start().await;
    let file = items(&[
        "GLS-CLR,GLS,Glasses one,,HEADEYE,EA,1,1,active",
        ",GLS,Nameless,,HEADEYE,EA,1,1,active",
        "GLS-TNT,GLS,Glasses two,,HEADEYE,EA,1,minus three,active",
        "\"NEW-1\",,\"Quoted, \"\"new\"\"\",,HEADEYE,EA,1,1,active",
        "SHORT,row",
        "TAP-5,TAP,Tape,,MEASURING,EA,1,1,sleeping",
    ]);
    let load = app
        .load("incoming/items/delta/items-20260301T000000Z.csv", file)
        .await;
    assert_eq!(load["state"], "published", "{load}");
    assert_eq!(counts(&load), [6, 2, 0, 4], "{load}");
    assert_eq!(
        app.get(ANONYMOUS, "/catalog/items/GLS-CLR")
            .await
            .expect(200)["name"],
        "Glasses one"
    );
    assert_eq!(
        app.get(ANONYMOUS, "/catalog/items/NEW-1").await.expect(200)["name"],
        "Quoted, \"new\""
    );
    assert_ne!(
        app.get(ANONYMOUS, "/catalog/items/GLS-TNT")
            .await
            .expect(200)["name"],
        "Glasses two"
    );

    let folder = format!(
        "rejects/items/items-20260301T000000Z/{}",
        load["loadId"].as_str().unwrap()
    );
    let rejects = app.file(&format!("{folder}/rejects.csv")).await;
    let lines: Vec<_> = rejects.lines().collect();
    assert_eq!(
        lines[0], ITEMS,
        "the layout of the input, so that it can be dropped back"
    );
    assert_eq!(lines.len(), 5);
    let reasons = app.file(&format!("{folder}/reasons.csv")).await;
    assert_eq!(
        reasons.lines().next(),
        Some("row,line,key,field,code,message")
    );
    for (row, field) in [(2, "sku"), (3, "quantity_multiple"), (6, "status")] {
        let found = reasons.lines().any(|line| {
            let cells: Vec<_> = line.split(',').collect();
            cells[0] == row.to_string() && cells[1] == (row + 1).to_string() && cells[3] == field
        });
        assert!(found, "row {row}, {field}:\n{reasons}");
    }
    assert!(
        !reasons.contains("minus three"),
        "no content of the row in a message"
    );
    let report: Value = serde_json::from_str(
        &app.file(&format!(
            "reports/items/items-20260301T000000Z/{}.json",
            load["loadId"].as_str().unwrap()
        ))
        .await,
    )
    .unwrap();
    assert_eq!(report["counts"], load["counts"]);
    assert_eq!(
        load["firstReasons"].as_array().unwrap().len(),
        reasons.lines().count() - 1
    );

    let corrected = rejects
        .replace("minus three", "3")
        .replace("\n,GLS,Nameless", "\nNEW-2,GLS,Nameless")
        .replace("sleeping", "active");
    let corrected: String = corrected
        .lines()
        .filter(|line| !line.starts_with("SHORT"))
        .map(|line| format!("{line}\n"))
        .collect();
    let load = app
        .load(
            "incoming/items/delta/corrected-20260302T000000Z.csv",
            corrected,
        )
        .await;
    assert_eq!(
        (load["state"].as_str(), counts(&load)),
        (Some("published"), [3, 3, 0, 0]),
        "{load}"
    );
    assert_eq!(
        app.keys("rejects/items/corrected-20260302T000000Z/").await,
        [] as [&str; 0]
    );
    app.finish().await;
}

#[tokio::test]
async fn a_file_that_cannot_be_used_fails_with_a_reason_and_is_not_tried_again() {
    let app = TestApp::start().await;
    let before = app
        .get(ANONYMOUS, "/catalog/items/GLS-CLR")
        .await
        .expect(200)
        .text;
    for (key, content, code) in [
        (
            "incoming/items/snapshot/empty-20260301T000000Z.csv",
            &b""[..],
            None,
        ),
        (
            "incoming/items/snapshot/columns-20260302T000000Z.csv",
            b"sku,title\nGLS-CLR,x\n",
            Some("missing_columns"),
        ),
        (
            "incoming/items/snapshot/latin-20260303T000000Z.csv",
            b"sku,n\xe4me\nGLS-CLR,x\n",
            Some("encoding"),
        ),
        (
            "incoming/items/snapshot/twice-20260304T000000Z.csv",
            b"sku,sku\nGLS-CLR,x\n",
            Some("duplicate_column"),
        ),
        (
            "incoming/items/snapshot/spread-20260305T000000Z.xlsx",
            b"PK\x03\x04",
            Some("format"),
        ),
    ] {
        let load = app.load(key, content).await;
        assert_eq!(load["state"], "failed", "{load}");
        assert!(
            load["failure"]["message"]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{load}"
        );
        if let Some(code) = code {
            assert_eq!(load["failure"]["code"], code, "{load}");
        }
    }
    // A failed invocation would be delivered again after one second, and then after two.
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    let loads = app
        .get(OPERATOR, "/operations/loads?state=failed")
        .await
        .expect(200);
    assert_eq!(loads.list("loads").len(), 5);
    assert_eq!(
        app.get(ANONYMOUS, "/catalog/items/GLS-CLR")
            .await
            .expect(200)
            .text,
        before
    );
    app.finish().await;
}

#[tokio::test]
async fn an_older_file_never_overwrites_newer_rows() {
    let app = TestApp::start().await;
    let row = |name: &str| items(&[&format!("GLS-CLR,GLS,{name},,HEADEYE,EA,1,1,active")]);
    let load = app
        .load(
            "incoming/items/delta/items-20260310T000000Z.csv",
            row("the tenth"),
        )
        .await;
    assert_eq!(counts(&load), [1, 1, 0, 0]);
    let load = app
        .load(
            "incoming/items/delta/items-20260305T000000Z.csv",
            row("the fifth"),
        )
        .await;
    assert_eq!(
        (load["state"].as_str(), counts(&load)),
        (Some("published"), [1, 0, 1, 0]),
        "{load}"
    );
    assert_eq!(
        app.get(ANONYMOUS, "/catalog/items/GLS-CLR")
            .await
            .expect(200)["name"],
        "the tenth"
    );
    let load = app
        .load(
            "incoming/items/snapshot/items-20200101T000000Z.csv",
            row("long ago"),
        )
        .await;
    assert_eq!(load["state"], "superseded", "{load}");
    assert_eq!(
        app.get(ANONYMOUS, "/catalog/items/GLS-CLR")
            .await
            .expect(200)["name"],
        "the tenth"
    );
    assert_eq!(
        app.get(ANONYMOUS, "/catalog/items/GLS-TNT")
            .await
            .expect(200)["status"],
        "active"
    );
    app.finish().await;
}

#[tokio::test]
async fn an_event_that_comes_twice_loads_once() {
    let app = TestApp::start().await;
    let key = "incoming/items/delta/items-20260310T000000Z.csv";
    let first = app
        .load(key, items(&["GLS-CLR,GLS,once,,HEADEYE,EA,1,1,active"]))
        .await;
    let event = |sequencer: &str| {
        json!({"Records": [{
            "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "eu-central-1",
            "eventTime": "2026-03-10T00:00:01.000Z", "eventName": "ObjectCreated:Put",
            "userIdentity": {"principalId": "x"},
            "requestParameters": {"sourceIPAddress": "127.0.0.1"}, "responseElements": {},
            "s3": {"s3SchemaVersion": "1.0", "configurationId": "x",
                "bucket": {"name": "erp-exports", "ownerIdentity": {"principalId": "x"},
                    "arn": "arn:aws:s3:::erp-exports"},
                "object": {"key": key, "size": 1, "eTag": "e", "sequencer": sequencer}},
        }]})
    };
    let answers = [
        app.stack()
            .invoke("catalog-load", event("01"))
            .await
            .unwrap(),
        app.stack()
            .invoke("catalog-load", event("01"))
            .await
            .unwrap(),
    ];
    assert_eq!(answers[0], answers[1], "the same load");
    assert_eq!(
        app.loads_of(key).await.len(),
        2,
        "the drop and the event that was made up"
    );
    assert_eq!(answers[0]["loads"][0]["unchanged"], 1);
    assert_eq!(counts(&first), [1, 1, 0, 0]);
    app.finish().await;
}

#[tokio::test]
async fn loads_are_the_operators_business() {
    let app = TestApp::start().await;
    let loads = app.get(OPERATOR, "/operations/loads").await.expect(200);
    assert_eq!(loads.list("loads").len(), 7);
    for load in loads.list("loads") {
        let [rows, applied, unchanged, rejected] = counts(load);
        assert_eq!(rows, applied + unchanged + rejected);
        assert_eq!((load["state"].as_str(), rejected), (Some("published"), 0));
        let one = app
            .get(
                OPERATOR,
                &format!("/operations/loads/{}", load["loadId"].as_str().unwrap()),
            )
            .await
            .expect(200);
        assert_eq!(one.json, *load);
    }
    app.get(ADA, "/operations/loads")
        .await
        .expect_problem(403, "forbidden");
    app.get(ANONYMOUS, "/operations/loads")
        .await
        .expect_problem(401, "unauthenticated");
    let id = loads.list("loads")[0]["loadId"].as_str().unwrap();
    app.get(ADA, &format!("/operations/loads/{id}"))
        .await
        .expect_problem(403, "forbidden");
    app.get(OPERATOR, "/operations/loads/never-was")
        .await
        .expect_problem(404, "not_found");
    let pages = app
        .get(OPERATOR, "/operations/loads?limit=3")
        .await
        .expect(200);
    assert_eq!(pages.list("loads").len(), 3);
    let rest = format!(
        "/operations/loads?limit=10&cursor={}",
        pages.text_of("nextCursor")
    );
    assert_eq!(
        app.get(OPERATOR, &rest)
            .await
            .expect(200)
            .list("loads")
            .len(),
        4
    );
    app.finish().await;
}

#[tokio::test]
async fn a_delta_removes_what_it_says_and_a_snapshot_what_it_lacks_once_released() {
    let app = TestApp::start().await;
    let delta = format!(
        "{ITEMS},_action\nGLS-TNT,,,,,,,,,delete\nGLS-CLR,GLS,Kept,,HEADEYE,EA,1,1,active,\n"
    );
    let load = app
        .load("incoming/items/delta/items-20260301T000000Z.csv", delta)
        .await;
    assert_eq!(counts(&load), [2, 2, 0, 0], "{load}");
    app.get(ANONYMOUS, "/catalog/items/GLS-TNT")
        .await
        .expect_problem(404, "not_found");
    // A snapshot that would remove nearly everything waits for a person, and readers see nothing of
    // it.
    let snapshot = items(&["GLS-CLR,GLS,Alone,,HEADEYE,EA,1,1,active"]);
    let load = app
        .load(
            "incoming/items/snapshot/items-20260302T000000Z.csv",
            snapshot,
        )
        .await;
    assert_eq!(load["state"], "held", "{load}");
    let name = async || {
        app.get(ANONYMOUS, "/catalog/items/GLS-CLR")
            .await
            .text_of("name")
    };
    assert_eq!(name().await, "Kept");
    let own = format!("/operations/loads/{}", load["loadId"].as_str().unwrap());
    app.post(ADA, &format!("{own}/release"), json!({}))
        .await
        .expect_problem(403, "forbidden");
    app.post(OPERATOR, &format!("{own}/release"), json!({}))
        .await;
    app.eventually("the release", async || {
        (name().await == "Alone").then_some(())
    })
    .await;
    app.get(ANONYMOUS, "/catalog/items/BLT-HEX-M8")
        .await
        .expect_problem(404, "not_found");
    app.post(OPERATOR, &format!("{own}/rollback"), json!({}))
        .await;
    app.eventually("the rollback", async || {
        (name().await == "Kept").then_some(())
    })
    .await;
    app.get(ANONYMOUS, "/catalog/items/BLT-HEX-M8")
        .await
        .expect(200);
    app.finish().await;
}

#[tokio::test]
async fn a_load_says_what_may_not_be_meant() {
    let app = TestApp::start().await;
    let rows = "category_id,parent_id,name,sequence\nFASTENERS,,Fasteners,0\n";
    let load = app
        .load(
            "incoming/categories/snapshot/categories-20991231T000000Z.csv",
            rows,
        )
        .await;
    assert_eq!(warnings(&load), ["sequence_in_future"], "{load}");
    app.finish().await;
}

#[tokio::test]
async fn a_reference_that_leads_nowhere_yet_is_reported_and_resolves_in_whatever_order_files_come()
{
    let app = TestApp::start().await;
    let file = items(&["LAMP-1,LAMP,Lamp,,LAMPS,EA,1,1,active"]);
    let load = app
        .load("incoming/items/delta/items-20260301T000000Z.csv", file)
        .await;
    assert_eq!(
        (counts(&load), warnings(&load)),
        ([1, 1, 0, 0], vec!["unresolved_reference"]),
        "{load}"
    );
    assert!(
        load["warnings"][0]["message"]
            .as_str()
            .unwrap()
            .contains("LAMPS"),
        "{load}"
    );

    let columns = "category_id,parent_id,name,sequence";
    let file = format!("{columns}\nLAMPS,LIGHT,Lamps,0\n");
    let load = app
        .load(
            "incoming/categories/delta/categories-20260302T000000Z.csv",
            file,
        )
        .await;
    assert_eq!(
        (counts(&load), warnings(&load)),
        ([1, 1, 0, 0], vec!["unresolved_reference"]),
        "{load}"
    );
    assert!(
        load["warnings"][0]["message"]
            .as_str()
            .unwrap()
            .contains("LIGHT"),
        "{load}"
    );
    let listed = app
        .get(ANONYMOUS, "/catalog/categories/LAMPS/items")
        .await
        .expect(200);
    assert_eq!(listed["items"][0]["sku"], "LAMP-1");

    let file = format!("{columns}\nLIGHT,,Light,0\n");
    let load = app
        .load(
            "incoming/categories/delta/categories-20260303T000000Z.csv",
            file,
        )
        .await;
    assert_eq!(
        (counts(&load), warnings(&load)),
        ([1, 1, 0, 0], vec![]),
        "{load}"
    );
    let file = items(&["LAMP-2,LAMP,Lamp,,LAMPS,EA,1,1,active"]);
    let load = app
        .load("incoming/items/delta/items-20260304T000000Z.csv", file)
        .await;
    assert_eq!(
        (counts(&load), warnings(&load)),
        ([1, 1, 0, 0], vec![]),
        "{load}"
    );
    app.finish().await;
}
