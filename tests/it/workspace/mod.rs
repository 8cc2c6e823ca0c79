//! What holds for the source code itself: how crates and modules depend on each other, how long
//! functions and files are, and which words they use. Each check also has a test that shows what it
//! finds, so that a check that no longer looks does not pass for good.

mod circles;
pub mod documents;
mod layering;
mod names;
mod sizes;
mod source;
mod words;
