//! A row as it was found: its fields by number or by name.

use std::ops::Range;

use domain::load::{Format, LoadFailure};

use super::csv::{Dialect, unquote};
use super::encoding::Encoding;
use super::scan::{Span, Spans};
use super::{Flaw, MAX_FIELDS, ndjson, xml_row};

/// What the names of the columns of attributes begin with, and what they may begin with in formats
/// that nest.
pub(in crate::load) const ATTRIBUTE: &str = "attr:";
const NESTED_ATTRIBUTE: &str = "attr.";

/// A row. Its fields are as they are in the file, apart from quotes and escapes.
#[derive(Debug, Clone, Copy)]
pub(in crate::load) struct Record<'a> {
    /// The row as it stands in the file with what ends it; empty when it is too long. In a UTF-16
    /// file it is UTF-8, and [`super::RefusedFile::row`] writes it back.
    pub raw: &'a [u8],
    pub(super) encoding: Encoding,
    pub(super) texts: &'a Texts,
    pub(super) spans: &'a [(Range<usize>, Span)],
    /// Whether its fields have names instead of an order.
    pub named: bool,
    /// Its number in the file; 1 is the first, 0 the header.
    pub number: u64,
    /// The line that it begins on.
    pub line: u64,
    /// Bytes of the file before it; see [`super::Position::offset`].
    pub offset: u64,
    /// Its length in bytes, also when it is too long to be kept.
    pub length: u64,
    /// What makes it unusable; its fields are not all there then.
    pub flaw: Option<Flaw>,
}

impl<'a> Record<'a> {
    /// How many fields it has.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// The name of its encoding.
    pub fn encoding(&self) -> &'static str {
        self.encoding.name()
    }

    /// The bytes that fields stand in: those of the row, and those beside it.
    fn bytes(&self) -> [&'a [u8]; 2] {
        // Where nothing stands in the row itself, it may be no UTF-8.
        [
            if self.texts.all { b"" } else { self.raw },
            &self.texts.bytes,
        ]
    }

    /// The same as texts; none when they are not of the file's encoding.
    pub fn texts(&self) -> Option<[&'a str; 2]> {
        let [row, aside] = self.bytes();
        Some([
            std::str::from_utf8(row).ok()?,
            std::str::from_utf8(aside).ok()?,
        ])
    }

    /// The same with each byte replaced that may not be of a text, so that fields stay where they
    /// are.
    pub fn mended(&self) -> [String; 2] {
        let mend = |byte: &u8| {
            if byte.is_ascii() {
                char::from(*byte)
            } else {
                '?'
            }
        };
        self.bytes().map(|bytes| bytes.iter().map(mend).collect())
    }

    /// In which of the [texts](Self::texts) a field stands, and where.
    pub fn place(&self, index: usize) -> Option<(usize, Range<usize>)> {
        let (range, span) = self.spans.get(index)?;
        Some((usize::from(*span == Span::Aside), range.clone()))
    }

    /// A field.
    pub fn get(&self, index: usize) -> Option<&'a [u8]> {
        let (bytes, range) = self.place(index)?;
        self.bytes().get(bytes)?.get(range)
    }

    /// All fields.
    pub fn fields(self) -> impl Iterator<Item = &'a [u8]> {
        (0..self.len()).map(move |index| self.get(index).unwrap_or_default())
    }

    /// The names of the fields, in a format that has them.
    pub fn names(&self) -> impl Iterator<Item = &'a str> + 'a {
        let Texts { names, bytes, .. } = self.texts;
        let names = if self.named { names.as_slice() } else { &[] };
        names.iter().map(|name| {
            bytes
                .get(name.clone())
                .and_then(|name| std::str::from_utf8(name).ok())
                .unwrap_or("")
        })
    }

    /// The field of a name.
    pub fn find(&self, name: &str) -> Option<usize> {
        let Texts { names, bytes, .. } = self.texts;
        let names = if self.named { names.as_slice() } else { &[] };
        names
            .iter()
            .position(|range| bytes.get(range.clone()) == Some(name.as_bytes()))
    }
}

/// Texts of the fields of one row that do not stand in it as they are.
#[derive(Debug)]
pub(super) struct Texts {
    quote: Vec<u8>,
    bytes: Vec<u8>,
    names: Vec<Range<usize>>,
    /// Whether all fields are here.
    all: bool,
}

impl Texts {
    pub fn new(dialect: &Dialect) -> Self {
        Self {
            quote: dialect.quote.clone().unwrap_or_default(),
            bytes: Vec::new(),
            names: Vec::new(),
            all: false,
        }
    }

    /// Makes the fields of a row that was found readable.
    pub fn read(
        &mut self,
        format: Format,
        encoding: Encoding,
        raw: &[u8],
        spans: &mut Spans,
    ) -> Result<(), LoadFailure> {
        self.bytes.clear();
        self.names.clear();
        self.all = format != Format::Csv || encoding == Encoding::Windows1252 && !raw.is_ascii();
        if format == Format::Csv {
            if spans.escaped || self.all {
                self.fields(encoding, raw, spans);
            }
            return Ok(());
        }
        spans.spans.clear();
        let text = encoding.text(raw);
        let Ok(text) = std::str::from_utf8(&text) else {
            spans.flaw = Some(Flaw::Encoding);
            return Ok(());
        };
        let mut named = Named {
            names: &mut self.names,
            bytes: &mut self.bytes,
            spans,
        };
        let read = match format {
            Format::Csv => Ok(()),
            Format::Ndjson => ndjson::read(text, &mut named),
            Format::Xml => xml_row::read(text, &mut named)?,
        };
        spans.flaw = read.err();
        Ok(())
    }

    fn fields(&mut self, encoding: Encoding, raw: &[u8], spans: &mut Spans) {
        let quote = self.quote.len();
        for (range, span) in &mut spans.spans {
            if *span == Span::Quoted {
                *range = (range.start + quote)..range.end.saturating_sub(quote);
                *span = Span::Plain;
            }
            let field = raw.get(range.clone()).unwrap_or_default();
            if *span != Span::Escaped && !self.all {
                continue;
            }
            let start = self.bytes.len();
            if *span == Span::Escaped {
                unquote(field, &self.quote, &mut self.bytes);
            } else {
                self.bytes.extend_from_slice(field);
            }
            if self.all {
                let text = encoding
                    .text(self.bytes.get(start..).unwrap_or_default())
                    .into_owned();
                self.bytes.truncate(start);
                self.bytes.extend_from_slice(&text);
            }
            *range = start..self.bytes.len();
            *span = Span::Aside;
        }
    }
}

/// Takes the fields of a row that has names for them.
pub(super) struct Named<'a> {
    names: &'a mut Vec<Range<usize>>,
    bytes: &'a mut Vec<u8>,
    spans: &'a mut Spans,
}

impl Named<'_> {
    fn find(&self, name: &str) -> Option<usize> {
        let (first, rest) = Self::parts(name);
        let is = |range: &Range<usize>| {
            let known = self.bytes.get(range.clone()).unwrap_or_default();
            known.strip_prefix(first.as_bytes()) == Some(rest.as_bytes())
        };
        self.names.iter().position(is)
    }

    /// A nested attribute is named as in formats that do not nest.
    fn parts(name: &str) -> (&'static str, &str) {
        match name.strip_prefix(NESTED_ATTRIBUTE) {
            Some(attribute) => (ATTRIBUTE, attribute),
            None => ("", name),
        }
    }

    /// Whether a field of that name is there.
    pub fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Adds a field.
    pub fn put(&mut self, name: &str, value: &str) -> Result<(), Flaw> {
        if self.names.len() == MAX_FIELDS {
            return Err(Flaw::TooManyFields);
        }
        let (first, rest) = Self::parts(name);
        let start = self.bytes.len();
        self.bytes.extend_from_slice(first.as_bytes());
        self.bytes.extend_from_slice(rest.as_bytes());
        let end = self.bytes.len();
        self.bytes.extend_from_slice(value.as_bytes());
        self.names.push(start..end);
        self.spans.spans.push((end..self.bytes.len(), Span::Aside));
        Ok(())
    }

    /// Adds a field, or a value to one that is there already.
    pub fn join(&mut self, name: &str, value: &str) -> Result<(), Flaw> {
        let Some(index) = self.find(name) else {
            return self.put(name, value);
        };
        let Some((range, _)) = self.spans.spans.get_mut(index) else {
            return Ok(());
        };
        // A repeated field moves to the end to grow there.
        if range.end != self.bytes.len() {
            let start = self.bytes.len();
            self.bytes.extend_from_within(range.clone());
            range.start = start;
        }
        self.bytes.push(b';');
        self.bytes.extend_from_slice(value.as_bytes());
        range.end = self.bytes.len();
        Ok(())
    }
}
