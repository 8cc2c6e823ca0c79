//! Types that cross a border: storefront JSON, queue bodies, ERP messages, file rows.

#![warn(missing_docs)]

pub mod erp;
pub mod queue;
pub mod rules;
pub mod storefront;
pub mod value;
