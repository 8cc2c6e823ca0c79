//! Looks at a file without storing anything.

use bytes::Bytes;
use domain::load::{Format, LoadFailure, LoadKind, LoadMode, Sequence};

use super::header::Header;
use super::kinds::{Rows, accept, understand};
use super::profile::Profile;
use super::row::View;
use super::source::{Boundaries, Position, Record, Source, Step, can_be_entered};

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Checked {
    /// Rows that were understood.
    pub sound: u64,
    /// Rows that would be refused.
    pub refused: u64,
}

/// Understands each row of an unpacked file, as a load does.
///
/// # Errors
/// The file as a whole is not usable.
pub fn check<R: Rows>(
    kind: LoadKind,
    format: Format,
    profile: &Profile,
    pieces: impl IntoIterator<Item = Bytes>,
) -> Result<Checked, LoadFailure> {
    let look = |header: &Header, record: &Record<'_>| {
        View::sound(header, record).is_ok_and(|view| understand::<R>(kind, view).is_ok())
    };
    looked_at::<R>(kind, format, profile, pieces, look)
}

/// The same, and hashes what each row says, to be told from what is stored.
///
/// # Errors
/// The file as a whole is not usable.
pub fn check_hashed<R: Rows>(
    kind: LoadKind,
    format: Format,
    profile: &Profile,
    pieces: impl IntoIterator<Item = Bytes>,
) -> Result<Checked, LoadFailure> {
    let look = |header: &Header, record: &Record<'_>| {
        accept::<R>(kind, header, record, Sequence::new(0)).is_ok()
    };
    looked_at::<R>(kind, format, profile, pieces, look)
}

fn looked_at<R: Rows>(
    kind: LoadKind,
    format: Format,
    profile: &Profile,
    pieces: impl IntoIterator<Item = Bytes>,
    is_sound: impl Fn(&Header, &Record<'_>) -> bool,
) -> Result<Checked, LoadFailure> {
    let mut source = Source::new(format, profile);
    let mut pieces = pieces.into_iter();
    let mut header = None;
    let mut checked = Checked::default();
    loop {
        match source.next()? {
            Step::End => return Ok(checked),
            Step::More => match pieces.next() {
                Some(piece) => source.feed(piece),
                None => source.end(),
            },
            Step::Row => {
                let record = source.row();
                let header = match &header {
                    Some(header) => header,
                    None => {
                        let fields = R::fields(kind).unwrap_or_default();
                        header.insert(Header::read(
                            record,
                            kind,
                            LoadMode::Delta,
                            fields,
                            profile,
                        )?)
                    }
                };
                if record.number > 0 {
                    match is_sound(header, &record) {
                        true => checked.sound += 1,
                        false => checked.refused += 1,
                    }
                }
            }
        }
    }
}

/// Whether a file has the same rows wherever it is cut and entered: what a load in several parts
/// rests on. For tests that make files up.
#[must_use]
pub fn holds_together(
    format: Format,
    profile: &Profile,
    file: &[u8],
    piece: usize,
    target: u64,
) -> bool {
    let cut = |file: &[u8], piece: usize| {
        file.chunks(piece.max(1))
            .map(Bytes::copy_from_slice)
            .collect::<Vec<_>>()
    };
    let whole = rows(Source::new(format, profile), cut(file, file.len()));
    if rows(Source::new(format, profile), cut(file, piece)) != whole {
        return false;
    }
    let Ok(whole) = whole else { return true };
    let mut boundaries = Boundaries::new(format, profile, vec![target]);
    let mut found = None;
    for piece in cut(file, piece) {
        if boundaries
            .feed(piece, |position| found = Some(position))
            .is_err()
        {
            return false;
        }
    }
    let counted = boundaries
        .end(|position| found = Some(position))
        .map(|end| end.row);
    let counts = counted == Ok(whole.iter().filter(|row| row.number > 0).count() as u64);
    let Some(found) = found.filter(|_| can_be_entered(format, None, profile)) else {
        return counts;
    };
    let rest = usize::try_from(found.offset)
        .ok()
        .and_then(|offset| file.get(offset..))
        .unwrap_or_default();
    let rest = rows(Source::entered(format, profile, found), cut(rest, piece));
    let expected: Vec<Seen> = whole
        .into_iter()
        .filter(|row| row.number > found.row)
        .collect();
    counts && rest.as_ref() == Ok(&expected)
}

/// A row as far as it has to be the same.
#[derive(Debug, PartialEq)]
struct Seen {
    number: u64,
    begin: Position,
    raw: Vec<u8>,
    fields: Vec<Vec<u8>>,
    is_flawed: bool,
}

fn rows(mut source: Source, pieces: Vec<Bytes>) -> Result<Vec<Seen>, LoadFailure> {
    let mut pieces = pieces.into_iter();
    let mut seen = Vec::new();
    loop {
        match source.next()? {
            Step::End => return Ok(seen),
            Step::More => match pieces.next() {
                Some(piece) => source.feed(piece),
                None => source.end(),
            },
            Step::Row => {
                let row = source.row();
                seen.push(Seen {
                    number: row.number,
                    begin: Position {
                        offset: row.offset,
                        row: row.number,
                        line: row.line,
                    },
                    raw: row.raw.to_vec(),
                    fields: row.fields().map(<[u8]>::to_vec).collect(),
                    is_flawed: row.flaw.is_some(),
                });
            }
        }
    }
}
