#![allow(clippy::unwrap_used, clippy::panic)]

mod decide;
mod fakes;
mod formats;
mod profile;
mod rows;
mod run;
