//! Finds the rows in the pieces of a decompressed file, whatever its format.

use std::ops::Range;

use bytes::{Buf, Bytes};

use crate::encoding::{Decoder, Encoding};
use crate::error::FileError;
use crate::fields::{DecodedFields, RawRecord, RowDefect, RowFields};
use crate::framing::{AnyFramer, Framer, Framing, ReadStep};
use crate::lines::LineCounter;
use crate::position::RowPosition;
use crate::rejects::RejectsFile;

/// Most bytes of a row.
pub const MAX_ROW_BYTES: usize = 1024 * 1024;
/// Bytes that are decoded at a time.
const PIECE: usize = 64 * 1024;

/// Finds the rows in the pieces of a decompressed file, with one row in memory.
///
/// The first row of delimited text with a header is the header. It has the number 0 and does not
/// count.
pub struct Source {
    decoder: Decoder,
    framer: AnyFramer,
    /// Whether fields are read, or rows only counted.
    reads_fields: bool,
    /// Input that is not decoded yet.
    pending: Bytes,
    fed_all: bool,
    /// Decoded input. What the framer sees begins at `start`.
    buffer: Vec<u8>,
    start: usize,
    ended: bool,
    /// The found row, in `buffer` after `start`.
    found: Range<usize>,
    fields: RowFields,
    decoded: DecodedFields,
    /// The offset of `start` in the file.
    offset: u64,
    lines: LineCounter,
    rows: u64,
    /// Whether the next row is the header.
    header: bool,
    /// Where the found row begins.
    begin: RowPosition,
    /// Bytes that were dropped of a row because it is too long, and where the row begins.
    dropped: Option<(u64, RowPosition)>,
    /// The length of the found row.
    length: u64,
}

impl Source {
    /// Reads a file from its start.
    #[must_use]
    pub fn new(framing: &Framing) -> Self {
        let framer = framing.framer();
        let header = framer.has_header();
        let decoder = Decoder::new(framing.encoding);
        Self::at(framer, RowPosition::START, decoder, header)
    }

    /// Reads on in the middle of a file that [is splittable](Framing::is_splittable), at a position
    /// that [`Source::position`] or a [`SplitFinder`](crate::SplitFinder) returned.
    #[must_use]
    pub fn resume_at(framing: &Framing, position: RowPosition) -> Self {
        let decoder = Decoder::inside(framing.encoding);
        Self::at(framing.framer(), position, decoder, false)
    }

    /// Reads a file from its start and only counts its rows. They have no fields.
    pub(crate) fn counting(framing: &Framing) -> Self {
        Self {
            reads_fields: false,
            ..Self::new(framing)
        }
    }

    fn at(framer: AnyFramer, position: RowPosition, decoder: Decoder, header: bool) -> Self {
        Self {
            decoder,
            framer,
            reads_fields: true,
            pending: Bytes::new(),
            fed_all: false,
            buffer: Vec::new(),
            start: 0,
            ended: false,
            found: 0..0,
            fields: RowFields::default(),
            decoded: DecodedFields::default(),
            offset: position.offset,
            lines: LineCounter::starting_at(position.line),
            rows: position.row,
            header,
            begin: position,
            dropped: None,
            length: 0,
        }
    }

    /// Takes the next piece of the file. The one before must be used up: [`Source::next`] returned
    /// [`ReadStep::NeedsInput`].
    pub fn feed(&mut self, piece: Bytes) {
        self.pending = piece;
    }

    /// Ends the file: no more pieces follow.
    pub fn end(&mut self) {
        self.fed_all = true;
    }

    /// Reads the next row.
    ///
    /// # Errors
    /// The file as a whole cannot be used.
    #[expect(clippy::should_implement_trait, reason = "the row borrows the source")]
    pub fn next(&mut self) -> Result<ReadStep, FileError> {
        self.skip(self.found.end);
        self.found = 0..0;
        loop {
            let bytes = self.buffer.get(self.start..).unwrap_or_default();
            let step = if self.reads_fields {
                self.framer.scan(bytes, self.ended, &mut self.fields)
            } else {
                self.framer.scan(bytes, self.ended, &mut ())
            };
            match step.map_err(|error| self.on_current_line(error))? {
                ReadStep::Row => {
                    self.finish_row()?;
                    return Ok(ReadStep::Row);
                }
                ReadStep::End => return Ok(ReadStep::End),
                ReadStep::NeedsInput => {
                    self.drop_spent()?;
                    if !self.fill()? {
                        return Ok(ReadStep::NeedsInput);
                    }
                }
            }
        }
    }

    /// The row that the last call of [`Source::next`] found.
    #[inline]
    #[must_use]
    pub fn row(&self) -> RawRecord<'_> {
        RawRecord {
            raw: self.raw(),
            encoding: self.decoder.encoding,
            decoded: &self.decoded,
            spans: &self.fields.spans,
            named: self.framer.names_fields(),
            number: self.rows,
            line: self.begin.line,
            offset: self.begin.offset,
            length: self.length,
            defect: self.fields.defect,
        }
    }

    /// The position after the row, where the next row or what separates it from this one begins.
    #[must_use]
    pub fn position(&self) -> RowPosition {
        RowPosition {
            offset: self.offset + self.found.end as u64,
            row: self.rows,
            line: self.lines.line,
        }
    }

    /// The layout of a file of rejected rows. Call it when the first row was found.
    #[must_use]
    pub fn rejects(&self) -> RejectsFile {
        let header = (self.is_at_header() && !self.found.is_empty()).then(|| self.raw());
        RejectsFile::new(self.decoder.encoding, &self.framer, header)
    }

    /// Where the found row begins.
    pub(crate) fn row_position(&self) -> RowPosition {
        self.begin
    }

    /// Whether the found row is the header.
    pub(crate) fn is_at_header(&self) -> bool {
        self.rows == self.begin.row
    }

    /// Whether the file, as far as it is known by now, can be read from its middle.
    pub(crate) fn is_splittable(&self) -> bool {
        self.framer.is_splittable() && !self.decoder.encoding.is_utf16()
    }

    fn raw(&self) -> &[u8] {
        self.buffer
            .get(self.start + self.found.start..self.start + self.found.end)
            .unwrap_or_default()
    }

    /// Moves past bytes that are not needed again.
    fn skip(&mut self, count: usize) {
        self.start += count;
        self.offset += count as u64;
        self.framer.shift(count);
    }

    /// Makes the row that the framer found the one that [`Source::row`] returns.
    fn finish_row(&mut self) -> Result<(), FileError> {
        let row = self.framer.row();
        let bytes = self.buffer.get(self.start..).unwrap_or_default();
        self.lines.add(bytes.get(..row.start).unwrap_or_default());
        let begin = RowPosition {
            offset: self.offset + row.start as u64,
            row: self.rows,
            line: self.lines.line,
        };
        let (dropped, begin) = self.dropped.take().unwrap_or((0, begin));
        self.begin = begin;
        self.length = dropped + row.len() as u64;
        let raw = bytes.get(row.clone()).unwrap_or_default();
        if self.framer.spans_lines() || self.ended {
            self.lines.add(raw);
        } else {
            self.lines.add_line();
        }
        self.found = row;
        if let Some(declared) = self.framer.declared_encoding() {
            self.follow_declaration(declared)?;
        }
        if std::mem::take(&mut self.header) {
            self.begin.row = 0;
        } else {
            self.rows += 1;
        }
        if self.length > MAX_ROW_BYTES as u64 {
            self.fields.defect = Some(RowDefect::TooLong);
            self.fields.spans.clear();
            self.found.start = self.found.end;
        } else if self.reads_fields {
            let raw = self
                .buffer
                .get(self.start..)
                .and_then(|bytes| bytes.get(self.found.clone()))
                .unwrap_or_default();
            self.decoded.clear();
            let encoding = self.decoder.encoding;
            self.framer
                .read_fields(raw, encoding, &mut self.fields, &mut self.decoded)
                .map_err(|error| on_line(error, self.begin.line))?;
        }
        Ok(())
    }

    /// Takes over the encoding that the file declares. UTF-16 shows without a declaration.
    fn follow_declaration(&mut self, declared: Encoding) -> Result<(), FileError> {
        if self.decoder.encoding.is_utf16() {
            return Ok(());
        }
        if declared.is_utf16() {
            return Err(FileError::new(
                "encoding",
                "the file declares UTF-16 but is not UTF-16",
            ));
        }
        self.decoder.encoding = declared;
        Ok(())
    }

    /// Drops what is not needed to find the end of the row: input before it, and the row itself if
    /// it is too long.
    fn drop_spent(&mut self) -> Result<(), FileError> {
        let spent = self.framer.spent();
        self.lines.add(
            self.buffer
                .get(self.start..self.start + spent)
                .unwrap_or_default(),
        );
        self.skip(spent);
        let row = self.framer.row();
        let kept = self.buffer.len() - self.start.min(self.buffer.len());
        if kept <= MAX_ROW_BYTES {
            return Ok(());
        }
        self.framer
            .check_too_long()
            .map_err(|error| self.on_current_line(error))?;
        let begin = RowPosition {
            offset: self.offset,
            row: self.rows,
            line: self.lines.line,
        };
        let before = self.dropped.take().unwrap_or((0, begin));
        self.lines.add(
            self.buffer
                .get(self.start..self.start + row.end)
                .unwrap_or_default(),
        );
        self.dropped = Some((before.0 + row.end as u64, before.1));
        self.skip(row.end);
        Ok(())
    }

    /// Decodes more of the input. Returns `false` if there is none.
    fn fill(&mut self) -> Result<bool, FileError> {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        if self.pending.is_empty() {
            if !self.fed_all || self.ended {
                return Ok(false);
            }
            self.ended = true;
            self.decoder.end(&mut self.buffer)?;
        } else {
            let piece = self.pending.get(..PIECE).unwrap_or(&self.pending);
            self.decoder.decode(piece, &mut self.buffer);
            let taken = piece.len();
            self.pending.advance(taken);
        }
        self.offset += std::mem::take(&mut self.decoder.skipped);
        Ok(true)
    }

    fn on_current_line(&self, error: FileError) -> FileError {
        let read = self
            .buffer
            .get(self.start..self.start + self.framer.row().end);
        let mut lines = self.lines;
        lines.add(read.unwrap_or_default());
        on_line(error, lines.line)
    }
}

fn on_line(mut error: FileError, line: u64) -> FileError {
    error.message = format!("{} (line {line})", error.message);
    error
}
