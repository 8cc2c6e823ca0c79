//! Rows become records: what the kinds of files have in common.

mod catalog;
mod members;

use domain::load::{Accepted, LoadKind, RowProblem, Sequence};
use tabular::RawRecord;

use super::columns::Field;
use super::header::Header;
use super::row_cursor::RowCursor;
use super::row_view::RowView;

/// The records of a family of kinds that one function loads. It is implemented here alone: outside,
/// it only bounds a type.
pub trait RecordFamily: Sized + Send + Sync + 'static {
    /// The version of the way in which its records are stored; see the implementations.
    const LAYOUT: u8;

    /// The columns of a kind. `None` if the kind is of another family.
    fn fields(kind: LoadKind) -> Option<&'static [Field]>;

    /// Parses a row. Whatever is wrong is added to the problems of the row; the record counts only
    /// if there are none. A row that `removes` needs what identifies its record, and nothing else.
    fn parse(kind: LoadKind, row: &mut RowCursor<'_>, removes: bool) -> Option<Self>;
}

/// Understands a row as a load of a file with this sequence takes it.
///
/// # Errors
/// What is wrong with the row.
pub fn accept<R: RecordFamily>(
    kind: LoadKind,
    header: &Header,
    record: &RawRecord<'_>,
    sequence: Sequence,
) -> Result<Accepted<R>, Vec<RowProblem>> {
    let view = RowView::checked(header, record).map_err(|problem| vec![problem])?;
    let (record, removes) = parse(kind, view)?;
    Ok(Accepted {
        record,
        sequence,
        fingerprint: view.fingerprint(R::LAYOUT, removes),
    })
}

/// Understands what a row says, and whether it removes the record that it names.
///
/// # Errors
/// What is wrong with the row.
pub fn understand<R: RecordFamily>(
    kind: LoadKind,
    header: &Header,
    record: &RawRecord<'_>,
) -> Result<(R, bool), Vec<RowProblem>> {
    let view = RowView::checked(header, record).map_err(|problem| vec![problem])?;
    parse(kind, view)
}

fn parse<R: RecordFamily>(kind: LoadKind, view: RowView<'_>) -> Result<(R, bool), Vec<RowProblem>> {
    let mut row = RowCursor::new(view);
    let removes = row.removes();
    let record = R::parse(kind, &mut row, removes);
    match (record, row.into_problems()) {
        (Some(record), problems) if problems.is_empty() => Ok((record, removes)),
        (_, problems) => Err(problems),
    }
}

/// Appends the key of a row, as far as it can be read, for people.
pub(super) fn quote_key(header: &Header, record: &RawRecord<'_>, into: &mut Vec<u8>) {
    lossy(header, record, |view| view.key(into));
}

/// The record that a rejected row names, as far as its key can be understood: what is in the file,
/// however damaged, is not missing from it.
pub(super) fn named_record<R: RecordFamily>(
    kind: LoadKind,
    header: &Header,
    record: &RawRecord<'_>,
) -> Option<R> {
    lossy(header, record, |view| {
        let mut row = RowCursor::new(view);
        let record = R::parse(kind, &mut row, true);
        record.filter(|_| row.into_problems().is_empty())
    })
}

/// Looks at a row with any defect.
fn lossy<T>(header: &Header, record: &RawRecord<'_>, look: impl FnOnce(RowView<'_>) -> T) -> T {
    if let Some(texts) = record.texts() {
        return look(RowView::lossy(header, record, texts));
    }
    let [row, decoded] = record.texts_lossy();
    look(RowView::lossy(header, record, [&row, &decoded]))
}
