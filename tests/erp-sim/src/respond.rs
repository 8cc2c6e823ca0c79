//! From the result of an operation to a response.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Simulator;
use crate::refusal::Refusal;
use crate::state::ErpState;

/// Reads the request, does the work under the lock, and answers.
pub(crate) fn answer<Q: DeserializeOwned, A: Serialize>(
    simulator: &Simulator,
    body: &[u8],
    work: impl FnOnce(&mut ErpState, i64, &Q) -> Result<A, Refusal>,
) -> Response {
    match serde_json::from_slice::<Q>(body) {
        Ok(request) => reply(simulator.with_state(|state, now| work(state, now, &request))),
        Err(error) => Refusal::invalid(error.to_string()).into_response(),
    }
}

/// The result as a response.
pub(crate) fn reply<A: Serialize>(result: Result<A, Refusal>) -> Response {
    match result {
        Ok(answer) => Json(answer).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}
