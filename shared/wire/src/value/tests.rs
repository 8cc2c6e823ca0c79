#![allow(clippy::unwrap_used)]

use super::*;

fn read(json: &str) -> Option<String> {
    serde_json::from_str::<Number>(json)
        .ok()
        .map(|number| number.0.normalize().to_string())
}

#[test]
fn a_number_is_the_digits_that_were_written() {
    for (json, value) in [
        ("12", "12"),
        ("-3.5", "-3.5"),
        ("0.10", "0.1"),
        ("123456789.12345", "123456789.12345"),
        ("1e-05", "0.00001"),
        ("1.0E7", "10000000"),
        ("2.5e+1", "25"),
        ("\"12.5\"", "12.5"),
        ("\" 12.5 \"", "12.5"),
        ("1.50000000", "1.5"),
    ] {
        assert_eq!(read(json).as_deref(), Some(value), "{json}");
    }
}

#[test]
fn more_than_five_decimals_are_refused_and_not_rounded_away() {
    for json in [
        "0.000001",
        "1.123456",
        // As floats these two are 1 and 2.5.
        "1.00000000000000001",
        "2.50000000000000000001",
        "1e-6",
        "1000000000",
        "1e9",
        "1e400",
        "1e99999999999",
        "1e-99999999999",
        "12345678901234567890123456789012345678901234567890",
        "\"1.123456\"",
        "\"1e3\"",
        "\"\"",
        "true",
        "null",
        "[1]",
        "{}",
    ] {
        assert_eq!(read(json), None, "{json}");
    }
}

#[test]
fn a_number_is_written_as_it_was_read() {
    for json in ["12", "-3.5", "123456789.12345", "0.00001"] {
        let number: Number = serde_json::from_str(json).unwrap();
        let again: Number = serde_json::from_str(&serde_json::to_string(&number).unwrap()).unwrap();
        assert_eq!(number, again);
    }
}
