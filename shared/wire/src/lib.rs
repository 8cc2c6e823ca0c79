//! Types that cross a border: storefront JSON, queue bodies, ERP messages, file rows.

pub mod erp;
pub mod queue;
pub mod rules;
pub mod storefront;
pub mod value;
