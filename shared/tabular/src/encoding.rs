//! The encodings of files.
//!
//! UTF-16 becomes UTF-8 as it arrives. Units that are not UTF-16 become bytes that are not UTF-8,
//! so that their row is rejected and can still be written back as it was. A file in windows-1252
//! stays as it is, and each row becomes UTF-8 when its fields are read.

use std::borrow::Cow;

use crate::error::FileError;

/// How the text of a file is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// UTF-8.
    #[default]
    Utf8,
    /// windows-1252.
    Windows1252,
    /// UTF-16, the lower byte first.
    Utf16Le,
    /// UTF-16, the higher byte first.
    Utf16Be,
}

impl Encoding {
    /// The encoding by its name, in upper or lower case. `utf-16` alone is little-endian unless a
    /// byte order mark says otherwise.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" | "us-ascii" | "ascii" => Some(Self::Utf8),
            "windows-1252" | "cp1252" | "iso-8859-1" | "latin1" => Some(Self::Windows1252),
            "utf-16" | "utf-16le" => Some(Self::Utf16Le),
            "utf-16be" => Some(Self::Utf16Be),
            _ => None,
        }
    }

    /// Its name in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Windows1252 => "windows-1252",
            Self::Utf16Le | Self::Utf16Be => "UTF-16",
        }
    }

    pub(crate) fn is_utf16(self) -> bool {
        matches!(self, Self::Utf16Le | Self::Utf16Be)
    }

    /// A text as the bytes that it has in a file after [`Decoder`]. `None` if the encoding lacks a
    /// character.
    pub(crate) fn encode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Windows1252 => match encoding_rs::WINDOWS_1252.encode(text) {
                (bytes, _, false) => Some(bytes.into_owned()),
                _ => None,
            },
            _ => Some(text.as_bytes().to_vec()),
        }
    }

    /// The UTF-8 of bytes after [`Decoder`]. Bytes that should be UTF-8 already are not checked.
    pub(crate) fn text(self, bytes: &[u8]) -> Cow<'_, [u8]> {
        match self {
            Self::Windows1252 if !bytes.is_ascii() => {
                let (text, _) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes);
                Cow::Owned(text.into_owned().into_bytes())
            }
            _ => Cow::Borrowed(bytes),
        }
    }

    /// Appends bytes after [`Decoder`] as they were in the file.
    pub(crate) fn restore(self, bytes: &[u8], into: &mut Vec<u8>) {
        if !self.is_utf16() {
            into.extend_from_slice(bytes);
            return;
        }
        let mut put = |unit: u16| {
            into.extend_from_slice(&if self == Self::Utf16Le {
                unit.to_le_bytes()
            } else {
                unit.to_be_bytes()
            });
        };
        let mut rest = bytes;
        loop {
            let valid = match std::str::from_utf8(rest) {
                Ok(text) => return text.encode_utf16().for_each(put),
                Err(error) => error.valid_up_to(),
            };
            let (text, broken) = rest.split_at(valid);
            std::str::from_utf8(text)
                .unwrap_or_default()
                .encode_utf16()
                .for_each(&mut put);
            // Only a lone surrogate is not UTF-8 here.
            let Some((half, after)) = broken.split_first_chunk::<3>() else {
                return;
            };
            let [first, second, third] = half.map(u16::from);
            put((first & 0x0F) << 12 | (second & 0x3F) << 6 | third & 0x3F);
            rest = after;
        }
    }

    /// The byte order mark of a file of rejected rows in this encoding.
    pub(crate) fn mark(self) -> &'static [u8] {
        match self {
            Self::Utf8 | Self::Windows1252 => b"",
            Self::Utf16Le => b"\xFF\xFE",
            Self::Utf16Be => b"\xFE\xFF",
        }
    }
}

/// Turns pieces of a file into UTF-8, or passes them on as they are.
#[derive(Debug)]
pub(crate) struct Decoder {
    pub encoding: Encoding,
    /// The first bytes of the file, until it is known whether they are a byte order mark; `None`
    /// after that.
    head: Option<Vec<u8>>,
    /// The first byte of a unit.
    half: Option<u8>,
    /// The first unit of a surrogate pair.
    high: Option<u16>,
    /// Bytes of a UTF-8 mark that were dropped at the front.
    pub skipped: u64,
}

impl Decoder {
    /// From the start of a file.
    pub fn new(encoding: Encoding) -> Self {
        let head = (encoding != Encoding::Windows1252).then(Vec::new);
        Self {
            encoding,
            head,
            half: None,
            high: None,
            skipped: 0,
        }
    }

    /// From the middle of a file.
    pub fn inside(encoding: Encoding) -> Self {
        Self {
            head: None,
            ..Self::new(encoding)
        }
    }

    pub fn decode(&mut self, piece: &[u8], into: &mut Vec<u8>) {
        let Some(head) = &mut self.head else {
            return self.body(piece, into);
        };
        let taken = piece.len().min(3 - head.len().min(3));
        let (first, rest) = piece.split_at(taken);
        head.extend_from_slice(first);
        if head.len() == 3 {
            self.decide(into);
            self.body(rest, into);
        }
    }

    /// Ends the file.
    pub fn end(&mut self, into: &mut Vec<u8>) -> Result<(), FileError> {
        self.decide(into);
        if let Some(high) = self.high.take() {
            lone(high, into);
        }
        if self.half.is_some() {
            return Err(FileError::new(
                "encoding",
                "the file is UTF-16 and ends inside a character",
            ));
        }
        Ok(())
    }

    fn decide(&mut self, into: &mut Vec<u8>) {
        let Some(head) = self.head.take() else { return };
        let (encoding, mark) = match head.as_slice() {
            [0xEF, 0xBB, 0xBF] => (Encoding::Utf8, 3),
            [0xFF, 0xFE, ..] => (Encoding::Utf16Le, 2),
            [0xFE, 0xFF, ..] => (Encoding::Utf16Be, 2),
            _ => (self.encoding, 0),
        };
        self.encoding = encoding;
        self.skipped = if encoding == Encoding::Utf8 {
            mark as u64
        } else {
            0
        };
        self.body(head.get(mark..).unwrap_or_default(), into);
    }

    fn body(&mut self, piece: &[u8], into: &mut Vec<u8>) {
        if !self.encoding.is_utf16() {
            into.extend_from_slice(piece);
            return;
        }
        for byte in piece {
            let Some(first) = self.half.take() else {
                self.half = Some(*byte);
                continue;
            };
            let pair = [first, *byte];
            let little = self.encoding == Encoding::Utf16Le;
            self.unit(
                if little {
                    u16::from_le_bytes(pair)
                } else {
                    u16::from_be_bytes(pair)
                },
                into,
            );
        }
    }

    fn unit(&mut self, unit: u16, into: &mut Vec<u8>) {
        if let Some(high) = self.high.take() {
            match char::decode_utf16([high, unit]).next() {
                Some(Ok(char)) => return put(char, into),
                _ => lone(high, into),
            }
        }
        match char::from_u32(u32::from(unit)) {
            Some(char) => put(char, into),
            None if (0xD800..0xDC00).contains(&unit) => self.high = Some(unit),
            None => lone(unit, into),
        }
    }
}

fn put(char: char, into: &mut Vec<u8>) {
    into.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
}

/// Writes a lone surrogate as UTF-8 would, which makes it invalid UTF-8.
fn lone(unit: u16, into: &mut Vec<u8>) {
    let [high, low] = [(unit >> 6) & 0x3F, unit & 0x3F].map(|six| 0x80 | six as u8);
    into.extend_from_slice(&[0xE0 | (unit >> 12) as u8, high, low]);
}
