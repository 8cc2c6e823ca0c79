//! Orders and quotes, from the capture to the ERP.

mod approval;
mod concurrency;
mod outcomes;
mod promptness;
mod purchase;
mod quote;
mod tracking;
