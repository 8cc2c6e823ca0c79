//! One row: its fields as values of the domain, and every problem that it has.

use std::collections::BTreeMap;
use std::fmt::Display;

use domain::ids::IdError;
use domain::load::RowProblem;
use domain::money::parse_decimal;
use domain::quantity::Quantity;
use domain::time::Timestamp;
use sha2::{Digest, Sha256};

use super::csv::{Flaw, MAX_FIELDS, MAX_RECORD, Record};
use super::header::Header;

/// Most bytes of one field.
const MAX_FIELD: usize = 64 * 1024;
/// Most bytes of a row that can be kept: a stored record has at most 400 KiB, and holds two versions of the row beside names
/// and keys.
const MAX_KEPT: usize = 160 * 1024;
/// Changes with the way rows are stored, so that the next load writes all of them anew.
const LAYOUT: u8 = 1;

/// A row that is being understood.
pub struct Row<'a> {
    header: &'a Header,
    /// All fields one after the other.
    text: &'a str,
    record: Record<'a>,
    /// What is wrong with it so far.
    pub problems: Vec<RowProblem>,
}

impl<'a> Row<'a> {
    /// Takes a record as row.
    ///
    /// # Errors
    /// The problem that keeps its fields from being looked at.
    pub(super) fn new(header: &'a Header, record: Record<'a>) -> Result<Self, RowProblem> {
        match record.flaw {
            None => {}
            Some(Flaw::TooLong) => {
                let message = format!("the row is longer than {MAX_RECORD} bytes; a quote may not be closed");
                return Err(RowProblem::row("row_too_long", message));
            }
            Some(Flaw::TooManyFields) => {
                return Err(RowProblem::row("field_count", format!("the row has more than {MAX_FIELDS} fields")));
            }
            Some(Flaw::OpenQuote) => {
                return Err(RowProblem::row(
                    "open_quote",
                    "a quote that opens in this row is not closed before the file ends",
                ));
            }
        }
        if record.len() != header.width {
            let message = format!("the row has {} fields, the header has {}", record.len(), header.width);
            return Err(RowProblem::row("field_count", message));
        }
        let text = std::str::from_utf8(record.bytes());
        let text = text.map_err(|_| RowProblem::row("encoding", "the row is not UTF-8; save the file as UTF-8"))?;
        if text.len() > MAX_FIELD && record.fields().any(|field| field.len() > MAX_FIELD) {
            return Err(RowProblem::row("field_too_long", format!("a field is longer than {MAX_FIELD} bytes")));
        }
        if text.len() > MAX_KEPT {
            return Err(RowProblem::row("row_too_long", format!("the row is longer than {MAX_KEPT} bytes")));
        }
        Ok(Self { header, text, record, problems: Vec::new() })
    }

    /// Takes a record of which anything may be wrong, with its text. Good for its key alone.
    pub(super) fn damaged(header: &'a Header, record: Record<'a>, text: &'a str) -> Self {
        Self { header, text, record, problems: Vec::new() }
    }

    fn column(&self, column: usize) -> &'a str {
        self.record.range(column).and_then(|range| self.text.get(range)).unwrap_or_default().trim()
    }

    /// The text of a field of the kind, without white space at its ends; empty when the file has no such column.
    pub fn text(&self, field: usize) -> &'a str {
        self.header.columns.get(field).copied().flatten().map_or("", |column| self.column(column))
    }

    fn name(&self, field: usize) -> &'static str {
        self.header.fields.get(field).map_or("", |field| field.name)
    }

    fn problem(&mut self, field: usize, code: &'static str, message: String) {
        self.problems.push(RowProblem::field(self.name(field), code, message));
    }

    /// Whether the row removes what it names.
    pub fn removes(&mut self) -> bool {
        let action = self.header.action.map_or("", |column| self.column(column));
        match action {
            "" | "upsert" => false,
            "delete" => true,
            _ => {
                self.problems.push(RowProblem::field(
                    super::header::ACTION,
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

    /// The attributes that have a value.
    pub fn attributes(&self) -> BTreeMap<String, String> {
        let values = self.header.attributes.iter().map(|(name, column)| (name, self.column(*column)));
        values.filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name.clone(), value.to_owned())).collect()
    }

    /// A hash of what the row says, whatever the order of its columns.
    pub fn fingerprint(&self, removes: bool) -> [u8; 16] {
        let mut hash = Sha256::new();
        hash.update([LAYOUT, u8::from(removes)]);
        let mut put = |text: &str| {
            hash.update(text.len().to_le_bytes());
            hash.update(text);
        };
        (0..self.header.fields.len()).for_each(|field| put(self.text(field)));
        for (name, column) in &self.header.attributes {
            let value = self.column(*column);
            if !value.is_empty() {
                put(name);
                put(value);
            }
        }
        let digest: [u8; 32] = hash.finalize().into();
        digest.first_chunk().copied().unwrap_or_default()
    }
}

/// A text without control characters other than line breaks and tabs.
fn plain(text: &str) -> Result<String, &'static str> {
    let hidden = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if text.chars().any(hidden) { Err("holds a control character") } else { Ok(text.to_owned()) }
}
