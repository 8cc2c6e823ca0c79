//! XML: the rows are the same wherever the file is cut, and none of them makes the reader panic.
//! The first byte says how the file is cut; the rest is the file.
#![no_main]

use fuzz::{accept_items, assert_rows_do_not_depend_on_cuts};
use libfuzzer_sys::fuzz_target;
use tabular::{Format, Framing, Profile};

fuzz_target!(|data: &[u8]| {
    let Some((piece, file)) = data.split_first() else { return };
    let piece = usize::from(*piece);
    assert_rows_do_not_depend_on_cuts(&Framing::new(Format::Xml), file, piece, 0);
    let _ = accept_items(Format::Xml, &Profile::default(), file, piece);
});
