//! JSON bodies, read strictly.

use app::UseCaseError;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, Limited};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::http::problem::Problem;

/// Most bytes of a request body: 500 lines of a cart take a tenth of it.
pub const BODY_LIMIT: usize = 1024 * 1024;

/// A JSON body. Refuses another media type (415), more than [`BODY_LIMIT`] (413), what is not JSON
/// (400 with the position) and what is not a `T` (400 with a pointer to the place).
#[derive(Debug)]
pub struct Json<T>(pub T);

/// A JSON body together with its bytes, for the fingerprint of an idempotent request.
#[derive(Debug)]
pub struct FingerprintedJson<T> {
    /// The body.
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
    // The only other error of a body that the Lambda service hands over whole is a body cut short.
    let collected = Limited::new(body, BODY_LIMIT)
        .collect()
        .await
        .map_err(|_| Problem::BodyTooLarge(BODY_LIMIT))?;
    Ok(collected.to_bytes())
}

/// No body, or an empty object, for routes that need nothing to be said.
#[derive(Debug, Clone, Copy)]
pub struct NoBody;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Empty {}

impl<S: Send + Sync> FromRequest<S> for NoBody {
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
    // A derived reader takes an array for an object whose fields it lists in order. No route says
    // so.
    if bytes.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'[') {
        return Err(UseCaseError::invalid("", "invalid_value", "the body is an object").into());
    }
    serde_json::from_slice(bytes).or_else(|_| explained(bytes))
}

/// Reads once more what could not be read, and keeps track of where: most bodies are sound, and
/// need not pay for that.
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

/// RFC 6901 pointer of a path.
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
