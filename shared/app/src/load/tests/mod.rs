#![allow(clippy::unwrap_used, clippy::panic)]

mod csv;
mod decide;
mod fakes;
mod rows;
mod run;
