//! The encodings of files.
//!
//! UTF-16 becomes UTF-8 as it arrives. What is no UTF-16 in it becomes bytes that are no UTF-8
//! either, so that the row is refused and can still be written back as it was. A file in
//! windows-1252 is read as bytes, and each row becomes UTF-8 when it is read.

use std::borrow::Cow;

use domain::load::LoadFailure;

use super::failure;

/// How the text of a file is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::load) enum Encoding {
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
    /// The encoding by its name, upper or lower case. `utf-16` alone is little-endian unless a mark
    /// says otherwise.
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
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Windows1252 => "windows-1252",
            Self::Utf16Le | Self::Utf16Be => "UTF-16",
        }
    }

    pub fn is_utf16(self) -> bool {
        matches!(self, Self::Utf16Le | Self::Utf16Be)
    }

    /// A text as the bytes that are looked for in the file after [`Decoder`]; none when the
    /// encoding lacks a character.
    pub fn sought(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Windows1252 => match encoding_rs::WINDOWS_1252.encode(text) {
                (bytes, _, false) => Some(bytes.into_owned()),
                _ => None,
            },
            _ => Some(text.as_bytes().to_vec()),
        }
    }

    /// The text of bytes after [`Decoder`], unless they are UTF-8 already or ought to be.
    pub fn text(self, bytes: &[u8]) -> Cow<'_, [u8]> {
        match self {
            Self::Windows1252 if !bytes.is_ascii() => {
                let (text, _) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes);
                Cow::Owned(text.into_owned().into_bytes())
            }
            _ => Cow::Borrowed(bytes),
        }
    }

    /// Appends bytes after [`Decoder`] as they stood in the file.
    pub fn restore(self, bytes: &[u8], into: &mut Vec<u8>) {
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
            // What is no UTF-8 here is a lone half of a pair.
            let Some((half, after)) = broken.split_first_chunk::<3>() else {
                return;
            };
            let [first, second, third] = half.map(u16::from);
            put((first & 0x0F) << 12 | (second & 0x3F) << 6 | third & 0x3F);
            rest = after;
        }
    }

    /// The mark that a file of ours in this encoding begins with.
    pub fn mark(self) -> &'static [u8] {
        match self {
            Self::Utf8 | Self::Windows1252 => b"",
            Self::Utf16Le => b"\xFF\xFE",
            Self::Utf16Be => b"\xFE\xFF",
        }
    }
}

/// Turns pieces of a file into UTF-8, or leaves them alone.
#[derive(Debug)]
pub(super) struct Decoder {
    pub encoding: Encoding,
    /// The first bytes of the file, until they say whether they are a mark; none when that was
    /// decided.
    head: Option<Vec<u8>>,
    /// The first half of a unit.
    half: Option<u8>,
    /// The first unit of a pair.
    high: Option<u16>,
    /// Bytes of a mark that was taken off the front of UTF-8.
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

    /// Notes the end of the file.
    pub fn end(&mut self, into: &mut Vec<u8>) -> Result<(), LoadFailure> {
        self.decide(into);
        if let Some(high) = self.high.take() {
            lone(high, into);
        }
        if self.half.is_some() {
            return Err(failure(
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

/// A unit that is half of a pair, in the form of UTF-8, which it is not.
fn lone(unit: u16, into: &mut Vec<u8>) {
    let [high, low] = [(unit >> 6) & 0x3F, unit & 0x3F].map(|six| 0x80 | six as u8);
    into.extend_from_slice(&[0xE0 | (unit >> 12) as u8, high, low]);
}
