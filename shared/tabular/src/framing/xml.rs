//! XML: rows are the elements in the root element.
//!
//! Only the structure matters here: where tags, comments and sections begin and end, and how deep
//! they are nested. The fields of a row are read in [`row`]. A DOCTYPE is refused before it is
//! read, because what it declares would have to be expanded.

mod row;

use std::ops::Range;

use memchr::{memchr, memmem};

use super::framer::{Framer, ReadStep, row_text};
use crate::encoding::Encoding;
use crate::error::FileError;
use crate::fields::{DecodedFields, FieldSink, NamedFields, RowFields};

/// Most bytes before the first row.
const MAX_PROLOGUE: usize = 64 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Text,
    Comment,
    Section,
    Instruction,
    /// In a tag: whether it ends an element, the open quote, the byte before.
    Tag {
        ends: bool,
        quote: Option<u8>,
        last: u8,
    },
}

/// Finds the elements in the root element.
#[derive(Debug, Default)]
pub(crate) struct XmlFramer {
    state: State,
    at: usize,
    row_start: usize,
    tag_start: usize,
    depth: u32,
    in_row: bool,
    /// What is before the first row, with the root's own tag; empty until that was read.
    prologue: Vec<u8>,
    root: Range<usize>,
    declared: Option<Encoding>,
}

fn broken(message: &str) -> FileError {
    FileError::new(
        "xml_syntax",
        format!("the file is not well-formed XML: {message}"),
    )
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

impl XmlFramer {
    fn root_name(&self) -> &[u8] {
        self.prologue.get(self.root.clone()).unwrap_or_default()
    }

    fn skip(&mut self, rest: &[u8], end: &[u8]) -> Option<ReadStep> {
        match memmem::find(rest, end) {
            Some(found) => {
                self.at += found + end.len();
                self.state = State::Text;
                None
            }
            None => {
                self.at += rest.len().saturating_sub(end.len() - 1);
                Some(ReadStep::NeedsInput)
            }
        }
    }

    fn text(
        &mut self,
        rest: &[u8],
        ended: bool,
        fields: &mut impl FieldSink,
    ) -> Result<Option<ReadStep>, FileError> {
        let text = memchr(b'<', rest).unwrap_or(rest.len());
        let (text, markup) = rest.split_at(text);
        if !self.in_row
            && let Some(stray) = text.iter().position(|byte| !is_blank(*byte))
        {
            // Up to that text, so that the line is the same wherever the file is cut.
            self.at += stray;
            return Err(broken("there is text outside the rows"));
        }
        self.at += text.len();
        if markup.is_empty() {
            let complete = self.depth == 0;
            return Ok(Some(if ended && complete {
                ReadStep::End
            } else {
                ReadStep::NeedsInput
            }));
        }
        let Some((state, length)) = self.markup(markup, ended)? else {
            return Ok(Some(ReadStep::NeedsInput));
        };
        if let State::Tag { ends, .. } = state {
            self.tag_start = self.at;
            if self.depth == 0 && (ends || !self.prologue.is_empty()) {
                return Err(broken("there is a tag outside the root element"));
            }
            if self.depth == 1 && !ends {
                self.in_row = true;
                self.row_start = self.at;
                fields.clear();
            }
        }
        self.at += length;
        self.state = state;
        Ok(None)
    }

    /// The state that the markup at the beginning of `rest` begins, and the length of what begins
    /// it; `None` if more input must show what it is.
    fn markup(&self, rest: &[u8], ended: bool) -> Result<Option<(State, usize)>, FileError> {
        let begun = match rest {
            [b'<', b'!', b'-', b'-', ..] => (State::Comment, 4),
            [b'<', b'?', ..] => (State::Instruction, 2),
            [b'<', b'/', ..] => (
                State::Tag {
                    ends: true,
                    quote: None,
                    last: 0,
                },
                2,
            ),
            [b'<', b'!', ..] if rest.starts_with(b"<![CDATA[") => {
                if !self.in_row {
                    return Err(broken("there is text outside the rows"));
                }
                (State::Section, 9)
            }
            [b'<', b'!', ..] if rest.starts_with(b"<!DOCTYPE") => {
                return Err(FileError::new(
                    "xml_doctype",
                    "the file has a DOCTYPE; files with one are not read",
                ));
            }
            [b'<'] | [b'<', b'!', ..] if !ended && rest.len() < 9 && is_begun(rest) => {
                return Ok(None);
            }
            [b'<', b'_' | b':' | b'a'..=b'z' | b'A'..=b'Z' | 0x80.., ..] => (
                State::Tag {
                    ends: false,
                    quote: None,
                    last: 0,
                },
                1,
            ),
            _ => return Err(broken("a < does not begin a tag")),
        };
        Ok(Some(begun))
    }

    fn tag(
        &mut self,
        bytes: &[u8],
        ends: bool,
        mut quote: Option<u8>,
        mut last: u8,
    ) -> Result<Option<ReadStep>, FileError> {
        for byte in bytes.get(self.at..).unwrap_or_default() {
            self.at += 1;
            match (quote, *byte) {
                (Some(open), byte) if open == byte => quote = None,
                (Some(_), _) => {}
                (None, b'"' | b'\'') => quote = Some(*byte),
                (None, b'<') => return Err(broken("there is a < in a tag")),
                (None, b'>') => {
                    self.state = State::Text;
                    return self.tag_over(bytes, ends, last == b'/');
                }
                (None, _) => {}
            }
            last = *byte;
        }
        self.state = State::Tag { ends, quote, last };
        Ok(Some(ReadStep::NeedsInput))
    }

    /// A tag is complete.
    fn tag_over(
        &mut self,
        bytes: &[u8],
        ends: bool,
        closed: bool,
    ) -> Result<Option<ReadStep>, FileError> {
        if ends {
            self.depth = self.depth.saturating_sub(1);
            if self.depth == 0 {
                let tag = bytes
                    .get(self.tag_start + 2..self.at - 1)
                    .unwrap_or_default();
                if tag.trim_ascii_end() != self.root_name() {
                    return Err(broken("the root element is not closed by its own name"));
                }
            }
        } else if self.prologue.is_empty() {
            self.open_root(bytes, closed)?;
        } else if !closed {
            self.depth = self.depth.saturating_add(1);
        }
        if self.in_row && self.depth == 1 {
            self.in_row = false;
            return Ok(Some(ReadStep::Row));
        }
        Ok(None)
    }

    fn open_root(&mut self, bytes: &[u8], closed: bool) -> Result<(), FileError> {
        self.prologue = bytes.get(..self.at).unwrap_or_default().to_vec();
        let start = self.tag_start + 1;
        let tag = self.prologue.get(start..).unwrap_or_default();
        let length = tag
            .iter()
            .position(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'/' | b'>'));
        self.root = start..start + length.unwrap_or_default();
        self.depth = u32::from(!closed);
        if let Some(name) = declared_encoding(&self.prologue) {
            let encoding = Encoding::parse(&name).ok_or_else(|| {
                FileError::new(
                    "encoding",
                    "the file declares an encoding other than UTF-8, UTF-16 and windows-1252",
                )
            })?;
            self.declared = Some(encoding);
        }
        Ok(())
    }
}

impl Framer for XmlFramer {
    fn scan(
        &mut self,
        bytes: &[u8],
        ended: bool,
        fields: &mut impl FieldSink,
    ) -> Result<ReadStep, FileError> {
        loop {
            let rest = bytes.get(self.at..).unwrap_or_default();
            let found = match self.state {
                State::Text => self.text(rest, ended, fields)?,
                State::Comment => self.skip(rest, b"-->"),
                State::Section => self.skip(rest, b"]]>"),
                State::Instruction => self.skip(rest, b"?>"),
                State::Tag { ends, quote, last } => self.tag(bytes, ends, quote, last)?,
            };
            match found {
                None => {}
                Some(ReadStep::NeedsInput)
                    if self.prologue.is_empty() && bytes.len() > MAX_PROLOGUE =>
                {
                    return Err(broken("it does not begin with a root element"));
                }
                Some(ReadStep::NeedsInput) if ended => return Err(broken("it ends too early")),
                Some(found) => return Ok(found),
            }
        }
    }

    fn spent(&self) -> usize {
        match self.state {
            _ if self.prologue.is_empty() => 0,
            _ if self.in_row => self.row_start,
            State::Tag { .. } => self.tag_start,
            _ => self.at,
        }
    }

    fn row(&self) -> Range<usize> {
        self.row_start.min(self.at)..self.at
    }

    fn shift(&mut self, by: usize) {
        self.at = self.at.saturating_sub(by);
        self.row_start = self.row_start.saturating_sub(by);
        self.tag_start = self.tag_start.saturating_sub(by);
    }

    fn read_fields(
        &self,
        raw: &[u8],
        encoding: Encoding,
        fields: &mut RowFields,
        decoded: &mut DecodedFields,
    ) -> Result<(), FileError> {
        decoded.all = true;
        let text = encoding.text(raw);
        if let Some(text) = row_text(&text, fields)
            && let Err(defect) = row::read(text, &mut NamedFields { decoded, fields })?
        {
            fields.defect(defect);
        }
        Ok(())
    }

    fn spans_lines(&self) -> bool {
        true
    }

    fn is_splittable(&self) -> bool {
        false
    }

    fn declared_encoding(&self) -> Option<Encoding> {
        self.declared
    }

    fn check_too_long(&self) -> Result<(), FileError> {
        if self.in_row {
            return Ok(());
        }
        Err(FileError::new(
            "xml_syntax",
            "a tag outside the rows does not end",
        ))
    }

    fn rejects_name(&self) -> &'static str {
        "rejects.xml"
    }

    /// The root element around the rows.
    fn envelope(&self) -> Option<[Vec<u8>; 2]> {
        let before = [self.prologue.as_slice(), b"\n"].concat();
        let after = [b"</", self.root_name(), b">\n"].concat();
        Some([before, after])
    }
}

/// Whether more bytes may make it a comment, a section, a DOCTYPE or a tag.
fn is_begun(markup: &[u8]) -> bool {
    [&b"<!--"[..], b"<![CDATA[", b"<!DOCTYPE"]
        .iter()
        .any(|token| token.starts_with(markup))
}

/// The encoding in `<?xml version="1.0" encoding="…"?>`.
fn declared_encoding(prologue: &[u8]) -> Option<String> {
    let declaration = prologue.strip_prefix(b"<?xml")?;
    let declaration = declaration.get(..memmem::find(declaration, b"?>")?)?;
    let after = declaration.get(memmem::find(declaration, b"encoding")? + 8..)?;
    let value = after
        .trim_ascii_start()
        .strip_prefix(b"=")?
        .trim_ascii_start();
    let (quote, value) = value.split_first()?;
    let value = value.get(..memchr(*quote, value)?)?;
    Some(String::from_utf8_lossy(value).into_owned())
}
