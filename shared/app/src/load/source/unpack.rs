//! Compressed files, unpacked piece by piece as they arrive.
//!
//! Memory stays flat whatever the file unpacks to: each step fills one buffer, and what unpacks to more than a limit is refused.

use std::io::{self, BufRead, Read};

use bytes::{Buf, Bytes};
use domain::load::{Compression, LoadFailure};
use flate2::bufread::MultiGzDecoder;

/// Bytes of one unpacked piece.
const PIECE: usize = 64 * 1024;
/// The largest window of zstd, as a power of two: 8 MiB, what every level but the `--ultra` and `--long` ones uses.
const ZSTD_WINDOW_LOG: u32 = 23;

/// The pieces that came and were not read yet. Reading more than there is asks for more instead of ending.
#[derive(Default)]
struct Fed {
    piece: Bytes,
    ended: bool,
}

impl Read for Fed {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let from = self.fill_buf()?;
        let count = from.len().min(into.len());
        let (into, from) = (into.get_mut(..count).unwrap_or_default(), from.get(..count).unwrap_or_default());
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
    /// For a file that may unpack to at most `most` bytes. A file that is not compressed may have any size.
    pub fn new(compression: Option<Compression>, most: u64) -> Result<Self, LoadFailure> {
        let packed = match compression {
            None => Packed::Plain(Fed::default()),
            Some(Compression::Gzip) => Packed::Gzip(Box::new(MultiGzDecoder::new(Fed::default()))),
            Some(Compression::Zstd) => {
                let decoder = zstd::stream::read::Decoder::with_buffer(Fed::default()).and_then(|mut decoder| {
                    decoder.window_log_max(ZSTD_WINDOW_LOG)?;
                    Ok(decoder)
                });
                Packed::Zstd(Box::new(decoder.map_err(|_| damaged())?))
            }
        };
        Ok(Self { packed, room: Vec::new(), left: most })
    }

    /// Takes the next piece of the file. The one before must be used up: [`Unpacker::next`] answered nothing.
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
            Packed::Plain(fed) => return Ok(Some(std::mem::take(&mut fed.piece)).filter(|piece| !piece.is_empty())),
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
    LoadFailure { code: "compression".into(), message: message.to_owned() }
}

fn too_large() -> LoadFailure {
    LoadFailure { code: "unpacked_too_large".into(), message: "the file unpacks to more than is allowed".to_owned() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Write;

    use super::*;

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn unpack(compression: Option<Compression>, file: &[u8], cut: usize, most: u64) -> Result<Vec<u8>, String> {
        let mut unpacker = Unpacker::new(compression, most).unwrap();
        let mut all = Vec::new();
        let pieces = file.chunks(cut).map(Some).chain([None]);
        for piece in pieces {
            match piece {
                Some(piece) => unpacker.feed(Bytes::copy_from_slice(piece)),
                None => unpacker.end(),
            }
            while let Some(piece) = unpacker.next().map_err(|failure| failure.code.into_owned())? {
                assert!(piece.len() <= PIECE.max(cut));
                all.extend_from_slice(&piece);
            }
        }
        Ok(all)
    }

    #[test]
    fn a_file_unpacks_to_what_it_was_wherever_it_is_cut() {
        let content: Vec<u8> = (0..200_000_u32).flat_map(|n| (n / 7).to_le_bytes()).collect();
        let several = [gzip(&content[..1000]), gzip(&content[1000..])].concat();
        let zstd = zstd::stream::encode_all(&content[..], 3).unwrap();
        for cut in [1, 7, 4096, 1 << 20] {
            for (compression, file) in
                [(None, &content), (Some(Compression::Gzip), &several), (Some(Compression::Zstd), &zstd)]
            {
                assert_eq!(unpack(compression, file, cut, 1 << 30).unwrap(), content, "{compression:?} {cut}");
            }
        }
    }

    #[test]
    fn a_damaged_or_short_file_is_refused() {
        for (compression, file) in [
            (Compression::Gzip, gzip(&[7; 5000])),
            (Compression::Zstd, zstd::stream::encode_all(&[7; 5000][..], 3).unwrap()),
        ] {
            let short = &file[..file.len() - 3];
            assert_eq!(unpack(Some(compression), short, 5, 1 << 30), Err("compression".to_owned()));
            assert_eq!(unpack(Some(compression), b"sku,name,unit\n", 5, 1 << 30), Err("compression".to_owned()));
        }
    }

    #[test]
    fn a_bomb_is_stopped_at_the_limit() {
        let zeros = vec![0; 50_000_000];
        for (compression, file) in
            [(Compression::Gzip, gzip(&zeros)), (Compression::Zstd, zstd::stream::encode_all(&zeros[..], 3).unwrap())]
        {
            assert_eq!(unpack(Some(compression), &file, 1 << 20, 1 << 20), Err("unpacked_too_large".to_owned()));
        }
    }

    #[test]
    fn a_window_beyond_the_limit_is_refused() {
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(27).unwrap();
        encoder.write_all(&vec![1; 1 << 20]).unwrap();
        let file = encoder.finish().unwrap();
        assert_eq!(unpack(Some(Compression::Zstd), &file, 4096, 1 << 30), Err("compression".to_owned()));
    }
}
