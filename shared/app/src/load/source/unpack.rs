//! Compressed files, unpacked piece by piece as they arrive.
//!
//! Memory stays flat whatever the file unpacks to: each step fills one buffer, and what unpacks to
//! more than a limit is refused.

use std::io::{self, BufRead, Read};

use bytes::{Buf, Bytes};
use domain::load::{Compression, LoadFailure};
use flate2::bufread::MultiGzDecoder;

/// Bytes of one unpacked piece.
const PIECE: usize = 64 * 1024;
/// The largest window of zstd, as a power of two: 8 MiB, what every level but the `--ultra` and
/// `--long` ones uses.
const ZSTD_WINDOW_LOG: u32 = 23;

/// The pieces that came and were not read yet. Reading more than there is asks for more instead of
/// ending.
#[derive(Default)]
struct Fed {
    piece: Bytes,
    ended: bool,
}

impl Read for Fed {
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

impl BufRead for Fed {
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

enum Packed {
    Plain(Fed),
    Gzip(Box<MultiGzDecoder<Fed>>),
    Zstd(Box<zstd::stream::read::Decoder<'static, Fed>>),
}

/// Unpacks one file.
pub(in crate::load) struct Unpacker {
    packed: Packed,
    room: Vec<u8>,
    /// Bytes that may still be unpacked.
    left: u64,
}

impl Unpacker {
    /// For a file that may unpack to at most `most` bytes. A file that is not compressed may have
    /// any size.
    pub fn new(compression: Option<Compression>, most: u64) -> Result<Self, LoadFailure> {
        let packed = match compression {
            None => Packed::Plain(Fed::default()),
            Some(Compression::Gzip) => Packed::Gzip(Box::new(MultiGzDecoder::new(Fed::default()))),
            Some(Compression::Zstd) => {
                let decoder = zstd::stream::read::Decoder::with_buffer(Fed::default()).and_then(
                    |mut decoder| {
                        decoder.window_log_max(ZSTD_WINDOW_LOG)?;
                        Ok(decoder)
                    },
                );
                Packed::Zstd(Box::new(decoder.map_err(|_| damaged())?))
            }
        };
        Ok(Self {
            packed,
            room: Vec::new(),
            left: most,
        })
    }

    /// Takes the next piece of the file. The one before must be used up: [`Unpacker::next`]
    /// answered nothing.
    pub fn feed(&mut self, piece: Bytes) {
        self.fed().piece = piece;
    }

    /// Notes that there are no more pieces.
    pub fn end(&mut self) {
        self.fed().ended = true;
    }

    fn fed(&mut self) -> &mut Fed {
        match &mut self.packed {
            Packed::Plain(fed) => fed,
            Packed::Gzip(decoder) => decoder.get_mut(),
            Packed::Zstd(decoder) => decoder.get_mut(),
        }
    }

    /// The next unpacked piece; none when it takes another piece of the file, or the file is over.
    pub fn next(&mut self) -> Result<Option<Bytes>, LoadFailure> {
        let read: &mut dyn Read = match &mut self.packed {
            Packed::Plain(fed) => {
                return Ok(Some(std::mem::take(&mut fed.piece)).filter(|piece| !piece.is_empty()));
            }
            Packed::Gzip(decoder) => decoder,
            Packed::Zstd(decoder) => decoder,
        };
        self.room.resize(PIECE, 0);
        let count = loop {
            match read.read(&mut self.room) {
                Ok(0) => return Ok(None),
                Ok(count) => break count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(_) => return Err(damaged()),
            }
        };
        self.left = self.left.checked_sub(count as u64).ok_or_else(too_large)?;
        Ok(self.room.get(..count).map(Bytes::copy_from_slice))
    }
}

fn damaged() -> LoadFailure {
    let message = "the compressed file is damaged, ends too early, or needs more than 8 MiB of memory to unpack";
    LoadFailure {
        code: "compression".into(),
        message: message.to_owned(),
    }
}

fn too_large() -> LoadFailure {
    LoadFailure {
        code: "unpacked_too_large".into(),
        message: "the file unpacks to more than is allowed".to_owned(),
    }
}

#[cfg(test)]
mod tests;
