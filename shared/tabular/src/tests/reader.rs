use crate::{Compression, Format, Framing, ReadStep, RowReader};

/// The fields of each row, with its number.
fn rows(mut reader: RowReader, file: &[u8], piece: usize) -> Vec<(u64, String)> {
    let mut pieces = file.chunks(piece);
    let mut rows = Vec::new();
    loop {
        match reader.next().unwrap() {
            ReadStep::End => return rows,
            ReadStep::NeedsInput => match pieces.next() {
                Some(piece) => reader.feed(piece.to_vec().into()),
                None => reader.end(),
            },
            ReadStep::Row => {
                let row = reader.row();
                let fields: Vec<_> = row.fields().map(String::from_utf8_lossy).collect();
                rows.push((row.number, fields.join("/")));
            }
        }
    }
}

fn reader(format: Format) -> RowReader {
    RowReader::new(&Framing::new(format), None, u64::MAX).unwrap()
}

#[test]
fn a_part_ends_before_the_first_row_of_the_next_one_wherever_the_file_is_cut() {
    let file = b"sku,name\nA,a\n\n\n\nB,b\nC,c\n";
    let begin = |row: &[u8]| file.windows(3).position(|three| three == row).unwrap() as u64;
    for piece in 1..file.len() {
        for (to, last) in [
            (begin(b"A,a"), "name"),
            (begin(b"B,b"), "A/a"),
            (begin(b"C,c"), "B/b"),
        ] {
            let rows = rows(reader(Format::Csv).up_to(Some(to)), file, piece);
            assert!(rows.last().unwrap().1.ends_with(last), "{to}: {rows:?}");
        }
    }
}

#[test]
fn a_row_of_a_part_may_end_after_it() {
    let file = [b"sku\n".to_vec(), vec![b'x'; 3_000_000], b"\ny\n".to_vec()].concat();
    let rows = rows(reader(Format::Csv).up_to(Some(100)), &file, 1000);
    let numbers: Vec<u64> = rows.into_iter().map(|(number, _)| number).collect();
    assert_eq!(numbers, [0, 1]);
}

#[test]
fn rows_are_skipped_and_the_header_is_not() {
    let mut reader = RowReader::new(
        &Framing::new(Format::Csv),
        Some(Compression::Zstd),
        u64::MAX,
    )
    .unwrap();
    reader.skip_rows(2);
    let file = zstd::stream::encode_all(&b"sku\nA\nB\nC\n"[..], 3).unwrap();
    let rows = rows(reader, &file, 5);
    assert_eq!(rows, [(0, "sku".to_owned()), (3, "C".to_owned())]);
}

#[test]
fn a_row_that_was_unread_is_returned_once_more_unless_it_is_skipped() {
    let framing = Framing {
        header: false,
        ..Framing::new(Format::Csv)
    };
    for (skipped, expected) in [(0, &["A", "B"][..]), (1, &["B"])] {
        let mut reader = RowReader::new(&framing, None, u64::MAX).unwrap();
        reader.feed(b"A\nB\n"[..].into());
        reader.end();
        assert_eq!(reader.next(), Ok(ReadStep::Row));
        reader.unread();
        reader.skip_rows(skipped);
        let fields: Vec<String> = rows(reader, b"", 1)
            .into_iter()
            .map(|(_, row)| row)
            .collect();
        assert_eq!(fields, expected);
    }
}
