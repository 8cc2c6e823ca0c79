//! Reads the rows of a file in batches, which the store applies as a whole.

use std::ops::Range;

use domain::load::{Accepted, FilePosition, LoadKind, LoadMode, RowProblem, Sequence};
use futures::StreamExt;
use tabular::{FileError, Profile, ReadStep, RejectsFile, RowPosition, RowReader};

use super::error::LoadError;
use super::header::Header;
use super::records::{RecordFamily, accept, named_record, quote_key};
use crate::ports::ExportFile;

/// Most rows of a batch: with fewer the store waits between batches, with more they only move
/// through fresh memory.
pub(super) const BATCH_ROWS: usize = 500;
/// A batch with this many bytes is full, however few rows it has.
const BATCH_BYTES: usize = 512 * 1024;

/// Rows to apply together, their locations, and the rejected rows between them.
pub(super) struct Batch<R> {
    /// The rows that were understood.
    pub rows: Vec<Accepted<R>>,
    locations: Vec<Location>,
    rejected: Vec<Rejected>,
    /// Rows as they are in the file, each followed by its key.
    text: Vec<u8>,
    most: usize,
    /// The position after the last row.
    pub end: FilePosition,
    /// Bytes of the file that were read so far.
    pub bytes_read: u64,
}

/// Where a row is: in the file, and in the text of the batch.
#[derive(Clone)]
struct Location {
    row: u64,
    line: u64,
    raw: Range<usize>,
    key: Range<usize>,
}

struct Rejected {
    location: Location,
    problems: Vec<RowProblem>,
}

/// A rejected row, as the files about it need it.
pub(super) struct RejectedRow<'a> {
    /// Its number.
    pub row: u64,
    /// The line that it begins on.
    pub line: u64,
    /// Its key, as far as it could be read.
    pub key: &'a str,
    /// The row as it is in the file.
    pub raw: &'a [u8],
    /// What is wrong with it.
    pub problems: &'a [RowProblem],
}

impl<R> Batch<R> {
    fn new(end: FilePosition, most: usize) -> Self {
        Self {
            rows: Vec::with_capacity(most),
            locations: Vec::with_capacity(most),
            rejected: Vec::new(),
            text: Vec::new(),
            most,
            end,
            bytes_read: 0,
        }
    }

    fn is_full(&self) -> bool {
        // Many bad rows fill a batch too, so that they do not pile up here.
        self.rows.len() >= self.most
            || self.rejected.len() >= self.most
            || self.text.len() >= BATCH_BYTES
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.locations.is_empty() && self.rejected.is_empty()
    }

    /// Rejects a row that was understood.
    pub fn reject(&mut self, index: usize, problem: RowProblem) {
        if let Some(location) = self.locations.get(index) {
            self.rejected.push(Rejected {
                location: location.clone(),
                problems: vec![problem],
            });
        }
    }

    /// The rejected rows, in the order of the file.
    pub fn rejected(&mut self) -> impl Iterator<Item = RejectedRow<'_>> {
        self.rejected.sort_by_key(|rejected| rejected.location.row);
        let text = &self.text;
        self.rejected.iter().map(move |rejected| {
            let location = &rejected.location;
            let key = text.get(location.key.clone()).unwrap_or_default();
            RejectedRow {
                row: location.row,
                line: location.line,
                key: std::str::from_utf8(key).unwrap_or_default(),
                raw: text.get(location.raw.clone()).unwrap_or_default(),
                problems: &rejected.problems,
            }
        })
    }
}

/// A position as chunks store it.
pub(super) fn stored_position(position: RowPosition) -> FilePosition {
    FilePosition {
        offset: position.offset,
        row: position.row,
        line: position.line,
    }
}

/// A stored position, for a reader.
pub(super) fn file_position(position: FilePosition) -> RowPosition {
    RowPosition {
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

    /// Ends here: the part has no rows.
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

    /// The next rows in file order, at most `most`. `found` receives the record of each row,
    /// and what a rejected row names. An empty batch is the end.
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
            let location = Location {
                row: record.number,
                line: record.line,
                raw,
                key,
            };
            match accept(kind, header, &record, sequence) {
                Ok(row) => {
                    found(&row.record);
                    batch.rows.push(row);
                    batch.locations.push(location);
                }
                Err(problems) => {
                    if let Some(named) = named_record(kind, header, &record) {
                        found(&named);
                    }
                    batch.rejected.push(Rejected { location, problems });
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
