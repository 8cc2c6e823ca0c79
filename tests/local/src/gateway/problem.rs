//! What the gateway itself says no with: the same document as the functions.

use http::{HeaderValue, Response, StatusCode, header};
use serde_json::json;

use crate::edge::Body;

/// A problem document of RFC 9457.
pub(super) fn problem(
    status: StatusCode,
    code: &str,
    detail: &str,
    request_id: &str,
) -> Response<Body> {
    let body = json!({
        "type": "about:blank",
        "title": status.canonical_reason().unwrap_or_default(),
        "status": status.as_u16(),
        "code": code,
        "detail": detail,
        "requestId": request_id,
        "errors": [],
    });
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    response
}

/// A JSON answer.
pub(super) fn json_answer(status: StatusCode, body: &serde_json::Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}
