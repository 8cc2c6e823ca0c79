#![doc = include_str!("../README.md")]

pub mod dataset;
pub mod edge;
pub mod functions;
pub mod gateway;
pub mod host;
pub mod load;
pub mod provision;
pub mod serve;
pub mod sources;
pub mod stack;
pub mod stop;
pub mod template;
pub mod tour;
