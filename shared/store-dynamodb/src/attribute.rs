//! Attributes of stored records: one function to write a value, one to read it.
//!
//! `get_*` fails if the attribute is missing, `find_*` returns `None`. Both fail with
//! [`StoreError::Corrupt`] if it has another type.

use std::collections::{BTreeMap, HashMap};

use app::ports::StoreError;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::time::Timestamp;
use rust_decimal::Decimal;

/// A stored record.
pub(crate) type Attributes = HashMap<String, AttributeValue>;

/// A text.
pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// A number.
pub(crate) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// An instant, as RFC 3339 text that sorts by time.
pub(crate) fn instant(value: Timestamp) -> AttributeValue {
    AttributeValue::S(value.to_string())
}

/// A list of texts.
pub(crate) fn texts<T: Into<String>>(values: impl IntoIterator<Item = T>) -> AttributeValue {
    AttributeValue::L(values.into_iter().map(text).collect())
}

/// A map of texts.
pub(crate) fn text_map(values: &BTreeMap<String, String>) -> AttributeValue {
    AttributeValue::M(
        values
            .iter()
            .map(|(name, value)| (name.clone(), text(value)))
            .collect(),
    )
}

/// A record under construction.
#[derive(Debug, Default)]
pub(crate) struct Record(Attributes);

impl Record {
    /// A record with a primary key of two parts.
    pub(crate) fn keyed(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self(key(pk, sk))
    }

    /// A record without attributes: for maps inside records and tables with a key of one part.
    pub(crate) fn empty() -> Self {
        Self::default()
    }

    /// Adds an attribute.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: AttributeValue) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }

    /// Adds an attribute if it has a value: a missing value is not stored.
    #[must_use]
    pub(crate) fn with_some(self, name: &str, value: Option<AttributeValue>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// The record.
    pub(crate) fn into_attributes(self) -> Attributes {
        self.0
    }
}

impl From<Attributes> for Record {
    fn from(attributes: Attributes) -> Self {
        Self(attributes)
    }
}

/// A primary key of two parts.
pub(crate) fn key(pk: impl Into<String>, sk: impl Into<String>) -> Attributes {
    // Most records have about ten attributes: one allocation.
    let mut key = HashMap::with_capacity(14);
    key.insert("pk".to_owned(), text(pk));
    key.insert("sk".to_owned(), text(sk));
    key
}

/// The attribute `name` is missing or has another type.
pub(crate) fn corrupt(name: &str) -> StoreError {
    StoreError::Corrupt {
        what: format!("attribute {name}"),
    }
}

/// The text `name`.
pub(crate) fn get_text<'a>(record: &'a Attributes, name: &str) -> Result<&'a str, StoreError> {
    find_text(record, name)?.ok_or_else(|| corrupt(name))
}

/// The text `name`, if there is one.
pub(crate) fn find_text<'a>(
    record: &'a Attributes,
    name: &str,
) -> Result<Option<&'a str>, StoreError> {
    match record.get(name) {
        None | Some(AttributeValue::Null(_)) => Ok(None),
        Some(AttributeValue::S(value)) => Ok(Some(value)),
        Some(_) => Err(corrupt(name)),
    }
}

/// The text `name` as a value of its own type, by that type's parser.
pub(crate) fn get_parsed<T, E>(
    record: &Attributes,
    name: &str,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, StoreError> {
    parse(get_text(record, name)?).map_err(|_| corrupt(name))
}

/// The text `name` as a value of its own type, if there is one.
pub(crate) fn find_parsed<T, E>(
    record: &Attributes,
    name: &str,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<Option<T>, StoreError> {
    find_text(record, name)?
        .map(parse)
        .transpose()
        .map_err(|_| corrupt(name))
}

/// The decimal number `name`, if there is one.
pub(crate) fn find_decimal(record: &Attributes, name: &str) -> Result<Option<Decimal>, StoreError> {
    match record.get(name) {
        None | Some(AttributeValue::Null(_)) => Ok(None),
        // DynamoDB may answer a number in scientific notation.
        Some(AttributeValue::N(value)) => value
            .parse()
            .or_else(|_| Decimal::from_scientific(value))
            .map(Some)
            .map_err(|_| corrupt(name)),
        Some(_) => Err(corrupt(name)),
    }
}

/// The decimal number `name`.
pub(crate) fn get_decimal(record: &Attributes, name: &str) -> Result<Decimal, StoreError> {
    find_decimal(record, name)?.ok_or_else(|| corrupt(name))
}

/// The whole number `name`, if there is one.
pub(crate) fn find_number<T: std::str::FromStr>(
    record: &Attributes,
    name: &str,
) -> Result<Option<T>, StoreError> {
    match record.get(name) {
        None | Some(AttributeValue::Null(_)) => Ok(None),
        Some(AttributeValue::N(value)) => value.parse().map(Some).map_err(|_| corrupt(name)),
        Some(_) => Err(corrupt(name)),
    }
}

/// The whole number `name`.
pub(crate) fn get_number<T: std::str::FromStr>(
    record: &Attributes,
    name: &str,
) -> Result<T, StoreError> {
    find_number(record, name)?.ok_or_else(|| corrupt(name))
}

/// The instant `name`, if there is one.
pub(crate) fn find_instant(
    record: &Attributes,
    name: &str,
) -> Result<Option<Timestamp>, StoreError> {
    find_parsed(record, name, str::parse)
}

/// The instant `name`.
pub(crate) fn get_instant(record: &Attributes, name: &str) -> Result<Timestamp, StoreError> {
    get_parsed(record, name, str::parse)
}

/// The elements of the list `name`; empty if the attribute is missing.
pub(crate) fn get_list<'a>(
    record: &'a Attributes,
    name: &str,
) -> Result<&'a [AttributeValue], StoreError> {
    match record.get(name) {
        None | Some(AttributeValue::Null(_)) => Ok(&[]),
        Some(AttributeValue::L(values)) => Ok(values),
        Some(_) => Err(corrupt(name)),
    }
}

/// The texts of the list `name`, each as a value of its own type.
pub(crate) fn get_texts<T, E>(
    record: &Attributes,
    name: &str,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<Vec<T>, StoreError> {
    let one = |value: &AttributeValue| match value {
        AttributeValue::S(value) => parse(value).map_err(|_| corrupt(name)),
        _ => Err(corrupt(name)),
    };
    get_list(record, name)?.iter().map(one).collect()
}

/// The map `name`, if there is one.
pub(crate) fn find_map<'a>(
    record: &'a Attributes,
    name: &str,
) -> Result<Option<&'a Attributes>, StoreError> {
    match record.get(name) {
        None | Some(AttributeValue::Null(_)) => Ok(None),
        Some(AttributeValue::M(values)) => Ok(Some(values)),
        Some(_) => Err(corrupt(name)),
    }
}

/// The map of texts `name`; empty if the attribute is missing.
pub(crate) fn get_text_map(
    record: &Attributes,
    name: &str,
) -> Result<BTreeMap<String, String>, StoreError> {
    let Some(values) = find_map(record, name)? else {
        return Ok(BTreeMap::new());
    };
    values
        .keys()
        .map(|key| Ok((key.clone(), get_text(values, key)?.to_owned())))
        .collect()
}
