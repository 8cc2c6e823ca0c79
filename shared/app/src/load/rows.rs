//! The rows of a file, batch by batch.

use std::ops::Range;

use domain::load::{Accepted, LoadFailure, LoadKind, LoadMode, RowProblem, Sequence};
use futures::StreamExt;

use super::header::Header;
use super::kinds::{Rows, accept, named, quote_key};
use super::profile::Profile;
use super::rejects::{Place, Rejects};
use super::run::LoadError;
use super::source::{RefusedFile, Source, Step, Unpacker};
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
    ended: bool,
    source: Source,
    /// Whether the row that was found is one that nobody took yet.
    waits: bool,
    /// Bytes of the file, packed as it is, that were read so far.
    pub bytes_read: u64,
}

impl FileRows {
    pub fn new(file: ExportFile, unpacker: Unpacker, source: Source) -> Self {
        Self { file, unpacker, arrived: false, ended: false, source, waits: false, bytes_read: 0 }
    }

    /// Reads the header, and the layout of refused rows.
    pub async fn header<R: Rows>(
        &mut self,
        kind: LoadKind,
        mode: LoadMode,
        profile: &Profile,
    ) -> Result<Result<(Header, RefusedFile), LoadFailure>, LoadError> {
        if !self.next_record().await? {
            return Ok(Err(LoadFailure { code: "empty_file".into(), message: "the file is empty".to_owned() }));
        }
        let record = self.source.row();
        let Some(fields) = R::fields(kind) else {
            return Ok(Err(LoadFailure { code: "kind".into(), message: format!("{kind} are not loaded here") }));
        };
        self.waits = record.number > 0;
        Ok(Header::read(record, kind, mode, fields, profile).map(|header| (header, self.source.refused())))
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
            let record = self.source.row();
            let start = batch.text.len();
            batch.text.extend_from_slice(record.raw);
            let raw = start..batch.text.len();
            quote_key::<R>(kind, header, record, &mut batch.text);
            let key = raw.end..batch.text.len();
            match accept(kind, header, record, sequence) {
                Ok(row) => {
                    found(&row.record);
                    batch.rows.push(row);
                    batch.origins.push(Origin { row: record.number, line: record.line, raw, key });
                }
                Err(problems) => {
                    if let Some(named) = named(kind, header, record) {
                        found(&named);
                    }
                    let quoted = batch.text.get(key).and_then(|key| std::str::from_utf8(key).ok()).unwrap_or_default();
                    let place = Place { row: record.number, line: record.line, key: quoted };
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

    async fn next_record(&mut self) -> Result<bool, LoadError> {
        if std::mem::take(&mut self.waits) {
            return Ok(true);
        }
        loop {
            match self.source.next()? {
                Step::Row => return Ok(true),
                Step::End => {
                    self.ended = true;
                    return Ok(false);
                }
                Step::More => self.fill().await?,
            }
        }
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
