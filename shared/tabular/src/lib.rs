#![doc = include_str!("../README.md")]

mod byte_search;
mod decompress;
mod encoding;
mod error;
mod fields;
mod framing;
mod lines;
mod position;
mod profile;
mod reader;
mod rejects;
mod source;
mod split;
#[cfg(test)]
mod tests;

pub use decompress::{Compression, Decompressor};
pub use encoding::Encoding;
pub use error::FileError;
pub use fields::{ATTRIBUTE_PREFIX, MAX_FIELDS, RawRecord, RowDefect};
pub use framing::{Dialect, Format, Framing, ReadStep};
pub use position::RowPosition;
pub use profile::{
    ColumnSelector, Dates, Defaults, HeaderlessColumns, MAX_PROFILE_BYTES, Mapping, Meaningless,
    Numbers, Profile, Rule,
};
pub use reader::RowReader;
pub use rejects::RejectsFile;
pub use source::{MAX_ROW_BYTES, Source};
pub use split::SplitFinder;
