//! What the ERP does, operation by operation: functions from the state, the time and a request to
//! an answer.

mod amounts;
mod lookup;
mod members;
mod reserve;
mod store;
mod submit;
mod tracking;

pub(crate) use amounts::calculate;
#[cfg(test)]
pub(crate) use lookup::organization_factor;
pub(crate) use lookup::{availability, prices};
pub(crate) use members::{put_organization, put_user};
pub(crate) use reserve::{cancel, prepare, reserve};
pub(crate) use submit::{submit_order, submit_quote};
pub(crate) use tracking::{Filter, detail, find, list};
