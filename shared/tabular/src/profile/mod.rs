//! Profiles: how to read files of another layout than ours. A profile is a JSON object.

mod json;
mod rule;

use std::collections::BTreeMap;

pub use self::rule::{Dates, Meaningless, Numbers, Rule};
use crate::encoding::Encoding;
use crate::framing::{Dialect, Format, Framing};

/// Most bytes of a profile.
pub const MAX_PROFILE_BYTES: usize = 64 * 1024;

/// The layout of files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// What separates fields and rows of delimited text.
    pub dialect: Dialect,
    /// The encoding, unless the file itself names another.
    pub encoding: Encoding,
    /// Whether the first row of delimited text names the columns.
    pub header: bool,
    /// The columns of delimited text without a header.
    pub columns: HeaderlessColumns,
    /// What each field is made of. `None` if the columns have the names of the fields.
    pub fields: Option<BTreeMap<String, Mapping>>,
    /// What applies to a field without a rule of its own.
    pub defaults: Defaults,
}

/// The columns of a file without a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeaderlessColumns {
    /// As many as the highest one that is read, or more.
    Unknown,
    /// This many.
    Count(usize),
    /// These.
    Names(Vec<String>),
}

/// What a field is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// The column. `None` for a constant.
    pub column: Option<ColumnSelector>,
    /// What its text means. [`Defaults`] fill in what the rule leaves open.
    pub rule: Rule,
}

/// A column of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnSelector {
    /// By its name.
    Named(String),
    /// By its index; the first is 0.
    At(usize),
}

/// What applies to all fields.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Defaults {
    /// The texts that mean no value.
    pub nulls: Vec<String>,
    /// How dates are written.
    pub dates: Option<Dates>,
    /// How numbers are written.
    pub numbers: Option<Numbers>,
}

impl Default for Profile {
    /// Our own layout.
    fn default() -> Self {
        Self {
            dialect: Dialect::default(),
            encoding: Encoding::Utf8,
            header: true,
            columns: HeaderlessColumns::Unknown,
            fields: None,
            defaults: Defaults::default(),
        }
    }
}

impl Profile {
    /// What is needed to find the rows of a file of that format.
    #[must_use]
    pub fn framing(&self, format: Format) -> Framing {
        Framing {
            format,
            encoding: self.encoding,
            dialect: self.dialect.clone(),
            header: self.header,
        }
    }
}
