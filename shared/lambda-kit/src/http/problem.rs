//! The table of problems: status, code and title of each, in one exhaustive match.

use app::ports::{ErpError, StoreError};
use app::{FieldError, UseCaseError};
use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use wire::storefront::problem::{Problem as Document, ProblemError};

/// Why the response is a problem document: an error of a use case, or an error of the HTTP request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    UseCase(UseCaseError),
    /// No token, or one that does not verify.
    Unauthenticated,
    /// No such route.
    RouteNotFound,
    /// The route has no such method.
    MethodNotAllowed,
    /// The body is not `application/json`.
    UnsupportedMediaType,
    /// The body is over the limit, in bytes.
    BodyTooLarge(usize),
    /// The body is not JSON.
    MalformedJson {
        /// Line of the error, from 1.
        line: usize,
        /// Column of the error, from 1.
        column: usize,
    },
}

impl From<UseCaseError> for Problem {
    fn from(failure: UseCaseError) -> Self {
        Self::UseCase(failure)
    }
}

/// Status, code and title.
type Head = (StatusCode, &'static str, &'static str);

fn head(problem: &Problem) -> Head {
    match problem {
        Problem::UseCase(failure) => failure_head(failure),
        Problem::Unauthenticated => (
            StatusCode::UNAUTHORIZED,
            "unauthenticated",
            "A valid bearer token is required",
        ),
        Problem::RouteNotFound => (
            StatusCode::NOT_FOUND,
            "route_not_found",
            "There is no such route",
        ),
        Problem::MethodNotAllowed => (
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "The route has no such method",
        ),
        Problem::UnsupportedMediaType => (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "The body must be application/json",
        ),
        Problem::BodyTooLarge(_) => (
            StatusCode::PAYLOAD_TOO_LARGE,
            "body_too_large",
            "The body is too large",
        ),
        Problem::MalformedJson { .. } => (
            StatusCode::BAD_REQUEST,
            "malformed_json",
            "The body is not JSON",
        ),
    }
}

fn failure_head(failure: &UseCaseError) -> Head {
    match failure {
        UseCaseError::NotFound => (StatusCode::NOT_FOUND, "not_found", "There is no such thing"),
        UseCaseError::Forbidden => (
            StatusCode::FORBIDDEN,
            "forbidden",
            "The caller's role does not allow this",
        ),
        UseCaseError::MemberNotActive => (
            StatusCode::FORBIDDEN,
            "member_not_active",
            "The user or the organization is pending, rejected or inactive",
        ),
        UseCaseError::Invalid(_) => (
            StatusCode::BAD_REQUEST,
            "invalid_request",
            "The request is not valid",
        ),
        UseCaseError::PreconditionFailed => (
            StatusCode::PRECONDITION_FAILED,
            "precondition_failed",
            "It was changed since the version named in If-Match",
        ),
        UseCaseError::Contention => (
            StatusCode::CONFLICT,
            "concurrent_change",
            "Others changed it at the same time; try again",
        ),
        UseCaseError::CartSubmitted => (
            StatusCode::CONFLICT,
            "cart_submitted",
            "The cart became an order or a quote",
        ),
        UseCaseError::TooManyLines => (
            StatusCode::BAD_REQUEST,
            "too_many_lines",
            "A cart has at most 500 lines",
        ),
        UseCaseError::CartTooLarge => (
            StatusCode::CONFLICT,
            "cart_too_large",
            "The cart is too large to be kept; order a part of it first",
        ),
        UseCaseError::CartEmpty => (StatusCode::CONFLICT, "cart_empty", "The cart has no lines"),
        UseCaseError::ShippingMissing => (
            StatusCode::CONFLICT,
            "shipping_missing",
            "The cart has no shipping address and method",
        ),
        UseCaseError::PurchaseOrderNumberRequired => (
            StatusCode::BAD_REQUEST,
            "purchase_order_number_required",
            "The organization requires a purchase order number",
        ),
        UseCaseError::PreparationInvalid => (
            StatusCode::CONFLICT,
            "preparation_invalid",
            "The preparation is missing, over, or of another version of the cart",
        ),
        UseCaseError::TotalChanged { .. } => (
            StatusCode::CONFLICT,
            "total_changed",
            "The accepted total is not the prepared one",
        ),
        UseCaseError::LinesRefused(_) => (
            StatusCode::CONFLICT,
            "lines_refused",
            "Lines cannot be ordered as they are",
        ),
        UseCaseError::IdempotencyKeyRequired => (
            StatusCode::BAD_REQUEST,
            "idempotency_key_required",
            "The header Idempotency-Key is required",
        ),
        UseCaseError::IdempotencyKeyReused => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "idempotency_key_reused",
            "The Idempotency-Key was used with another body",
        ),
        UseCaseError::IdempotencyInProgress => (
            StatusCode::CONFLICT,
            "idempotency_in_progress",
            "The first request with this Idempotency-Key still runs",
        ),
        UseCaseError::AlreadyDecided => (
            StatusCode::CONFLICT,
            "already_decided",
            "There is nothing left to decide",
        ),
        UseCaseError::AlreadyExists => (
            StatusCode::CONFLICT,
            "already_exists",
            "There is one already",
        ),
        UseCaseError::AmountsDisagree(_) => (
            StatusCode::BAD_GATEWAY,
            "erp_amounts_disagree",
            "The external system's amounts do not add up",
        ),
        UseCaseError::Erp(error) => erp_head(error),
        UseCaseError::Store(StoreError::Throttled { .. } | StoreError::Unavailable { .. }) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "store_unavailable",
            "The store is not available; try again",
        ),
        UseCaseError::Store(StoreError::Cursor) => (
            StatusCode::BAD_REQUEST,
            "invalid_cursor",
            "The cursor is not one of this list",
        ),
        // A buyer can make only a cart too large, which is `CartTooLarge`. Any other record that is
        // too large is a defect.
        UseCaseError::Store(
            StoreError::Refused { .. } | StoreError::Corrupt { .. } | StoreError::TooLarge { .. },
        )
        | UseCaseError::Internal(_) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal_error",
            "Something went wrong on our side",
        ),
    }
}

fn erp_head(error: &ErpError) -> Head {
    match error {
        ErpError::Unavailable(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "erp_unavailable",
            "The external system is not available; try again",
        ),
        ErpError::Timeout | ErpError::NoTime => (
            StatusCode::GATEWAY_TIMEOUT,
            "erp_timeout",
            "The external system did not answer in time",
        ),
        ErpError::Refused { .. } => (
            StatusCode::CONFLICT,
            "erp_refused",
            "The external system refused",
        ),
        ErpError::Invalid(_) => (
            StatusCode::BAD_GATEWAY,
            "erp_invalid_answer",
            "The external system's answer is not usable",
        ),
    }
}

/// Returns the detail for the caller, or the title if there is none.
fn detail(problem: &Problem, title: &str) -> String {
    match problem {
        Problem::UseCase(UseCaseError::TotalChanged {
            accepted, prepared, ..
        }) => {
            format!("The accepted total is {accepted}, the prepared one {prepared}.")
        }
        Problem::UseCase(UseCaseError::Erp(ErpError::Refused { code, .. })) => {
            format!("The external system refused with code {code}.")
        }
        Problem::BodyTooLarge(limit) => format!("The limit is {limit} bytes."),
        Problem::MalformedJson { line, column } => {
            format!("Not JSON at line {line}, column {column}.")
        }
        _ => title.to_owned(),
    }
}

fn errors(problem: &Problem) -> &[FieldError] {
    match problem {
        Problem::UseCase(
            UseCaseError::Invalid(errors)
            | UseCaseError::LinesRefused(errors)
            | UseCaseError::TotalChanged { lines: errors, .. },
        ) => errors,
        _ => &[],
    }
}

impl Problem {
    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        head(self).0
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        head(self).1
    }

    /// The problem document as a response.
    #[must_use]
    pub fn render(&self, request_id: &str) -> Response {
        let (status, code, title) = head(self);
        let document = Document {
            kind: "about:blank".to_owned(),
            title: title.to_owned(),
            status: status.as_u16(),
            code: code.to_owned(),
            detail: detail(self, title),
            request_id: request_id.to_owned(),
            errors: errors(self)
                .iter()
                .map(|e| ProblemError {
                    pointer: e.pointer.clone(),
                    code: e.code.to_owned(),
                    message: e.message.clone(),
                })
                .collect(),
        };
        let body = serde_json::to_vec(&document).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        response.headers_mut().insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        response
    }
}

impl IntoResponse for Problem {
    /// Passes the problem to the outermost layer, which knows the request id.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
