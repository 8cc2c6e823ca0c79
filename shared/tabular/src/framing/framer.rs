//! What a format has to say about itself.

use std::ops::Range;

use crate::encoding::Encoding;
use crate::error::FileError;
use crate::fields::{DecodedFields, FieldSink, RowDefect, RowFields};

/// The result of one step of reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadStep {
    /// A row was found.
    Row,
    /// The input ends inside a row, or before one: feed more of it, or say that there is no more.
    NeedsInput,
    /// The file has no more rows.
    End,
}

/// Finds the rows of one format and reads their fields. Each format implements it in a file of its
/// own; nothing else in this crate knows which format a file has.
///
/// # The state and the buffer
///
/// The caller owns the buffer. It passes the same bytes again, longer, until a row ends, and the
/// framer remembers in offsets into them how far it came. When the caller drops bytes at the front,
/// at most as many as [`Framer::spent`] says, it calls [`Framer::shift`], which moves every offset.
/// A framer never looks back before `spent`, so memory holds one row.
pub(crate) trait Framer {
    /// Reads on in `bytes` until a row ends. `ended` says that no byte follows.
    ///
    /// # Errors
    /// The file as a whole cannot be used.
    fn scan(
        &mut self,
        bytes: &[u8],
        ended: bool,
        fields: &mut impl FieldSink,
    ) -> Result<ReadStep, FileError>;

    /// Bytes at the front that no step needs again.
    fn spent(&self) -> usize;

    /// The bytes of the row so far; all of it, with what ends it, after [`ReadStep::Row`].
    fn row(&self) -> Range<usize>;

    /// Moves all offsets after `by` bytes were dropped at the front.
    fn shift(&mut self, by: usize);

    /// Makes the fields of a complete row readable. A format whose fields are all in the row as
    /// they are does nothing.
    ///
    /// # Errors
    /// The row shows that the file as a whole cannot be used.
    fn read_fields(
        &self,
        raw: &[u8],
        encoding: Encoding,
        fields: &mut RowFields,
        decoded: &mut DecodedFields,
    ) -> Result<(), FileError>;

    /// Whether the current row may have line ends other than the one at its end.
    fn spans_lines(&self) -> bool {
        false
    }

    /// Whether the first row is a header.
    fn has_header(&self) -> bool {
        false
    }

    /// Whether fields have names instead of an order.
    fn names_fields(&self) -> bool {
        true
    }

    /// Whether a file can be read from a row in its middle.
    fn is_splittable(&self) -> bool {
        true
    }

    /// The encoding that the file declares by the means of its format.
    fn declared_encoding(&self) -> Option<Encoding> {
        None
    }

    /// Checks that what is too long to be kept is a row. A row is rejected by itself; any other
    /// part of a file has to be short.
    ///
    /// # Errors
    /// Another part of the file is too long.
    fn check_too_long(&self) -> Result<(), FileError> {
        Ok(())
    }

    /// The name of a file of rejected rows.
    fn rejects_name(&self) -> &'static str;

    /// What ends a row, unless a row ends with its line.
    fn row_terminator(&self) -> Option<&[u8]> {
        None
    }

    /// What a file of rejected rows needs before and after the rows, as the encoding's text.
    fn envelope(&self) -> Option<[Vec<u8>; 2]> {
        None
    }
}

/// Reads the text of a row whose fields have names.
pub(super) fn row_text<'a>(text: &'a [u8], fields: &mut RowFields) -> Option<&'a str> {
    let text = std::str::from_utf8(text).ok();
    if text.is_none() {
        fields.defect(RowDefect::Encoding);
    }
    text
}
