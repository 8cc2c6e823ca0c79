//! The rows of a file, batch by batch.

use std::ops::Range;

use domain::load::{self, Accepted, LoadKind, LoadMode, RowProblem, Sequence};
use futures::StreamExt;
use tabular::{FileError, FilePosition, Profile, ReadStep, RejectsFile, RowReader};

use super::error::LoadError;
use super::header::Header;
use super::records::{RecordFamily, accept, named_record, quote_key};
use crate::ports::ExportFile;

/// Most rows of a batch: with fewer the store waits between batches, with more they only move
/// through fresh memory.
pub(super) const BATCH_ROWS: usize = 500;
/// A batch is full after so many bytes, however few its rows are.
const BATCH_BYTES: usize = 512 * 1024;

/// Rows to apply together, where they come from, and the rows between them that were refused.
pub(super) struct Batch<R> {
    /// The rows that were understood.
    pub rows: Vec<Accepted<R>>,
    origins: Vec<Origin>,
    refused: Vec<Refused>,
    /// Rows as they stand in the file, each with its key behind it.
    text: Vec<u8>,
    most: usize,
    /// Where the row after the last one begins.
    pub end: load::FilePosition,
    /// Bytes of the file that were read by then.
    pub bytes_read: u64,
}

#[derive(Clone)]
struct Origin {
    row: u64,
    line: u64,
    raw: Range<usize>,
    key: Range<usize>,
}

struct Refused {
    origin: Origin,
    problems: Vec<RowProblem>,
}

/// A row that was refused, for whoever writes it down.
pub(super) struct RefusedRow<'a> {
    /// Its number.
    pub row: u64,
    /// The line that it begins on.
    pub line: u64,
    /// What it is about, as far as it could be read.
    pub key: &'a str,
    /// The row as it stands in the file.
    pub raw: &'a [u8],
    /// What is wrong with it.
    pub problems: &'a [RowProblem],
}

impl<R> Batch<R> {
    fn new(end: load::FilePosition, most: usize) -> Self {
        let (rows, origins) = (Vec::with_capacity(most), Vec::with_capacity(most));
        Self {
            rows,
            origins,
            refused: Vec::new(),
            text: Vec::new(),
            most,
            end,
            bytes_read: 0,
        }
    }

    fn is_full(&self) -> bool {
        // A run of bad rows ends the batch too, so that what was gathered about them is handed on.
        self.rows.len() >= self.most
            || self.refused.len() >= self.most
            || self.text.len() >= BATCH_BYTES
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.origins.is_empty() && self.refused.is_empty()
    }

    /// Notes that a row that was understood is refused after all.
    pub fn refuse(&mut self, index: usize, problem: RowProblem) {
        if let Some(origin) = self.origins.get(index) {
            self.refused.push(Refused {
                origin: origin.clone(),
                problems: vec![problem],
            });
        }
    }

    /// The refused rows, in the order of the file.
    pub fn refused(&mut self) -> impl Iterator<Item = RefusedRow<'_>> {
        self.refused.sort_by_key(|refused| refused.origin.row);
        let text = &self.text;
        self.refused.iter().map(move |refused| {
            let origin = &refused.origin;
            let key = text.get(origin.key.clone()).unwrap_or_default();
            RefusedRow {
                row: origin.row,
                line: origin.line,
                key: std::str::from_utf8(key).unwrap_or_default(),
                raw: text.get(origin.raw.clone()).unwrap_or_default(),
                problems: &refused.problems,
            }
        })
    }
}

/// A position as chunks store it.
pub(super) fn stored_position(position: FilePosition) -> load::FilePosition {
    load::FilePosition {
        offset: position.offset,
        row: position.row,
        line: position.line,
    }
}

/// A stored position, for a reader.
pub(super) fn file_position(position: load::FilePosition) -> FilePosition {
    FilePosition {
        offset: position.offset,
        row: position.row,
        line: position.line,
    }
}

/// Reads batches of rows from a file, or from a part of it.
pub(super) struct BatchReader {
    file: ExportFile,
    reader: RowReader,
}

impl BatchReader {
    pub fn new(file: ExportFile, reader: RowReader) -> Self {
        Self { file, reader }
    }

    /// Makes it end here: the part has no rows.
    pub fn close(&mut self) {
        self.reader.close();
    }

    /// Skips the first `rows` rows.
    pub fn skip(&mut self, rows: u64) {
        self.reader.skip_rows(rows);
    }

    /// Reads the header, and the layout of rejected rows.
    pub async fn header<R: RecordFamily>(
        &mut self,
        kind: LoadKind,
        mode: LoadMode,
        profile: &Profile,
    ) -> Result<(Header, RejectsFile), LoadError> {
        if !self.next_row().await? {
            return Err(FileError::new("empty_file", "the file is empty").into());
        }
        let record = self.reader.row();
        let Some(fields) = R::fields(kind) else {
            return Err(FileError::new("kind", format!("{kind} are not loaded here")).into());
        };
        let header = Header::read(record, kind, mode, fields, profile)?;
        let rejects = self.reader.rejects();
        if record.number > 0 {
            self.reader.unread();
        }
        Ok((header, rejects))
    }

    /// The next rows in file order, at most `most`. `found` hears what each row is about, refused
    /// ones included. An empty batch means that there are no more.
    pub async fn batch<R: RecordFamily>(
        &mut self,
        most: usize,
        kind: LoadKind,
        header: &Header,
        sequence: Sequence,
        mut found: impl FnMut(&R),
    ) -> Result<Batch<R>, LoadError> {
        let mut batch = Batch::new(stored_position(self.reader.position()), most);
        while !batch.is_full() && self.next_row().await? {
            let record = self.reader.row();
            let start = batch.text.len();
            batch.text.extend_from_slice(record.raw);
            let raw = start..batch.text.len();
            quote_key(header, &record, &mut batch.text);
            let key = raw.end..batch.text.len();
            let origin = Origin {
                row: record.number,
                line: record.line,
                raw,
                key,
            };
            match accept(kind, header, &record, sequence) {
                Ok(row) => {
                    found(&row.record);
                    batch.rows.push(row);
                    batch.origins.push(origin);
                }
                Err(problems) => {
                    if let Some(named) = named_record(kind, header, &record) {
                        found(&named);
                    }
                    batch.refused.push(Refused { origin, problems });
                }
            }
        }
        batch.end = stored_position(self.reader.position());
        batch.bytes_read = self.reader.bytes_read();
        Ok(batch)
    }

    async fn next_row(&mut self) -> Result<bool, LoadError> {
        loop {
            match self.reader.next()? {
                ReadStep::Row => return Ok(true),
                ReadStep::End => return Ok(false),
                ReadStep::NeedsInput => match self.file.chunks.next().await {
                    Some(piece) => self.reader.feed(piece?),
                    None => self.reader.end(),
                },
            }
        }
    }
}
