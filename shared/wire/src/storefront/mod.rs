//! The JSON of the storefront API.

pub mod cart;
pub mod catalog;
pub mod documents;
pub mod freshness;
pub mod loads;
pub mod lookups;
pub mod members;
pub mod operations;
pub mod preparation;
pub mod problem;
pub mod rules;
