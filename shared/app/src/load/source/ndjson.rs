//! Rows that are JSON objects, one on a line.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::record::Named;
use super::scan::{Fields, Found};
use super::{Flaw, MAX_FIELDS};

/// How deep objects may stand in one another.
const DEPTH: usize = 8;

/// Finds the lines that are not blank.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    at: usize,
    row_start: usize,
    within: bool,
}

impl Scanner {
    pub fn spent(&self) -> usize {
        if self.within { self.row_start } else { self.at }
    }

    pub fn row(&self) -> Range<usize> {
        self.row_start..self.at
    }

    pub fn shift(&mut self, by: usize) {
        self.at = self.at.saturating_sub(by);
        self.row_start = self.row_start.saturating_sub(by);
    }

    pub fn scan(&mut self, bytes: &[u8], ended: bool, fields: &mut impl Fields) -> Found {
        if !self.within {
            let rest = bytes.get(self.at..).unwrap_or_default();
            let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
            let Some(begin) = rest.iter().position(|byte| !blank(byte)) else {
                self.at = bytes.len();
                return if ended { Found::End } else { Found::More };
            };
            self.at += begin;
            self.row_start = self.at;
            self.within = true;
            fields.clear();
        }
        match memchr::memchr(b'\n', bytes.get(self.at..).unwrap_or_default()) {
            Some(end) => self.at += end + 1,
            None => {
                self.at = bytes.len();
                if !ended {
                    return Found::More;
                }
            }
        }
        self.within = false;
        Found::Row
    }
}

/// The members of an object in their order, repeated ones too.
struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// A name, borrowed unless it is written with escapes.
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

/// Reads a row. Members of objects within it are named by both names with a point between them; a
/// list of plain values is one value with semicolons; a number stays as it is written; null is no
/// value.
pub(super) fn read(row: &str, into: &mut Named) -> Result<(), Flaw> {
    let Object(members) = serde_json::from_str(row).map_err(|error| match error.classify() {
        serde_json::error::Category::Data if error.to_string().starts_with("too many members") => {
            Flaw::TooManyFields
        }
        _ => Flaw::Json("the row is no JSON object"),
    })?;
    object(members, &mut String::new(), DEPTH, into)
}

fn object(
    members: Vec<(Cow<'_, str>, &RawValue)>,
    prefix: &mut String,
    depth: usize,
    into: &mut Named,
) -> Result<(), Flaw> {
    let outer = prefix.len();
    for (name, value) in members {
        prefix.push_str(&name);
        let text = value.get();
        match text.as_bytes().first() {
            Some(b'{') if depth <= 1 => {
                return Err(Flaw::Json("objects stand in one another too deep"));
            }
            Some(b'{') => {
                let Object(members) =
                    serde_json::from_str(text).map_err(|_| Flaw::TooManyFields)?;
                prefix.push('.');
                object(members, prefix, depth - 1, into)?;
            }
            Some(b'[') => {
                let values: Vec<&RawValue> = serde_json::from_str(text)
                    .map_err(|_| Flaw::Json("the row is no JSON object"))?;
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

fn put(name: &str, value: &str, into: &mut Named) -> Result<(), Flaw> {
    if into.has(name) {
        return Err(Flaw::Json("the row names a member twice"));
    }
    into.put(name, value)
}

/// A text, a number or a truth value as text.
fn scalar(json: &str) -> Result<Cow<'_, str>, Flaw> {
    if !json.starts_with('"') {
        return Ok(Cow::Borrowed(json));
    }
    let Name(text) =
        serde_json::from_str(json).map_err(|_| Flaw::Json("the row is no JSON object"))?;
    Ok(text)
}

fn list(values: Vec<&RawValue>) -> Result<String, Flaw> {
    let mut all = String::new();
    for value in values {
        let text = match value.get().as_bytes().first() {
            Some(b'{' | b'[') => {
                return Err(Flaw::Json("a list holds something other than plain values"));
            }
            Some(b'n') => continue,
            _ => scalar(value.get())?,
        };
        if text.contains(';') {
            return Err(Flaw::Json("a value in a list holds a semicolon"));
        }
        if !all.is_empty() {
            all.push(';');
        }
        all.push_str(&text);
    }
    Ok(all)
}
