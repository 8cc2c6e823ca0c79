//! Decompresses a file piece by piece, as the pieces arrive.
//!
//! Memory stays flat whatever the file decompresses to: each step fills one buffer, and a file that
//! decompresses to more than a limit is refused.

use std::io::{self, BufRead, Read};

use bytes::{Buf, Bytes};
use flate2::bufread::MultiGzDecoder;

use crate::error::FileError;

/// Bytes of one decompressed piece.
pub(crate) const PIECE: usize = 64 * 1024;
/// The largest window of zstd, as a power of two: 8 MiB, which every level uses except `--ultra`
/// and `--long`.
const ZSTD_WINDOW_LOG: u32 = 23;

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Compression {
    /// gzip (RFC 1952), also several members one after the other.
    Gzip,
    /// Zstandard (RFC 8878).
    Zstd,
}

impl Compression {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Gzip, Self::Zstd];

    /// The compression by the end of a file's name, such as `csv.gz`. `None` if there is none.
    #[must_use]
    pub fn of_suffix(suffix: &str) -> Option<Self> {
        let last = suffix.rsplit('.').next()?;
        Self::ALL
            .iter()
            .copied()
            .find(|compression| compression.suffix() == last)
    }

    /// The end of the names of its files.
    #[must_use]
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Gzip => "gz",
            Self::Zstd => "zst",
        }
    }
}

/// Pieces that arrived and were not read yet. It answers "would block" at the end of a piece until
/// it knows that no more pieces follow.
#[derive(Default)]
struct Input {
    piece: Bytes,
    ended: bool,
}

impl Read for Input {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let from = self.fill_buf()?;
        let count = from.len().min(into.len());
        let (into, from) = (
            into.get_mut(..count).unwrap_or_default(),
            from.get(..count).unwrap_or_default(),
        );
        into.copy_from_slice(from);
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Input {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.piece.is_empty() && !self.ended {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(&self.piece)
    }

    fn consume(&mut self, count: usize) {
        self.piece.advance(count.min(self.piece.len()));
    }
}

enum Decoder {
    Plain(Input),
    Gzip(Box<MultiGzDecoder<Input>>),
    Zstd(Box<zstd::stream::read::Decoder<'static, Input>>),
}

/// Decompresses one file.
pub struct Decompressor {
    decoder: Decoder,
    buffer: Vec<u8>,
    /// Bytes that the file may still decompress to.
    left: u64,
}

impl Decompressor {
    /// For a file that may decompress to at most `max_bytes`. A file that is not compressed may
    /// have any size.
    ///
    /// # Errors
    /// The decoder cannot be set up.
    pub fn new(compression: Option<Compression>, max_bytes: u64) -> Result<Self, FileError> {
        let decoder = match compression {
            None => Decoder::Plain(Input::default()),
            Some(Compression::Gzip) => {
                Decoder::Gzip(Box::new(MultiGzDecoder::new(Input::default())))
            }
            Some(Compression::Zstd) => {
                let decoder = zstd::stream::read::Decoder::with_buffer(Input::default()).and_then(
                    |mut decoder| {
                        decoder.window_log_max(ZSTD_WINDOW_LOG)?;
                        Ok(decoder)
                    },
                );
                Decoder::Zstd(Box::new(decoder.map_err(|_| damaged())?))
            }
        };
        Ok(Self {
            decoder,
            buffer: Vec::new(),
            left: max_bytes,
        })
    }

    /// Takes the next piece of the file. The one before must be used up:
    /// [`next`](Self::next) returned `None`.
    pub fn feed(&mut self, piece: Bytes) {
        self.input().piece = piece;
    }

    /// Ends the file: no more pieces follow.
    pub fn end(&mut self) {
        self.input().ended = true;
    }

    fn input(&mut self) -> &mut Input {
        match &mut self.decoder {
            Decoder::Plain(input) => input,
            Decoder::Gzip(decoder) => decoder.get_mut(),
            Decoder::Zstd(decoder) => decoder.get_mut(),
        }
    }

    /// The next decompressed piece. `None` if it needs another piece of the file, or the file
    /// ended.
    ///
    /// # Errors
    /// The file is damaged, or larger than it may be.
    #[expect(
        clippy::should_implement_trait,
        reason = "more pieces may follow after `None`"
    )]
    pub fn next(&mut self) -> Result<Option<Bytes>, FileError> {
        let read: &mut dyn Read = match &mut self.decoder {
            Decoder::Plain(input) => {
                return Ok(Some(std::mem::take(&mut input.piece)).filter(|piece| !piece.is_empty()));
            }
            Decoder::Gzip(decoder) => decoder,
            Decoder::Zstd(decoder) => decoder,
        };
        self.buffer.resize(PIECE, 0);
        let count = loop {
            match read.read(&mut self.buffer) {
                Ok(0) => return Ok(None),
                Ok(count) => break count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(_) => return Err(damaged()),
            }
        };
        self.left = self.left.checked_sub(count as u64).ok_or_else(too_large)?;
        Ok(self.buffer.get(..count).map(Bytes::copy_from_slice))
    }
}

fn damaged() -> FileError {
    let message = "the compressed file is damaged, ends too early, or needs more than 8 MiB of \
        memory to unpack";
    FileError::new("compression", message)
}

fn too_large() -> FileError {
    FileError::new(
        "unpacked_too_large",
        "the file unpacks to more than is allowed",
    )
}
