//! Delimited text and NDJSON with any profile: the rows are the same wherever the file is cut and
//! split, and none of them makes the reader panic. The first bytes choose profile, cut and split
//! point; the rest is the file.
#![no_main]

use fuzz::{accept_items, assert_rows_do_not_depend_on_cuts};
use libfuzzer_sys::fuzz_target;
use tabular::{Format, Profile};

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
    let profile = PROFILES[usize::from(*profile >> 1) % PROFILES.len()];
    let Ok(profile) = Profile::parse(profile.as_bytes()) else {
        panic!("a profile of ours does not parse")
    };
    let format = if data[0] & 1 == 0 { Format::Csv } else { Format::Ndjson };
    let piece = usize::from(*piece);
    assert_rows_do_not_depend_on_cuts(&profile.framing(format), file, piece, u64::from(*target));
    let _ = accept_items(format, &profile, file, piece);
    let _ = Profile::parse(file);
});
