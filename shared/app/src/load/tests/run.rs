use std::sync::Arc;

use domain::ids::LoadId;
use domain::load::{CatalogVersions, ExportKey, Load, LoadKind, LoadState, Sequence};
use proptest::prelude::*;

use super::fakes::{Fakes, run_to_end};
use crate::load::{Arrival, LoadError};

const KEY: &str = "incoming/categories/snapshot/c-20250207T100000Z.csv";

fn drop_file(fakes: &Arc<Fakes>, key: &str, content: impl Into<Vec<u8>>) -> Arrival {
    fakes
        .objects
        .lock()
        .unwrap()
        .insert(key.to_owned(), content.into());
    Arrival {
        key: ExportKey::parse(key).unwrap(),
        load: LoadId::parse("1").unwrap(),
    }
}

fn run(fakes: &Arc<Fakes>, arrival: &Arrival) -> Result<Load, LoadError> {
    run_to_end(fakes, arrival)
}

fn load(content: impl Into<Vec<u8>>) -> (Arc<Fakes>, Load) {
    let fakes = Arc::new(Fakes::default());
    *fakes.piece.lock().unwrap() = 7;
    let arrival = drop_file(&fakes, KEY, content);
    let load = run(&fakes, &arrival).unwrap();
    (fakes, load)
}

#[test]
fn bad_rows_are_rejected_and_the_others_apply() {
    let (fakes, load) = load("category_id,name\nA,\"x, \"\"y\"\"\"\n,\"no\nkey\"\nB,b,c\nC,c\nC,c");
    assert_eq!(load.state, LoadState::Published);
    assert_eq!(
        (
            load.counts.applied,
            load.counts.unchanged,
            load.counts.rejected
        ),
        (2, 1, 2)
    );
    let rejects = fakes
        .object("rejects/categories/c-20250207T100000Z/1/rejects.csv")
        .unwrap();
    assert_eq!(rejects, "category_id,name\n,\"no\nkey\"\nB,b,c\n");
    let reasons = fakes
        .object("rejects/categories/c-20250207T100000Z/1/reasons.csv")
        .unwrap();
    let expected = "row,line,key,field,code,message\n2,3,,category_id,required,category_id is \
        empty\n\
                    3,5,B,,field_count,\"the row has 3 fields, the header has 2\"\n";
    assert_eq!(reasons, expected);
    assert_eq!(load.first_reasons.len(), 2);
    assert_eq!(
        fakes
            .object("reports/categories/c-20250207T100000Z/1.json")
            .unwrap(),
        "published"
    );
}

#[test]
fn a_load_that_ended_is_not_repeated() {
    let (fakes, first) = load("category_id,name\nA,a\n");
    let arrival = drop_file(&fakes, KEY, "category_id,name\nB,b\n");
    assert_eq!(run(&fakes, &arrival).unwrap(), first);
    assert!(!fakes.seen.lock().unwrap().contains_key("B"));
}

#[test]
fn an_outage_leaves_the_load_running_and_the_next_attempt_ends_it() {
    let fakes = Arc::new(Fakes::default());
    let arrival = drop_file(&fakes, KEY, "category_id,name\nA,a\n");
    *fakes.outage.lock().unwrap() = true;
    assert!(run(&fakes, &arrival).is_err());
    assert_eq!(fakes.loads.lock().unwrap()["1"].state, LoadState::Running);
    *fakes.outage.lock().unwrap() = false;
    assert_eq!(run(&fakes, &arrival).unwrap().state, LoadState::Published);
}

#[test]
fn only_a_snapshot_that_finds_records_looks_for_those_that_it_lacks() {
    let (fakes, _) = load("category_id,name\nA,a\n");
    assert_eq!(*fakes.sweeps.lock().unwrap(), 0);
    let key = "incoming/categories/snapshot/c-20250208T100000Z.csv";
    let arrival = Arrival {
        load: LoadId::parse("2").unwrap(),
        ..drop_file(&fakes, key, "category_id,name\nB,b\n")
    };
    assert_eq!(run(&fakes, &arrival).unwrap().removed, 1);
    assert_eq!(*fakes.sweeps.lock().unwrap(), 1);
}

#[test]
fn a_file_older_than_the_newest_snapshot_changes_nothing() {
    let fakes = Arc::new(Fakes::default());
    let mut versions = CatalogVersions::default();
    versions.published.sequence = Sequence::new(i64::MAX);
    fakes
        .versions
        .lock()
        .unwrap()
        .insert(LoadKind::Categories, versions);
    let arrival = drop_file(&fakes, KEY, "category_id,name\nA,a\n,b\n");
    let load = run(&fakes, &arrival).unwrap();
    assert_eq!(
        (load.state, load.counts.unchanged, load.counts.rejected),
        (LoadState::Superseded, 1, 1)
    );
    assert!(fakes.seen.lock().unwrap().is_empty());
}

#[test]
fn a_file_that_cannot_be_used_ends_as_failed_with_a_code() {
    for (content, code) in [
        (&b""[..], "empty_file"),
        (b"\n\n", "empty_file"),
        (b"name\nx\n", "missing_columns"),
        (b"category_id,name,name\n", "duplicate_column"),
        (b"\xFF\xFEc\0a\0b", "encoding"),
        (b"c\xE4tegory_id,name\nA,a\n", "encoding"),
        (b"category_id,\"name\nA,a\n", "header_unreadable"),
    ] {
        let (_, load) = load(content);
        assert_eq!(load.state, LoadState::Failed);
        assert_eq!(load.failure.unwrap().code, code, "{content:?}");
    }
    let fakes = Arc::new(Fakes::default());
    let arrival = drop_file(&fakes, "incoming/categories/delta/c.xls", "<a/>");
    assert_eq!(
        run(&fakes, &arrival).unwrap().failure.unwrap().code,
        "format"
    );
}

#[test]
fn rows_that_are_not_utf_8_or_not_closed_are_rejected() {
    let (_, load) = load(&b"category_id,name\nA,\xC3\nB,b\nC,\"c\nD,d\n"[..]);
    assert_eq!((load.counts.applied, load.counts.rejected), (1, 2));
    let codes: Vec<_> = load
        .first_reasons
        .iter()
        .map(|reason| (reason.line, reason.code.as_ref()))
        .collect();
    assert_eq!(codes, [(2, "encoding"), (4, "open_quote")]);
}

#[test]
fn a_packed_file_loads_like_a_plain_one_and_a_damaged_one_changes_nothing() {
    let content = format!(
        "category_id,name\n{}",
        (0..5000)
            .map(|n| format!("K{n},name {n}\n"))
            .collect::<String>()
    );
    let packed = zstd::stream::encode_all(content.as_bytes(), 3).unwrap();
    for mode in ["snapshot", "delta"] {
        let key = format!("incoming/categories/{mode}/c.csv.zst");
        let fakes = Arc::new(Fakes::default());
        *fakes.piece.lock().unwrap() = 100;
        let arrival = drop_file(&fakes, &key, packed.clone());
        let load = run(&fakes, &arrival).unwrap();
        assert_eq!(
            (load.state, load.counts.applied),
            (LoadState::Published, 5000)
        );
        assert_eq!(
            (load.bytes, load.bytes_read),
            (packed.len() as u64, packed.len() as u64)
        );

        let fakes = Arc::new(Fakes::default());
        let arrival = drop_file(&fakes, &key, &packed[..packed.len() - 2]);
        let load = run(&fakes, &arrival).unwrap();
        assert_eq!(
            (load.state, load.failure.unwrap().code.as_ref()),
            (LoadState::Failed, "compression")
        );
        assert!(mode == "snapshot" || fakes.seen.lock().unwrap().is_empty());
        assert!(
            fakes
                .versions
                .lock()
                .unwrap()
                .values()
                .all(|versions| versions.published.load.is_none())
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn every_row_is_counted_once_whatever_is_in_it(
        rows in proptest::collection::vec("[ABC]{0,1}[,\"]{0,2}[a\u{e9}\u{0}/]{0,3}", 0..3000),
        piece in 1_usize..4000,
    ) {
        let content = format!("category_id,name\n{}", rows.join("\n"));
        let fakes = Arc::new(Fakes::default());
        *fakes.piece.lock().unwrap() = piece;
        let arrival = drop_file(&fakes, KEY, content.clone());
        let load = run(&fakes, &arrival).unwrap();
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(content.as_bytes());
        prop_assert_eq!(load.counts.rows(), reader.byte_records().count() as u64);
        prop_assert_eq!(load.bytes_read, content.len() as u64);
        let reasons = fakes.object("rejects/categories/c-20250207T100000Z/1/rejects.csv");
        prop_assert_eq!(reasons.is_some(), load.counts.rejected > 0);
    }
}
