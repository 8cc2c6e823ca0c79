use proptest::prelude::*;

use crate::load::csv::{Flaw, MAX_FIELDS, MAX_RECORD, RecordReader, Step};

type Found = (u64, Vec<Vec<u8>>, Option<Flaw>);

fn records<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Found> {
    let mut reader = RecordReader::new();
    let mut found = Vec::new();
    for mut piece in pieces.into_iter().filter(|piece| !piece.is_empty()) {
        while !piece.is_empty() {
            if reader.step(&mut piece) == Step::Record {
                found.push(snapshot(&reader));
            }
        }
    }
    while reader.step(&mut &b""[..]) == Step::Record {
        found.push(snapshot(&reader));
    }
    found
}

fn snapshot(reader: &RecordReader) -> Found {
    let record = reader.record();
    (record.line, record.fields().map(<[u8]>::to_vec).collect(), record.flaw)
}

fn expected(input: &[u8]) -> Vec<Vec<Vec<u8>>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(input);
    reader.byte_records().map(|record| record.unwrap().iter().map(<[u8]>::to_vec).collect()).collect()
}

/// What a record can be hard to read for.
const PARTS: &[&[u8]] = &[
    b",",
    b"\"",
    b"\n",
    b"\r\n",
    b"\r",
    b"a",
    b"bc d",
    b"\xEF\xBB\xBF",
    b"\xEF",
    b"\xFF\xFE",
    b"\xC3\xA9",
    b"\"\"",
    b"\"x,\n\"",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn records_are_those_of_the_csv_crate_wherever_the_input_is_cut(
        parts in proptest::collection::vec(
            proptest::sample::select(PARTS.to_vec()),
            0..40,
        ),
        cuts in proptest::collection::vec(1_usize..9, 1..20),
    ) {
        let input = parts.concat();
        let mut pieces: Vec<&[u8]> = Vec::new();
        let mut rest = &input[..];
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, after) = rest.split_at((*cut).min(rest.len()));
            pieces.push(piece);
            rest = after;
        }
        let whole = records([&input[..]]);
        prop_assert_eq!(&records(pieces), &whole);
        let fields: Vec<_> = whole.into_iter().map(|(_, fields, _)| fields).collect();
        prop_assert_eq!(fields, expected(&input));
    }
}

#[test]
fn a_record_knows_the_line_that_it_begins_on() {
    let found = records([&b"a\r\n\r\n\"b\nc\"\n\nd"[..]]);
    let lines: Vec<u64> = found.iter().map(|(line, ..)| *line).collect();
    assert_eq!(lines, [1, 3, 6]);
}

#[test]
fn a_record_over_a_limit_is_flawed_and_the_next_one_is_not() {
    let long = [vec![b'x'; MAX_RECORD + 1], b"\nok\n".to_vec()].concat();
    let found = records([&long[..]]);
    assert_eq!(found, [(1, vec![], Some(Flaw::TooLong)), (2, vec![b"ok".to_vec()], None)]);

    let wide = [vec![b','; MAX_FIELDS], b"\nok\n".to_vec()].concat();
    let found = records([&wide[..]]);
    assert_eq!(found, [(1, vec![], Some(Flaw::TooManyFields)), (2, vec![b"ok".to_vec()], None)]);
}

#[test]
fn a_quote_that_is_never_closed_is_a_flaw_of_the_record_that_it_opens_in() {
    let found = records([&b"a,b\nc,\"d\ne,f\n"[..]]);
    assert_eq!(found[1], (2, vec![b"c".to_vec(), b"d\ne,f\n".to_vec()], Some(Flaw::OpenQuote)));
    assert_eq!(found.len(), 2);
}
