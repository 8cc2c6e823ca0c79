//! The rows of a file, batch by batch.

use std::ops::Range;

use domain::load::{Accepted, LoadFailure, LoadKind, LoadMode, Place, RowProblem, Sequence};
use futures::StreamExt;

use super::header::Header;
use super::kinds::{Rows, accept, named, quote_key};
use super::profile::Profile;
use super::run::LoadError;
use super::source::{RefusedFile, Source, Step, Unpacker};
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
    pub end: Place,
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
    fn new(end: Place, most: usize) -> Self {
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

/// Reads a file, or a part of it.
pub(super) struct FileRows {
    file: ExportFile,
    unpacker: Unpacker,
    arrived: bool,
    ended: bool,
    source: Source,
    /// Whether the row that was found is one that nobody took yet.
    waits: bool,
    /// Rows up to this one are passed over.
    skipped: u64,
    /// The bytes from here on belong to somebody else.
    to: Option<u64>,
    /// Bytes of the file, packed as it is, that were read so far.
    bytes_read: u64,
}

impl FileRows {
    /// Reads the rows of a source, up to one that begins at the byte `to`.
    pub fn new(file: ExportFile, unpacker: Unpacker, source: Source, to: Option<u64>) -> Self {
        Self {
            file,
            unpacker,
            arrived: false,
            ended: false,
            source,
            waits: false,
            skipped: 0,
            to,
            bytes_read: 0,
        }
    }

    /// There are no rows here.
    pub fn close(&mut self) {
        self.ended = true;
    }

    /// Passes over the first `rows` rows.
    pub fn skip(&mut self, rows: u64) {
        self.skipped = rows;
    }

    /// Reads the header, and the layout of refused rows.
    pub async fn header<R: Rows>(
        &mut self,
        kind: LoadKind,
        mode: LoadMode,
        profile: &Profile,
    ) -> Result<(Header, RefusedFile), LoadError> {
        if !self.next_record().await? {
            return Err(LoadFailure {
                code: "empty_file".into(),
                message: "the file is empty".to_owned(),
            }
            .into());
        }
        let record = self.source.row();
        let Some(fields) = R::fields(kind) else {
            return Err(LoadFailure {
                code: "kind".into(),
                message: format!("{kind} are not loaded here"),
            }
            .into());
        };
        self.waits = record.number > 0;
        let header = Header::read(record, kind, mode, fields, profile)?;
        Ok((header, self.source.refused()))
    }

    /// The next rows in file order, at most `most`. `found` hears what each row is about, refused
    /// ones included. An empty batch means that there are no more.
    pub async fn batch<R: Rows>(
        &mut self,
        most: usize,
        kind: LoadKind,
        header: &Header,
        sequence: Sequence,
        mut found: impl FnMut(&R),
    ) -> Result<Batch<R>, LoadError> {
        let mut batch = Batch::new(self.place(), most);
        while !batch.is_full() && self.next_record().await? {
            let record = self.source.row();
            if record.number <= self.skipped {
                continue;
            }
            let start = batch.text.len();
            batch.text.extend_from_slice(record.raw);
            let raw = start..batch.text.len();
            quote_key::<R>(kind, header, &record, &mut batch.text);
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
                    if let Some(named) = named(kind, header, &record) {
                        found(&named);
                    }
                    batch.refused.push(Refused { origin, problems });
                }
            }
        }
        batch.end = self.place();
        batch.bytes_read = self.bytes_read;
        Ok(batch)
    }

    fn place(&self) -> Place {
        let position = self.source.position();
        Place {
            offset: position.offset,
            row: position.row,
            line: position.line,
        }
    }

    async fn next_record(&mut self) -> Result<bool, LoadError> {
        if std::mem::take(&mut self.waits) {
            return Ok(true);
        }
        if self
            .to
            .is_some_and(|to| self.source.position().offset >= to)
        {
            self.ended = true;
        }
        while !self.ended {
            match self.source.next()? {
                Step::Row => return Ok(true),
                Step::End => self.ended = true,
                Step::More => self.fill().await?,
            }
        }
        Ok(false)
    }

    /// Hands the source something to read, or tells it the end.
    async fn fill(&mut self) -> Result<(), LoadError> {
        loop {
            match self.unpacker.next()? {
                Some(piece) => {
                    self.source.feed(piece);
                    return Ok(());
                }
                None if self.arrived => {
                    self.source.end();
                    return Ok(());
                }
                None => match self.file.chunks.next().await {
                    Some(piece) => {
                        let piece = piece?;
                        self.bytes_read += piece.len() as u64;
                        self.unpacker.feed(piece);
                    }
                    None => {
                        self.arrived = true;
                        self.unpacker.end();
                    }
                },
            }
        }
    }
}
