//! Stored responses, which repetitions of a request get.

use app::ports::idempotency::StoredResponse;
use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;

/// Makes the response to store for repetitions of a request.
#[must_use]
pub fn stored_response(status: StatusCode, body: String) -> StoredResponse {
    StoredResponse::new(status.as_u16(), body)
}

/// Makes the HTTP response of a stored response, byte for byte.
#[must_use]
pub fn recorded(stored: StoredResponse) -> Response {
    let mut response = Response::new(Body::from(stored.body().to_owned()));
    *response.status_mut() = StatusCode::from_u16(stored.code()).unwrap_or(StatusCode::OK);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
