//! Rows of delimited text: CSV as the csv crate reads it by default, with any delimiter, quote and
//! row terminator.
//!
//! A quote counts only where a field begins, and a doubled one inside quotes is one. Text after a
//! closing quote is kept. Empty lines are no rows.

use memchr::{memchr, memchr2};

use super::Flaw;
use super::ends::Ends;
use super::scan::{Fields, Found, Span};

/// What separates fields and rows. No separator begins with another one, except that a row
/// terminator may begin with the delimiter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::load) struct Dialect {
    /// Between two fields; at least one byte.
    pub delimiter: Vec<u8>,
    /// Around a field that holds separators; none when nothing is ever quoted.
    pub quote: Option<Vec<u8>>,
    /// After a row; none when a row ends with its line, whether that ends with LF, CR or both.
    pub terminator: Option<Vec<u8>>,
}

impl Default for Dialect {
    fn default() -> Self {
        Self {
            delimiter: b",".to_vec(),
            quote: Some(b"\"".to_vec()),
            terminator: None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before a row.
    Between,
    /// Before a field.
    FieldStart,
    /// In a field, outside quotes.
    Field,
    /// Inside quotes.
    Quoted,
}

/// What stands at a place.
enum Token {
    /// The end of the row, this long.
    Terminator(usize),
    /// The end of the field, this long.
    Delimiter(usize),
    /// Content.
    None,
    /// More input decides.
    Undecided,
}

/// See [`Scanner::short`].
fn short(dialect: &Dialect) -> Option<(u8, Option<u8>)> {
    let Dialect {
        delimiter,
        quote,
        terminator,
    } = dialect;
    let &[delimiter] = delimiter.as_slice() else {
        return None;
    };
    if terminator
        .as_ref()
        .is_some_and(|terminator| terminator.first() == Some(&delimiter))
    {
        return None;
    }
    match quote.as_deref() {
        None => Some((delimiter, None)),
        Some(&[quote]) => Some((delimiter, Some(quote))),
        Some(_) => None,
    }
}

/// Finds where fields and rows end.
#[derive(Debug)]
pub(super) struct Scanner {
    dialect: Dialect,
    /// The first bytes of what can end a field.
    ends: Ends,
    /// The delimiter and the quote, where each is one byte and a delimiter ends a field whatever
    /// comes after it.
    short: Option<(u8, Option<u8>)>,
    state: State,
    /// Where to read on.
    at: usize,
    row_start: usize,
    field_start: usize,
    /// How the field so far can be read.
    span: Span,
    /// Whether the row has quotes, and line ends may stand between them.
    quoted: bool,
}

/// Whether `bytes` begin with `token`; none when they are too short to enqueue.
#[inline]
fn begins(bytes: &[u8], token: &[u8], ended: bool) -> Option<bool> {
    // Most tokens are one byte, and most bytes begin none.
    if let (Some(byte), [first, rest @ ..]) = (bytes.first(), token) {
        if byte != first {
            return Some(false);
        }
        if rest.is_empty() {
            return Some(true);
        }
    }
    if bytes.starts_with(token) {
        Some(true)
    } else if !ended && bytes.len() < token.len() && token.starts_with(bytes) {
        None
    } else {
        Some(false)
    }
}

impl Scanner {
    pub fn new(dialect: Dialect) -> Self {
        let first = |token: &[u8]| token.first().copied().unwrap_or(b'\n');
        let [one, two] = match &dialect.terminator {
            None => [b'\n', b'\r'],
            Some(terminator) => [first(terminator); 2],
        };
        let ends = Ends::new([first(&dialect.delimiter), one, two]);
        let state = State::Between;
        let (short, span) = (short(&dialect), Span::default());
        Self {
            dialect,
            ends,
            short,
            state,
            at: 0,
            row_start: 0,
            field_start: 0,
            span,
            quoted: false,
        }
    }

    /// Whether its rows can hold line ends other than the one at their end.
    pub fn spans_lines(&self) -> bool {
        self.quoted || self.dialect.terminator.is_some()
    }

    /// What ends a row, unless it ends with its line.
    pub fn terminator(&self) -> Option<&[u8]> {
        self.dialect.terminator.as_deref()
    }

    /// Bytes at the front that are no longer needed.
    pub fn spent(&self) -> usize {
        if self.state == State::Between {
            self.at
        } else {
            self.row_start
        }
    }

    /// Where the row begins, and up to where it was read.
    pub fn row(&self) -> std::ops::Range<usize> {
        self.row_start..self.at
    }

    /// Notes that bytes at the front are gone.
    pub fn shift(&mut self, by: usize) {
        self.at = self.at.saturating_sub(by);
        self.row_start = self.row_start.saturating_sub(by);
        self.field_start = self.field_start.saturating_sub(by);
    }

    pub fn scan(&mut self, bytes: &[u8], ended: bool, fields: &mut impl Fields) -> Found {
        loop {
            match self.state {
                State::Between => {
                    if !self.skip_terminators(bytes, ended) {
                        return if ended { Found::End } else { Found::More };
                    }
                    self.row_start = self.at;
                    self.quoted = false;
                    fields.clear();
                    self.state = State::FieldStart;
                }
                State::FieldStart => {
                    if self.whole_fields(bytes, ended, fields) {
                        return Found::Row;
                    }
                    if self.at >= bytes.len() && !ended {
                        return Found::More;
                    }
                    self.field_start = self.at;
                    self.span = Span::Plain;
                    self.state = State::Field;
                    if let Some(quote) = &self.dialect.quote {
                        match begins(bytes.get(self.at..).unwrap_or_default(), quote, ended) {
                            Some(true) => {
                                self.at += quote.len();
                                self.quoted = true;
                                self.span = Span::Quoted;
                                self.state = State::Quoted;
                            }
                            Some(false) => {}
                            None => {
                                self.state = State::FieldStart;
                                return Found::More;
                            }
                        }
                    }
                }
                State::Field => {
                    if let Some(found) = self.field(bytes, ended, fields) {
                        return found;
                    }
                }
                State::Quoted => {
                    if !self.inside_quotes(bytes, ended) {
                        if !ended {
                            return Found::More;
                        }
                        self.span = Span::Escaped;
                        fields.flaw(Flaw::OpenQuote);
                        return self.end_row(fields, bytes.len());
                    }
                }
            }
        }
    }

    /// Reads the fields that stand there as they are or between two quotes, and tells whether the
    /// row ends with them. Nearly all do; the rest is left for the steps that know everything.
    fn whole_fields(&mut self, bytes: &[u8], ended: bool, fields: &mut impl Fields) -> bool {
        let Some((delimiter, quote)) = self.short else {
            return false;
        };
        let mut start = self.at;
        while let Some((first, after)) = bytes.get(start..).and_then(<[u8]>::split_first) {
            let is_quoted = Some(*first) == quote;
            let (span, end) = if is_quoted {
                let end = memchr(*first, after).map(|at| start + at + 2);
                // Nearly all fields hold no line end, and then their row need not be looked through
                // again.
                let field = after
                    .get(..end.unwrap_or(0).saturating_sub(start + 2))
                    .unwrap_or_default();
                self.quoted |= memchr2(b'\n', b'\r', field).is_some();
                (Span::Quoted, end)
            } else {
                (Span::Plain, self.ends.find(bytes, start))
            };
            let Some(end) = end else { break };
            let rest = bytes.get(end..).unwrap_or_default();
            if rest.first() == Some(&delimiter) {
                fields.field(start..end, self.row_start, span);
                start = end + 1;
            } else if let Token::Terminator(length) = self.token(rest, ended) {
                fields.field(start..end, self.row_start, span);
                self.at = end + length;
                self.state = State::Between;
                return true;
            } else {
                break;
            }
        }
        self.at = start;
        false
    }

    /// Reads to the end of the field, or of the input.
    fn field(&mut self, bytes: &[u8], ended: bool, fields: &mut impl Fields) -> Option<Found> {
        loop {
            let found = self.ends.find(bytes, self.at);
            if self.span == Span::Quoted && found.unwrap_or(bytes.len()) > self.at {
                // Text after a closing quote is kept.
                self.span = Span::Escaped;
            }
            let Some(found) = found else {
                self.at = bytes.len();
                return Some(if ended {
                    self.end_row(fields, bytes.len())
                } else {
                    Found::More
                });
            };
            self.at = found;
            match self.token(bytes.get(self.at..).unwrap_or_default(), ended) {
                Token::Delimiter(length) => {
                    fields.field(self.field_start..self.at, self.row_start, self.span);
                    self.at += length;
                    self.state = State::FieldStart;
                    return None;
                }
                Token::Terminator(length) => {
                    let end = self.at;
                    self.at += length;
                    return Some(self.end_row(fields, end));
                }
                Token::None => {
                    if self.span == Span::Quoted {
                        self.span = Span::Escaped;
                    }
                    self.at += 1;
                }
                Token::Undecided => return Some(Found::More),
            }
        }
    }

    fn end_row(&mut self, fields: &mut impl Fields, end: usize) -> Found {
        fields.field(self.field_start..end, self.row_start, self.span);
        self.at = self.at.max(end);
        self.state = State::Between;
        Found::Row
    }

    fn token(&self, rest: &[u8], ended: bool) -> Token {
        match &self.dialect.terminator {
            None => match rest {
                [b'\n', ..] => return Token::Terminator(1),
                [b'\r', b'\n', ..] => return Token::Terminator(2),
                [b'\r'] if !ended => return Token::Undecided,
                [b'\r', ..] => return Token::Terminator(1),
                _ => {}
            },
            Some(terminator) => match begins(rest, terminator, ended) {
                Some(true) => return Token::Terminator(terminator.len()),
                Some(false) => {}
                None => return Token::Undecided,
            },
        }
        match begins(rest, &self.dialect.delimiter, ended) {
            Some(true) => Token::Delimiter(self.dialect.delimiter.len()),
            Some(false) => Token::None,
            None => Token::Undecided,
        }
    }

    /// Reads past the closing quote; false when it is not there.
    fn inside_quotes(&mut self, bytes: &[u8], ended: bool) -> bool {
        let Self {
            dialect: Dialect {
                quote: Some(quote), ..
            },
            at,
            ..
        } = self
        else {
            return true;
        };
        let first = quote.first().copied().unwrap_or(b'"');
        loop {
            let rest = bytes.get(*at..).unwrap_or_default();
            let Some(found) = memchr(first, rest) else {
                *at = bytes.len();
                return false;
            };
            *at += found;
            let rest = rest.get(found..).unwrap_or_default();
            match begins(rest, quote, ended) {
                Some(true) => {}
                Some(false) => {
                    *at += 1;
                    continue;
                }
                None => return false,
            }
            let after = rest.get(quote.len()..).unwrap_or_default();
            match begins(after, quote, ended) {
                Some(true) => {
                    *at += 2 * quote.len();
                    self.span = Span::Escaped;
                }
                None => return false,
                Some(false) => {
                    *at += quote.len();
                    break;
                }
            }
        }
        self.state = State::Field;
        true
    }

    /// Goes to the first byte of a row; false when there is none yet.
    fn skip_terminators(&mut self, bytes: &[u8], ended: bool) -> bool {
        loop {
            let rest = bytes.get(self.at..).unwrap_or_default();
            if rest.is_empty() {
                return false;
            }
            match &self.dialect.terminator {
                None if matches!(rest, [b'\n' | b'\r', ..]) => self.at += 1,
                None => return true,
                Some(terminator) => match begins(rest, terminator, ended) {
                    Some(true) => self.at += terminator.len(),
                    Some(false) => return true,
                    None => return false,
                },
            }
        }
    }
}

/// Appends the content of a field that stands in quotes in whatever way.
pub(super) fn unquote(field: &[u8], quote: &[u8], into: &mut Vec<u8>) {
    let mut rest = field.strip_prefix(quote).unwrap_or(field);
    while let Some(at) = memchr::memmem::find(rest, quote) {
        let (before, after) = rest.split_at(at);
        into.extend_from_slice(before);
        let after = after.get(quote.len()..).unwrap_or_default();
        match after.strip_prefix(quote) {
            Some(after) => {
                into.extend_from_slice(quote);
                rest = after;
            }
            None => {
                rest = after;
                break;
            }
        }
    }
    into.extend_from_slice(rest);
}
