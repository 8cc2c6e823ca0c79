//! The rows that were refused, and why, in two files beside each other.
//!
//! The file of refused rows has the layout of the input, so that it can be corrected and dropped back. Both files come into being
//! with the first refused row.

use domain::ids::LoadId;
use domain::load::{ExportKey, Load, Reason, RowProblem};

use super::source::RefusedFile;
use crate::ports::{ExportFiles, FileWriter, FilesError};

const REASONS_HEADER: &[u8] = b"row,line,key,field,code,message\n";
/// What is gathered before it is handed on.
const BUFFER: usize = 64 * 1024;

/// Where a row stands in the file, and what it is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub row: u64,
    pub line: u64,
    pub key: &'a str,
}

/// One of the two files.
struct Sheet {
    key: String,
    writer: Option<Box<dyn FileWriter>>,
    buffer: Vec<u8>,
}

impl Sheet {
    fn new(key: String, header: &[u8]) -> Self {
        Self { key, writer: None, buffer: header.to_vec() }
    }

    async fn flush(&mut self, files: &dyn ExportFiles) -> Result<(), FilesError> {
        let writer = match &mut self.writer {
            Some(writer) => writer,
            none => none.insert(files.create(&self.key).await?),
        };
        writer.write(&self.buffer).await?;
        self.buffer.clear();
        Ok(())
    }
}

/// Collects refused rows.
pub(super) struct Rejects {
    rejects: Sheet,
    layout: RefusedFile,
    reasons: Sheet,
    refused: u64,
    first: Vec<Reason>,
}

impl Rejects {
    /// `layout` is that of the input.
    pub fn new(key: &ExportKey, load: &LoadId, layout: &RefusedFile) -> Self {
        Self {
            rejects: Sheet::new(key.rejects(load, layout.name), &layout.prologue),
            layout: layout.clone(),
            reasons: Sheet::new(key.rejects(load, "reasons.csv"), REASONS_HEADER),
            refused: 0,
            first: Vec::new(),
        }
    }

    /// Notes a refused row. `raw` is the row as it stands in the input.
    pub fn add(&mut self, place: Place<'_>, raw: &[u8], problems: &[RowProblem]) {
        self.refused += 1;
        self.layout.row(raw, &mut self.rejects.buffer);
        for problem in problems {
            let numbers = [place.row.to_string(), place.line.to_string()];
            let [row, at] = &numbers;
            let fields = [row, at, place.key, &problem.field, problem.code, &problem.message];
            write_line(&mut self.reasons.buffer, fields.into_iter().map(str::as_bytes));
            if self.first.len() < Load::FIRST_REASONS {
                self.first.push(Reason {
                    row: place.row,
                    line: place.line,
                    key: place.key.to_owned(),
                    field: problem.field.clone(),
                    code: problem.code.into(),
                    message: problem.message.clone(),
                });
            }
        }
    }

    /// How many rows were refused.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// The first reasons.
    pub fn first(&self) -> &[Reason] {
        &self.first
    }

    /// Hands on what was gathered, once it is enough to be worth it.
    pub async fn pass_on(&mut self, files: &dyn ExportFiles) -> Result<(), FilesError> {
        for sheet in [&mut self.rejects, &mut self.reasons] {
            if sheet.buffer.len() >= BUFFER {
                sheet.flush(files).await?;
            }
        }
        Ok(())
    }

    /// Forgets what was gathered: for a pass whose refused rows are known already.
    pub fn forget(&mut self) {
        self.rejects.buffer.clear();
        self.reasons.buffer.clear();
    }

    /// Ends both files.
    pub async fn finish(mut self, files: &dyn ExportFiles) -> Result<(), FilesError> {
        if self.refused == 0 {
            return Ok(());
        }
        self.rejects.buffer.extend_from_slice(&self.layout.epilogue);
        for sheet in [&mut self.rejects, &mut self.reasons] {
            sheet.flush(files).await?;
            if let Some(writer) = sheet.writer.take() {
                writer.finish().await?;
            }
        }
        Ok(())
    }
}

/// Appends fields as a line, quoted where needed.
fn write_line<'a>(line: &mut Vec<u8>, fields: impl Iterator<Item = &'a [u8]>) {
    for (index, field) in fields.enumerate() {
        if index > 0 {
            line.push(b',');
        }
        if field.iter().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r')) {
            line.push(b'"');
            for byte in field {
                if *byte == b'"' {
                    line.push(b'"');
                }
                line.push(*byte);
            }
            line.push(b'"');
        } else {
            line.extend_from_slice(field);
        }
    }
    line.push(b'\n');
}
