//! What the fuzz targets check.

use app::load::{Header, RecordFamily, accept};
use bytes::Bytes;
use domain::load::{CatalogRecord, LoadKind, LoadMode, Sequence};
use tabular::{
    FileError, RowPosition, Format, Framing, Profile, ReadStep, RowReader, Source, SplitFinder,
};

/// Cuts a file into pieces of `length` bytes.
fn cut(file: &[u8], length: usize) -> impl Iterator<Item = Bytes> {
    file.chunks(length.max(1)).map(Bytes::copy_from_slice)
}

/// Understands each row of a file of items, and hashes what it says. Whatever is wrong with the
/// file is an error, not a panic.
///
/// # Errors
/// The file as a whole cannot be used.
pub fn accept_items(
    format: Format,
    profile: &Profile,
    file: &[u8],
    piece: usize,
) -> Result<u64, FileError> {
    let kind = LoadKind::Items;
    let mut reader = RowReader::new(&profile.framing(format), None, u64::MAX)?;
    let mut pieces = cut(file, piece);
    let (mut header, mut accepted) = (None, 0);
    loop {
        match reader.next()? {
            ReadStep::End => return Ok(accepted),
            ReadStep::NeedsInput => match pieces.next() {
                Some(piece) => reader.feed(piece),
                None => reader.end(),
            },
            ReadStep::Row => {
                let row = reader.row();
                if header.is_none() {
                    let fields = CatalogRecord::fields(kind).unwrap_or_default();
                    header = Some(Header::read(row, kind, LoadMode::Delta, fields, profile)?);
                }
                if let (Some(header), 1..) = (&header, row.number) {
                    let row = accept::<CatalogRecord>(kind, header, &row, Sequence::new(0));
                    accepted += u64::from(row.is_ok());
                }
            }
        }
    }
}

/// Checks that a file has the same rows wherever it is cut, and wherever it is split: a load in
/// several chunks relies on it.
///
/// # Panics
/// The rows differ.
pub fn assert_rows_do_not_depend_on_cuts(
    framing: &Framing,
    file: &[u8],
    piece: usize,
    target: u64,
) {
    let whole = rows(Source::new(framing), cut(file, file.len()));
    assert_eq!(rows(Source::new(framing), cut(file, piece)), whole);
    let Ok(whole) = whole else { return };

    let mut finder = SplitFinder::new(framing, vec![target]);
    let mut split = None;
    for piece in cut(file, piece) {
        finder
            .feed(piece, |position| split = Some(position))
            .expect("the file was read");
    }
    let end = finder.end(|position| split = Some(position));
    let counted = whole.iter().filter(|row| row.begin.row > 0).count();
    assert_eq!(end.map(|end| end.row), Ok(counted as u64));

    let Some(split) = split.filter(|_| framing.is_splittable(None)) else {
        return;
    };
    let rest = usize::try_from(split.offset)
        .ok()
        .and_then(|offset| file.get(offset..))
        .unwrap_or_default();
    let rest = rows(Source::resume_at(framing, split), cut(rest, piece));
    let after = whole.into_iter().filter(|row| row.begin.row > split.row);
    assert_eq!(rest, Ok(after.collect::<Vec<_>>()));
}

/// The parts of a row that must not depend on how the file arrives.
#[derive(Debug, PartialEq)]
struct FoundRow {
    /// Where it begins, with its own number as `row`.
    begin: RowPosition,
    raw: Vec<u8>,
    fields: Vec<Vec<u8>>,
    is_defective: bool,
}

fn rows(
    mut source: Source,
    mut pieces: impl Iterator<Item = Bytes>,
) -> Result<Vec<FoundRow>, FileError> {
    let mut found = Vec::new();
    loop {
        match source.next()? {
            ReadStep::End => return Ok(found),
            ReadStep::NeedsInput => match pieces.next() {
                Some(piece) => source.feed(piece),
                None => source.end(),
            },
            ReadStep::Row => {
                let row = source.row();
                found.push(FoundRow {
                    begin: RowPosition {
                        offset: row.offset,
                        row: row.number,
                        line: row.line,
                    },
                    raw: row.raw.to_vec(),
                    fields: row.fields().map(<[u8]>::to_vec).collect(),
                    is_defective: row.defect.is_some(),
                });
            }
        }
    }
}
