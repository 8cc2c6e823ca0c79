//! Loads through the front doors: files into the bucket, readers at the storefront, decisions by an
//! operator.

use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use local::edge::Body;
use local::stack::{Options, Stack};
use serde_json::Value;

/// A stack and an operator.
struct Loads {
    stack: Stack,
    authorization: String,
}

impl Loads {
    async fn start() -> Self {
        let options = Options {
            schedules: false,
            sweep: false,
            ..Options::default()
        };
        let stack = Stack::start(options).await.unwrap();
        let mut loads = Self {
            stack,
            authorization: String::new(),
        };
        let (_, token) = loads
            .call(Method::POST, "/local/tokens", r#"{"userId":"operator"}"#)
            .await;
        loads.authorization = format!("Bearer {}", token["token"].as_str().unwrap());
        loads
    }

    async fn call(&self, method: Method, path: &str, body: &str) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", &self.authorization)
            .header("content-type", "application/json")
            .body(Body::from(body.to_owned()))
            .unwrap();
        let (parts, body) = self.stack.call(request).await.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (
            parts.status,
            serde_json::from_slice(&body).unwrap_or_default(),
        )
    }

    /// Drops a file and waits until its load settled.
    async fn drop_file(&self, key: &str, content: impl Into<Vec<u8>>) -> Value {
        self.drop_declared(key, content, None).await
    }

    async fn drop_declared(
        &self,
        key: &str,
        content: impl Into<Vec<u8>>,
        rows: Option<u64>,
    ) -> Value {
        let known = self.ids(key).await;
        let bucket = &self.stack.template().parameters["ExportsBucket"];
        let s3 = aws_sdk_s3::Client::new(self.stack.sdk_config());
        let put = s3
            .put_object()
            .bucket(bucket)
            .key(key)
            .body(ByteStream::from(content.into()));
        let put = match rows {
            Some(rows) => put.metadata("row-count", rows.to_string()),
            None => put,
        };
        put.send().await.unwrap();
        for _ in 0..400 {
            tokio::time::sleep(Duration::from_millis(25)).await;
            let new = self
                .loads(key)
                .await
                .into_iter()
                .find(|load| !known.contains(&load["loadId"]));
            if let Some(load) = new.filter(|load| load["state"] != "running") {
                return load;
            }
        }
        panic!("no load of {key} settled");
    }

    async fn loads(&self, key: &str) -> Vec<Value> {
        let (_, page) = self.call(Method::GET, "/operations/loads", "").await;
        page["loads"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|load| load["key"] == key)
            .cloned()
            .collect()
    }

    async fn ids(&self, key: &str) -> Vec<Value> {
        self.loads(key)
            .await
            .into_iter()
            .map(|load| load["loadId"].clone())
            .collect()
    }

    async fn decide(&self, load: &Value, decision: &str) -> (StatusCode, Value) {
        let path = format!(
            "/operations/loads/{}/{decision}",
            load["loadId"].as_str().unwrap()
        );
        self.call(Method::POST, &path, "").await
    }

    async fn settled(&self, load: &Value) -> Value {
        let path = format!("/operations/loads/{}", load["loadId"].as_str().unwrap());
        for _ in 0..400 {
            let (_, load) = self.call(Method::GET, &path, "").await;
            if load["state"] != "running" {
                return load;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("the load did not settle");
    }

    /// Name and first list price of each item that there is.
    async fn shown(&self, skus: &[&str]) -> Vec<(String, String)> {
        let body = serde_json::json!({"skus": skus}).to_string();
        let (_, answer) = self.call(Method::POST, "/catalog/items/query", &body).await;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let items = answer["items"].as_array().unwrap();
        items
            .iter()
            .map(|item| (text(&item["name"]), text(&item["listPrices"][0]["amount"])))
            .collect()
    }

    async fn names_in(&self, category: &str) -> Vec<String> {
        let (_, page) = self
            .call(
                Method::GET,
                &format!("/catalog/categories/{category}/items"),
                "",
            )
            .await;
        let items = page["items"].as_array().cloned().unwrap_or_default();
        items
            .iter()
            .map(|item| item["name"].as_str().unwrap().to_owned())
            .collect()
    }
}

fn items(rows: &[(&str, &str, &str)]) -> String {
    let rows = rows
        .iter()
        .map(|(sku, name, category)| format!("{sku},{name},EA,{category}\n"));
    format!("sku,name,unit,category_ids\n{}", rows.collect::<String>())
}

fn prices(amounts: impl Iterator<Item = (usize, &'static str)>) -> String {
    let rows = amounts.map(|(sku, amount)| format!("P{sku},USD,{amount},EA\n"));
    format!("sku,currency,amount,unit\n{}", rows.collect::<String>())
}

const FIRST: &str = "incoming/items/snapshot/items-20250207T100000Z.csv";
const SECOND: &str = "incoming/items/snapshot/items-20250207T110000Z.csv";
const THIRD: &str = "incoming/items/snapshot/items-20250207T120000Z.csv";

#[tokio::test]
async fn a_snapshot_appears_at_once_and_its_rollback_brings_back_the_one_before() {
    let loads = Loads::start().await;
    loads
        .drop_file(
            "incoming/categories/snapshot/c.csv",
            "category_id,name\nC1,one\nC2,two\n",
        )
        .await;
    let first = loads
        .drop_file(
            FIRST,
            items(&[("A", "a1", "C1"), ("B", "b1", "C1"), ("D", "d1", "C1")]),
        )
        .await;
    assert_eq!(
        (&first["state"], &first["counts"]["applied"]),
        (&"published".into(), &3.into())
    );
    let second = loads
        .drop_file(
            SECOND,
            items(&[("A", "a2", "C2"), ("B", "b1", "C1"), ("N", "n2", "C2")]),
        )
        .await;
    assert_eq!(
        (&second["counts"]["applied"], &second["counts"]["unchanged"]),
        (&2.into(), &1.into())
    );
    assert_eq!(second["removed"], 1);
    let names = async |skus: &[&str]| {
        loads
            .shown(skus)
            .await
            .into_iter()
            .map(|(name, _)| name)
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&["A", "B", "D", "N"]).await, ["a2", "b1", "n2"]);
    assert_eq!(
        (loads.names_in("C1").await, loads.names_in("C2").await),
        (vec!["b1".into()], vec!["a2".into(), "n2".into()])
    );

    let (status, back) = loads.decide(&second, "rollback").await;
    assert_eq!(
        (status, &back["state"]),
        (StatusCode::OK, &"superseded".into())
    );
    assert_eq!(names(&["A", "B", "D", "N"]).await, ["a1", "b1", "d1"]);
    assert_eq!(
        (
            loads.names_in("C1").await.len(),
            loads.names_in("C2").await.len()
        ),
        (3, 0)
    );
    assert_eq!(
        loads.decide(&first, "rollback").await.0,
        StatusCode::CONFLICT
    );

    // A delta after the rollback, then a snapshot that does not know it, then an older file.
    loads
        .drop_file(
            "incoming/items/delta/i-20250207T113000Z.csv",
            items(&[("E", "e", "C2")]),
        )
        .await;
    assert_eq!(names(&["E"]).await, ["e"]);
    loads
        .drop_file(THIRD, items(&[("A", "a1", "C1"), ("B", "b3", "C1")]))
        .await;
    let late = loads.drop_file(SECOND, items(&[("A", "late", "C1")])).await;
    assert_eq!(late["state"], "superseded");
    assert_eq!(names(&["A", "B", "D", "E", "N"]).await, ["a1", "b3"]);
    loads.stack.stop().await;
}

#[tokio::test]
async fn a_held_load_changes_nothing_until_it_is_released() {
    let loads = Loads::start().await;
    let rows: Vec<(String, String)> = (0..30)
        .map(|n| (format!("P{n}"), format!("n{n}")))
        .collect();
    let file = |count: usize| {
        items(
            &rows
                .iter()
                .take(count)
                .map(|(s, n)| (s.as_str(), n.as_str(), ""))
                .collect::<Vec<_>>(),
        )
    };
    loads.drop_file(FIRST, file(30)).await;
    let held = loads.drop_file(SECOND, file(12)).await;
    assert_eq!(
        (
            &held["state"],
            &held["heldFor"][0]["code"],
            &held["removed"]
        ),
        (&"held".into(), &"removals".into(), &18.into())
    );
    let skus: Vec<&str> = rows.iter().map(|(sku, _)| sku.as_str()).collect();
    assert_eq!(loads.shown(&skus).await.len(), 30);
    // Other loads go on: a newer delta outlives the release.
    loads
        .drop_file(
            "incoming/items/delta/i-20250207T113000Z.csv",
            items(&[("P29", "kept", "")]),
        )
        .await;
    assert_eq!(loads.shown(&skus).await[29].0, "kept");
    let (status, released) = loads.decide(&held, "release").await;
    assert_eq!(
        (status, &released["state"]),
        (StatusCode::OK, &"published".into())
    );
    assert_eq!(loads.shown(&skus).await.len(), 13);
    assert_eq!(loads.decide(&held, "release").await.0, StatusCode::CONFLICT);

    let declared = loads.drop_declared(THIRD, file(12), Some(13)).await;
    assert_eq!(
        (&declared["state"], &declared["heldFor"][0]["code"]),
        (&"held".into(), &"row_count".into())
    );
    assert_eq!(
        loads.decide(&declared, "rollback").await.1["state"],
        "superseded"
    );
    loads.stack.stop().await;
}

#[tokio::test]
async fn a_held_delta_of_prices_goes_on_when_it_is_released() {
    let loads = Loads::start().await;
    let rows: Vec<(String, String)> = (0..20)
        .map(|n| (format!("P{n}"), format!("n{n}")))
        .collect();
    loads
        .drop_file(
            FIRST,
            items(
                &rows
                    .iter()
                    .map(|(s, n)| (s.as_str(), n.as_str(), ""))
                    .collect::<Vec<_>>(),
            ),
        )
        .await;
    loads
        .drop_file(
            "incoming/list-prices/snapshot/p-20250207T100000Z.csv",
            prices((0..20).map(|n| (n, "10.00"))),
        )
        .await;
    let change = prices((0..20).map(|n| (n, if n < 12 { "20.00" } else { "11.00" })));
    let held = loads
        .drop_file("incoming/list-prices/delta/p-20250207T110000Z.csv", change)
        .await;
    assert_eq!(
        (&held["state"], &held["heldFor"][0]["code"]),
        (&"held".into(), &"price_changes".into())
    );
    assert_eq!(
        loads
            .shown(&["P1", "P19"])
            .await
            .into_iter()
            .map(|(_, p)| p)
            .collect::<Vec<_>>(),
        ["10.00", "10.00"]
    );
    assert_eq!(loads.decide(&held, "release").await.1["state"], "running");
    let ended = loads.settled(&held).await;
    assert_eq!(
        (&ended["state"], &ended["counts"]["applied"]),
        (&"published".into(), &20.into())
    );
    assert_eq!(
        loads
            .shown(&["P1", "P19"])
            .await
            .into_iter()
            .map(|(_, p)| p)
            .collect::<Vec<_>>(),
        ["20.00", "11.00"]
    );
    loads.stack.stop().await;
}

#[tokio::test]
async fn five_percent_of_damaged_rows_are_refused_and_complete_the_load_once_corrected() {
    let loads = Loads::start().await;
    let good = |n: usize| format!("P{n},\"name, {n}\",EA\n");
    // Every twentieth row is damaged, each in one of four ways.
    let damaged = |n: usize| match (n % 20, n / 20 % 4) {
        (7, 0) => (format!("P{n},,EA\n"), Some("required")),
        (7, 1) => (format!("P{n},name\n"), Some("field_count")),
        (7, 2) => (format!("P{n},a\u{7}b,EA\n"), Some("text")),
        (7, _) => (format!("P {n}/,name,EA\n"), Some("identifier")),
        _ => (good(n), None),
    };
    let rows: Vec<(String, Option<&str>)> = (0..1000).map(damaged).collect();
    let header = "sku,name,unit\n";
    let file = format!(
        "{header}{}",
        rows.iter().map(|(row, _)| row.as_str()).collect::<String>()
    );
    let load = loads.drop_file(FIRST, file).await;
    assert_eq!(
        (
            &load["state"],
            &load["counts"]["applied"],
            &load["counts"]["rejected"]
        ),
        (&"published".into(), &950.into(), &50.into())
    );

    let folder = format!(
        "rejects/items/items-20250207T100000Z/{}",
        load["loadId"].as_str().unwrap()
    );
    let bucket = &loads.stack.template().parameters["ExportsBucket"];
    let s3 = aws_sdk_s3::Client::new(loads.stack.sdk_config());
    let read = async |file: &str| {
        let object = s3
            .get_object()
            .bucket(bucket)
            .key(format!("{folder}/{file}"))
            .send()
            .await
            .unwrap();
        String::from_utf8(object.body.collect().await.unwrap().to_vec()).unwrap()
    };
    let refused: String = rows
        .iter()
        .filter(|(_, code)| code.is_some())
        .map(|(row, _)| row.as_str())
        .collect();
    assert_eq!(read("rejects.csv").await, format!("{header}{refused}"));
    let reasons = read("reasons.csv").await;
    let codes: Vec<&str> = reasons
        .lines()
        .skip(1)
        .map(|line| line.split(',').nth(4).unwrap())
        .collect();
    assert_eq!(
        codes,
        rows.iter()
            .filter_map(|(_, code)| *code)
            .collect::<Vec<_>>()
    );

    // Corrected and dropped back, they complete the load.
    let corrected: String = (0..1000).filter(|n| n % 20 == 7).map(good).collect();
    let key = "incoming/items/delta/corrected-20250207T110000Z.csv";
    let load = loads.drop_file(key, format!("{header}{corrected}")).await;
    assert_eq!(
        (&load["state"], &load["counts"]["applied"]),
        (&"published".into(), &50.into())
    );
    let skus: Vec<String> = (0..1000).map(|n| format!("P{n}")).collect();
    for skus in skus.chunks(100) {
        let skus: Vec<&str> = skus.iter().map(String::as_str).collect();
        assert_eq!(loads.shown(&skus).await.len(), 100);
    }
    loads.stack.stop().await;
}

#[tokio::test]
async fn members_that_a_snapshot_lacks_may_not_act_any_more_and_come_back_with_the_next() {
    let loads = Loads::start().await;
    let file = |ids: &[&str]| {
        let rows = ids.iter().map(|id| format!("{id},Name {id},USD\n"));
        format!(
            "organization_id,name,currency\n{}",
            rows.collect::<String>()
        )
    };
    let dynamodb = aws_sdk_dynamodb::Client::new(loads.stack.sdk_config());
    let status = async |id: &str| {
        let text = |value: String| aws_sdk_dynamodb::types::AttributeValue::S(value);
        let get = dynamodb
            .get_item()
            .table_name("MembersTable")
            .key("pk", text(format!("organization#{id}")));
        let record = get
            .key("sk", text("organization".to_owned()))
            .send()
            .await
            .unwrap()
            .item
            .unwrap();
        record["status"].as_s().unwrap().clone()
    };
    let key = |hour: u8| format!("incoming/organizations/snapshot/o-20250207T{hour:02}0000Z.csv");
    loads.drop_file(&key(10), file(&["O1", "O2"])).await;
    let second = loads.drop_file(&key(11), file(&["O1"])).await;
    assert_eq!(
        (&second["state"], &second["removed"]),
        (&"published".into(), &1.into())
    );
    assert_eq!(
        (status("O1").await.as_str(), status("O2").await.as_str()),
        ("active", "inactive")
    );
    let late = loads.drop_file(&key(9), file(&["O2"])).await;
    assert_eq!(late["state"], "superseded");
    loads.drop_file(&key(12), file(&["O1", "O2"])).await;
    assert_eq!(status("O2").await, "active");
    loads.stack.stop().await;
}
