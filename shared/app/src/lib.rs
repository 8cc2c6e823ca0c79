#![doc = include_str!("../README.md")]

pub mod cart;
pub mod catalog;
pub mod checkout;
pub mod dead_letters;
pub mod directory;
mod error;
pub mod health;
pub mod idempotent;
pub mod items;
pub mod load;
pub mod lookup;
pub mod ports;
pub mod profile;
pub mod registration;
pub mod reservations;
mod sellable;
pub mod submission;
pub mod tracking;
mod ttl_cache;

pub use error::{FieldError, UseCaseError};
