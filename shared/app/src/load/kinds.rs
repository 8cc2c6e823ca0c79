//! What the kinds of rows have in common.

use domain::load::{Accepted, LoadKind, RowProblem, Sequence};

use super::csv::Record;
use super::header::{Field, Header};
use super::row::Row;

/// Longest key that is quoted in a reason.
const QUOTED_KEY: usize = 200;

/// Rows of a family of kinds that one function loads. Implemented here alone: outside it only bounds a type.
pub trait Rows: Sized + Send + Sync + 'static {
    /// Whether a snapshot is prepared beside what readers see, and then shown at once. Otherwise each row takes effect by
    /// itself.
    const PREPARED: bool;

    /// The fields of a kind, those of its key first; none when the kind is of another family.
    fn fields(kind: LoadKind) -> Option<&'static [Field]>;

    /// How many fields at the front tell a row from others, for people.
    fn key_fields(kind: LoadKind) -> usize;

    /// Understands a row. What is wrong is added to the row's problems; an answer counts only if there are none.
    fn parse(kind: LoadKind, row: &mut Row<'_>, removes: bool) -> Option<Self>;
}

/// Understands a record.
pub(super) fn accept<R: Rows>(
    kind: LoadKind,
    header: &Header,
    record: Record<'_>,
    sequence: Sequence,
) -> Result<Accepted<R>, Vec<RowProblem>> {
    let mut row = Row::new(header, record).map_err(|problem| vec![problem])?;
    let removes = row.removes();
    match R::parse(kind, &mut row, removes) {
        Some(record) if row.problems.is_empty() => {
            Ok(Accepted { record, sequence, fingerprint: row.fingerprint(removes) })
        }
        _ => Err(row.problems),
    }
}

/// What a record is about, as far as it can be read.
pub(super) fn quoted_key<R: Rows>(kind: LoadKind, header: &Header, record: Record<'_>) -> String {
    let part = |column: &Option<usize>| {
        let bytes = column.and_then(|column| record.get(column)).unwrap_or_default();
        String::from_utf8_lossy(bytes).trim().to_owned()
    };
    let parts: Vec<String> = header.columns.iter().take(R::key_fields(kind)).map(part).collect();
    parts.join("/").chars().take(QUOTED_KEY).collect()
}

/// What a record that was refused is about, as far as its key can be understood: what stands in the file, however damaged,
/// is not missing from it.
pub(super) fn named<R: Rows>(kind: LoadKind, header: &Header, record: Record<'_>) -> Option<R> {
    // Bytes that may not be text are replaced one by one, so that the fields stay where they are.
    let text: String =
        record.bytes().iter().map(|byte| if byte.is_ascii() { char::from(*byte) } else { '?' }).collect();
    let text = std::str::from_utf8(record.bytes()).unwrap_or(&text);
    let mut row = Row::damaged(header, record, text);
    R::parse(kind, &mut row, true).filter(|_| row.problems.is_empty())
}
