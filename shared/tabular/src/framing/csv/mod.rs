//! Delimited text: CSV as the csv crate reads it by default, with any delimiter, quote and row
//! terminator.
//!
//! A quote counts only at the start of a field, and a doubled one inside quotes is one. Text after
//! a closing quote is kept. Empty lines are not rows.
//!
//! # How it works
//!
//! Two readers share one state, and either can stop at any byte:
//!
//! - The *general* path is a state machine, [`State`], that moves one field at a time and knows all
//!   there is: separators of several bytes, quotes of several bytes, input that ends inside a
//!   separator. When it needs more input, it stops with `at` on the first byte that it has not
//!   decided about, and starts there again with more bytes after it.
//! - The *fast* path, [`CsvFramer::whole_fields`], runs at the start of each field. It takes field
//!   after field as long as each is complete in the input, either plain or between two quotes with
//!   nothing else, and separators are one byte (`short`). Nearly every field of nearly every file
//!   is one. It reports a field only once it is complete; at the first field that is anything else
//!   it leaves `at` on the start of that field and lets the general path read it. It never decides
//!   anything that the general path would decide differently: a property test compares both with
//!   the csv crate for input that is cut anywhere.
//!
//! Both report a field as a range and a [`Span`], which says how much work its text still needs.
//! [`decode`] does that work after the row is complete: nothing for plain fields, two
//! bytes less for quoted ones, and a copy for the rest.
//!
//! # Before you change it
//!
//! - `at`, `row_start` and `field_start` are offsets into the caller's buffer. Whatever keeps an
//!   offset across calls has to be moved in [`Framer::shift`].
//! - "Not enough input to decide" is an answer of its own ([`Token::Undecided`], `None` of
//!   [`begins`]). An `Err` or a guess there makes rows depend on where the input was cut. The fuzz
//!   target `csv` finds such mistakes within seconds.
//! - The fast path exists for speed alone, so measure before and after: the benchmark `bench parse`
//!   compares with the bare csv crate.

mod decode;
mod dialect;

use std::ops::Range;

use memchr::{memchr, memchr2};

use self::decode::decode;
pub use self::dialect::Dialect;
use self::dialect::{Token, begins};
use super::framer::{Framer, ReadStep};
use crate::byte_search::ByteSearch;
use crate::encoding::Encoding;
use crate::error::FileError;
use crate::fields::{DecodedFields, FieldSink, RowDefect, RowFields, Span};

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

/// Finds the ends of fields and rows of delimited text.
#[derive(Debug)]
pub(crate) struct CsvFramer {
    dialect: Dialect,
    header: bool,
    /// Searches for the first bytes of what can end a field.
    ends: ByteSearch,
    /// The delimiter and the quote, if each is one byte and a delimiter ends a field whatever
    /// follows it. The fast path needs that.
    short: Option<(u8, Option<u8>)>,
    state: State,
    /// The first byte that is not decided about.
    at: usize,
    row_start: usize,
    field_start: usize,
    /// How the field so far has to be read.
    span: Span,
    /// Whether the row has quotes, and perhaps line ends between them.
    quoted: bool,
}

impl CsvFramer {
    pub fn new(dialect: Dialect, header: bool) -> Self {
        let first = |token: &[u8]| token.first().copied().unwrap_or(b'\n');
        let [one, two] = match &dialect.terminator {
            None => [b'\n', b'\r'],
            Some(terminator) => [first(terminator); 2],
        };
        let ends = ByteSearch::new([first(&dialect.delimiter), one, two]);
        let state = State::Between;
        let (short, span) = (dialect.short(), Span::default());
        Self {
            dialect,
            header,
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

    fn read_row(&mut self, bytes: &[u8], ended: bool, fields: &mut impl FieldSink) -> ReadStep {
        loop {
            match self.state {
                State::Between => {
                    if !self.skip_terminators(bytes, ended) {
                        return if ended {
                            ReadStep::End
                        } else {
                            ReadStep::NeedsInput
                        };
                    }
                    self.row_start = self.at;
                    self.quoted = false;
                    fields.clear();
                    self.state = State::FieldStart;
                }
                State::FieldStart => {
                    if self.whole_fields(bytes, ended, fields) {
                        return ReadStep::Row;
                    }
                    if self.at >= bytes.len() && !ended {
                        return ReadStep::NeedsInput;
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
                                return ReadStep::NeedsInput;
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
                            return ReadStep::NeedsInput;
                        }
                        self.span = Span::Escaped;
                        fields.defect(RowDefect::OpenQuote);
                        return self.end_row(fields, bytes.len());
                    }
                }
            }
        }
    }

    /// The fast path: takes complete fields that are plain or between two quotes. Returns whether
    /// the row ends with one of them; if not, the general path reads the field at `at`.
    fn whole_fields(&mut self, bytes: &[u8], ended: bool, fields: &mut impl FieldSink) -> bool {
        let Some((delimiter, quote)) = self.short else {
            return false;
        };
        let mut start = self.at;
        while let Some((first, after)) = bytes.get(start..).and_then(<[u8]>::split_first) {
            let is_quoted = Some(*first) == quote;
            let (span, end) = if is_quoted {
                let end = memchr(*first, after).map(|at| start + at + 2);
                // Nearly no field contains a line end. If none does, the lines of the row need not
                // be counted.
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
            } else if let Token::Terminator(length) = self.dialect.token(rest, ended) {
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

    /// Reads to the end of the field outside quotes, or of the input.
    fn field(
        &mut self,
        bytes: &[u8],
        ended: bool,
        fields: &mut impl FieldSink,
    ) -> Option<ReadStep> {
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
                    ReadStep::NeedsInput
                });
            };
            self.at = found;
            match self
                .dialect
                .token(bytes.get(self.at..).unwrap_or_default(), ended)
            {
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
                Token::Undecided => return Some(ReadStep::NeedsInput),
            }
        }
    }

    fn end_row(&mut self, fields: &mut impl FieldSink, end: usize) -> ReadStep {
        fields.field(self.field_start..end, self.row_start, self.span);
        self.at = self.at.max(end);
        self.state = State::Between;
        ReadStep::Row
    }

    /// Reads past the closing quote. Returns `false` if the input ends before it.
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

    /// Moves to the first byte of a row. Returns `false` if the input has none yet.
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

impl Framer for CsvFramer {
    fn scan(
        &mut self,
        bytes: &[u8],
        ended: bool,
        fields: &mut impl FieldSink,
    ) -> Result<ReadStep, FileError> {
        Ok(self.read_row(bytes, ended, fields))
    }

    fn spent(&self) -> usize {
        if self.state == State::Between {
            self.at
        } else {
            self.row_start
        }
    }

    fn row(&self) -> Range<usize> {
        self.row_start..self.at
    }

    fn shift(&mut self, by: usize) {
        self.at = self.at.saturating_sub(by);
        self.row_start = self.row_start.saturating_sub(by);
        self.field_start = self.field_start.saturating_sub(by);
    }

    fn read_fields(
        &self,
        raw: &[u8],
        encoding: Encoding,
        fields: &mut RowFields,
        decoded: &mut DecodedFields,
    ) -> Result<(), FileError> {
        decoded.all = encoding == Encoding::Windows1252 && !raw.is_ascii();
        if fields.escaped || decoded.all {
            let quote = self.dialect.quote.as_deref().unwrap_or_default();
            decode(quote, raw, encoding, fields, decoded);
        }
        Ok(())
    }

    fn spans_lines(&self) -> bool {
        self.quoted || self.dialect.terminator.is_some()
    }

    fn has_header(&self) -> bool {
        self.header
    }

    fn names_fields(&self) -> bool {
        false
    }

    fn rejects_name(&self) -> &'static str {
        "rejects.csv"
    }

    fn row_terminator(&self) -> Option<&[u8]> {
        self.dialect.terminator.as_deref()
    }
}
