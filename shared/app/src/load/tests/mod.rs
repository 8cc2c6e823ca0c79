#![allow(clippy::unwrap_used, clippy::panic)]

mod decide;
mod fakes;
mod formats;
mod rows;
mod run;
mod source;
