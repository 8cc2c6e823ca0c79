//! What holds for the source code itself.

pub mod documents;
mod layering;
