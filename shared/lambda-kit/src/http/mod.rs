//! The HTTP side of a function: the outermost layer, extractors, problem documents.

mod json;
mod layer;
mod params;
mod problem;
mod recorded;

pub use json::{BODY_LIMIT, EmptyBody, FingerprintedJson, Json};
pub(crate) use layer::missing_layer;
pub use layer::{Call, serve};
pub use params::{IdempotencyHeader, IfMatch, Params, Path, PreferWait, parse_id};
pub use problem::Problem;
pub use recorded::{recorded, stored_response};
