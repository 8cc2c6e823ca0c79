//! Export files of the ERP, from the bucket to the catalog and the members.

mod damage;
mod decisions;
mod exports;
mod formats;
mod kills;
