#![doc = include_str!("../README.md")]

pub mod erp;
pub mod queue;
pub mod rules;
pub mod storefront;
pub mod value;
