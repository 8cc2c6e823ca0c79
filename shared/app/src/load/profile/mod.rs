//! Profiles: how files of another layout than ours are read.
//!
//! A profile is a JSON object, `profiles/<kind>.json` for all files of a kind or
//! `<key>.profile.json` for one file.

mod json;
mod rule;

use std::collections::BTreeMap;

use domain::load::{LoadFailure, LoadKind};

pub(super) use self::rule::{Dates, Meaningless, Numbers, Rule};
use super::source::{Dialect, Encoding};

/// Most bytes of a profile.
pub(super) const MAX_PROFILE: usize = 64 * 1024;

/// How the files of one kind, or one file, are laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// What separates fields and rows of delimited text.
    pub(super) dialect: Dialect,
    /// The encoding, unless the file itself says another.
    pub(super) encoding: Encoding,
    /// Whether the first row of delimited text names the columns.
    pub(super) header: bool,
    /// The columns of delimited text without a header.
    pub(super) columns: Columns,
    /// What each field is made of; none when the columns have our names.
    pub(super) fields: Option<BTreeMap<String, Mapping>>,
    /// What holds where a field has nothing of its own.
    pub(super) defaults: Defaults,
}

/// What a file without a header has for columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Columns {
    /// As many as the highest that is read, or more.
    Unknown,
    /// This many.
    Count(usize),
    /// These.
    Names(Vec<String>),
}

/// What a field is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mapping {
    /// The column; none for a constant.
    pub column: Option<Column>,
    /// What its text means. What is missing there is taken from [`Defaults`].
    pub rule: Rule,
}

/// A column of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Column {
    /// By its name.
    Named(String),
    /// By its place; the first is 0.
    At(usize),
}

/// What holds for all fields.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Defaults {
    /// Texts that mean no value.
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
            columns: Columns::Unknown,
            fields: None,
            defaults: Defaults::default(),
        }
    }
}

impl Profile {
    /// Reads a profile.
    ///
    /// # Errors
    /// What is wrong with it, with the member that is meant. The code is `profile`.
    pub fn parse(text: &[u8]) -> Result<Self, LoadFailure> {
        json::parse(text)
    }

    /// The keys of the profile of a file, the one that wins first.
    pub(super) fn keys(file: &str, kind: LoadKind) -> [String; 2] {
        [
            format!("{file}.profile.json"),
            format!("profiles/{kind}.json"),
        ]
    }
}

/// Why a profile cannot be used.
pub(super) fn unusable(message: impl Into<String>) -> LoadFailure {
    LoadFailure {
        code: "profile".into(),
        message: format!("the profile cannot be used: {}", message.into()),
    }
}
