//! One row: its fields as values of the domain, and every problem that it has.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Display;

use domain::ids::IdError;
use domain::load::RowProblem;
use domain::money::parse_decimal;
use domain::quantity::Quantity;
use domain::time::Timestamp;
use xxhash_rust::xxh3::Xxh3Default;

use super::header::{ACTION, Header, Origin, Place, Width};
use super::source::{ATTRIBUTE, Flaw, MAX_FIELDS, MAX_ROW, Record};

/// Most bytes of one field.
const MAX_FIELD: usize = 64 * 1024;
/// Most bytes of a row that can be kept: a stored record has at most 400 KiB, and holds two versions of the row beside names
/// and keys.
const MAX_KEPT: u64 = 160 * 1024;
/// Changes with the way rows are stored, so that the next load writes all of them anew.
const LAYOUT: u8 = 2;

/// Most fields of a kind.
const MAX_KIND_FIELDS: usize = 12;

/// A row that is being understood.
pub struct Row<'a> {
    header: &'a Header,
    texts: [&'a str; 2],
    record: Record<'a>,
    /// The fields of the kind, without white space at their ends.
    values: [Cow<'a, str>; MAX_KIND_FIELDS],
    /// The attributes that have a value, by name.
    attributes: Vec<(&'a str, Cow<'a, str>)>,
    action: Cow<'a, str>,
    /// What is wrong with it so far.
    pub problems: Vec<RowProblem>,
}

impl<'a> Row<'a> {
    /// Takes a record as row.
    ///
    /// # Errors
    /// The problem that keeps its fields from being looked at.
    pub(super) fn new(header: &'a Header, record: Record<'a>) -> Result<Self, RowProblem> {
        if let Some(flaw) = record.flaw {
            return Err(flawed(flaw, record));
        }
        let count = record.len();
        let message = match header.width {
            Width::Exactly(width) if count != width => format!("the row has {count} fields, the header has {width}"),
            Width::AtLeast(width) if count < width => format!("the row has {count} fields, fewer than {width}"),
            _ => String::new(),
        };
        if !message.is_empty() {
            return Err(RowProblem::row("field_count", message));
        }
        let texts = record.texts().ok_or_else(|| flawed(Flaw::Encoding, record))?;
        if record.length > MAX_FIELD as u64 && record.fields().any(|field| field.len() > MAX_FIELD) {
            return Err(RowProblem::row("field_too_long", format!("a field is longer than {MAX_FIELD} bytes")));
        }
        if record.length > MAX_KEPT {
            return Err(RowProblem::row("row_too_long", format!("the row is longer than {MAX_KEPT} bytes")));
        }
        Ok(Self::damaged(header, record, texts))
    }

    /// Takes a record of which anything may be wrong, with its texts. Good for its key alone.
    pub(super) fn damaged(header: &'a Header, record: Record<'a>, texts: [&'a str; 2]) -> Self {
        let values = [const { Cow::Borrowed("") }; MAX_KIND_FIELDS];
        let mut row = Self {
            header,
            texts,
            record,
            values,
            attributes: Vec::new(),
            action: Cow::Borrowed(""),
            problems: Vec::new(),
        };
        for (index, (field, origin)) in header.fields.iter().zip(&header.origins).enumerate() {
            if let Some(origin) = origin {
                let value = row.value(field.name, origin);
                if let Some(slot) = row.values.get_mut(index) {
                    *slot = value;
                }
            }
        }
        if let Some(action) = &header.action {
            row.action = row.value(ACTION, action);
        }
        row.find_attributes();
        row
    }

    fn find_attributes(&mut self) {
        let header = self.header;
        for (name, origin) in &header.attributes {
            let value = self.value(name, origin);
            if !value.is_empty() {
                self.attributes.push((name, value));
            }
        }
        if header.own_attributes {
            for (index, name) in self.record.names().enumerate() {
                let value = self.field(index);
                if let Some(name) = name.strip_prefix(ATTRIBUTE).filter(|name| !name.is_empty() && !value.is_empty()) {
                    self.attributes.push((name, Cow::Borrowed(value)));
                }
            }
            self.attributes.sort_unstable();
        }
    }

    /// A value; empty, with a problem, when its text means nothing.
    fn value(&mut self, name: &str, origin: &'a Origin) -> Cow<'a, str> {
        let index = match &origin.place {
            Place::At(column) => Some(*column),
            Place::Named(name) => self.record.find(name),
            Place::Nowhere => None,
        };
        let text = index.map_or("", |index| self.field(index));
        let Some(rule) = &origin.rule else { return Cow::Borrowed(text) };
        match rule.apply(text) {
            Ok(value) => value,
            Err((code, message)) => {
                self.problems.push(RowProblem::field(name.to_owned(), code, format!("{name} {message}")));
                Cow::Borrowed("")
            }
        }
    }

    /// A field without white space at its ends.
    fn field(&self, index: usize) -> &'a str {
        let place = self.record.place(index);
        let text = place.and_then(|(text, range)| self.texts.get(text).and_then(|text| text.get(range)));
        text.unwrap_or_default().trim()
    }

    /// The text of a field of the kind, without white space at its ends; empty when the file has no such column.
    pub fn text(&self, field: usize) -> &str {
        self.values.get(field).map_or("", |value| value)
    }

    fn name(&self, field: usize) -> &'static str {
        self.header.fields.get(field).map_or("", |field| field.name)
    }

    fn problem(&mut self, field: usize, code: &'static str, message: String) {
        let name = self.name(field);
        // A text that means nothing was noted already, and its field is not empty for that.
        if self.problems.iter().all(|problem| problem.field != name) {
            self.problems.push(RowProblem::field(name, code, message));
        }
    }

    /// Whether the row removes what it names.
    pub fn removes(&mut self) -> bool {
        match self.action.as_ref() {
            "" | "upsert" => false,
            "delete" => true,
            _ => {
                self.problems.push(RowProblem::field(
                    ACTION,
                    "action",
                    "the action is neither delete, upsert nor empty",
                ));
                false
            }
        }
    }

    /// A value by its parser, or a problem with what the parser said about it.
    pub fn required<T, E: Display>(
        &mut self,
        field: usize,
        code: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        if self.text(field).is_empty() {
            self.problem(field, "required", format!("{} is empty", self.name(field)));
            return None;
        }
        self.optional(field, code, parse)
    }

    /// A value by its parser; none when the field is empty.
    pub fn optional<T, E: Display>(
        &mut self,
        field: usize,
        code: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = self.text(field);
        if text.is_empty() {
            return None;
        }
        match parse(text) {
            Ok(value) => Some(value),
            Err(error) => {
                self.problem(field, code, format!("{} {error}", self.name(field)));
                None
            }
        }
    }

    /// An identifier.
    pub fn id<T>(&mut self, field: usize, parse: impl FnOnce(&str) -> Result<T, IdError>) -> Option<T> {
        self.required(field, "identifier", parse)
    }

    /// An identifier; none when the field is empty.
    pub fn optional_id<T>(&mut self, field: usize, parse: impl FnOnce(&str) -> Result<T, IdError>) -> Option<T> {
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
        if self.text(field).is_empty() {
            return Some(default);
        }
        self.optional(field, "choice", |text| parse(text).ok_or_else(|| format!("is none of {words}")))
    }

    /// The values of a list separated by semicolons, without empty ones and repetitions.
    pub fn list<T: PartialEq, E: Display>(
        &mut self,
        field: usize,
        code: &'static str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<Vec<T>> {
        let mut values = Vec::new();
        for part in self.text(field).split(';').map(str::trim).filter(|part| !part.is_empty()) {
            match parse(part) {
                Ok(value) if values.contains(&value) => {}
                Ok(value) => values.push(value),
                Err(error) => {
                    self.problem(field, code, format!("a value in {} {error}", self.name(field)));
                    return None;
                }
            }
        }
        Some(values)
    }

    /// A whole number; 0 when the field is empty.
    pub fn whole(&mut self, field: usize) -> Option<i64> {
        if self.text(field).is_empty() {
            return Some(0);
        }
        self.optional(field, "number", |text| text.parse().map_err(|_| "is no whole number"))
    }

    /// A quantity; one when the field is empty.
    pub fn quantity(&mut self, field: usize) -> Option<Quantity> {
        if self.text(field).is_empty() {
            return Some(Quantity::ONE);
        }
        self.optional(field, "quantity", |text| {
            let value = parse_decimal(text).ok_or_else(|| "is no plain decimal number such as 2.5".to_owned())?;
            Quantity::new(value).map_err(|error| format!("is no quantity: {error}"))
        })
    }

    /// An instant, or the start of a day in UTC. `after` makes it the end of the day instead: a validity includes its last day.
    pub fn instant(&mut self, field: usize, after: bool) -> Option<Timestamp> {
        const DAY: i64 = 24 * 60 * 60;
        self.optional(field, "date", |text| match Timestamp::parse_date(text) {
            Ok(day) if after => Ok(day.plus_seconds(DAY)),
            Ok(day) => Ok(day),
            Err(_) => text.parse().map_err(|_| "is no date such as 2025-02-07 and no RFC 3339 instant"),
        })
    }

    /// The attributes that have a value, by name.
    pub fn attributes(&self) -> BTreeMap<String, String> {
        self.attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone().into_owned())).collect()
    }

    /// A hash of what the row says, whatever the order of its columns and the format of its file.
    pub fn fingerprint(&self, removes: bool) -> [u8; 16] {
        let mut hash = Xxh3Default::new();
        hash.update(&[LAYOUT, u8::from(removes)]);
        let mut put = |text: &str| {
            hash.update(&(text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        };
        (0..self.header.fields.len()).for_each(|field| put(self.text(field)));
        for (name, value) in &self.attributes {
            put(name);
            put(value);
        }
        hash.digest128().to_le_bytes()
    }
}

fn flawed(flaw: Flaw, record: Record<'_>) -> RowProblem {
    let Record { line, offset, length, .. } = record;
    match flaw {
        Flaw::TooLong => RowProblem::row(
            "row_too_long",
            format!(
                "the row that begins on line {line} at byte {offset} has {length} bytes, more than {MAX_ROW}; \
                 a quote may not be closed"
            ),
        ),
        Flaw::TooManyFields => RowProblem::row("field_count", format!("the row has more than {MAX_FIELDS} fields")),
        Flaw::OpenQuote => RowProblem::row(
            "open_quote",
            format!(
                "a quote that opens in the row on line {line} is not closed before the file ends, {length} bytes later"
            ),
        ),
        Flaw::Json(reason) => RowProblem::row("json", reason),
        Flaw::Xml(reason) => RowProblem::row("xml", reason),
        Flaw::Encoding => {
            let encoding = record.encoding();
            RowProblem::row("encoding", format!("the row is not {encoding}; save the file as UTF-8"))
        }
    }
}

/// A text without control characters other than line breaks and tabs.
fn plain(text: &str) -> Result<String, &'static str> {
    let hidden = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if text.chars().any(hidden) { Err("holds a control character") } else { Ok(text.to_owned()) }
}
