//! Rows that are the elements in the root element of an XML file.
//!
//! Only the structure is looked at here: where tags, comments and sections begin and end, and how
//! deep they stand. Whatever is declared in a file would have to be expanded, so a DOCTYPE is
//! refused before it is read.

use std::ops::Range;

use domain::load::LoadFailure;
use memchr::{memchr, memmem};

use super::encoding::Encoding;
use super::failure;
use super::scan::{Fields, Found};

/// Most bytes before the first row.
const MAX_PROLOGUE: usize = 64 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Text,
    Comment,
    Section,
    Instruction,
    /// In a tag: whether it ends an element, the quote that is open, the byte before.
    Tag {
        ends: bool,
        quote: Option<u8>,
        last: u8,
    },
}

/// Finds the elements in the root element.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    state: State,
    at: usize,
    row_start: usize,
    tag_start: usize,
    depth: u32,
    within: bool,
    /// What stands before the first row, the root's own tag included; empty until that was read.
    prologue: Vec<u8>,
    root: Range<usize>,
    declared: Option<Encoding>,
}

fn broken(message: &str) -> LoadFailure {
    failure(
        "xml_syntax",
        format!("the file is no well-formed XML: {message}"),
    )
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

impl Scanner {
    pub fn prologue(&self) -> &[u8] {
        // A root without content is opened, so that it can be closed after the rows.
        &self.prologue
    }

    /// What closes the root element.
    pub fn epilogue(&self) -> Vec<u8> {
        [b"</", self.root_name(), b">\n"].concat()
    }

    /// The encoding that the file declares.
    pub fn declared(&self) -> Option<Encoding> {
        self.declared
    }

    pub fn within_row(&self) -> bool {
        self.within
    }

    pub fn spent(&self) -> usize {
        match self.state {
            _ if self.prologue.is_empty() => 0,
            _ if self.within => self.row_start,
            State::Tag { .. } => self.tag_start,
            _ => self.at,
        }
    }

    pub fn row(&self) -> Range<usize> {
        self.row_start.min(self.at)..self.at
    }

    pub fn shift(&mut self, by: usize) {
        self.at = self.at.saturating_sub(by);
        self.row_start = self.row_start.saturating_sub(by);
        self.tag_start = self.tag_start.saturating_sub(by);
    }

    fn root_name(&self) -> &[u8] {
        self.prologue.get(self.root.clone()).unwrap_or_default()
    }

    pub fn scan(
        &mut self,
        bytes: &[u8],
        ended: bool,
        fields: &mut impl Fields,
    ) -> Result<Found, LoadFailure> {
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
                Some(Found::More) if self.prologue.is_empty() && bytes.len() > MAX_PROLOGUE => {
                    return Err(broken("there is no root element at its beginning"));
                }
                Some(Found::More) if ended => return Err(broken("it ends too early")),
                Some(found) => return Ok(found),
            }
        }
    }

    fn skip(&mut self, rest: &[u8], end: &[u8]) -> Option<Found> {
        match memmem::find(rest, end) {
            Some(found) => {
                self.at += found + end.len();
                self.state = State::Text;
                None
            }
            None => {
                self.at += rest.len().saturating_sub(end.len() - 1);
                Some(Found::More)
            }
        }
    }

    fn text(
        &mut self,
        rest: &[u8],
        ended: bool,
        fields: &mut impl Fields,
    ) -> Result<Option<Found>, LoadFailure> {
        let text = memchr(b'<', rest).unwrap_or(rest.len());
        let (text, markup) = rest.split_at(text);
        if !self.within
            && let Some(stray) = text.iter().position(|byte| !is_blank(*byte))
        {
            // Up to where it stands, so that the line is the same wherever the file is cut.
            self.at += stray;
            return Err(broken("text stands outside the rows"));
        }
        self.at += text.len();
        if markup.is_empty() {
            let complete = self.depth == 0;
            return Ok(Some(if ended && complete {
                Found::End
            } else {
                Found::More
            }));
        }
        let (state, length) = match markup {
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
            [b'<', b'!', ..] if markup.starts_with(b"<![CDATA[") => {
                if !self.within {
                    return Err(broken("text stands outside the rows"));
                }
                (State::Section, 9)
            }
            [b'<', b'!', ..] if markup.starts_with(b"<!DOCTYPE") => {
                return Err(failure(
                    "xml_doctype",
                    "the file has a DOCTYPE; files with one are not read",
                ));
            }
            [b'<'] | [b'<', b'!', ..] if !ended && markup.len() < 9 && is_begun(markup) => {
                return Ok(Some(Found::More));
            }
            [b'<', b'_' | b':' | b'a'..=b'z' | b'A'..=b'Z' | 0x80.., ..] => (
                State::Tag {
                    ends: false,
                    quote: None,
                    last: 0,
                },
                1,
            ),
            _ => return Err(broken("a < begins no tag")),
        };
        if let State::Tag { ends, .. } = state {
            self.tag_start = self.at;
            if self.depth == 0 && (ends || !self.prologue.is_empty()) {
                return Err(broken("a tag stands outside the root element"));
            }
            if self.depth == 1 && !ends {
                self.within = true;
                self.row_start = self.at;
                fields.clear();
            }
        }
        self.at += length;
        self.state = state;
        Ok(None)
    }

    fn tag(
        &mut self,
        bytes: &[u8],
        ends: bool,
        mut quote: Option<u8>,
        mut last: u8,
    ) -> Result<Option<Found>, LoadFailure> {
        for byte in bytes.get(self.at..).unwrap_or_default() {
            self.at += 1;
            match (quote, *byte) {
                (Some(open), byte) if open == byte => quote = None,
                (Some(_), _) => {}
                (None, b'"' | b'\'') => quote = Some(*byte),
                (None, b'<') => return Err(broken("a < stands in a tag")),
                (None, b'>') => {
                    self.state = State::Text;
                    return self.tag_over(bytes, ends, last == b'/');
                }
                (None, _) => {}
            }
            last = *byte;
        }
        self.state = State::Tag { ends, quote, last };
        Ok(Some(Found::More))
    }

    /// A tag is there as a whole.
    fn tag_over(
        &mut self,
        bytes: &[u8],
        ends: bool,
        closed: bool,
    ) -> Result<Option<Found>, LoadFailure> {
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
        if self.within && self.depth == 1 {
            self.within = false;
            return Ok(Some(Found::Row));
        }
        Ok(None)
    }

    fn open_root(&mut self, bytes: &[u8], closed: bool) -> Result<(), LoadFailure> {
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
                failure(
                    "encoding",
                    "the file declares an encoding other than UTF-8, UTF-16 and windows-1252",
                )
            })?;
            self.declared = Some(encoding);
        }
        Ok(())
    }
}

/// Whether more bytes may make a comment, a section, a DOCTYPE or a tag of it.
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
