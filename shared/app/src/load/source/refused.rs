//! What the file of refused rows is like: the layout of the input, so that it can be corrected and
//! dropped back.

use domain::load::Format;

use super::encoding::Encoding;
use super::scanner::Scanner;

/// The layout of a file of refused rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::load) struct RefusedFile {
    /// Its name.
    pub name: &'static str,
    /// What it begins with.
    pub prologue: Vec<u8>,
    /// What it ends with.
    pub epilogue: Vec<u8>,
    encoding: Encoding,
    /// What follows a row that ended with the file; none when a row ends with its line.
    terminator: Option<Vec<u8>>,
}

impl RefusedFile {
    pub(super) fn new(
        format: Format,
        encoding: Encoding,
        scanner: &Scanner,
        header: Option<&[u8]>,
    ) -> Self {
        let (name, terminator) = match (format, scanner) {
            (Format::Csv, Scanner::Csv(scanner)) => ("rejects.csv", scanner.terminator()),
            (Format::Csv, _) => ("rejects.csv", None),
            (Format::Ndjson, _) => ("rejects.ndjson", None),
            (Format::Xml, _) => ("rejects.xml", None),
        };
        let terminator = terminator.map(<[u8]>::to_vec);
        let mut file = Self {
            name,
            prologue: encoding.mark().to_vec(),
            epilogue: Vec::new(),
            encoding,
            terminator,
        };
        let mut prologue = Vec::new();
        if let Some(header) = header {
            file.row(header, &mut prologue);
        }
        if let Scanner::Xml(scanner) = scanner {
            encoding.restore(scanner.prologue(), &mut prologue);
            encoding.restore(b"\n", &mut prologue);
            encoding.restore(&scanner.epilogue(), &mut file.epilogue);
        }
        file.prologue.extend_from_slice(&prologue);
        file
    }

    /// Appends a row, given as it stands in [`super::Record::raw`]. A row that was too long to be
    /// kept is none.
    pub fn row(&self, raw: &[u8], into: &mut Vec<u8>) {
        if raw.is_empty() {
            return;
        }
        self.encoding.restore(raw, into);
        match &self.terminator {
            None if raw.ends_with(b"\n") || raw.ends_with(b"\r") => {}
            None => self.encoding.restore(b"\n", into),
            Some(terminator) if raw.ends_with(terminator) => {}
            Some(terminator) => self.encoding.restore(terminator, into),
        }
    }
}
