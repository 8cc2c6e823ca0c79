//! The fields of a row: where they are, and their bytes.

use std::ops::Range;

use crate::encoding::Encoding;

/// Most fields of a row.
pub const MAX_FIELDS: usize = 512;
/// Columns with this prefix hold attributes that are not columns of their own.
pub const ATTRIBUTE_PREFIX: &str = "attr:";
/// The prefix as formats that nest write it: `{"attr":{"color":"red"}}` names `attr.color`.
const NESTED_ATTRIBUTE_PREFIX: &str = "attr.";

/// Why a row cannot be used, whatever its fields say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowDefect {
    /// More bytes than [`MAX_ROW_BYTES`](crate::MAX_ROW_BYTES).
    TooLong,
    /// More fields than [`MAX_FIELDS`].
    TooManyFields,
    /// The file ends inside quotes.
    OpenQuote,
    /// Not a JSON object, or one with a value that is not a column's; the reason.
    Json(&'static str),
    /// An XML element with content that is not a column's; the reason.
    Xml(&'static str),
    /// Bytes that are not of the file's encoding.
    Encoding,
}

/// How a field is written in its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Span {
    /// The bytes are the field.
    #[default]
    Plain,
    /// The field is between two quotes, and nothing else is.
    Quoted,
    /// Quotes are doubled in it, or text follows its closing quote: it has to be decoded.
    Escaped,
    /// The range is one in [`DecodedFields`], not in the row.
    Decoded,
}

/// Receives the fields of a row as a framer finds their ends.
pub(crate) trait FieldSink {
    /// A row begins.
    fn clear(&mut self);
    /// A field ends. `range` is in the same bytes as `row_start`, and not before it.
    fn field(&mut self, range: Range<usize>, row_start: usize, span: Span);
    /// The row cannot be used. The first defect counts.
    fn defect(&mut self, defect: RowDefect);
}

/// For a reader that needs the ends of rows alone.
impl FieldSink for () {
    fn clear(&mut self) {}
    fn field(&mut self, _: Range<usize>, _: usize, _: Span) {}
    fn defect(&mut self, _: RowDefect) {}
}

/// Where the fields of a row are in it.
#[derive(Debug, Default)]
pub(crate) struct RowFields {
    pub spans: Vec<(Range<usize>, Span)>,
    pub defect: Option<RowDefect>,
    /// Whether any field is not [`Span::Plain`].
    pub escaped: bool,
}

impl FieldSink for RowFields {
    fn clear(&mut self) {
        self.spans.clear();
        self.defect = None;
        self.escaped = false;
    }

    fn field(&mut self, range: Range<usize>, row_start: usize, span: Span) {
        if self.spans.len() == MAX_FIELDS {
            self.defect(RowDefect::TooManyFields);
            return;
        }
        self.escaped |= span != Span::Plain;
        self.spans
            .push((range.start - row_start..range.end - row_start, span));
    }

    fn defect(&mut self, defect: RowDefect) {
        self.defect.get_or_insert(defect);
    }
}

/// Fields of one row that are not in the row as they are: without their quotes, in UTF-8, or
/// taken out of JSON or XML.
#[derive(Debug, Default)]
pub(crate) struct DecodedFields {
    pub bytes: Vec<u8>,
    /// Where the names of the fields are in `bytes`, in a format that has names.
    pub names: Vec<Range<usize>>,
    /// Whether every field of the row is here. The row itself may not be UTF-8 then.
    pub all: bool,
}

impl DecodedFields {
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.names.clear();
        self.all = false;
    }
}

/// A row as it was found: its fields by number or by name, without quotes and escapes.
#[derive(Debug, Clone, Copy)]
pub struct RawRecord<'a> {
    /// The row as it is in the file, with what ends it. It is empty if the row is too long. In a
    /// UTF-16 file it is UTF-8, and [`RejectsFile::row`](crate::RejectsFile::row) restores it.
    pub raw: &'a [u8],
    pub(crate) encoding: Encoding,
    pub(crate) decoded: &'a DecodedFields,
    pub(crate) spans: &'a [(Range<usize>, Span)],
    /// Whether its fields have names instead of an order.
    pub named: bool,
    /// Its number in the file: 0 is the header, 1 the first row after it.
    pub number: u64,
    /// The line on which it begins.
    pub line: u64,
    /// Bytes of the file before it; see [`RowPosition::offset`](crate::RowPosition::offset).
    pub offset: u64,
    /// Its length in bytes, also if the row is too long to be kept.
    pub length: u64,
    /// Why it cannot be used. Some of its fields are missing then.
    pub defect: Option<RowDefect>,
}

impl<'a> RawRecord<'a> {
    /// The number of its fields.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether it has no fields.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// The encoding of its file.
    #[must_use]
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// The bytes that hold its fields: the row, and the decoded fields.
    #[inline]
    fn bytes(&self) -> [&'a [u8]; 2] {
        // If every field is decoded, the row may not be UTF-8 and is not looked at.
        [
            if self.decoded.all { b"" } else { self.raw },
            &self.decoded.bytes,
        ]
    }

    /// The two texts that hold its fields, which [`field_span`](Self::field_span) points into. To
    /// check them once is cheaper than to check each field. `None` if a byte is not of the file's
    /// encoding.
    #[inline]
    #[must_use]
    pub fn texts(&self) -> Option<[&'a str; 2]> {
        let [row, decoded] = self.bytes();
        Some([
            std::str::from_utf8(row).ok()?,
            std::str::from_utf8(decoded).ok()?,
        ])
    }

    /// The same with `?` for each byte that is not ASCII. Fields stay where they are.
    #[must_use]
    pub fn texts_lossy(&self) -> [String; 2] {
        let replace = |byte: &u8| {
            if byte.is_ascii() {
                char::from(*byte)
            } else {
                '?'
            }
        };
        self.bytes()
            .map(|bytes| bytes.iter().map(replace).collect())
    }

    /// In which of the [texts](Self::texts) a field is, and where in it.
    #[inline]
    #[must_use]
    pub fn field_span(&self, index: usize) -> Option<(usize, Range<usize>)> {
        let (range, span) = self.spans.get(index)?;
        Some((usize::from(*span == Span::Decoded), range.clone()))
    }

    /// The bytes of a field.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&'a [u8]> {
        let (bytes, range) = self.field_span(index)?;
        self.bytes().get(bytes)?.get(range)
    }

    /// All fields.
    pub fn fields(self) -> impl Iterator<Item = &'a [u8]> {
        (0..self.len()).map(move |index| self.get(index).unwrap_or_default())
    }

    /// The names of the fields; nothing in a format without names.
    pub fn names(&self) -> impl Iterator<Item = &'a str> + 'a {
        let DecodedFields { names, bytes, .. } = self.decoded;
        let names = if self.named { names.as_slice() } else { &[] };
        names.iter().map(|name| {
            bytes
                .get(name.clone())
                .and_then(|name| std::str::from_utf8(name).ok())
                .unwrap_or("")
        })
    }

    /// The index of the field with a name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<usize> {
        let DecodedFields { names, bytes, .. } = self.decoded;
        let names = if self.named { names.as_slice() } else { &[] };
        names
            .iter()
            .position(|range| bytes.get(range.clone()) == Some(name.as_bytes()))
    }
}

/// Collects the fields of a row that have names.
pub(crate) struct NamedFields<'a> {
    pub decoded: &'a mut DecodedFields,
    pub fields: &'a mut RowFields,
}

impl NamedFields<'_> {
    fn find(&self, name: &str) -> Option<usize> {
        let (first, rest) = Self::parts(name);
        let is = |range: &Range<usize>| {
            let known = self.decoded.bytes.get(range.clone()).unwrap_or_default();
            known.strip_prefix(first.as_bytes()) == Some(rest.as_bytes())
        };
        self.decoded.names.iter().position(is)
    }

    /// A nested attribute gets the name that it has in formats that do not nest.
    fn parts(name: &str) -> (&'static str, &str) {
        match name.strip_prefix(NESTED_ATTRIBUTE_PREFIX) {
            Some(attribute) => (ATTRIBUTE_PREFIX, attribute),
            None => ("", name),
        }
    }

    /// Whether the row has a field of that name already.
    pub fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Adds a field.
    pub fn put(&mut self, name: &str, value: &str) -> Result<(), RowDefect> {
        let DecodedFields { bytes, names, .. } = &mut *self.decoded;
        if names.len() == MAX_FIELDS {
            return Err(RowDefect::TooManyFields);
        }
        let (first, rest) = Self::parts(name);
        let start = bytes.len();
        bytes.extend_from_slice(first.as_bytes());
        bytes.extend_from_slice(rest.as_bytes());
        let end = bytes.len();
        bytes.extend_from_slice(value.as_bytes());
        names.push(start..end);
        self.fields.spans.push((end..bytes.len(), Span::Decoded));
        Ok(())
    }

    /// Adds a field, or appends a value to the list that a field of that name is then.
    pub fn join(&mut self, name: &str, value: &str) -> Result<(), RowDefect> {
        let Some(index) = self.find(name) else {
            return self.put(name, value);
        };
        let Some((range, _)) = self.fields.spans.get_mut(index) else {
            return Ok(());
        };
        let bytes = &mut self.decoded.bytes;
        // A field can only grow at the end.
        if range.end != bytes.len() {
            let start = bytes.len();
            bytes.extend_from_within(range.clone());
            range.start = start;
        }
        bytes.push(b';');
        bytes.extend_from_slice(value.as_bytes());
        range.end = bytes.len();
        Ok(())
    }
}
