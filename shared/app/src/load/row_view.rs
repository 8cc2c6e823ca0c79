//! A row seen through the header of its file: the value of each field, as text.

use std::borrow::Cow;

use domain::load::RowProblem;
use tabular::{ATTRIBUTE_PREFIX, MAX_FIELDS, MAX_ROW_BYTES, Meaningless, RawRecord, RowDefect};
use xxhash_rust::xxh3::xxh3_128;

use super::header::{ColumnRef, FieldSource, Header, Width};

/// Most bytes of one field.
const MAX_FIELD: usize = 64 * 1024;
/// Most bytes of a row that can be stored: a stored record has at most 400 KiB, and contains two
/// versions of the row next to names and keys.
const MAX_STORED: u64 = 160 * 1024;
/// Longest key that is quoted in a reason, in characters.
const QUOTED_KEY: usize = 200;

/// A row, seen through the header of its file.
#[derive(Clone, Copy)]
pub(super) struct RowView<'a> {
    header: &'a Header,
    record: &'a RawRecord<'a>,
    texts: [&'a str; 2],
}

impl<'a> RowView<'a> {
    /// A row whose fields can all be read.
    ///
    /// # Errors
    /// The problem that makes the row unreadable.
    pub fn checked(header: &'a Header, record: &'a RawRecord<'a>) -> Result<Self, RowProblem> {
        if let Some(defect) = record.defect {
            return Err(defective(defect, record));
        }
        let count = record.len();
        let message = match header.width {
            Width::Exactly(width) if count != width => {
                format!("the row has {count} fields, the header has {width}")
            }
            Width::AtLeast(width) if count < width => {
                format!("the row has {count} fields, fewer than {width}")
            }
            _ => String::new(),
        };
        if !message.is_empty() {
            return Err(RowProblem::row("field_count", message));
        }
        let texts = record
            .texts()
            .ok_or_else(|| defective(RowDefect::Encoding, record))?;
        if record.length > MAX_FIELD as u64 && record.fields().any(|field| field.len() > MAX_FIELD)
        {
            return Err(RowProblem::row(
                "field_too_long",
                format!("a field is longer than {MAX_FIELD} bytes"),
            ));
        }
        if record.length > MAX_STORED {
            return Err(RowProblem::row(
                "row_too_long",
                format!("the row is longer than {MAX_STORED} bytes"),
            ));
        }
        Ok(Self {
            header,
            record,
            texts,
        })
    }

    /// A row with any defect. Its texts may be lossy, so it serves to read the key alone.
    pub fn lossy(header: &'a Header, record: &'a RawRecord<'a>, texts: [&'a str; 2]) -> Self {
        Self {
            header,
            record,
            texts,
        }
    }

    pub fn header(&self) -> &'a Header {
        self.header
    }

    /// Appends the values of the key columns as one text.
    pub fn key(&self, into: &mut Vec<u8>) {
        let start = into.len();
        let fields = self
            .header
            .fields
            .iter()
            .take_while(|field| field.key)
            .count();
        for (index, source) in self.header.sources.iter().take(fields).enumerate() {
            if index > 0 {
                into.push(b'/');
            }
            let value = source
                .as_ref()
                .and_then(|source| self.value(source).ok())
                .unwrap_or_default();
            let short = value
                .char_indices()
                .nth(QUOTED_KEY)
                .and_then(|(end, _)| value.get(..end))
                .unwrap_or(&value);
            into.extend_from_slice(short.as_bytes());
        }
        let key = into
            .get(start..)
            .and_then(|key| std::str::from_utf8(key).ok())
            .unwrap_or_default();
        let end = key
            .char_indices()
            .nth(QUOTED_KEY)
            .map_or(key.len(), |(end, _)| end);
        into.truncate(start + end);
    }

    /// The value of a field.
    #[inline]
    pub fn value(&self, source: &'a FieldSource) -> Result<Cow<'a, str>, Meaningless> {
        match source {
            // The usual case, kept small so that it is inlined.
            FieldSource {
                column: ColumnRef::At(column),
                rule: None,
            } => Ok(Cow::Borrowed(self.field(*column))),
            _ => self.resolve(source),
        }
    }

    #[inline(never)]
    fn resolve(&self, source: &'a FieldSource) -> Result<Cow<'a, str>, Meaningless> {
        let index = match &source.column {
            ColumnRef::At(column) => Some(*column),
            ColumnRef::Named(name) => self.record.find(name),
            ColumnRef::Constant => None,
        };
        let text = index.map_or("", |index| self.field(index));
        match &source.rule {
            None => Ok(Cow::Borrowed(text)),
            Some(rule) => rule.apply(text),
        }
    }

    /// Calls `each` with every attribute that has a value, or a text without a meaning, in the
    /// order of their names. If the header names attributes, a row has no others.
    pub fn attributes(&self, mut each: impl FnMut(&str, Result<Cow<'a, str>, Meaningless>)) {
        for (name, source) in &self.header.attributes {
            let value = self.value(source);
            if value.as_deref() != Ok("") {
                each(name, value);
            }
        }
        if self.header.own_attributes {
            let mut own = Vec::new();
            for (index, name) in self.record.names().enumerate() {
                let value = self.field(index);
                if let Some(name) = name
                    .strip_prefix(ATTRIBUTE_PREFIX)
                    .filter(|name| !name.is_empty() && !value.is_empty())
                {
                    own.push((name, value));
                }
            }
            own.sort_unstable();
            own.into_iter()
                .for_each(|(name, value)| each(name, Ok(Cow::Borrowed(value))));
        }
    }

    /// A hash of the values of a checked row. The order of columns and the format of the file do
    /// not change it; `layout`, the version of stored records, does.
    pub fn fingerprint(&self, layout: u8, removes: bool) -> [u8; 16] {
        let mut hashed = Vec::with_capacity(self.record.raw.len() + 256);
        hashed.extend_from_slice(&[layout, u8::from(removes)]);
        let mut put = |text: &str| {
            hashed.extend_from_slice(&(text.len() as u32).to_le_bytes());
            hashed.extend_from_slice(text.as_bytes());
        };
        for source in &self.header.sources {
            let value = source.as_ref().and_then(|source| self.value(source).ok());
            put(&value.unwrap_or_default());
        }
        self.attributes(|name, value| {
            put(name);
            put(&value.unwrap_or_default());
        });
        xxh3_128(&hashed).to_le_bytes()
    }

    /// A field without white space around it.
    #[inline]
    fn field(&self, index: usize) -> &'a str {
        let span = self.record.field_span(index);
        let text =
            span.and_then(|(text, range)| self.texts.get(text).and_then(|text| text.get(range)));
        let text = text.unwrap_or_default();
        trimmed(text)
    }
}

/// A text without white space around it. Most begin and end with a visible character.
#[inline]
pub(super) fn trimmed(text: &str) -> &str {
    let visible = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_graphic);
    if visible(text.as_bytes().first()) && visible(text.as_bytes().last()) {
        text
    } else {
        text.trim()
    }
}

/// What to tell the people who wrote a row that cannot be read.
fn defective(defect: RowDefect, record: &RawRecord<'_>) -> RowProblem {
    let RawRecord {
        line,
        offset,
        length,
        ..
    } = *record;
    match defect {
        RowDefect::TooLong => RowProblem::row(
            "row_too_long",
            format!(
                "the row that begins on line {line} at byte {offset} has {length} bytes, more than \
                {MAX_ROW_BYTES}; \
                 a quote may not be closed"
            ),
        ),
        RowDefect::TooManyFields => RowProblem::row(
            "field_count",
            format!("the row has more than {MAX_FIELDS} fields"),
        ),
        RowDefect::OpenQuote => RowProblem::row(
            "open_quote",
            format!(
                "a quote that opens in the row on line {line} is not closed before the file ends, \
                {length} bytes later"
            ),
        ),
        RowDefect::Json(reason) => RowProblem::row("json", reason),
        RowDefect::Xml(reason) => RowProblem::row("xml", reason),
        RowDefect::Encoding => {
            let encoding = record.encoding().name();
            RowProblem::row(
                "encoding",
                format!("the row is not {encoding}; save the file as UTF-8"),
            )
        }
    }
}
