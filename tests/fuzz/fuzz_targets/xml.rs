//! XML: the rows are the same wherever the file is cut, and none of them makes the reader panic.
//! The first byte says how the file is cut; the rest is the file.
#![no_main]

use app::load::{Profile, check_hashed, holds_together};
use bytes::Bytes;
use domain::load::{CatalogRecord, Format, LoadKind};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((piece, file)) = data.split_first() else { return };
    let profile = Profile::default();
    assert!(holds_together(Format::Xml, &profile, file, usize::from(*piece), 0));
    let pieces = file.chunks(usize::from(*piece).max(1)).map(Bytes::copy_from_slice);
    let _ = check_hashed::<CatalogRecord>(LoadKind::Items, Format::Xml, &profile, pieces);
});
