//! NDJSON: rows are JSON objects, one per line.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::framer::{Framer, ReadStep, row_text};
use crate::encoding::Encoding;
use crate::error::FileError;
use crate::fields::{DecodedFields, FieldSink, MAX_FIELDS, NamedFields, RowDefect, RowFields};

/// How deep objects may be nested.
const DEPTH: usize = 8;

/// Finds the lines that are not blank.
#[derive(Debug, Default)]
pub(crate) struct NdjsonFramer {
    at: usize,
    row_start: usize,
    in_row: bool,
}

impl Framer for NdjsonFramer {
    fn scan(
        &mut self,
        bytes: &[u8],
        ended: bool,
        fields: &mut impl FieldSink,
    ) -> Result<ReadStep, FileError> {
        if !self.in_row {
            let rest = bytes.get(self.at..).unwrap_or_default();
            let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
            let Some(begin) = rest.iter().position(|byte| !blank(byte)) else {
                self.at = bytes.len();
                return Ok(if ended {
                    ReadStep::End
                } else {
                    ReadStep::NeedsInput
                });
            };
            self.at += begin;
            self.row_start = self.at;
            self.in_row = true;
            fields.clear();
        }
        match memchr::memchr(b'\n', bytes.get(self.at..).unwrap_or_default()) {
            Some(end) => self.at += end + 1,
            None => {
                self.at = bytes.len();
                if !ended {
                    return Ok(ReadStep::NeedsInput);
                }
            }
        }
        self.in_row = false;
        Ok(ReadStep::Row)
    }

    fn spent(&self) -> usize {
        if self.in_row { self.row_start } else { self.at }
    }

    fn row(&self) -> Range<usize> {
        self.row_start..self.at
    }

    fn shift(&mut self, by: usize) {
        self.at = self.at.saturating_sub(by);
        self.row_start = self.row_start.saturating_sub(by);
    }

    fn read_fields(
        &self,
        raw: &[u8],
        encoding: Encoding,
        fields: &mut RowFields,
        decoded: &mut DecodedFields,
    ) -> Result<(), FileError> {
        decoded.all = true;
        let text = encoding.text(raw);
        if let Some(text) = row_text(&text, fields)
            && let Err(defect) = read(text, &mut NamedFields { decoded, fields })
        {
            fields.defect(defect);
        }
        Ok(())
    }

    fn rejects_name(&self) -> &'static str {
        "rejects.ndjson"
    }
}

/// The members of an object in their order, with repeated ones.
struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// A text, borrowed unless it is written with escapes.
struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Read)
    }
}

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(Name(name)) = map.next_key()? {
                    if members.len() > MAX_FIELDS {
                        return Err(A::Error::custom("too many members"));
                    }
                    members.push((name, map.next_value::<&'de RawValue>()?));
                }
                Ok(Object(members))
            }
        }
        deserializer.deserialize_map(Read)
    }
}

/// Reads a row. A member of a nested object is named `outer.inner`. A list of plain values becomes
/// one value with semicolons. A number stays as it is written. `null` is not a value.
fn read(row: &str, into: &mut NamedFields<'_>) -> Result<(), RowDefect> {
    let Object(members) = serde_json::from_str(row).map_err(|error| match error.classify() {
        serde_json::error::Category::Data if error.to_string().starts_with("too many members") => {
            RowDefect::TooManyFields
        }
        _ => RowDefect::Json("the row is not a JSON object"),
    })?;
    object(members, &mut String::new(), DEPTH, into)
}

fn object(
    members: Vec<(Cow<'_, str>, &RawValue)>,
    prefix: &mut String,
    depth: usize,
    into: &mut NamedFields<'_>,
) -> Result<(), RowDefect> {
    let outer = prefix.len();
    for (name, value) in members {
        prefix.push_str(&name);
        let text = value.get();
        match text.as_bytes().first() {
            Some(b'{') if depth <= 1 => {
                return Err(RowDefect::Json("objects are nested too deep"));
            }
            Some(b'{') => {
                let Object(members) =
                    serde_json::from_str(text).map_err(|_| RowDefect::TooManyFields)?;
                prefix.push('.');
                object(members, prefix, depth - 1, into)?;
            }
            Some(b'[') => {
                let values: Vec<&RawValue> = serde_json::from_str(text)
                    .map_err(|_| RowDefect::Json("the row is not a JSON object"))?;
                let value = list(values)?;
                put(prefix, &value, into)?;
            }
            Some(b'n') => {}
            _ => put(prefix, &scalar(text)?, into)?,
        }
        prefix.truncate(outer);
    }
    Ok(())
}

fn put(name: &str, value: &str, into: &mut NamedFields<'_>) -> Result<(), RowDefect> {
    if into.has(name) {
        return Err(RowDefect::Json("the row names a member twice"));
    }
    into.put(name, value)
}

/// A string, a number or a boolean as text.
fn scalar(json: &str) -> Result<Cow<'_, str>, RowDefect> {
    if !json.starts_with('"') {
        return Ok(Cow::Borrowed(json));
    }
    let Name(text) =
        serde_json::from_str(json).map_err(|_| RowDefect::Json("the row is not a JSON object"))?;
    Ok(text)
}

fn list(values: Vec<&RawValue>) -> Result<String, RowDefect> {
    let mut all = String::new();
    for value in values {
        let text = match value.get().as_bytes().first() {
            Some(b'{' | b'[') => {
                return Err(RowDefect::Json(
                    "a list contains something other than plain values",
                ));
            }
            Some(b'n') => continue,
            _ => scalar(value.get())?,
        };
        if text.contains(';') {
            return Err(RowDefect::Json("a value in a list contains a semicolon"));
        }
        if !all.is_empty() {
            all.push(';');
        }
        all.push_str(&text);
    }
    Ok(all)
}
