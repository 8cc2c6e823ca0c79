#![allow(clippy::unwrap_used, clippy::panic)]

mod fakes;
mod formats;
mod operator;
mod profile;
mod rows;
mod run;
mod tables;
