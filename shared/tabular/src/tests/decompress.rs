use std::io::Write;

use bytes::Bytes;

use crate::decompress::PIECE;
use crate::{Compression, Decompressor, Format};

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn decompress(
    compression: Option<Compression>,
    file: &[u8],
    cut: usize,
    most: u64,
) -> Result<Vec<u8>, String> {
    let mut decompressor = Decompressor::new(compression, most).unwrap();
    let mut all = Vec::new();
    let pieces = file.chunks(cut).map(Some).chain([None]);
    for piece in pieces {
        match piece {
            Some(piece) => decompressor.feed(Bytes::copy_from_slice(piece)),
            None => decompressor.end(),
        }
        while let Some(piece) = decompressor.next().map_err(|error| error.code.to_owned())? {
            assert!(piece.len() <= PIECE.max(cut));
            all.extend_from_slice(&piece);
        }
    }
    Ok(all)
}

#[test]
fn a_file_decompresses_to_what_it_was_wherever_it_is_cut() {
    let content: Vec<u8> = (0..200_000_u32)
        .flat_map(|n| (n / 7).to_le_bytes())
        .collect();
    let several = [gzip(&content[..1000]), gzip(&content[1000..])].concat();
    let zstd = zstd::stream::encode_all(&content[..], 3).unwrap();
    for cut in [1, 7, 4096, 1 << 20] {
        for (compression, file) in [
            (None, &content),
            (Some(Compression::Gzip), &several),
            (Some(Compression::Zstd), &zstd),
        ] {
            assert_eq!(
                decompress(compression, file, cut, 1 << 30).unwrap(),
                content,
                "{compression:?} {cut}"
            );
        }
    }
}

#[test]
fn a_damaged_or_short_file_is_refused() {
    for (compression, file) in [
        (Compression::Gzip, gzip(&[7; 5000])),
        (
            Compression::Zstd,
            zstd::stream::encode_all(&[7; 5000][..], 3).unwrap(),
        ),
    ] {
        let short = &file[..file.len() - 3];
        assert_eq!(
            decompress(Some(compression), short, 5, 1 << 30),
            Err("compression".to_owned())
        );
        assert_eq!(
            decompress(Some(compression), b"sku,name,unit\n", 5, 1 << 30),
            Err("compression".to_owned())
        );
    }
}

#[test]
fn a_bomb_is_stopped_at_the_limit() {
    let zeros = vec![0; 50_000_000];
    for (compression, file) in [
        (Compression::Gzip, gzip(&zeros)),
        (
            Compression::Zstd,
            zstd::stream::encode_all(&zeros[..], 3).unwrap(),
        ),
    ] {
        assert_eq!(
            decompress(Some(compression), &file, 1 << 20, 1 << 20),
            Err("unpacked_too_large".to_owned())
        );
    }
}

#[test]
fn a_window_beyond_the_limit_is_refused() {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(27).unwrap();
    encoder.write_all(&vec![1; 1 << 20]).unwrap();
    let file = encoder.finish().unwrap();
    assert_eq!(
        decompress(Some(Compression::Zstd), &file, 4096, 1 << 30),
        Err("compression".to_owned())
    );
}

#[test]
fn format_and_compression_are_known_by_the_suffix() {
    for (suffix, format, compression) in [
        ("csv", Some(Format::Csv), None),
        ("csv.gz", Some(Format::Csv), Some(Compression::Gzip)),
        ("csv.zst", Some(Format::Csv), Some(Compression::Zstd)),
        ("ndjson", Some(Format::Ndjson), None),
        ("xml.gz", Some(Format::Xml), Some(Compression::Gzip)),
        ("xls.zst", None, Some(Compression::Zstd)),
        ("gz", None, Some(Compression::Gzip)),
        ("json", None, None),
        ("bz2", None, None),
        ("", None, None),
    ] {
        assert_eq!(
            (Format::of_suffix(suffix), Compression::of_suffix(suffix)),
            (format, compression),
            "{suffix}"
        );
    }
}
