//! JSON bodies, parsed strictly.

use app::UseCaseError;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, Limited};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::http::problem::Problem;

/// The most bytes of a request body. A cart of 500 lines takes a tenth of it.
pub const BODY_LIMIT: usize = 1024 * 1024;

/// A JSON body. Another media type gets 415, more than [`BODY_LIMIT`] 413, invalid JSON 400 with
/// the position, and JSON that is not a `T` 400 with a pointer to the value.
#[derive(Debug)]
pub struct Json<T>(pub T);

/// A JSON body together with its bytes, for the fingerprint of an idempotent request.
#[derive(Debug)]
pub struct FingerprintedJson<T> {
    pub value: T,
    /// Hexadecimal SHA-256 of the bytes.
    pub fingerprint: String,
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        parse(&read(request).await?).map(Self)
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for FingerprintedJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let bytes = read(request).await?;
        let value = parse(&bytes)?;
        Ok(Self {
            value,
            fingerprint: crate::fingerprint(&bytes),
        })
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

async fn read(request: Request) -> Result<Bytes, Problem> {
    let media = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    if !media
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .eq_ignore_ascii_case("application/json")
    {
        return Err(Problem::UnsupportedMediaType);
    }
    collect(request).await
}

async fn collect(request: Request) -> Result<Bytes, Problem> {
    let body: Body = request.into_body();
    // The Lambda service passes the whole body, so no other error than the limit is to be expected.
    let collected = Limited::new(body, BODY_LIMIT)
        .collect()
        .await
        .map_err(|_| Problem::BodyTooLarge(BODY_LIMIT))?;
    Ok(collected.to_bytes())
}

/// No body or an empty object, for routes without parameters in the body.
#[derive(Debug, Clone, Copy)]
pub struct EmptyBody;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Empty {}

impl<S: Send + Sync> FromRequest<S> for EmptyBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let bytes = collect(request).await?;
        if !bytes.is_empty() {
            let Empty {} = parse(&bytes)?;
        }
        Ok(Self)
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // A derived deserializer accepts an array with the fields of a struct in order. The API does
    // not.
    if bytes.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'[') {
        return Err(UseCaseError::invalid("", "invalid_value", "the body is an object").into());
    }
    serde_json::from_slice(bytes).or_else(|_| explained(bytes))
}

/// Parses a body again that could not be parsed, and finds the place of the error. Valid bodies do
/// not pay for this.
fn explained<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let pointer = pointer(error.path());
        let inner = error.into_inner();
        match inner.classify() {
            serde_json::error::Category::Data => {
                let message = message(&inner);
                let code = if message.starts_with("unknown field") {
                    "unknown_field"
                } else if message.starts_with("missing field") {
                    "missing_field"
                } else {
                    "invalid_value"
                };
                Problem::UseCase(UseCaseError::invalid(pointer, code, message))
            }
            _ => Problem::MalformedJson {
                line: inner.line(),
                column: inner.column(),
            },
        }
    })?;
    reader.end().map_err(|e| Problem::MalformedJson {
        line: e.line(),
        column: e.column(),
    })?;
    Ok(value)
}

fn message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ")
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// Returns the JSON pointer (RFC 6901) of a path.
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(format!("/{index}")),
            Segment::Map { key } => Some(format!("/{}", key.replace('~', "~0").replace('/', "~1"))),
            Segment::Enum { variant } => Some(format!("/{variant}")),
            Segment::Unknown => None,
        })
        .collect()
}
