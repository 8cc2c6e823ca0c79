//! Real exports with every twentieth row damaged: the others apply, each damaged one is refused for
//! what is wrong with it, and the corrected ones complete the load.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use csv::ByteRecord;
use serde_json::Value;

use crate::app::TestApp;

/// A folder of real ERP exports: next to the data set that `DATASET` names, or next to the
/// checkout, if it is there.
pub fn neighbouring_data(name: &str) -> Option<PathBuf> {
    let neighbour = || {
        PathBuf::from(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../../shared/data/adventureworks"
        ))
    };
    let folder = std::env::var_os("DATASET")
        .map_or_else(neighbour, PathBuf::from)
        .with_file_name(name);
    if !folder.is_dir() {
        eprintln!("skipped: there is no {name} next to the data set");
        return None;
    }
    Some(folder)
}

const KINDS: [(&str, &str); 7] = [
    ("organizations", "organization_id"),
    ("users", "user_id"),
    ("addresses", "address_id"),
    ("categories", "category_id"),
    ("items", "sku"),
    ("item-descriptions", "sku"),
    ("list-prices", "sku"),
];

/// Damages of a column: what it holds then, and the code that this calls for.
const DAMAGES: &[(&str, &[u8], &str)] = &[
    ("status", b"sleeping", "choice"),
    ("currency", b"usd", "currency"),
    ("amount", b"1e3", "amount"),
    ("amount", b"-1", "amount"),
    ("nominal_quantity", b"many", "quantity"),
    ("quantity_multiple", b"0", "quantity"),
    ("sequence", b"first", "number"),
    ("valid_from", b"30.05.2022", "date"),
    ("email", b"noone", "email"),
    ("roles", b"buyer;king", "role"),
    ("country", b"usa", "country"),
    ("kind", b"office", "choice"),
    ("name", b"bell\x07", "text"),
    ("category_ids", b"a;/b", "identifier"),
    ("organization_id", b"a/b", "identifier"),
];

struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}

/// A file, and the same with damages.
struct Exports {
    whole: Vec<u8>,
    damaged: Vec<u8>,
    /// The number of each damaged row, with what it was, and the field and code of its reason.
    expected: BTreeMap<u64, (ByteRecord, String, &'static str)>,
    rows: u64,
}

fn damage(
    row: &ByteRecord,
    columns: &ByteRecord,
    key: &str,
    random: &mut Random,
) -> (ByteRecord, String, &'static str) {
    let at = |name: &str| columns.iter().position(|column| column == name.as_bytes());
    let with = |place: usize, value: &[u8]| {
        row.iter()
            .enumerate()
            .map(|(index, field)| if index == place { value } else { field })
            .collect::<ByteRecord>()
    };
    let of_columns: Vec<_> = DAMAGES
        .iter()
        .filter(|(column, ..)| at(column).is_some())
        .collect();
    match random.below(5 + of_columns.len()) {
        0 => (
            row.iter().take(row.len() - 1).collect(),
            String::new(),
            "field_count",
        ),
        1 => (
            row.iter().chain([&b"more"[..]]).collect(),
            String::new(),
            "field_count",
        ),
        2 => (with(1, b"\xC3("), String::new(), "encoding"),
        3 => (with(at(key).unwrap(), b""), key.to_owned(), "required"),
        4 => (
            with(at(key).unwrap(), &[b'x'; 200]),
            key.to_owned(),
            "identifier",
        ),
        index => {
            let (column, value, code) = of_columns[index - 5];
            (with(at(column).unwrap(), value), (*column).to_owned(), code)
        }
    }
}

fn exports(path: &Path, key: &str, seed: u64) -> Exports {
    let mut random = Random(seed);
    let mut reader = csv::ReaderBuilder::new().from_path(path).unwrap();
    let columns = reader.byte_headers().unwrap().clone();
    let mut whole = csv::Writer::from_writer(Vec::new());
    let mut damaged = csv::WriterBuilder::new()
        .flexible(true)
        .from_writer(Vec::new());
    whole.write_byte_record(&columns).unwrap();
    damaged.write_byte_record(&columns).unwrap();
    let (mut expected, mut rows, mut chosen) = (BTreeMap::new(), 0, 0);
    for row in reader.byte_records() {
        let row = row.unwrap();
        if rows % 20 == 0 {
            chosen = random.below(20) as u64;
        }
        whole.write_byte_record(&row).unwrap();
        rows += 1;
        if (rows - 1) % 20 == chosen {
            let (bad, field, code) = damage(&row, &columns, key, &mut random);
            damaged.write_byte_record(&bad).unwrap();
            expected.insert(rows, (row, field, code));
        } else {
            damaged.write_byte_record(&row).unwrap();
        }
    }
    Exports {
        whole: whole.into_inner().unwrap(),
        damaged: damaged.into_inner().unwrap(),
        expected,
        rows,
    }
}

/// What a table holds of rows, whichever file brought them.
fn content(app: &TestApp) -> Vec<String> {
    let items = ["CatalogTable", "MembersTable"]
        .into_iter()
        .flat_map(|table| app.table(table));
    let mut items: Vec<String> = items
        .map(|item| {
            let (table, item) = item.split_once(' ').unwrap();
            let mut item: Value = serde_json::from_str(item).unwrap();
            item.as_object_mut()
                .unwrap()
                .retain(|name, _| name != "sequence");
            format!("{table} {item}")
        })
        .filter(|item| !item.contains(r#""pk":{"S":"pointer"}"#))
        .collect();
    items.sort_unstable();
    items
}

#[tokio::test]
async fn damaged_rows_are_refused_with_true_reasons_and_their_corrections_complete_the_load() {
    let Some(data) = neighbouring_data("adventureworks") else {
        return;
    };
    let (whole, parts) = (TestApp::start().await, TestApp::start().await);
    for (index, (kind, key)) in KINDS.into_iter().enumerate() {
        let path = data.join(format!(
            "incoming/{kind}/snapshot/{kind}-20250207T100000Z.csv"
        ));
        let exports = exports(&path, key, index as u64 + 42);
        let at = |name: &str| format!("incoming/{kind}/delta/{name}.csv");
        let load = whole
            .load(&at("whole-20260101T000000Z"), exports.whole)
            .await;
        assert_eq!(
            (&load["state"], &load["counts"]["rejected"]),
            (&"published".into(), &0.into()),
            "{load}"
        );

        let load = parts
            .load(&at("damaged-20260101T000000Z"), exports.damaged)
            .await;
        let bad = exports.expected.len() as u64;
        assert_eq!(load["state"], "published", "{load}");
        assert_eq!(load["counts"]["rejected"].as_u64(), Some(bad), "{load}");
        assert_eq!(
            load["counts"]["rows"].as_u64(),
            Some(exports.rows),
            "{load}"
        );
        let folder = format!(
            "rejects/{kind}/damaged-20260101T000000Z/{}",
            load["loadId"].as_str().unwrap()
        );
        let reasons = parts.file(&format!("{folder}/reasons.csv")).await;
        let found: BTreeMap<u64, (String, String)> = csv::Reader::from_reader(reasons.as_bytes())
            .records()
            .map(|reason| reason.unwrap())
            .map(|reason| {
                (
                    reason[0].parse().unwrap(),
                    (reason[3].to_owned(), reason[4].to_owned()),
                )
            })
            .collect();
        let expected: BTreeMap<u64, (String, String)> = exports
            .expected
            .iter()
            .map(|(row, (_, field, code))| (*row, (field.clone(), (*code).to_owned())))
            .collect();
        assert_eq!(found, expected, "{kind}");

        let rejects = parts.bytes(&format!("{folder}/rejects.csv")).await;
        let mut rejects = csv::ReaderBuilder::new()
            .flexible(true)
            .from_reader(&rejects[..]);
        let columns = rejects.byte_headers().unwrap().clone();
        assert_eq!(rejects.byte_records().count() as u64, bad, "{kind}");
        let mut corrected = csv::Writer::from_writer(Vec::new());
        corrected.write_byte_record(&columns).unwrap();
        exports
            .expected
            .values()
            .for_each(|(row, ..)| corrected.write_byte_record(row).unwrap());
        let load = parts
            .load(
                &at("corrected-20260102T000000Z"),
                corrected.into_inner().unwrap(),
            )
            .await;
        assert_eq!(
            (&load["state"], &load["counts"]["rejected"]),
            (&"published".into(), &0.into()),
            "{load}"
        );
    }
    let (whole_rows, parts_rows) = (content(&whole), content(&parts));
    assert_eq!(whole_rows.len(), parts_rows.len());
    for (one, two) in whole_rows.iter().zip(&parts_rows) {
        assert_eq!(one, two);
    }
    whole.finish().await;
    parts.finish().await;
}
