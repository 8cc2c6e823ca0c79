//! Comma-separated values (RFC 4180) from a stream, cut wherever the network cut it.
//!
//! Works on bytes and keeps one record. The limits hold before anything is kept, so that no input, such as a quote that is
//! never closed, makes the memory grow.

use csv_core::{ReadRecordResult, Reader};

/// Most bytes of all fields of a record.
pub(super) const MAX_RECORD: usize = 1024 * 1024;
/// Most fields of a record.
pub(super) const MAX_FIELDS: usize = 512;

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// What a record is too large in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    /// More bytes than [`MAX_RECORD`].
    TooLong,
    /// More fields than [`MAX_FIELDS`].
    TooManyFields,
    /// The file ends inside quotes.
    OpenQuote,
}

/// What a step came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The input is used up.
    More,
    /// A record is there: [`RecordReader::record`].
    Record,
    /// There was the last one.
    End,
}

/// A record: its fields one after the other, and where each ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record<'a> {
    bytes: &'a [u8],
    ends: &'a [usize],
    /// The line that it begins on.
    pub line: u64,
    /// What makes it unusable; its fields are not all there then.
    pub flaw: Option<Flaw>,
}

impl<'a> Record<'a> {
    /// How many fields it has.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Where a field stands in [`Record::bytes`].
    pub fn range(&self, index: usize) -> Option<std::ops::Range<usize>> {
        let end = *self.ends.get(index)?;
        let start = if index == 0 { 0 } else { *self.ends.get(index - 1)? };
        Some(start..end)
    }

    /// A field.
    pub fn get(&self, index: usize) -> Option<&'a [u8]> {
        self.bytes.get(self.range(index)?)
    }

    /// All fields.
    pub fn fields(self) -> impl Iterator<Item = &'a [u8]> {
        (0..self.len()).map(move |index| self.get(index).unwrap_or_default())
    }

    /// All fields one after the other.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

/// Finds the records in pieces of input.
pub(super) struct RecordReader {
    core: Reader,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    filled: usize,
    fields: usize,
    /// The line of the next byte.
    line: u64,
    /// The line of the record's first byte.
    record_line: u64,
    within: bool,
    flaw: Option<Flaw>,
    /// Bytes of the mark at the file's start that were seen; none when the start is over.
    bom: Option<usize>,
}

impl RecordReader {
    pub fn new() -> Self {
        let mut core = Reader::new();
        // It would take a mark off its first input, but only if the mark is in one piece. An empty line makes that past.
        core.read_record(b"\n", &mut [0], &mut [0]);
        Self {
            core,
            bytes: vec![0; 16 * 1024],
            ends: vec![0; 64],
            filled: 0,
            fields: 0,
            line: 1,
            record_line: 1,
            within: false,
            flaw: None,
            bom: Some(0),
        }
    }

    /// Reads on, at most to the end of a record, and takes what it read off `input`. Empty input ends the file.
    pub fn step(&mut self, input: &mut &[u8]) -> Step {
        if input.is_empty() {
            return self.end();
        }
        self.skip_bom(input);
        if !self.within {
            self.skip_line_ends(input);
            if input.is_empty() {
                return Step::More;
            }
            self.begin();
        }
        self.read(input)
    }

    /// The record that the last step found.
    pub fn record(&self) -> Record<'_> {
        let ends = self.ends.get(..self.fields).unwrap_or_default();
        // The parser has counted on through what was thrown away; such a record has no readable fields.
        let (bytes, ends) = match self.flaw {
            None | Some(Flaw::OpenQuote) => (self.bytes.get(..self.filled).unwrap_or_default(), ends),
            Some(Flaw::TooLong | Flaw::TooManyFields) => Default::default(),
        };
        Record { bytes, ends, line: self.record_line, flaw: self.flaw }
    }

    fn begin(&mut self) {
        self.within = true;
        self.record_line = self.line;
        self.filled = 0;
        self.fields = 0;
        self.flaw = None;
    }

    fn read(&mut self, input: &mut &[u8]) -> Step {
        loop {
            let bytes = self.bytes.get_mut(self.filled..).unwrap_or_default();
            let ends = self.ends.get_mut(self.fields..).unwrap_or_default();
            let (result, used, filled, fields) = self.core.read_record(input, bytes, ends);
            let (read, rest) = input.split_at(used);
            self.line += read.iter().map(|byte| u64::from(*byte == b'\n')).sum::<u64>();
            *input = rest;
            self.filled += filled;
            self.fields += fields;
            match result {
                ReadRecordResult::InputEmpty => return Step::More,
                ReadRecordResult::OutputFull => self.make_room_for_bytes(),
                ReadRecordResult::OutputEndsFull => self.make_room_for_ends(),
                ReadRecordResult::Record => {
                    self.within = false;
                    return Step::Record;
                }
                ReadRecordResult::End => return Step::End,
            }
        }
    }

    fn end(&mut self) -> Step {
        if let Some(seen @ 1..) = self.bom.take() {
            self.take_back_bom(seen);
        }
        if !self.within {
            return Step::End;
        }
        // A line end closes a record that is not inside quotes.
        let mut close: &[u8] = b"\n";
        match self.read(&mut close) {
            // Inside quotes it was content, so it is taken back.
            Step::More => {
                self.flaw.get_or_insert(Flaw::OpenQuote);
                self.filled = self.filled.saturating_sub(1);
                self.read(&mut &b""[..]);
                if let Some(end) = self.ends.get_mut(..self.fields).and_then(<[usize]>::last_mut) {
                    *end = self.filled.min(*end);
                }
                Step::Record
            }
            step => step,
        }
    }

    /// Skips the mark that some programs write before UTF-8, even one byte at a time.
    fn skip_bom(&mut self, input: &mut &[u8]) {
        while let (Some(seen), Some((byte, rest))) = (self.bom, input.split_first()) {
            if BOM.get(seen) != Some(byte) {
                self.bom = None;
                if seen > 0 {
                    self.take_back_bom(seen);
                }
                return;
            }
            *input = rest;
            self.bom = (seen + 1 < BOM.len()).then_some(seen + 1);
        }
    }

    /// Only the beginning of a mark was there: content after all.
    fn take_back_bom(&mut self, seen: usize) {
        self.begin();
        let mut content = BOM.get(..seen).unwrap_or_default();
        self.read(&mut content);
    }

    fn skip_line_ends(&mut self, input: &mut &[u8]) {
        while let Some((byte @ (b'\n' | b'\r'), rest)) = input.split_first() {
            self.line += u64::from(*byte == b'\n');
            *input = rest;
        }
    }

    fn make_room_for_bytes(&mut self) {
        if self.bytes.len() < MAX_RECORD {
            let size = (self.bytes.len() * 2).min(MAX_RECORD);
            self.bytes.resize(size, 0);
        } else {
            self.flaw.get_or_insert(Flaw::TooLong);
            self.filled = 0;
        }
    }

    fn make_room_for_ends(&mut self) {
        if self.ends.len() < MAX_FIELDS {
            let size = (self.ends.len() * 2).min(MAX_FIELDS);
            self.ends.resize(size, 0);
        } else {
            self.flaw.get_or_insert(Flaw::TooManyFields);
            self.fields = 0;
        }
    }
}
