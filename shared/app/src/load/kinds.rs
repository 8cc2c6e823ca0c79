//! What the kinds of rows have in common.

use domain::load::{Accepted, LoadKind, RowProblem, Sequence};
use tabular::RawRecord;

use super::header::{Field, Header};
use super::row::{Row, View};

/// Rows of a family of kinds that one function loads. Implemented here alone: outside it only
/// bounds a type.
pub trait Rows: Sized + Send + Sync + 'static {
    /// Whether a snapshot is prepared beside what readers see, and then shown at once. Otherwise
    /// each row takes effect by itself.
    const PREPARED: bool;

    /// The fields of a kind, those of its key first; none when the kind is of another family.
    fn fields(kind: LoadKind) -> Option<&'static [Field]>;

    /// How many fields at the front enqueue a row from others, for people.
    fn key_fields(kind: LoadKind) -> usize;

    /// Understands a row. What is wrong is added to the row's problems; an answer counts only if
    /// there are none.
    fn parse(kind: LoadKind, row: &mut Row<'_>, removes: bool) -> Option<Self>;
}

/// Understands a row as a load of a file with this sequence takes it.
///
/// # Errors
/// What is wrong with the row.
pub fn accept<R: Rows>(
    kind: LoadKind,
    header: &Header,
    record: &RawRecord<'_>,
    sequence: Sequence,
) -> Result<Accepted<R>, Vec<RowProblem>> {
    let view = View::sound(header, record).map_err(|problem| vec![problem])?;
    let (record, removes) = parse(kind, view)?;
    Ok(Accepted {
        record,
        sequence,
        fingerprint: view.fingerprint(removes),
    })
}

/// Understands what a row says, and whether it removes the record that it names.
///
/// # Errors
/// What is wrong with the row.
pub fn understand<R: Rows>(
    kind: LoadKind,
    header: &Header,
    record: &RawRecord<'_>,
) -> Result<(R, bool), Vec<RowProblem>> {
    let view = View::sound(header, record).map_err(|problem| vec![problem])?;
    parse(kind, view)
}

fn parse<R: Rows>(kind: LoadKind, view: View<'_>) -> Result<(R, bool), Vec<RowProblem>> {
    let mut row = Row::new(view);
    let removes = row.removes();
    match R::parse(kind, &mut row, removes) {
        Some(record) if row.problems.is_empty() => Ok((record, removes)),
        _ => Err(row.problems),
    }
}

/// Appends what a record is about, as far as it can be read.
pub(super) fn quote_key<R: Rows>(
    kind: LoadKind,
    header: &Header,
    record: &RawRecord<'_>,
    into: &mut Vec<u8>,
) {
    looked_at(header, record, |view| view.key(R::key_fields(kind), into));
}

/// What a record that was refused is about, as far as its key can be understood: what stands in the
/// file, however damaged, is not missing from it.
pub(super) fn named<R: Rows>(kind: LoadKind, header: &Header, record: &RawRecord<'_>) -> Option<R> {
    looked_at(header, record, |view| {
        let mut row = Row::new(view);
        R::parse(kind, &mut row, true).filter(|_| row.problems.is_empty())
    })
}

/// Looks at a record of which anything may be wrong.
fn looked_at<T>(header: &Header, record: &RawRecord<'_>, look: impl FnOnce(View<'_>) -> T) -> T {
    if let Some(texts) = record.texts() {
        return look(View::damaged(header, record, texts));
    }
    let [row, aside] = record.texts_lossy();
    look(View::damaged(header, record, [&row, &aside]))
}
