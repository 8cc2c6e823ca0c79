//! Parses one row: its fields as values of the domain, and every problem that it has.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Display;

use domain::ids::IdError;
use domain::load::RowProblem;
use domain::money::{Currency, parse_decimal};
use domain::quantity::Quantity;
use domain::text::every_byte;
use domain::time::Timestamp;
use tabular::{ATTRIBUTE_PREFIX, Meaningless};

use super::columns::{
    Choice, Column, CurrencyCode, Date, Decimal, Field, HasValue, Id, List, Optional, Text, Whole,
};
use super::header::ACTION;
use super::row_view::{RowView, trimmed};

/// The action of a row that removes the record that it names.
const DELETE: &str = "delete";
/// The action of a row that stores the record, as a row without an action does.
const UPSERT: &str = "upsert";
const DAY_SECONDS: i64 = 24 * 60 * 60;

/// A row that is being parsed: it returns values of the domain by column, and collects every
/// problem on the way, so that people can correct all of them at once.
pub struct RowCursor<'a> {
    view: RowView<'a>,
    problems: Vec<RowProblem>,
}

impl<'a> RowCursor<'a> {
    pub(super) fn new(view: RowView<'a>) -> Self {
        Self {
            view,
            problems: Vec::new(),
        }
    }

    /// The text of a column, without white space around it; empty if the file has no such column.
    /// `None`, and a problem, if the text has no meaning.
    #[inline]
    fn cell(&mut self, index: usize) -> Option<Cow<'a, str>> {
        let Some(Some(source)) = self.view.header().sources.get(index) else {
            return Some(Cow::Borrowed(""));
        };
        let value = self.view.value(source);
        value
            .map_err(|meaningless| self.meaningless("", self.name(index), meaningless))
            .ok()
    }

    fn field(&self, index: usize) -> Option<&'static Field> {
        self.view.header().fields.get(index)
    }

    fn name(&self, index: usize) -> &'static str {
        self.field(index).map_or("", |field| field.name)
    }

    /// Adds a problem that no column's parser found.
    pub(super) fn add_problem(&mut self, problem: RowProblem) {
        self.problems.push(problem);
    }

    /// What is wrong with the row.
    pub(super) fn into_problems(self) -> Vec<RowProblem> {
        self.problems
    }

    #[cold]
    fn meaningless(&mut self, prefix: &str, name: &str, (code, message): Meaningless) {
        let name = format!("{prefix}{name}");
        let message = format!("{name} {message}");
        self.problems.push(RowProblem::field(name, code, message));
    }

    #[cold]
    fn problem(&mut self, index: usize, code: &'static str, message: String) {
        self.problems
            .push(RowProblem::field(self.name(index), code, message));
    }

    /// Whether the row removes the record that it names.
    pub(super) fn removes(&mut self) -> bool {
        let Some(source) = &self.view.header().action else {
            return false;
        };
        match self.view.value(source).as_deref() {
            Ok("" | UPSERT) => return false,
            Ok(DELETE) => return true,
            Ok(_) => {
                let message = "_action must be one of delete, upsert, or empty";
                self.add_problem(RowProblem::field(ACTION, "action", message));
            }
            Err(meaningless) => self.meaningless("", ACTION, *meaningless),
        }
        false
    }

    /// The value of a column that always has one: its default if it is empty, or a problem if it
    /// has no default. What the parser says about a text becomes a problem.
    pub(super) fn parse<T, C, P: HasValue, E: Display>(
        &mut self,
        column: Column<C, P>,
        code: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let index = column.index();
        let mut text = self.cell(index)?;
        if text.is_empty() {
            text = Cow::Borrowed(self.field(index).map_or("", |field| field.default));
        }
        if text.is_empty() {
            self.problem(index, "required", format!("{} is empty", self.name(index)));
            return None;
        }
        self.parsed(index, code, parse(&text))
    }

    /// The value of a column that may be empty, by its parser.
    pub(super) fn parse_optional<T, C, E: Display>(
        &mut self,
        column: Column<C, Optional>,
        code: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = self.cell(column.index())?;
        if text.is_empty() {
            None
        } else {
            self.parsed(column.index(), code, parse(&text))
        }
    }

    /// What a parser returned, or a problem with its message.
    #[inline]
    fn parsed<T, E: Display>(
        &mut self,
        index: usize,
        code: &'static str,
        value: Result<T, E>,
    ) -> Option<T> {
        value
            .map_err(|error| self.problem(index, code, format!("{} {error}", self.name(index))))
            .ok()
    }

    pub(super) fn id<T, P: HasValue>(
        &mut self,
        column: Column<Id, P>,
        parse: impl FnOnce(&str) -> Result<T, IdError>,
    ) -> Option<T> {
        self.parse(column, "identifier", parse)
    }

    pub(super) fn optional_id<T>(
        &mut self,
        column: Column<Id, Optional>,
        parse: impl FnOnce(&str) -> Result<T, IdError>,
    ) -> Option<T> {
        self.parse_optional(column, "identifier", parse)
    }

    pub(super) fn text<P: HasValue>(&mut self, column: Column<Text, P>) -> Option<String> {
        self.parse(column, "text", plain)
    }

    pub(super) fn optional_text(&mut self, column: Column<Text, Optional>) -> Option<String> {
        self.parse_optional(column, "text", plain)
    }

    /// One of the words that the column declares.
    pub(super) fn choice<T, P: HasValue>(
        &mut self,
        column: Column<Choice, P>,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let words = self.field(column.index()).map_or("", |field| field.values);
        self.parse(column, "choice", |text| {
            parse(text).ok_or_else(|| format!("must be one of {words}"))
        })
    }

    /// The values of a list, without empty and repeated ones.
    pub(super) fn list<T: PartialEq, E: Display>(
        &mut self,
        column: Column<List, Optional>,
        code: &'static str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<Vec<T>> {
        let index = column.index();
        let text = self.cell(index)?;
        let mut values = Vec::new();
        for part in text.split(';').map(trimmed).filter(|part| !part.is_empty()) {
            match parse(part) {
                Ok(value) if values.contains(&value) => {}
                Ok(value) => values.push(value),
                Err(error) => {
                    let message = format!("a value in {} {error}", self.name(index));
                    self.problem(index, code, message);
                    return None;
                }
            }
        }
        Some(values)
    }

    pub(super) fn whole<P: HasValue>(&mut self, column: Column<Whole, P>) -> Option<i64> {
        self.parse(column, "number", |text| {
            text.parse()
                .map_err(|_| "is not a whole number (example: 10)")
        })
    }

    pub(super) fn quantity<P: HasValue>(&mut self, column: Column<Decimal, P>) -> Option<Quantity> {
        self.parse(column, "quantity", |text| {
            let value = parse_decimal(text)
                .ok_or_else(|| "is not a decimal number (example: 2.5)".to_owned())?;
            Quantity::new(value).map_err(|error| format!("is not a quantity: {error}"))
        })
    }

    /// An ISO 4217 code.
    pub(super) fn currency<P: HasValue>(
        &mut self,
        column: Column<CurrencyCode, P>,
    ) -> Option<Currency> {
        self.parse(column, "currency", |text| {
            Currency::parse(text).map_err(|_| "is not a currency code (example: USD)")
        })
    }

    /// An instant, or the start of a day in UTC.
    pub(super) fn start(&mut self, column: Column<Date, Optional>) -> Option<Timestamp> {
        self.instant(column, 0)
    }

    /// An instant, or the end of a day in UTC: a validity includes its last day.
    pub(super) fn end(&mut self, column: Column<Date, Optional>) -> Option<Timestamp> {
        self.instant(column, DAY_SECONDS)
    }

    fn instant(
        &mut self,
        column: Column<Date, Optional>,
        seconds_after_day: i64,
    ) -> Option<Timestamp> {
        self.parse_optional(column, "date", |text| match Timestamp::parse_date(text) {
            Ok(day) => Ok(day.plus_seconds(seconds_after_day)),
            Err(_) => text.parse().map_err(|_| {
                "is not a date (example: 2025-02-07) and not an RFC 3339 instant \
                 (example: 2025-02-07T10:00:00Z)"
            }),
        })
    }

    /// The attributes that have a value, by name.
    pub(super) fn attributes(&mut self) -> BTreeMap<String, String> {
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

/// A text without control characters other than line breaks and tabs.
fn plain(text: &str) -> Result<String, &'static str> {
    if every_byte(text, |byte| (0x20..0x7F).contains(&byte)) {
        return Ok(text.to_owned());
    }
    let hidden = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if text.chars().any(hidden) {
        Err("contains a control character")
    } else {
        Ok(text.to_owned())
    }
}
