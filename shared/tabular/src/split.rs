//! Finds the places at which a file can be split.

use bytes::Bytes;

use crate::error::FileError;
use crate::framing::{Framing, ReadStep};
use crate::position::RowPosition;
use crate::source::Source;

/// Finds split points in one cheap pass over the pieces of a decompressed file: for each of some
/// offsets the first row that begins there or later. It also counts the rows. It is a [`Source`]
/// that looks at no field, so both find the same rows.
pub struct SplitFinder {
    source: Source,
    targets: std::vec::IntoIter<u64>,
    target: Option<u64>,
}

impl SplitFinder {
    /// Starts at the beginning of a file. `targets` are offsets in ascending order.
    #[must_use]
    pub fn new(framing: &Framing, targets: Vec<u64>) -> Self {
        let mut targets = targets.into_iter();
        let target = targets.next();
        Self {
            source: Source::counting(framing),
            targets,
            target,
        }
    }

    /// Takes the next piece and calls `found` with each split point in it, in order. A row that is
    /// the first one after several targets is one split point.
    ///
    /// # Errors
    /// The file as a whole cannot be used.
    pub fn feed(&mut self, piece: Bytes, found: impl FnMut(RowPosition)) -> Result<(), FileError> {
        self.source.feed(piece);
        self.read(found)
    }

    /// Ends the file. Returns the position after its last row: how many rows and lines it has.
    ///
    /// # Errors
    /// The file as a whole cannot be used.
    pub fn end(&mut self, found: impl FnMut(RowPosition)) -> Result<RowPosition, FileError> {
        self.source.end();
        self.read(found)?;
        Ok(self.source.position())
    }

    fn read(&mut self, mut found: impl FnMut(RowPosition)) -> Result<(), FileError> {
        while self.source.next()? == ReadStep::Row {
            let Some(target) = self.target else { continue };
            let begin = self.source.row_position();
            if self.source.is_at_header() || !self.source.is_splittable() || begin.offset < target {
                continue;
            }
            found(begin);
            while self.target.is_some_and(|target| target <= begin.offset) {
                self.target = self.targets.next();
            }
        }
        Ok(())
    }
}
