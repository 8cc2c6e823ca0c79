//! The scanner of each format.

use std::ops::Range;

use domain::load::{Format, LoadFailure};

use super::csv::Dialect;
use super::encoding::Encoding;
use super::scan::{Fields, Found};
use super::{csv, failure, ndjson, xml};

/// Finds where the rows of a format end.
#[derive(Debug)]
pub(super) enum Scanner {
    Csv(csv::Scanner),
    Ndjson(ndjson::Scanner),
    Xml(xml::Scanner),
}

impl Scanner {
    pub fn new(format: Format, dialect: &Dialect) -> Self {
        match format {
            Format::Csv => Self::Csv(csv::Scanner::new(dialect.clone())),
            Format::Ndjson => Self::Ndjson(ndjson::Scanner::default()),
            Format::Xml => Self::Xml(xml::Scanner::default()),
        }
    }

    /// Reads on in `bytes`, which begin where the row begins, or before it.
    pub fn scan(
        &mut self,
        bytes: &[u8],
        ended: bool,
        fields: &mut impl Fields,
    ) -> Result<Found, LoadFailure> {
        match self {
            Self::Csv(scanner) => Ok(scanner.scan(bytes, ended, fields)),
            Self::Ndjson(scanner) => Ok(scanner.scan(bytes, ended, fields)),
            Self::Xml(scanner) => scanner.scan(bytes, ended, fields),
        }
    }

    /// Whether a row can hold line ends other than the one at its end.
    pub fn spans_lines(&self) -> bool {
        match self {
            Self::Csv(scanner) => scanner.spans_lines(),
            Self::Ndjson(_) => false,
            Self::Xml(_) => true,
        }
    }

    /// Bytes at the front that are no longer needed.
    pub fn spent(&self) -> usize {
        match self {
            Self::Csv(scanner) => scanner.spent(),
            Self::Ndjson(scanner) => scanner.spent(),
            Self::Xml(scanner) => scanner.spent(),
        }
    }

    /// Where the row begins, and up to where it was read.
    pub fn row(&self) -> Range<usize> {
        match self {
            Self::Csv(scanner) => scanner.row(),
            Self::Ndjson(scanner) => scanner.row(),
            Self::Xml(scanner) => scanner.row(),
        }
    }

    /// Notes that bytes at the front are gone.
    pub fn shift(&mut self, by: usize) {
        match self {
            Self::Csv(scanner) => scanner.shift(by),
            Self::Ndjson(scanner) => scanner.shift(by),
            Self::Xml(scanner) => scanner.shift(by),
        }
    }

    /// The encoding that the file declares by its own means.
    pub fn declared(&self) -> Option<Encoding> {
        match self {
            Self::Csv(_) | Self::Ndjson(_) => None,
            Self::Xml(scanner) => scanner.declared(),
        }
    }

    /// Whether what is too long is a row. Other parts of a file have to be short.
    pub fn within_row(&self) -> bool {
        match self {
            Self::Csv(_) | Self::Ndjson(_) => true,
            Self::Xml(scanner) => scanner.within_row(),
        }
    }

    /// Why a file is not usable that has another part too long.
    pub fn too_long(&self) -> LoadFailure {
        failure("xml_syntax", "a tag outside the rows does not end")
    }
}
