//! One row: its fields as values of the domain, and every problem that it has.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Display;

use domain::ids::IdError;
use domain::load::RowProblem;
use domain::money::parse_decimal;
use domain::quantity::Quantity;
use domain::text::every_byte;
use domain::time::Timestamp;
use tabular::{ATTRIBUTE_PREFIX, MAX_FIELDS, MAX_ROW_BYTES, Meaningless, RawRecord, RowDefect};
use xxhash_rust::xxh3::xxh3_128;

use super::header::{ACTION, Header, Origin, Place, Width};

/// Most bytes of one field.
const MAX_FIELD: usize = 64 * 1024;
/// Most bytes of a row that can be kept: a stored record has at most 400 KiB, and holds two
/// versions of the row beside names and keys.
const MAX_KEPT: u64 = 160 * 1024;
/// Changes with the way rows are stored, so that the next load writes all of them anew.
const LAYOUT: u8 = 2;

/// The action of a row that removes what it names.
const DELETE: &str = "delete";
/// The action of a row that says what is so, as a row without one does.
const UPSERT: &str = "upsert";

/// Longest key that is quoted in a reason, in characters.
const QUOTED_KEY: usize = 200;

/// A record, and the texts that its fields stand in.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    header: &'a Header,
    record: &'a RawRecord<'a>,
    texts: [&'a str; 2],
}

impl<'a> View<'a> {
    /// Looks at a record whose fields can be read.
    ///
    /// # Errors
    /// The problem that keeps its fields from being looked at.
    pub fn sound(header: &'a Header, record: &'a RawRecord<'a>) -> Result<Self, RowProblem> {
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
        if record.length > MAX_KEPT {
            return Err(RowProblem::row(
                "row_too_long",
                format!("the row is longer than {MAX_KEPT} bytes"),
            ));
        }
        Ok(Self {
            header,
            record,
            texts,
        })
    }

    /// Looks at a record of which anything may be wrong. Good for its key alone.
    pub fn damaged(header: &'a Header, record: &'a RawRecord<'a>, texts: [&'a str; 2]) -> Self {
        Self {
            header,
            record,
            texts,
        }
    }

    /// The fields at the front of the kind, as one text.
    pub fn key(&self, fields: usize, into: &mut Vec<u8>) {
        let start = into.len();
        for (index, origin) in self.header.origins.iter().take(fields).enumerate() {
            if index > 0 {
                into.push(b'/');
            }
            let value = origin
                .as_ref()
                .and_then(|origin| self.value(origin).ok())
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

    /// What an origin makes of the record.
    #[inline]
    fn value(&self, origin: &'a Origin) -> Result<Cow<'a, str>, Meaningless> {
        match origin {
            // The usual case, kept small.
            Origin {
                place: Place::At(column),
                rule: None,
            } => Ok(Cow::Borrowed(self.field(*column))),
            _ => self.made(origin),
        }
    }

    #[inline(never)]
    fn made(&self, origin: &'a Origin) -> Result<Cow<'a, str>, Meaningless> {
        let index = match &origin.place {
            Place::At(column) => Some(*column),
            Place::Named(name) => self.record.find(name),
            Place::Nowhere => None,
        };
        let text = index.map_or("", |index| self.field(index));
        match &origin.rule {
            None => Ok(Cow::Borrowed(text)),
            Some(rule) => rule.apply(text),
        }
    }

    /// Tells of each attribute that has a value or a text that means nothing, in the order of their
    /// names. A header that names attributes lets no row name its own.
    fn attributes(&self, mut enqueue: impl FnMut(&str, Result<Cow<'a, str>, Meaningless>)) {
        for (name, origin) in &self.header.attributes {
            let value = self.value(origin);
            if value.as_deref() != Ok("") {
                enqueue(name, value);
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
                .for_each(|(name, value)| enqueue(name, Ok(Cow::Borrowed(value))));
        }
    }

    /// A hash of what a sound row says, whatever the order of its columns and the format of its
    /// file.
    pub fn fingerprint(&self, removes: bool) -> [u8; 16] {
        let mut said = Vec::with_capacity(self.record.raw.len() + 256);
        said.extend_from_slice(&[LAYOUT, u8::from(removes)]);
        let mut put = |text: &str| {
            said.extend_from_slice(&(text.len() as u32).to_le_bytes());
            said.extend_from_slice(text.as_bytes());
        };
        for origin in &self.header.origins {
            let value = origin.as_ref().and_then(|origin| self.value(origin).ok());
            put(&value.unwrap_or_default());
        }
        self.attributes(|name, value| {
            put(name);
            put(&value.unwrap_or_default());
        });
        xxh3_128(&said).to_le_bytes()
    }

    /// A field without white space at its ends.
    #[inline]
    fn field(&self, index: usize) -> &'a str {
        let place = self.record.field_span(index);
        let text =
            place.and_then(|(text, range)| self.texts.get(text).and_then(|text| text.get(range)));
        let text = text.unwrap_or_default();
        trimmed(text)
    }
}

/// A text without white space at its ends. Most begin and end with what is visible.
#[inline]
fn trimmed(text: &str) -> &str {
    let visible = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_graphic);
    if visible(text.as_bytes().first()) && visible(text.as_bytes().last()) {
        text
    } else {
        text.trim()
    }
}

/// A row that is being understood.
pub struct Row<'a> {
    view: View<'a>,
    /// What is wrong with it so far.
    pub problems: Vec<RowProblem>,
}

impl<'a> Row<'a> {
    /// Takes what a record says as row.
    pub(super) fn new(view: View<'a>) -> Self {
        Self {
            view,
            problems: Vec::new(),
        }
    }

    /// The text of a field of the kind, without white space at its ends; empty when the file has no
    /// such column. None, and a problem, when it means nothing.
    #[inline]
    fn text(&mut self, field: usize) -> Option<Cow<'a, str>> {
        let Some(Some(origin)) = self.view.header.origins.get(field) else {
            return Some(Cow::Borrowed(""));
        };
        let value = self.view.value(origin);
        value
            .map_err(|meaningless| self.meaningless("", self.name(field), meaningless))
            .ok()
    }

    fn name(&self, field: usize) -> &'static str {
        self.view
            .header
            .fields
            .get(field)
            .map_or("", |field| field.name)
    }

    #[cold]
    fn meaningless(&mut self, prefix: &str, name: &str, (code, message): Meaningless) {
        let name = format!("{prefix}{name}");
        let message = format!("{name} {message}");
        self.problems.push(RowProblem::field(name, code, message));
    }

    #[cold]
    fn problem(&mut self, field: usize, code: &'static str, message: String) {
        self.problems
            .push(RowProblem::field(self.name(field), code, message));
    }

    /// Whether the row removes what it names.
    pub fn removes(&mut self) -> bool {
        let Some(origin) = &self.view.header.action else {
            return false;
        };
        match self.view.value(origin).as_deref() {
            Ok("" | UPSERT) => return false,
            Ok(DELETE) => return true,
            Ok(_) => {
                let message = "the action is neither delete, upsert nor empty";
                self.problems
                    .push(RowProblem::field(ACTION, "action", message));
            }
            Err(meaningless) => self.meaningless("", ACTION, *meaningless),
        }
        false
    }

    /// A value by its parser, or a problem with what the parser said about it.
    pub fn required<T, E: Display>(
        &mut self,
        field: usize,
        code: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = self.text(field)?;
        if text.is_empty() {
            self.problem(field, "required", format!("{} is empty", self.name(field)));
            return None;
        }
        self.parsed(field, code, parse(&text))
    }

    /// A value by its parser; none when the field is empty.
    pub fn optional<T, E: Display>(
        &mut self,
        field: usize,
        code: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = self.text(field)?;
        if text.is_empty() {
            None
        } else {
            self.parsed(field, code, parse(&text))
        }
    }

    /// A value by its parser; `default` when the field is empty.
    fn defaulted<T, E: Display>(
        &mut self,
        field: usize,
        default: T,
        code: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = self.text(field)?;
        if text.is_empty() {
            Some(default)
        } else {
            self.parsed(field, code, parse(&text))
        }
    }

    /// What a parser made, or a problem with what it said.
    #[inline]
    fn parsed<T, E: Display>(
        &mut self,
        field: usize,
        code: &'static str,
        value: Result<T, E>,
    ) -> Option<T> {
        value
            .map_err(|error| self.problem(field, code, format!("{} {error}", self.name(field))))
            .ok()
    }

    /// An identifier.
    pub fn id<T>(
        &mut self,
        field: usize,
        parse: impl FnOnce(&str) -> Result<T, IdError>,
    ) -> Option<T> {
        self.required(field, "identifier", parse)
    }

    /// An identifier; none when the field is empty.
    pub fn optional_id<T>(
        &mut self,
        field: usize,
        parse: impl FnOnce(&str) -> Result<T, IdError>,
    ) -> Option<T> {
        self.optional(field, "identifier", parse)
    }

    /// A text that must be there.
    pub fn words(&mut self, field: usize) -> Option<String> {
        self.required(field, "text", plain)
    }

    /// A text; none when the field is empty.
    pub fn optional_words(&mut self, field: usize) -> Option<String> {
        self.optional(field, "text", plain)
    }

    /// One of a few words; `default` when the field is empty.
    pub fn choice<T>(
        &mut self,
        field: usize,
        default: T,
        words: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        self.defaulted(field, default, "choice", |text| {
            parse(text).ok_or_else(|| format!("is none of {words}"))
        })
    }

    /// The values of a list separated by semicolons, without empty ones and repetitions.
    pub fn list<T: PartialEq, E: Display>(
        &mut self,
        field: usize,
        code: &'static str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<Vec<T>> {
        let text = self.text(field)?;
        let mut values = Vec::new();
        for part in text.split(';').map(trimmed).filter(|part| !part.is_empty()) {
            match parse(part) {
                Ok(value) if values.contains(&value) => {}
                Ok(value) => values.push(value),
                Err(error) => {
                    self.problem(
                        field,
                        code,
                        format!("a value in {} {error}", self.name(field)),
                    );
                    return None;
                }
            }
        }
        Some(values)
    }

    /// A whole number; 0 when the field is empty.
    pub fn whole(&mut self, field: usize) -> Option<i64> {
        self.defaulted(field, 0, "number", |text| {
            text.parse().map_err(|_| "is no whole number")
        })
    }

    /// A quantity; one when the field is empty.
    pub fn quantity(&mut self, field: usize) -> Option<Quantity> {
        self.defaulted(field, Quantity::ONE, "quantity", |text| {
            let value = parse_decimal(text)
                .ok_or_else(|| "is no plain decimal number such as 2.5".to_owned())?;
            Quantity::new(value).map_err(|error| format!("is no quantity: {error}"))
        })
    }

    /// An instant, or the start of a day in UTC. `after` makes it the end of the day instead: a
    /// validity includes its last day.
    pub fn instant(&mut self, field: usize, after: bool) -> Option<Timestamp> {
        const DAY: i64 = 24 * 60 * 60;
        self.optional(field, "date", |text| match Timestamp::parse_date(text) {
            Ok(day) if after => Ok(day.plus_seconds(DAY)),
            Ok(day) => Ok(day),
            Err(_) => text
                .parse()
                .map_err(|_| "is no date such as 2025-02-07 and no RFC 3339 instant"),
        })
    }

    /// The attributes that have a value, by name.
    pub fn attributes(&mut self) -> BTreeMap<String, String> {
        let view = self.view;
        let mut all = BTreeMap::new();
        view.attributes(|name, value| match value {
            Ok(value) => {
                all.insert(name.to_owned(), value.into_owned());
            }
            Err(meaningless) => self.meaningless(ATTRIBUTE_PREFIX, name, meaningless),
        });
        all
    }
}

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
                "the row that begins on line {line} at byte {offset} has {length} bytes, more than {MAX_ROW_BYTES}; \
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
                "a quote that opens in the row on line {line} is not closed before the file ends, {length} bytes later"
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

/// A text without control characters other than line breaks and tabs.
fn plain(text: &str) -> Result<String, &'static str> {
    if every_byte(text, |byte| (0x20..0x7F).contains(&byte)) {
        return Ok(text.to_owned());
    }
    let hidden = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if text.chars().any(hidden) {
        Err("holds a control character")
    } else {
        Ok(text.to_owned())
    }
}
