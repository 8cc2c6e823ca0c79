//! Delimited text and NDJSON with any profile: the rows are the same wherever the file is cut and
//! entered, and none of them makes the reader panic. The first bytes choose profile, cut and place;
//! the rest is the file.
#![no_main]

use app::load::{Profile, check_hashed, holds_together};
use bytes::Bytes;
use domain::load::{CatalogRecord, Format, LoadKind};
use libfuzzer_sys::fuzz_target;

const PROFILES: &[&str] = &[
    "{}",
    r#"{"header":false,"columns":["sku","name","unit"],"quote":null}"#,
    r#"{"delimiter":"+|","rowTerminator":"&|\n","quote":null,"header":false,"fields":{"sku":0,"name":1,"unit":{"constant":"EA"}}}"#,
    r#"{"delimiter":";","encoding":"windows-1252","decimalSeparator":",","groupSeparator":".","nulls":["-"],
        "fields":{"sku":"sku","name":"name","unit":{"column":"unit","values":{"x":"EA"},"default":"PC"},"nominal_quantity":"n"}}"#,
    r#"{"encoding":"utf-16le"}"#,
    r#"{"delimiter":"|","rowTerminator":"|\n","quote":"''"}"#,
];

fuzz_target!(|data: &[u8]| {
    let [profile, piece, target, file @ ..] = data else { return };
    let Ok(profile) = Profile::parse(PROFILES[usize::from(*profile >> 1) % PROFILES.len()].as_bytes()) else {
        panic!("a profile of ours does not parse")
    };
    let format = if data[0] & 1 == 0 { Format::Csv } else { Format::Ndjson };
    let piece = usize::from(*piece);
    assert!(holds_together(format, &profile, file, piece, u64::from(*target)));
    let pieces = file.chunks(piece.max(1)).map(Bytes::copy_from_slice);
    let _ = check_hashed::<CatalogRecord>(LoadKind::Items, format, &profile, pieces);
    let _ = Profile::parse(file);
});
