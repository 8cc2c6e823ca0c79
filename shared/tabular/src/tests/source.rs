use bytes::Bytes;
use proptest::prelude::*;

use crate::{
    Dialect, FilePosition, Format, Framing, MAX_FIELDS, MAX_ROW_BYTES, ReadStep, RowDefect, Source,
    SplitFinder,
};

/// A row as it was found.
#[derive(Debug, Clone, PartialEq)]
struct Found {
    line: u64,
    offset: u64,
    number: u64,
    fields: Vec<Vec<u8>>,
    raw: Vec<u8>,
    defect: Option<RowDefect>,
}

fn rows_from(mut source: Source, pieces: &[&[u8]]) -> Vec<Found> {
    let mut found = Vec::new();
    let mut pieces = pieces.iter();
    loop {
        match source.next().unwrap() {
            ReadStep::NeedsInput => match pieces.next() {
                Some(piece) => source.feed(Bytes::copy_from_slice(piece)),
                None => source.end(),
            },
            ReadStep::End => return found,
            ReadStep::Row => {
                let row = source.row();
                found.push(Found {
                    line: row.line,
                    offset: row.offset,
                    number: row.number,
                    fields: row.fields().map(<[u8]>::to_vec).collect(),
                    raw: row.raw.to_vec(),
                    defect: row.defect,
                });
            }
        }
    }
}

fn headerless(dialect: Dialect) -> Framing {
    Framing {
        dialect,
        header: false,
        ..Framing::new(Format::Csv)
    }
}

fn rows(input: &[u8]) -> Vec<Found> {
    rows_from(Source::new(&headerless(Dialect::default())), &[input])
}

fn cut<'a>(input: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    let mut rest = input;
    for cut in cuts.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at((*cut).min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

fn expected(input: &[u8], dialect: &Dialect) -> Vec<Vec<Vec<u8>>> {
    let mut builder = csv::ReaderBuilder::new();
    builder
        .has_headers(false)
        .flexible(true)
        .delimiter(dialect.delimiter[0]);
    match &dialect.quote {
        Some(quote) => builder.quote(quote[0]),
        None => builder.quoting(false),
    };
    if let Some(terminator) = &dialect.terminator {
        builder.terminator(csv::Terminator::Any(terminator[0]));
    }
    let mut reader = builder.from_reader(input);
    reader
        .byte_records()
        .map(|record| record.unwrap().iter().map(<[u8]>::to_vec).collect())
        .collect()
}

/// The split points that [`SplitFinder`] finds, and what it counts.
fn split_points(
    framing: &Framing,
    pieces: &[&[u8]],
    targets: Vec<u64>,
) -> (Vec<FilePosition>, FilePosition) {
    let mut finder = SplitFinder::new(framing, targets);
    let mut found = Vec::new();
    for piece in pieces {
        finder
            .feed(Bytes::copy_from_slice(piece), |position| {
                found.push(position)
            })
            .unwrap();
    }
    let end = finder.end(|position| found.push(position)).unwrap();
    (found, end)
}

/// What makes a row hard to read.
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
    b"\xC3\xA9",
    b"\"\"",
    b"\"x,\n\"",
    b"+|",
    b"&|\n",
    b"&",
    b"|",
    b"+",
    b"\"\",",
    b"\xFE",
];

fn input() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(proptest::sample::select(PARTS.to_vec()), 0..40)
            .prop_map(|parts| parts.concat()),
        proptest::collection::vec(any::<u8>(), 0..60),
    ]
    // A byte order mark of UTF-16 makes it another file; see the tests of encodings.
    .prop_filter("UTF-16", |input| {
        !input.starts_with(b"\xFF\xFE") && !input.starts_with(b"\xFE\xFF")
    })
}

fn dialect() -> impl Strategy<Value = Dialect> {
    let dialect = |delimiter: &[u8], quote: Option<&[u8]>, terminator: Option<&[u8]>| Dialect {
        delimiter: delimiter.to_vec(),
        quote: quote.map(<[u8]>::to_vec),
        terminator: terminator.map(<[u8]>::to_vec),
    };
    proptest::sample::select(vec![
        Dialect::default(),
        dialect(b",", None, None),
        dialect(b"|", Some(b"\""), Some(b"\n")),
        dialect(b"+", Some(b"|"), Some(b"&")),
        dialect(b"a", Some(b"b"), Some(b",")),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn rows_are_those_of_the_csv_crate_wherever_the_input_is_cut(
        input in input(),
        dialect in dialect(),
        cuts in proptest::collection::vec(1_usize..9, 1..20),
    ) {
        let framing = headerless(dialect.clone());
        let whole = rows_from(Source::new(&framing), &[&input]);
        let pieces = rows_from(Source::new(&framing), &cut(&input, &cuts));
        prop_assert_eq!(&pieces, &whole);
        let fields: Vec<_> = whole.into_iter().map(|row| row.fields).collect();
        prop_assert_eq!(fields, expected(&input, &dialect));
    }

    #[test]
    fn a_file_can_be_read_from_each_split_point(
        input in input(),
        dialect in prop_oneof![dialect(), Just(Dialect {
            delimiter: b"+|".to_vec(), quote: None, terminator: Some(b"&|\n".to_vec()),
        }), Just(Dialect {
            delimiter: b"|".to_vec(), quote: Some(b"\"\"".to_vec()),
            terminator: Some(b"|\n".to_vec()),
        })],
        header in any::<bool>(),
        format in proptest::sample::select(vec![Format::Csv, Format::Ndjson]),
        cuts in proptest::collection::vec(1_usize..9, 1..20),
        mut targets in proptest::collection::vec(0_u64..120, 0..8),
    ) {
        targets.sort_unstable();
        let framing = Framing { format, header, ..headerless(dialect) };
        let all = rows_from(Source::new(&framing), &[&input]);
        let all: Vec<Found> = all.into_iter().filter(|row| row.number > 0).collect();
        let (found, end) = split_points(&framing, &cut(&input, &cuts), targets.clone());
        prop_assert_eq!(end.row, all.len() as u64);
        for target in &targets {
            let first = all.iter().find(|row| row.offset >= *target);
            prop_assert_eq!(found.iter().find(|at| at.offset >= *target).map(|at| at.row + 1),
                first.map(|row| row.number));
        }
        for at in found {
            let offset = usize::try_from(at.offset).unwrap();
            let rest = rows_from(Source::resume_at(&framing, at), &cut(&input[offset..], &cuts));
            prop_assert_eq!(&rest[..], &all[usize::try_from(at.row).unwrap()..]);
        }
        // What the rows are made of is the file, but for what separates them.
        for row in &all {
            let offset = usize::try_from(row.offset).unwrap();
            prop_assert!(input[offset..].starts_with(&row.raw));
        }
    }
}

#[test]
fn a_row_terminator_may_begin_with_the_delimiter() {
    let dialect = Dialect {
        delimiter: b"|".to_vec(),
        quote: Some(b"\"".to_vec()),
        terminator: Some(b"|\n".to_vec()),
    };
    let found = rows_from(
        Source::new(&headerless(dialect)),
        &[b"a|b|\n\"c\"|\"d|\n\"|\ne||\nf"],
    );
    let fields: Vec<_> = found.iter().map(|row| row.fields.join(&b"/"[..])).collect();
    assert_eq!(fields, [&b"a/b"[..], b"c/d|\n", b"e/", b"f"]);
}

#[test]
fn a_row_knows_the_line_that_it_begins_on() {
    let found = rows(b"a\r\n\r\n\"b\nc\"\n\nd\re");
    let lines: Vec<u64> = found.iter().map(|row| row.line).collect();
    assert_eq!(lines, [1, 3, 6, 7]);
}

#[test]
fn a_row_over_a_limit_has_a_defect_and_the_next_one_has_not() {
    let long = [vec![b'x'; MAX_ROW_BYTES + 1], b"\nok\n".to_vec()].concat();
    for pieces in [
        cut(&long, &[long.len()]),
        cut(&long, &[1000]),
        cut(&long, &[MAX_ROW_BYTES + 2]),
    ] {
        let found = rows_from(Source::new(&headerless(Dialect::default())), &pieces);
        assert_eq!(
            (found[0].defect, found[0].line, &found[0].raw[..]),
            (Some(RowDefect::TooLong), 1, &b""[..])
        );
        assert_eq!(
            (found[1].defect, found[1].line, &found[1].raw[..]),
            (None, 2, &b"ok\n"[..])
        );
        assert_eq!(
            (found.len(), found[1].offset),
            (2, MAX_ROW_BYTES as u64 + 2)
        );
    }
    let wide = [vec![b','; MAX_FIELDS], b"\nok\n".to_vec()].concat();
    let defects: Vec<_> = rows(&wide).into_iter().map(|row| row.defect).collect();
    assert_eq!(defects, [Some(RowDefect::TooManyFields), None]);
}

#[test]
fn a_quote_that_is_never_closed_is_a_defect_of_the_row_that_it_opens_in() {
    let found = rows(b"a,b\nc,\"d\ne,f\n");
    assert_eq!(
        (found.len(), found[1].line, found[1].defect),
        (2, 2, Some(RowDefect::OpenQuote))
    );
    assert_eq!(found[1].fields, [b"c".to_vec(), b"d\ne,f\n".to_vec()]);
}

#[test]
fn separators_may_be_several_characters_long() {
    let framing = headerless(Dialect {
        delimiter: b"+|".to_vec(),
        quote: None,
        terminator: Some(b"&|\n".to_vec()),
    });
    let input = b"1+|\"a\" + b\n& c+|&|\n2+||\n+|x&|\n";
    for piece in 1..input.len() {
        let found = rows_from(Source::new(&framing), &cut(input, &[piece]));
        let fields: Vec<_> = found.iter().flat_map(|row| row.fields.clone()).collect();
        assert_eq!(
            fields,
            [&b"1"[..], b"\"a\" + b\n& c", b"", b"2", b"|\n", b"x"]
        );
        assert_eq!(found.iter().map(|row| row.line).collect::<Vec<_>>(), [1, 3]);
    }
}
