#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

pub mod availability;
pub mod caller;
pub mod cart;
pub mod catalog;
pub mod digest;
pub mod freshness;
pub mod ids;
pub mod load;
pub mod member;
pub mod money;
pub mod preparation;
pub mod price;
pub mod quantity;
pub mod registration;
pub mod submission;
pub mod text;
pub mod time;
