#![allow(clippy::unwrap_used)]

use super::*;
use crate::time::Timestamp;

#[test]
fn a_key_names_kind_mode_name_and_format() {
    let key = ExportKey::parse("incoming/items/delta/items-20250207T100000Z.csv").unwrap();
    assert_eq!((key.kind(), key.mode()), (LoadKind::Items, LoadMode::Delta));
    assert_eq!(
        (key.name(), key.suffix()),
        ("items-20250207T100000Z", "csv")
    );
}

#[test]
fn a_format_that_cannot_be_read_is_still_an_export_file() {
    for (file, name, suffix) in [
        ("a.csv.bz2", "a.csv", "bz2"),
        ("a.b.json", "a.b", "json"),
        ("a", "a", ""),
        ("a.gz", "a", "gz"),
        ("a.xls.zst", "a", "xls.zst"),
    ] {
        let key = ExportKey::parse(&format!("incoming/users/snapshot/{file}")).unwrap();
        assert_eq!((key.name(), key.suffix()), (name, suffix), "{file}");
    }
}

#[test]
fn a_packed_file_is_known_by_its_last_suffix() {
    for (file, name, suffix) in [
        ("a.csv", "a", "csv"),
        ("a.csv.gz", "a", "csv.gz"),
        ("a.b.csv.zst", "a.b", "csv.zst"),
        ("a.ndjson", "a", "ndjson"),
        ("a.xml.gz", "a", "xml.gz"),
    ] {
        let key = ExportKey::parse(&format!("incoming/users/snapshot/{file}")).unwrap();
        assert_eq!((key.name(), key.suffix()), (name, suffix), "{file}");
    }
}

#[test]
fn other_keys_are_no_export_files() {
    for (key, error) in [
        ("incoming/items/delta/", ExportKeyError::Name),
        ("incoming/items/delta/.csv", ExportKeyError::Name),
        ("incoming/items/delta/a/b.csv", ExportKeyError::Form),
        ("reports/items/delta/a.csv", ExportKeyError::Form),
        (
            "incoming/items/delta/a.csv.profile.json",
            ExportKeyError::Form,
        ),
        ("incoming/things/delta/a.csv", ExportKeyError::Kind),
        ("incoming/items/weekly/a.csv", ExportKeyError::Mode),
    ] {
        assert_eq!(ExportKey::parse(key), Err(error), "{key}");
    }
}

#[test]
fn the_last_timestamp_in_the_name_orders_the_files_else_the_last_modification() {
    let modified = Timestamp::from_seconds(7);
    let sequence = |name: &str| {
        ExportKey::parse(&format!("incoming/items/delta/{name}.csv"))
            .unwrap()
            .sequence(modified)
            .number()
    };
    assert_eq!(sequence("items-20250207T100000Z"), 1_738_922_400_000);
    assert_eq!(
        sequence("20240101T000000Z-items-20250207T100000Z-b"),
        1_738_922_400_000
    );
    assert_eq!(sequence("items-20251307T100000Z"), 7000);
    assert_eq!(sequence("items"), 7000);
}

#[test]
fn every_kind_is_found_by_its_name() {
    for kind in LoadKind::ALL {
        assert_eq!(LoadKind::parse(kind.as_str()), Some(*kind));
    }
    for state in LoadState::ALL {
        assert_eq!(LoadState::parse(state.as_str()), Some(*state));
    }
}
