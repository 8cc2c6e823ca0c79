//! Profiles: how files of another layout than ours are read.

use super::source::{Dialect, Encoding};

/// How the files of one kind, or one file, are laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// What separates fields and rows of delimited text.
    pub(super) dialect: Dialect,
    /// The encoding, unless the file itself says another.
    pub(super) encoding: Encoding,
    /// Whether the first row of delimited text names the columns.
    pub(super) header: bool,
}

impl Default for Profile {
    /// Our own layout.
    fn default() -> Self {
        Self { dialect: Dialect::default(), encoding: Encoding::Utf8, header: true }
    }
}
