#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

pub mod erp;
pub mod queue;
pub mod rules;
pub mod storefront;
pub mod value;
