//! Finds places where a file can be entered, in one pass over it.

use bytes::Bytes;
use domain::load::{Format, LoadFailure};

use super::{Position, Source, Step};
use crate::load::profile::Profile;

/// One cheap pass over the pieces of an unpacked file: the first row that begins at or after each
/// of some offsets, and how many rows there are. It is a [`Source`] that looks at no field, so both
/// find the same rows.
pub(in crate::load) struct Boundaries {
    source: Source,
    targets: std::vec::IntoIter<u64>,
    target: Option<u64>,
}

impl Boundaries {
    /// From the start of a file; `targets` are ascending offsets.
    pub fn new(format: Format, profile: &Profile, targets: Vec<u64>) -> Self {
        let mut source = Source::new(format, profile);
        source.reads = false;
        let mut targets = targets.into_iter();
        let target = targets.next();
        Self {
            source,
            targets,
            target,
        }
    }

    /// Takes the next piece. `found` hears of each target that a row begins at or after, once and
    /// in order; of a row that serves several targets it hears once.
    ///
    /// # Errors
    /// The file as a whole is not usable.
    pub fn feed(&mut self, piece: Bytes, found: impl FnMut(Position)) -> Result<(), LoadFailure> {
        self.source.feed(piece);
        self.pass(found)
    }

    /// Ends the file, and answers how many rows and lines it has before its end.
    ///
    /// # Errors
    /// The file as a whole is not usable.
    pub fn end(&mut self, found: impl FnMut(Position)) -> Result<Position, LoadFailure> {
        self.source.end();
        self.pass(found)?;
        Ok(self.source.position())
    }

    fn pass(&mut self, mut found: impl FnMut(Position)) -> Result<(), LoadFailure> {
        while self.source.next()? == Step::Row {
            let begin = self.source.begin;
            let is_header = self.source.rows == begin.row;
            let can_be_entered =
                self.source.format != Format::Xml && !self.source.encoding().is_utf16();
            let Some(target) = self.target else { continue };
            if is_header || !can_be_entered || begin.offset < target {
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
