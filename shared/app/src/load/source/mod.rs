//! Finds the rows of a file in pieces of it, whatever its format. No I/O, and one row in memory.

mod boundaries;
mod csv;
mod encoding;
mod ends;
mod ndjson;
mod record;
mod refused;
mod scan;
mod scanner;
mod unpack;
mod xml;
mod xml_row;

use bytes::{Buf, Bytes};
use domain::load::{Compression, Format, LoadFailure};

pub(super) use self::boundaries::Boundaries;
pub(super) use self::csv::Dialect;
use self::encoding::Decoder;
pub(super) use self::encoding::Encoding;
use self::record::Texts;
pub(super) use self::record::{ATTRIBUTE, Record};
pub(super) use self::refused::RefusedFile;
use self::scan::{Found, Lines, Spans};
use self::scanner::Scanner;
pub(super) use self::unpack::Unpacker;
use super::profile::Profile;

/// Most bytes of a row as it stands in the file.
pub(super) const MAX_ROW: usize = 1024 * 1024;
/// Most fields of a row.
pub(super) const MAX_FIELDS: usize = 512;
/// Bytes that are looked at together.
const PIECE: usize = 64 * 1024;

/// Where a row begins in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    /// Bytes of the file before it. It counts only for a file that [can be
    /// entered](can_be_entered).
    pub offset: u64,
    /// Rows before it; a header is none.
    pub row: u64,
    /// The line that it begins on; the first one of the file is 1.
    pub line: u64,
}

impl Position {
    /// The start of a file.
    pub const START: Self = Self {
        offset: 0,
        row: 0,
        line: 1,
    };
}

/// Why a row is not usable whatever it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    /// More bytes than [`MAX_ROW`].
    TooLong,
    /// More fields than [`MAX_FIELDS`].
    TooManyFields,
    /// The file ends inside quotes.
    OpenQuote,
    /// No JSON object, or one that holds what is no value of a column; the reason.
    Json(&'static str),
    /// An XML element that holds what is no value of a column; the reason.
    Xml(&'static str),
    /// Bytes that are not of the file's encoding.
    Encoding,
}

/// What a step came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// A row is there: [`Source::row`].
    Row,
    /// It takes another piece, or the word that there is none.
    More,
    /// There are no more rows.
    End,
}

/// Whether a file can be read from its middle. XML, UTF-16 and compressed files are read from the
/// start. A file that shows only by its first bytes that it is UTF-16 is one for which
/// [`Boundaries`] finds no place to enter it.
pub(super) fn can_be_entered(
    format: Format,
    compression: Option<Compression>,
    profile: &Profile,
) -> bool {
    compression.is_none() && format != Format::Xml && !profile.encoding.is_utf16()
}

pub(super) fn failure(code: &'static str, message: impl Into<String>) -> LoadFailure {
    LoadFailure {
        code: code.into(),
        message: message.into(),
    }
}

/// Finds the rows in pieces of a file that is unpacked already.
///
/// The first row of delimited text with a header is the header. It has the number 0 and is not
/// counted.
pub(super) struct Source {
    decoder: Decoder,
    scanner: Scanner,
    format: Format,
    /// Where rows are only counted, their fields are not looked at.
    reads: bool,
    /// What was fed and not looked at yet.
    pending: Bytes,
    fed_all: bool,
    /// What is looked at, from `start` on.
    buffer: Vec<u8>,
    start: usize,
    ended: bool,
    /// The row that was found, in `buffer` from `start` on.
    found: std::ops::Range<usize>,
    spans: Spans,
    texts: Texts,
    /// Where `start` is.
    offset: u64,
    lines: Lines,
    rows: u64,
    header: bool,
    /// What the found row begins with.
    begin: Position,
    /// Bytes of the row that were let go because it is too long, and where it began.
    dropped: Option<(u64, Position)>,
    length: u64,
}

impl Source {
    /// From the start of a file.
    pub fn new(format: Format, profile: &Profile) -> Self {
        let header = format == Format::Csv && profile.header;
        Self::at(
            format,
            profile,
            Position::START,
            Decoder::new(profile.encoding),
            header,
        )
    }

    /// From a place inside a file that [can be entered](can_be_entered), where [`Source::position`]
    /// or [`Boundaries`] said that a row begins.
    pub fn entered(format: Format, profile: &Profile, position: Position) -> Self {
        Self::at(
            format,
            profile,
            position,
            Decoder::inside(profile.encoding),
            false,
        )
    }

    fn at(
        format: Format,
        profile: &Profile,
        position: Position,
        decoder: Decoder,
        header: bool,
    ) -> Self {
        Self {
            decoder,
            scanner: Scanner::new(format, &profile.dialect),
            format,
            reads: true,
            pending: Bytes::new(),
            fed_all: false,
            buffer: Vec::new(),
            start: 0,
            ended: false,
            found: 0..0,
            spans: Spans::default(),
            texts: Texts::new(&profile.dialect),
            offset: position.offset,
            lines: Lines::starting_at(position.line),
            rows: position.row,
            header,
            begin: position,
            dropped: None,
            length: 0,
        }
    }

    /// Takes the next piece of the file. The one before must be used up: [`Source::next`] answered
    /// [`Step::More`].
    pub fn feed(&mut self, piece: Bytes) {
        self.pending = piece;
    }

    /// Notes that there are no more pieces.
    pub fn end(&mut self) {
        self.fed_all = true;
    }

    /// Reads on to the end of a row.
    ///
    /// # Errors
    /// The file as a whole is not usable, with its reason.
    pub fn next(&mut self) -> Result<Step, LoadFailure> {
        self.pass(self.found.end);
        self.found = 0..0;
        loop {
            let bytes = self.buffer.get(self.start..).unwrap_or_default();
            let found = if self.reads {
                self.scanner.scan(bytes, self.ended, &mut self.spans)
            } else {
                self.scanner.scan(bytes, self.ended, &mut ())
            };
            match found.map_err(|failure| self.on_line(failure))? {
                Found::Row => {
                    self.finish()?;
                    return Ok(Step::Row);
                }
                Found::End => return Ok(Step::End),
                Found::More => {
                    self.let_go()?;
                    if !self.fill()? {
                        return Ok(Step::More);
                    }
                }
            }
        }
    }

    /// The row that the last step found.
    pub fn row(&self) -> Record<'_> {
        let raw = self.raw();
        Record {
            raw,
            encoding: self.decoder.encoding,
            texts: &self.texts,
            spans: &self.spans.spans,
            named: self.format != Format::Csv,
            number: self.rows,
            line: self.begin.line,
            offset: self.begin.offset,
            length: self.length,
            flaw: self.spans.flaw,
        }
    }

    /// Where the next row begins, or what separates it from the last one.
    pub fn position(&self) -> Position {
        Position {
            offset: self.offset + self.found.end as u64,
            row: self.rows,
            line: self.lines.count,
        }
    }

    /// The encoding, as far as it shows by now.
    pub fn encoding(&self) -> Encoding {
        self.decoder.encoding
    }

    /// What the file of refused rows is like. To be asked for when the first row was found.
    pub fn refused(&self) -> RefusedFile {
        let header = (self.format == Format::Csv && self.begin.row == 0 && self.header_found())
            .then(|| self.raw());
        RefusedFile::new(self.format, self.decoder.encoding, &self.scanner, header)
    }

    fn header_found(&self) -> bool {
        self.rows == 0 && !self.found.is_empty()
    }

    fn raw(&self) -> &[u8] {
        self.buffer
            .get(self.start + self.found.start..self.start + self.found.end)
            .unwrap_or_default()
    }

    /// Leaves bytes behind.
    fn pass(&mut self, count: usize) {
        self.start += count;
        self.offset += count as u64;
        self.scanner.shift(count);
    }

    /// Makes the row that the scanner found the one that [`Source::row`] shows.
    fn finish(&mut self) -> Result<(), LoadFailure> {
        let row = self.scanner.row();
        let bytes = self.buffer.get(self.start..).unwrap_or_default();
        self.lines.add(bytes.get(..row.start).unwrap_or_default());
        let begin = Position {
            offset: self.offset + row.start as u64,
            row: self.rows,
            line: self.lines.count,
        };
        let (dropped, begin) = self.dropped.take().unwrap_or((0, begin));
        self.begin = begin;
        self.length = dropped + row.len() as u64;
        let raw = bytes.get(row.clone()).unwrap_or_default();
        if self.scanner.spans_lines() || self.ended {
            self.lines.add(raw);
        } else {
            self.lines.add_line();
        }
        self.found = row;
        if let Some(declared) = self.scanner.declared() {
            self.declare(declared)?;
        }
        if std::mem::take(&mut self.header) {
            self.begin.row = 0;
        } else {
            self.rows += 1;
        }
        if self.length > MAX_ROW as u64 {
            self.spans.flaw = Some(Flaw::TooLong);
            self.spans.spans.clear();
            self.found.start = self.found.end;
        } else if self.reads {
            let raw = self
                .buffer
                .get(self.start..)
                .and_then(|bytes| bytes.get(self.found.clone()))
                .unwrap_or_default();
            self.texts
                .read(self.format, self.decoder.encoding, raw, &mut self.spans)
                .map_err(|failure| at_line(failure, self.begin.line))?;
        }
        Ok(())
    }

    /// Follows what an XML file says about its encoding.
    fn declare(&mut self, declared: Encoding) -> Result<(), LoadFailure> {
        if self.decoder.encoding.is_utf16() {
            return Ok(());
        }
        if declared.is_utf16() {
            return Err(failure("encoding", "the file declares UTF-16 and is not"));
        }
        self.decoder.encoding = declared;
        Ok(())
    }

    /// Forgets what is not needed to find the end of the row.
    fn let_go(&mut self) -> Result<(), LoadFailure> {
        let spent = self.scanner.spent();
        self.lines.add(
            self.buffer
                .get(self.start..self.start + spent)
                .unwrap_or_default(),
        );
        self.pass(spent);
        let row = self.scanner.row();
        let kept = self.buffer.len() - self.start.min(self.buffer.len());
        if kept <= MAX_ROW {
            return Ok(());
        }
        if !self.scanner.within_row() {
            return Err(self.on_line(self.scanner.too_long()));
        }
        let begin = Position {
            offset: self.offset,
            row: self.rows,
            line: self.lines.count,
        };
        let before = self.dropped.take().unwrap_or((0, begin));
        self.lines.add(
            self.buffer
                .get(self.start..self.start + row.end)
                .unwrap_or_default(),
        );
        self.dropped = Some((before.0 + row.end as u64, before.1));
        self.pass(row.end);
        Ok(())
    }

    /// Takes more of what was fed; false when there is nothing to take.
    fn fill(&mut self) -> Result<bool, LoadFailure> {
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

    fn on_line(&self, failure: LoadFailure) -> LoadFailure {
        let read = self
            .buffer
            .get(self.start..self.start + self.scanner.row().end);
        let mut lines = self.lines;
        lines.add(read.unwrap_or_default());
        at_line(failure, lines.count)
    }
}

fn at_line(mut failure: LoadFailure, line: u64) -> LoadFailure {
    failure.message = format!("{} (line {line})", failure.message);
    failure
}
