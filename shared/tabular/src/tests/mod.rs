#![allow(clippy::unwrap_used, clippy::panic)]

mod decompress;
mod reader;
mod source;
