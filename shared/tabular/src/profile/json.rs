//! The JSON of a profile.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::rule::{Dates, Numbers, Rule};
use super::{ColumnSelector, Defaults, HeaderlessColumns, Mapping, Profile};
use crate::encoding::Encoding;
use crate::error::FileError;
use crate::fields::MAX_FIELDS;
use crate::framing::Dialect;

/// Most bytes of a delimiter, a quote or a row terminator.
const MAX_SEPARATOR: usize = 16;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ProfileJson {
    delimiter: Option<String>,
    #[serde(default, deserialize_with = "present")]
    quote: Option<Option<String>>,
    row_terminator: Option<String>,
    encoding: Option<String>,
    header: Option<bool>,
    columns: Option<ColumnsJson>,
    fields: Option<BTreeMap<String, FieldJson>>,
    #[serde(default)]
    nulls: Vec<String>,
    date_format: Option<String>,
    decimal_separator: Option<String>,
    group_separator: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "columns is a number or a list of names")]
enum ColumnsJson {
    Count(usize),
    Names(Vec<String>),
}

#[derive(Deserialize, Clone)]
#[serde(untagged, expecting = "a column is a name or a number from 0")]
enum ColumnJson {
    At(usize),
    Named(String),
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "a field is the name of a column, a number from 0, or an object with the members \
                               column or constant, values, default, nulls, dateFormat, \
                               decimalSeparator, groupSeparator"
)]
enum FieldJson {
    ColumnSelector(ColumnJson),
    Whole(Box<WholeJson>),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WholeJson {
    column: Option<ColumnJson>,
    constant: Option<String>,
    values: Option<BTreeMap<String, String>>,
    default: Option<String>,
    nulls: Option<Vec<String>>,
    date_format: Option<String>,
    decimal_separator: Option<String>,
    group_separator: Option<String>,
}

/// Distinguishes `null` from a missing member.
fn present<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(deserializer).map(Some)
}

impl Profile {
    /// Reads a profile.
    ///
    /// # Errors
    /// What is wrong with it, with the member that is meant. The code is `profile`.
    pub fn parse(text: &[u8]) -> Result<Self, FileError> {
        parse(text)
    }
}

fn parse(text: &[u8]) -> Result<Profile, FileError> {
    let json: ProfileJson =
        serde_json::from_slice(text).map_err(|error| FileError::profile(error.to_string()))?;
    let encoding = match &json.encoding {
        None => Encoding::Utf8,
        Some(name) => Encoding::parse(name).ok_or_else(|| {
            FileError::profile(
                "encoding must be one of utf-8, utf-16, utf-16le, utf-16be, windows-1252",
            )
        })?,
    };
    let header = json.header.unwrap_or(true);
    let columns = columns(json.columns, header)?;
    let defaults = Defaults {
        nulls: json.nulls,
        dates: dates("dateFormat", json.date_format)?,
        numbers: numbers("", json.decimal_separator, json.group_separator)?,
    };
    let fields = json.fields.map(|fields| {
        fields
            .into_iter()
            .map(|(name, field)| mapping(&name, field).map(|field| (name, field)))
            .collect()
    });
    let fields: Option<BTreeMap<String, Mapping>> = fields.transpose()?;
    if !header && fields.is_none() && !matches!(columns, HeaderlessColumns::Names(_)) {
        return Err(FileError::profile(
            "a file without a header needs fields, or the names of its columns in columns",
        ));
    }
    let dialect = dialect(json.delimiter, json.quote, json.row_terminator, encoding)?;
    Ok(Profile {
        dialect,
        encoding,
        header,
        columns,
        fields,
        defaults,
    })
}

fn columns(columns: Option<ColumnsJson>, header: bool) -> Result<HeaderlessColumns, FileError> {
    let columns = match columns {
        None => return Ok(HeaderlessColumns::Unknown),
        Some(ColumnsJson::Count(count)) => HeaderlessColumns::Count(count),
        Some(ColumnsJson::Names(names)) => HeaderlessColumns::Names(names),
    };
    let count = match &columns {
        HeaderlessColumns::Unknown => 0,
        HeaderlessColumns::Count(count) => *count,
        HeaderlessColumns::Names(names) => names.len(),
    };
    if header {
        return Err(FileError::profile(
            "columns belongs to a file without a header: header has to be false",
        ));
    }
    if count == 0 || count > MAX_FIELDS {
        return Err(FileError::profile(format!(
            "columns is not between 1 and {MAX_FIELDS}"
        )));
    }
    Ok(columns)
}

fn dialect(
    delimiter: Option<String>,
    quote: Option<Option<String>>,
    terminator: Option<String>,
    encoding: Encoding,
) -> Result<Dialect, FileError> {
    let separator = |name: &str, text: String| {
        if text.is_empty() || text.len() > MAX_SEPARATOR {
            return Err(FileError::profile(format!(
                "{name} is empty or longer than {MAX_SEPARATOR} bytes"
            )));
        }
        encoding
            .encode(&text)
            .ok_or_else(|| FileError::profile(format!("{name} cannot be written in the encoding")))
    };
    let delimiter = separator("delimiter", delimiter.unwrap_or_else(|| ",".to_owned()))?;
    let quote = quote
        .unwrap_or_else(|| Some("\"".to_owned()))
        .map(|quote| separator("quote", quote))
        .transpose()?;
    // Each of these means that a row ends with its line, whichever of them ends the line.
    let terminator = terminator.filter(|text| !matches!(text.as_str(), "\n" | "\r\n" | "\r"));
    let terminator = terminator
        .map(|text| separator("rowTerminator", text))
        .transpose()?;
    let breaks = |bytes: &[u8]| {
        bytes
            .first()
            .is_some_and(|byte| matches!(byte, b'\n' | b'\r'))
    };
    let begins = |one: &[u8], two: &[u8]| one.starts_with(two) || two.starts_with(one);
    let ends_rows = |bytes: &[u8]| match &terminator {
        None => bytes.iter().any(|byte| matches!(byte, b'\n' | b'\r')),
        Some(terminator) => bytes.starts_with(terminator),
    };
    let quoted = quote.as_deref().unwrap_or_default();
    if ends_rows(&delimiter)
        || quote.is_some() && (ends_rows(quoted) || begins(quoted, &delimiter))
        || quote.is_some()
            && terminator
                .as_ref()
                .is_some_and(|terminator| begins(terminator, quoted))
        || terminator.is_none() && breaks(&delimiter)
    {
        return Err(FileError::profile(
            "delimiter, quote and rowTerminator cannot be distinguished from each other",
        ));
    }
    Ok(Dialect {
        delimiter,
        quote,
        terminator,
    })
}

fn mapping(name: &str, field: FieldJson) -> Result<Mapping, FileError> {
    let column = |column: ColumnJson| match column {
        ColumnJson::At(index) => ColumnSelector::At(index),
        ColumnJson::Named(name) => ColumnSelector::Named(name),
    };
    let whole = match field {
        FieldJson::ColumnSelector(from) => {
            return Ok(Mapping {
                column: Some(column(from)),
                rule: Rule::default(),
            });
        }
        FieldJson::Whole(whole) => *whole,
    };
    let rule = Rule {
        default: whole.constant.clone().or(whole.default.clone()),
        values: whole.values,
        nulls: whole.nulls,
        dates: dates(&format!("fields.{name}.dateFormat"), whole.date_format)?,
        numbers: numbers(
            &format!("fields.{name}."),
            whole.decimal_separator,
            whole.group_separator,
        )?,
    };
    match (whole.column, whole.constant) {
        (Some(from), None) => Ok(Mapping {
            column: Some(column(from)),
            rule,
        }),
        (None, Some(_)) if whole.default.is_none() && rule.values.is_none() => {
            Ok(Mapping { column: None, rule })
        }
        _ => Err(FileError::profile(format!(
            "fields.{name} needs either a column or a constant"
        ))),
    }
}

fn dates(member: &str, form: Option<String>) -> Result<Option<Dates>, FileError> {
    let Some(form) = form else { return Ok(None) };
    let dates = Dates::parse(&form).ok_or_else(|| {
        FileError::profile(format!(
            "{member} is not made of yyyy, MM, dd, HH, mm, ss, fff and separators, each once"
        ))
    })?;
    Ok(Some(dates))
}

fn numbers(
    prefix: &str,
    decimal: Option<String>,
    group: Option<String>,
) -> Result<Option<Numbers>, FileError> {
    let single = |name: &str, text: Option<String>| match text {
        None => Ok(None),
        Some(text) => {
            let mut chars = text.chars();
            match (chars.next(), chars.next()) {
                (Some(char), None) if !char.is_ascii_digit() && !matches!(char, '+' | '-') => {
                    Ok(Some(char))
                }
                _ => Err(FileError::profile(format!(
                    "{prefix}{name} is not one character other than a digit or a sign"
                ))),
            }
        }
    };
    let decimal = single("decimalSeparator", decimal)?;
    let group = single("groupSeparator", group)?;
    if decimal.is_none() && group.is_none() {
        return Ok(None);
    }
    let decimal = decimal.unwrap_or('.');
    if group == Some(decimal) {
        return Err(FileError::profile(format!(
            "{prefix}groupSeparator is the same as decimalSeparator"
        )));
    }
    Ok(Some(Numbers { decimal, group }))
}
