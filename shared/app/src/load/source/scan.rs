//! What the scanners of the formats have in common: they look at bytes from where a row begins, and
//! say where it ends.

use std::ops::Range;

use super::{Flaw, MAX_FIELDS};

/// What a scanner came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// The bytes are used up.
    More,
    /// A row ends where the scanner stands now.
    Row,
    /// There are no more rows.
    End,
}

/// How a field stands in its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Span {
    /// As it is.
    #[default]
    Plain,
    /// Between two quotes, and nothing else.
    Quoted,
    /// With quotes in it or after it: [`super::csv::unquote`] reads it.
    Escaped,
    /// Not in the row itself but in [`super::record::Texts`], as it is.
    Aside,
}

/// Hears of the fields of a row.
pub(super) trait Fields {
    /// A row begins.
    fn clear(&mut self);
    /// A field ends. `range` is in the same bytes as `row_start`, and not before it.
    fn field(&mut self, range: Range<usize>, row_start: usize, span: Span);
    /// The row is not usable.
    fn flaw(&mut self, flaw: Flaw);
}

/// Only the boundaries matter.
impl Fields for () {
    fn clear(&mut self) {}
    fn field(&mut self, _: Range<usize>, _: usize, _: Span) {}
    fn flaw(&mut self, _: Flaw) {}
}

/// Where the fields of a row stand in it.
#[derive(Debug, Default)]
pub(super) struct Spans {
    pub spans: Vec<(Range<usize>, Span)>,
    pub flaw: Option<Flaw>,
    /// Whether not every field stands there as it is.
    pub escaped: bool,
}

impl Fields for Spans {
    fn clear(&mut self) {
        self.spans.clear();
        self.flaw = None;
        self.escaped = false;
    }

    fn field(&mut self, range: Range<usize>, row_start: usize, span: Span) {
        if self.spans.len() == MAX_FIELDS {
            self.flaw.get_or_insert(Flaw::TooManyFields);
            return;
        }
        self.escaped |= span != Span::Plain;
        self.spans
            .push((range.start - row_start..range.end - row_start, span));
    }

    fn flaw(&mut self, flaw: Flaw) {
        self.flaw.get_or_insert(flaw);
    }
}

/// Counts the ends of lines: LF, CR, or both one after the other.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Lines {
    pub count: u64,
    after_cr: bool,
}

impl Lines {
    pub fn starting_at(line: u64) -> Self {
        Self {
            count: line,
            after_cr: false,
        }
    }

    pub fn add(&mut self, bytes: &[u8]) {
        let Some(last) = bytes.last() else { return };
        if self.after_cr && bytes.first() == Some(&b'\n') {
            self.count = self.count.saturating_sub(1);
        }
        for at in memchr::memchr2_iter(b'\n', b'\r', bytes) {
            let joined = bytes.get(at) == Some(&b'\r') && bytes.get(at + 1) == Some(&b'\n');
            self.count += u64::from(!joined);
        }
        self.after_cr = *last == b'\r';
    }

    /// Counts the end of a line that holds no other one.
    pub fn add_line(&mut self) {
        self.count += 1;
        self.after_cr = false;
    }
}
