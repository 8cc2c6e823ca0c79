//! The rows of a file, batch by batch.

use std::ops::Range;

use bytes::Bytes;
use domain::load::{Accepted, LoadFailure, LoadKind, LoadMode, RowProblem, Sequence};
use futures::StreamExt;

use super::csv::{RecordReader, Step};
use super::header::Header;
use super::kinds::{Rows, accept, named, quoted_key};
use super::rejects::{Place, Rejects, write_record};
use super::run::LoadError;
use super::unpack::Unpacker;
use crate::ports::ExportFile;

/// Most rows of a batch, and the bytes after which it is full however few they are.
const BATCH_ROWS: usize = 1000;
const BATCH_BYTES: usize = 512 * 1024;

/// Rows to apply together, and where they come from.
pub(super) struct Batch<R> {
    pub rows: Vec<Accepted<R>>,
    origins: Vec<Origin>,
    /// Lines and keys of the rows one after the other, in case one is refused later.
    text: Vec<u8>,
}

struct Origin {
    row: u64,
    line: u64,
    raw: Range<usize>,
    key: Range<usize>,
}

impl<R> Batch<R> {
    fn new() -> Self {
        Self { rows: Vec::with_capacity(BATCH_ROWS), origins: Vec::with_capacity(BATCH_ROWS), text: Vec::new() }
    }

    fn is_full(&self) -> bool {
        self.rows.len() >= BATCH_ROWS || self.text.len() >= BATCH_BYTES
    }

    /// Where the rows come from, apart from the rows.
    pub fn split(self) -> (Vec<Accepted<R>>, Origins) {
        (self.rows, Origins { origins: self.origins, text: self.text })
    }
}

/// Where the rows of a batch come from.
pub(super) struct Origins {
    origins: Vec<Origin>,
    text: Vec<u8>,
}

impl Origins {
    pub fn len(&self) -> usize {
        self.origins.len()
    }

    /// Notes that a row was refused after all.
    pub fn refuse(&self, index: usize, problem: &RowProblem, rejects: &mut Rejects) {
        let Some(origin) = self.origins.get(index) else { return };
        let key = self.text.get(origin.key.clone()).unwrap_or_default();
        let place = Place { row: origin.row, line: origin.line, key: std::str::from_utf8(key).unwrap_or_default() };
        rejects.add(place, self.text.get(origin.raw.clone()).unwrap_or_default(), std::slice::from_ref(problem));
    }
}

/// Reads a file.
pub(super) struct FileRows {
    file: ExportFile,
    unpacker: Unpacker,
    arrived: bool,
    chunk: Bytes,
    ended: bool,
    reader: RecordReader,
    row: u64,
    /// Bytes of the file, packed as it is, that were read so far.
    pub bytes_read: u64,
}

impl FileRows {
    pub fn new(file: ExportFile, unpacker: Unpacker) -> Self {
        let reader = RecordReader::new();
        Self { file, unpacker, arrived: false, chunk: Bytes::new(), ended: false, reader, row: 0, bytes_read: 0 }
    }

    /// Reads the header, and the line that repeats it.
    pub async fn header<R: Rows>(
        &mut self,
        kind: LoadKind,
        mode: LoadMode,
    ) -> Result<Result<(Header, Vec<u8>), LoadFailure>, LoadError> {
        if !self.next_record().await? {
            return Ok(Err(LoadFailure { code: "empty_file".into(), message: "the file is empty".to_owned() }));
        }
        let record = self.reader.record();
        let Some(fields) = R::fields(kind) else {
            return Ok(Err(LoadFailure { code: "kind".into(), message: format!("{kind} are not loaded here") }));
        };
        let mut line = Vec::new();
        write_record(&mut line, record);
        Ok(Header::read(record, kind, mode, fields).map(|header| (header, line)))
    }

    /// The next rows that were understood, in file order; the others go to `rejects`. `found` hears what each row is about,
    /// refused ones included. An empty batch means that there are no more, once the file [ended](Self::ended).
    pub async fn batch<R: Rows>(
        &mut self,
        kind: LoadKind,
        header: &Header,
        sequence: Sequence,
        rejects: &mut Rejects,
        mut found: impl FnMut(&R),
    ) -> Result<Batch<R>, LoadError> {
        let mut batch = Batch::new();
        let refused = rejects.refused();
        // A run of bad rows ends the batch too, so that what was gathered about them is handed on.
        while !batch.is_full() && rejects.refused() - refused < BATCH_ROWS as u64 && self.next_record().await? {
            self.row += 1;
            let record = self.reader.record();
            let start = batch.text.len();
            write_record(&mut batch.text, record);
            let raw = start..batch.text.len();
            batch.text.extend_from_slice(quoted_key::<R>(kind, header, record).as_bytes());
            let key = raw.end..batch.text.len();
            match accept(kind, header, record, sequence) {
                Ok(row) => {
                    found(&row.record);
                    batch.rows.push(row);
                    batch.origins.push(Origin { row: self.row, line: record.line, raw, key });
                }
                Err(problems) => {
                    if let Some(named) = named(kind, header, record) {
                        found(&named);
                    }
                    let quoted = batch.text.get(key).and_then(|key| std::str::from_utf8(key).ok()).unwrap_or_default();
                    let place = Place { row: self.row, line: record.line, key: quoted };
                    rejects.add(place, batch.text.get(raw).unwrap_or_default(), &problems);
                    batch.text.truncate(start);
                }
            }
        }
        Ok(batch)
    }

    /// Whether there are no more rows.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// Makes sure that there is something to read, or notes the end.
    async fn fill(&mut self) -> Result<(), LoadError> {
        while self.chunk.is_empty() && !self.ended {
            match self.unpacker.next()? {
                Some(piece) => self.chunk = piece,
                None if self.arrived => self.ended = true,
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
        Ok(())
    }

    async fn next_record(&mut self) -> Result<bool, LoadError> {
        loop {
            self.fill().await?;
            let mut input: &[u8] = &self.chunk;
            let before = input.len();
            let step = self.reader.step(&mut input);
            let used = before - input.len();
            let _ = self.chunk.split_to(used);
            match step {
                Step::Record => return Ok(true),
                Step::End => return Ok(false),
                Step::More => {}
            }
        }
    }
}
