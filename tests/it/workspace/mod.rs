//! What holds for the source code itself.

mod layering;
