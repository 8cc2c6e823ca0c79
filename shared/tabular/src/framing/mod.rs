//! How the rows of a file are found: one file per format, and the only place that chooses among
//! them.

mod csv;
mod framer;
mod ndjson;
mod xml;

use std::fmt;
use std::ops::Range;

use self::csv::CsvFramer;
pub use self::csv::Dialect;
pub(crate) use self::framer::Framer;
pub use self::framer::ReadStep;
use self::ndjson::NdjsonFramer;
use self::xml::XmlFramer;
use crate::decompress::Compression;
use crate::encoding::Encoding;
use crate::error::FileError;
use crate::fields::{DecodedFields, FieldSink, RowFields};

/// How the rows of a file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Delimited text: comma-separated values, or whatever a [`Dialect`] says.
    Csv,
    /// JSON objects, one per line.
    Ndjson,
    /// XML: the elements in the root element.
    Xml,
}

impl Format {
    /// All formats.
    pub const ALL: &'static [Self] = &[Self::Csv, Self::Ndjson, Self::Xml];

    /// The format by the end of a file's name, such as `csv` or `csv.gz`. `None` if no format of
    /// that name can be read.
    #[must_use]
    pub fn of_suffix(suffix: &str) -> Option<Self> {
        let plain = match Compression::of_suffix(suffix) {
            None => suffix,
            Some(compression) => suffix
                .strip_suffix(compression.suffix())
                .unwrap_or(suffix)
                .trim_end_matches('.'),
        };
        Self::ALL
            .iter()
            .copied()
            .find(|format| format.suffix() == plain)
    }

    /// The end of the names of its files.
    #[must_use]
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
            Self::Xml => "xml",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.suffix())
    }
}

/// All that is needed to find the rows of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Framing {
    /// The format.
    pub format: Format,
    /// The encoding, unless the file itself names another.
    pub encoding: Encoding,
    /// What separates fields and rows of delimited text. Other formats ignore it.
    pub dialect: Dialect,
    /// Whether the first row of delimited text is a header. Other formats ignore it.
    pub header: bool,
}

impl Framing {
    /// The usual layout of a format: UTF-8, commas, a header.
    #[must_use]
    pub fn new(format: Format) -> Self {
        Self {
            format,
            encoding: Encoding::Utf8,
            dialect: Dialect::default(),
            header: true,
        }
    }

    /// Whether a file can be read from a row in its middle. XML, UTF-16 and compressed files are
    /// read from the start. Nothing but its first bytes may tell that a file is UTF-16: then this
    /// returns `true`, and a [`SplitFinder`](crate::SplitFinder) finds no split point.
    #[must_use]
    pub fn is_splittable(&self, compression: Option<Compression>) -> bool {
        compression.is_none() && !self.encoding.is_utf16() && self.framer().is_splittable()
    }

    pub(crate) fn framer(&self) -> AnyFramer {
        match self.format {
            Format::Csv => AnyFramer::Csv(CsvFramer::new(self.dialect.clone(), self.header)),
            Format::Ndjson => AnyFramer::Ndjson(NdjsonFramer::default()),
            Format::Xml => AnyFramer::Xml(XmlFramer::default()),
        }
    }
}

/// The framer of a file, whatever its format.
#[derive(Debug)]
pub(crate) enum AnyFramer {
    Csv(CsvFramer),
    Ndjson(NdjsonFramer),
    Xml(XmlFramer),
}

/// Asks the framer of the format.
macro_rules! ask {
    ($self:ident, $framer:ident => $answer:expr) => {
        match $self {
            Self::Csv($framer) => $answer,
            Self::Ndjson($framer) => $answer,
            Self::Xml($framer) => $answer,
        }
    };
}

impl Framer for AnyFramer {
    fn scan(
        &mut self,
        bytes: &[u8],
        ended: bool,
        fields: &mut impl FieldSink,
    ) -> Result<ReadStep, FileError> {
        ask!(self, framer => framer.scan(bytes, ended, fields))
    }

    fn spent(&self) -> usize {
        ask!(self, framer => framer.spent())
    }

    fn row(&self) -> Range<usize> {
        ask!(self, framer => framer.row())
    }

    fn shift(&mut self, by: usize) {
        ask!(self, framer => framer.shift(by))
    }

    fn read_fields(
        &self,
        raw: &[u8],
        encoding: Encoding,
        fields: &mut RowFields,
        decoded: &mut DecodedFields,
    ) -> Result<(), FileError> {
        ask!(self, framer => framer.read_fields(raw, encoding, fields, decoded))
    }

    fn spans_lines(&self) -> bool {
        ask!(self, framer => framer.spans_lines())
    }

    fn has_header(&self) -> bool {
        ask!(self, framer => framer.has_header())
    }

    fn names_fields(&self) -> bool {
        ask!(self, framer => framer.names_fields())
    }

    fn is_splittable(&self) -> bool {
        ask!(self, framer => framer.is_splittable())
    }

    fn declared_encoding(&self) -> Option<Encoding> {
        ask!(self, framer => framer.declared_encoding())
    }

    fn check_too_long(&self) -> Result<(), FileError> {
        ask!(self, framer => framer.check_too_long())
    }

    fn rejects_name(&self) -> &'static str {
        ask!(self, framer => framer.rejects_name())
    }

    fn row_terminator(&self) -> Option<&[u8]> {
        ask!(self, framer => framer.row_terminator())
    }

    fn envelope(&self) -> Option<[Vec<u8>; 2]> {
        ask!(self, framer => framer.envelope())
    }
}
