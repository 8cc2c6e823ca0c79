//! Reads the rows of a file, or of a part of it.

use bytes::Bytes;

use crate::decompress::{Compression, Decompressor};
use crate::error::FileError;
use crate::fields::RawRecord;
use crate::framing::{Framing, ReadStep};
use crate::position::RowPosition;
use crate::rejects::RejectsFile;
use crate::source::Source;

/// Reads the rows of a file as it is stored: decompresses it, finds its rows, and stops where a
/// part of it ends. The caller fetches the file and feeds it piece by piece; see the example of the
/// crate.
pub struct RowReader {
    decompressor: Decompressor,
    source: Source,
    /// Whether the caller fed all pieces.
    fed_all: bool,
    ended: bool,
    /// Whether the next row was looked for already, and more input is needed to find it.
    searching: bool,
    /// Whether the found row is to be returned once more.
    unread: bool,
    /// Rows up to this number are skipped.
    skipped: u64,
    /// The first byte after the part.
    to: Option<u64>,
    /// Bytes that were fed so far.
    bytes_read: u64,
}

impl RowReader {
    /// Reads a file from its start. A compressed one may decompress to at most `max_bytes`.
    ///
    /// # Errors
    /// The decompression cannot be set up.
    pub fn new(
        framing: &Framing,
        compression: Option<Compression>,
        max_bytes: u64,
    ) -> Result<Self, FileError> {
        let decompressor = Decompressor::new(compression, max_bytes)?;
        Ok(Self::of(decompressor, Source::new(framing)))
    }

    /// Reads a file that [is splittable](Framing::is_splittable) from a position in it; see
    /// [`Source::resume_at`].
    ///
    /// # Errors
    /// None today; a file that is not compressed needs no set-up.
    pub fn resume_at(framing: &Framing, position: RowPosition) -> Result<Self, FileError> {
        let decompressor = Decompressor::new(None, u64::MAX)?;
        Ok(Self::of(decompressor, Source::resume_at(framing, position)))
    }

    fn of(decompressor: Decompressor, source: Source) -> Self {
        Self {
            decompressor,
            source,
            fed_all: false,
            ended: false,
            searching: false,
            unread: false,
            skipped: 0,
            to: None,
            bytes_read: 0,
        }
    }

    /// Ends before the first row that begins at the byte `to` or later.
    #[must_use]
    pub fn up_to(mut self, to: Option<u64>) -> Self {
        self.to = to;
        self
    }

    /// Skips the first `rows` rows: the way to resume in a file that is not splittable.
    pub fn skip_rows(&mut self, rows: u64) {
        self.skipped = rows;
    }

    /// Ends here: there are no more rows.
    pub fn close(&mut self) {
        self.ended = true;
    }

    /// Takes the next piece of the file. The one before must be used up: [`RowReader::next`]
    /// returned [`ReadStep::NeedsInput`].
    pub fn feed(&mut self, piece: Bytes) {
        self.bytes_read += piece.len() as u64;
        self.decompressor.feed(piece);
    }

    /// Ends the file: no more pieces follow.
    pub fn end(&mut self) {
        self.fed_all = true;
        self.decompressor.end();
    }

    /// Reads the next row. The header is a row too, with the number 0.
    ///
    /// # Errors
    /// The file as a whole cannot be used.
    #[expect(clippy::should_implement_trait, reason = "the row borrows the reader")]
    pub fn next(&mut self) -> Result<ReadStep, FileError> {
        if std::mem::take(&mut self.unread) && self.source.position().row > self.skipped {
            return Ok(ReadStep::Row);
        }
        loop {
            // Not within a row: input before the next row may end after `to`.
            if !self.searching && self.is_after_part(self.source.position().offset) {
                self.ended = true;
            }
            if self.ended {
                return Ok(ReadStep::End);
            }
            self.searching = true;
            match self.source.next()? {
                ReadStep::Row => {
                    self.searching = false;
                    let row = self.source.row_position();
                    let number = self.source.position().row;
                    if self.is_after_part(row.offset) {
                        self.ended = true;
                    } else if number == 0 || number > self.skipped {
                        return Ok(ReadStep::Row);
                    }
                }
                ReadStep::End => self.ended = true,
                ReadStep::NeedsInput => match self.decompressor.next()? {
                    Some(piece) => self.source.feed(piece),
                    None if self.fed_all => self.source.end(),
                    None => return Ok(ReadStep::NeedsInput),
                },
            }
        }
    }

    /// Makes [`RowReader::next`] return the found row once more, for a file without a header whose
    /// first row was read to learn its columns.
    pub fn unread(&mut self) {
        self.unread = true;
    }

    fn is_after_part(&self, offset: u64) -> bool {
        self.to.is_some_and(|to| offset >= to)
    }

    /// The row that the last call of [`RowReader::next`] found.
    #[inline]
    #[must_use]
    pub fn row(&self) -> RawRecord<'_> {
        self.source.row()
    }

    /// The position after the row; see [`Source::position`].
    #[must_use]
    pub fn position(&self) -> RowPosition {
        self.source.position()
    }

    /// The layout of a file of rejected rows. Call it when the first row was found.
    #[must_use]
    pub fn rejects(&self) -> RejectsFile {
        self.source.rejects()
    }

    /// Bytes of the file, compressed as it is, that were fed so far.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read
    }
}
