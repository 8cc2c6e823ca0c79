#![allow(clippy::unwrap_used, clippy::panic)]

mod csv;
mod fakes;
mod rows;
mod run;
