//! A file of rejected rows has the layout of its input, so that people can correct it and send it
//! again.

use crate::encoding::Encoding;
use crate::framing::Framer;

/// The layout of a file of rejected rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectsFile {
    /// Its name.
    pub name: &'static str,
    /// What it begins with.
    pub prologue: Vec<u8>,
    /// What it ends with.
    pub epilogue: Vec<u8>,
    encoding: Encoding,
    /// What ends a row. `None` if a row ends with its line.
    terminator: Option<Vec<u8>>,
}

impl RejectsFile {
    pub(crate) fn new(encoding: Encoding, framer: &impl Framer, header: Option<&[u8]>) -> Self {
        let mut file = Self {
            name: framer.rejects_name(),
            prologue: encoding.mark().to_vec(),
            epilogue: Vec::new(),
            encoding,
            terminator: framer.row_terminator().map(<[u8]>::to_vec),
        };
        let mut prologue = Vec::new();
        if let Some(header) = header {
            file.row(header, &mut prologue);
        }
        if let Some([before, after]) = framer.envelope() {
            encoding.restore(&before, &mut prologue);
            encoding.restore(&after, &mut file.epilogue);
        }
        file.prologue.extend_from_slice(&prologue);
        file
    }

    /// Appends a row, given as [`RawRecord::raw`](crate::RawRecord::raw), to `into`. A row that was
    /// too long to be kept appends nothing.
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
