//! The ERP drops what it has: any format, any layout with a profile, and files that are broken in
//! any way.

use std::io::Write;

use serde_json::{Value, json};

use crate::app::{ANONYMOUS, OPERATOR, TestApp};
use crate::loads::damage::neighbouring_data;

const ITEMS: &str = "incoming/items/delta";

fn counts(load: &Value) -> [u64; 4] {
    ["rows", "applied", "unchanged", "rejected"].map(|name| load["counts"][name].as_u64().unwrap())
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn zstd(content: &[u8]) -> Vec<u8> {
    zstd::stream::encode_all(content, 3).unwrap()
}

async fn name(app: &TestApp, sku: &str) -> String {
    app.get(ANONYMOUS, &format!("/catalog/items/{sku}"))
        .await
        .expect(200)
        .text_of("name")
}

#[tokio::test]
async fn files_of_every_format_load_plain_and_packed() {
    let app = TestApp::start().await;
    let row = |format: &str, sku: &str| match format {
        "csv" => format!("sku,name,unit,attr:color\n{sku},in {format},EA,red\n"),
        "ndjson" => {
            let row = json!({
                "sku": sku, "name": format!("in {format}"), "unit": "EA", "attr": {"color": "red"},
            });
            format!("{row}\n")
        }
        _ => format!(
            "<items><item sku=\"{sku}\"><name>in \
            {format}</name><unit>EA</unit><attr><color>red</color></attr></item></items>"
        ),
    };
    for format in ["csv", "ndjson", "xml"] {
        for packed in ["", ".gz", ".zst"] {
            let sku = format!("{format}{packed}").to_uppercase();
            let file = row(format, &sku).into_bytes();
            let file = match packed {
                ".gz" => gzip(&file),
                ".zst" => zstd(&file),
                _ => file,
            };
            let load = app.load(&format!("{ITEMS}/a.{format}{packed}"), file).await;
            assert_eq!(
                (load["state"].as_str(), counts(&load)),
                (Some("published"), [1, 1, 0, 0]),
                "{load}"
            );
            let item = app
                .get(ANONYMOUS, &format!("/catalog/items/{sku}"))
                .await
                .expect(200);
            assert_eq!(
                (&item["name"], &item["attributes"]["color"]),
                (&json!(format!("in {format}")), &json!("red"))
            );
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn refused_rows_of_every_format_can_be_corrected_and_dropped_back() {
    let app = TestApp::start().await;
    let json = "{\"sku\":\"J1\",\"name\":\"one\",\"unit\":\"EA\"}\n{\"sku\":\"J2\",\
        \"name\":\"two\",\"unit\":\"EA\",\"status\":\"asleep\"}\n";
    let xml = "<?xml version=\"1.0\"?>\n<items>\n<item \
        sku=\"X1\"><name>one</name><unit>EA</unit></item>\n\
               <item sku=\"X2\"><name>two</name><unit>EA</unit><status>asleep</status></item>\n</items>\n";
    let csv = "sku;name;unit;status\r\nC1;one;EA;\r\nC2;\"t;wo\";EA;asleep";
    app.drop_file(
        &format!("{ITEMS}/bad-20260301T000000Z.csv.profile.json"),
        br#"{"delimiter":";"}"#,
    )
    .await;
    app.drop_file(
        &format!("{ITEMS}/bad-20260302T000000Z.csv.profile.json"),
        br#"{"delimiter":";"}"#,
    )
    .await;
    for (format, file, names) in [
        ("ndjson", json, ["one", "two"]),
        ("xml", xml, ["one", "two"]),
        ("csv", csv, ["one", "t;wo"]),
    ] {
        let load = app
            .load(&format!("{ITEMS}/bad-20260301T000000Z.{format}"), file)
            .await;
        assert_eq!(
            (load["state"].as_str(), load["counts"]["rejected"].as_u64()),
            (Some("published"), Some(1)),
            "{load}"
        );
        let id = load["loadId"].as_str().unwrap();
        let folder = format!("rejects/items/bad-20260301T000000Z/{id}");
        let reasons = app.file(&format!("{folder}/reasons.csv")).await;
        assert!(
            reasons
                .lines()
                .nth(1)
                .is_some_and(|line| line.starts_with("2,") && line.contains(",status,choice,")),
            "{reasons}"
        );
        let corrected = app
            .file(&format!("{folder}/rejects.{format}"))
            .await
            .replace("asleep", "active");
        let load = app
            .load(&format!("{ITEMS}/bad-20260302T000000Z.{format}"), corrected)
            .await;
        assert_eq!(
            (load["state"].as_str(), counts(&load)),
            (Some("published"), [1, 1, 0, 0]),
            "{load}"
        );
        let letter = format[..1].to_uppercase().replace('N', "J");
        assert_eq!(name(&app, &format!("{letter}1")).await, names[0]);
        assert_eq!(name(&app, &format!("{letter}2")).await, names[1]);
    }
    app.finish().await;
}

#[tokio::test]
async fn files_in_other_encodings_load() {
    let app = TestApp::start().await;
    let text = "\u{FEFF}sku,name,unit\nUTF,Käse „€“ 🧀,EA\n";
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let load = app.load(&format!("{ITEMS}/utf16.csv"), utf16).await;
    assert_eq!(counts(&load), [1, 1, 0, 0], "{load}");
    assert_eq!(name(&app, "UTF").await, "Käse „€“ 🧀");
    app.drop_file("profiles/items.json", br#"{"encoding":"windows-1252"}"#)
        .await;
    let load = app
        .load(
            &format!("{ITEMS}/latin.csv"),
            b"sku,name,unit\nWIN,K\xE4se \x80,EA\n",
        )
        .await;
    assert_eq!(counts(&load), [1, 1, 0, 0], "{load}");
    assert_eq!(name(&app, "WIN").await, "Käse €");
    assert_eq!(
        app.get(OPERATOR, "/operations/loads?state=failed")
            .await
            .expect(200)
            .list("loads")
            .len(),
        0
    );
    app.finish().await;
}

#[tokio::test]
async fn an_unusable_file_ends_as_failed_with_its_reason_and_changes_nothing() {
    let app = TestApp::start().await;
    let before = app
        .get(ANONYMOUS, "/catalog/items/GLS-CLR")
        .await
        .expect(200)
        .text;
    let laughs = "<!DOCTYPE lolz [<!ENTITY lol \"lol\"><!ENTITY lol2 \
        \"&lol;&lol;&lol;\">]><lolz><item>&lol2;</item></lolz>";
    let row = "<i sku='GLS-CLR'><name>x</name><unit>EA</unit></i>";
    let mut seed = 7_u64;
    let rubbish: Vec<u8> = std::iter::repeat_with(|| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 56) as u8
    })
    .take(300_000)
    .collect();
    for (file, content, codes) in [
        (
            "laughs.xml",
            laughs.as_bytes().to_vec(),
            &["xml_doctype"][..],
        ),
        (
            "broken.xml",
            format!("<items>{row}{row}<i>").into_bytes(),
            &["xml_syntax"],
        ),
        (
            "rubbish.csv",
            rubbish.clone(),
            &[
                "encoding",
                "missing_columns",
                "header_too_long",
                "header_unreadable",
                "duplicate_column",
            ],
        ),
        ("rubbish.xml", rubbish.clone(), &["xml_syntax"]),
        ("rubbish.csv.gz", rubbish, &["compression"]),
        (
            "wrong.csv",
            b"Number,Title\nGLS-CLR,x\n".to_vec(),
            &["missing_columns"],
        ),
        (
            "profile.csv",
            b"sku,name,unit\nGLS-CLR,x,EA\n".to_vec(),
            &["profile"],
        ),
        (
            "other.csv",
            b"sku,name,unit\nGLS-CLR,x,EA\n".to_vec(),
            &["missing_columns"],
        ),
        (
            "long.csv",
            format!("sku,\"{}\n", "x".repeat(3_000_000)).into_bytes(),
            &["header_unreadable"],
        ),
    ] {
        let key = format!("incoming/items/snapshot/{file}");
        match file {
            "profile.csv" => {
                app.drop_file(&format!("{key}.profile.json"), br#"{"delimeter":";"}"#)
                    .await
            }
            "other.csv" => {
                let profile = br#"{"fields":{"sku":"Artikel","name":"name","unit":"unit"}}"#;
                app.drop_file(&format!("{key}.profile.json"), profile).await;
            }
            _ => {}
        }
        let load = app.load(&key, content).await;
        assert_eq!(load["state"], "failed", "{file}: {load}");
        let code = load["failure"]["code"].as_str().unwrap();
        assert!(codes.contains(&code), "{file}: {load}");
        assert!(
            load["failure"]["message"]
                .as_str()
                .is_some_and(|text| text.len() > 10),
            "{load}"
        );
    }
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
async fn raw_exports_of_an_erp_load_with_a_profile_and_nothing_else() {
    let Some(raw) = neighbouring_data("adventureworks-raw") else {
        return;
    };
    let app = TestApp::start().await;
    app.drop_file(
        "profiles/items.json",
        include_bytes!("../fixtures/profiles/product.json"),
    )
    .await;
    app.drop_file(
        "profiles/organizations.json",
        include_bytes!("../fixtures/profiles/store.json"),
    )
    .await;
    let read = |name: &str| std::fs::read(raw.join(name)).unwrap();
    let load = app
        .load(&format!("{ITEMS}/Product.csv"), read("Product.csv"))
        .await;
    assert_eq!(
        (load["state"].as_str(), counts(&load)),
        (Some("published"), [504, 504, 0, 0]),
        "{load}"
    );
    let item = app
        .get(ANONYMOUS, "/catalog/items/CA-5965")
        .await
        .expect(200);
    assert_eq!(
        (&item["name"], &item["unit"], &item["status"]),
        (&json!("LL Crankarm"), &json!("EA"), &json!("active"))
    );
    assert_eq!(
        item["attributes"],
        json!({"color": "Black", "sold_since": "2019-04-30T00:00:00.000Z"})
    );
    let load = app
        .load("incoming/organizations/delta/Store.csv", read("Store.csv"))
        .await;
    assert_eq!(
        (load["state"].as_str(), counts(&load)),
        (Some("published"), [701, 701, 0, 0]),
        "{load}"
    );
    let stored = app.table("MembersTable");
    assert!(
        stored
            .iter()
            .any(|item| item.contains("organization#292") && item.contains("Next-Door Bike Store"))
    );
    app.finish().await;
}
