//! Headers, path and query parameters.

use app::UseCaseError;
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use domain::ids::IdError;
use serde::de::DeserializeOwned;

use crate::http::problem::Problem;

/// Parses an id of the path.
///
/// # Errors
/// [`UseCaseError::NotFound`], as for an unknown id, if the text is not an id.
pub fn parse_id<T>(
    text: &str,
    parse: impl FnOnce(&str) -> Result<T, IdError>,
) -> Result<T, UseCaseError> {
    parse(text).map_err(|_| UseCaseError::NotFound)
}

/// Parameters of the path. One that is not UTF-8 gets 404, as an unknown id does.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(_) => Err(UseCaseError::NotFound.into()),
        }
    }
}

/// Query parameters.
#[derive(Debug)]
pub struct Params<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(value)) => Ok(Self(value)),
            Err(_) => Err(UseCaseError::invalid(
                "",
                "invalid_query",
                "the query parameters are not valid",
            )
            .into()),
        }
    }
}

fn header<'a>(parts: &'a Parts, name: &str) -> Option<&'a str> {
    parts
        .headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .map(str::trim)
        .filter(|text| !text.is_empty())
}

/// `If-Match` with the version that the caller read.
#[derive(Debug, Clone, Copy)]
pub struct IfMatch(pub Option<u64>);

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match header(parts, "if-match") {
            None | Some("*") => Ok(Self(None)),
            // An entity tag of another form matches no version.
            Some(tag) => match tag.trim_start_matches("W/").trim_matches('"').parse() {
                Ok(version) => Ok(Self(Some(version))),
                Err(_) => Err(UseCaseError::PreconditionFailed.into()),
            },
        }
    }
}

/// `Idempotency-Key`: 1 to 128 visible ASCII characters.
#[derive(Debug, Clone)]
pub struct IdempotencyHeader(pub String);

impl<S: Sync> FromRequestParts<S> for IdempotencyHeader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match header(parts, "idempotency-key") {
            None => Err(UseCaseError::IdempotencyKeyRequired.into()),
            Some(key) if key.len() <= 128 && key.bytes().all(|b| b.is_ascii_graphic()) => {
                Ok(Self(key.to_owned()))
            }
            Some(_) => Err(UseCaseError::invalid(
                "",
                "invalid_idempotency_key",
                "Idempotency-Key has 1 to 128 visible ASCII characters",
            )
            .into()),
        }
    }
}

/// The most seconds that a caller may wait.
const MAX_WAIT: u64 = 20;

/// `Prefer: wait=N` in seconds, at most 20 (RFC 7240); 0 without it.
#[derive(Debug, Clone, Copy)]
pub struct PreferWait(pub u32);

impl<S: Sync> FromRequestParts<S> for PreferWait {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let seconds = header(parts, "prefer")
            .into_iter()
            .flat_map(|text| text.split([',', ';']))
            .find_map(|part| part.trim().strip_prefix("wait="))
            .and_then(|n| n.trim().parse::<u64>().ok())
            .unwrap_or(0);
        Ok(Self(u32::try_from(seconds.min(MAX_WAIT)).unwrap_or(0)))
    }
}
