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

// The heads of `UseCaseError`, named after its variants.
const NOT_FOUND: Head = (StatusCode::NOT_FOUND, "not_found", "There is no such thing");
const FORBIDDEN: Head = (
    StatusCode::FORBIDDEN,
    "forbidden",
    "The caller's role does not allow this",
);
const MEMBER_NOT_ACTIVE: Head = (
    StatusCode::FORBIDDEN,
    "member_not_active",
    "The user or the organization is pending, rejected or inactive",
);
const INVALID: Head = (
    StatusCode::BAD_REQUEST,
    "invalid_request",
    "The request is not valid",
);
const PRECONDITION_FAILED: Head = (
    StatusCode::PRECONDITION_FAILED,
    "precondition_failed",
    "It was changed since the version named in If-Match",
);
const CONTENTION: Head = (
    StatusCode::CONFLICT,
    "concurrent_change",
    "Others changed it at the same time; try again",
);
const CART_SUBMITTED: Head = (
    StatusCode::CONFLICT,
    "cart_submitted",
    "The cart became an order or a quote",
);
const TOO_MANY_LINES: Head = (
    StatusCode::BAD_REQUEST,
    "too_many_lines",
    "A cart has at most 500 lines",
);
const CART_TOO_LARGE: Head = (
    StatusCode::CONFLICT,
    "cart_too_large",
    "The cart is too large to be kept; order a part of it first",
);
const CART_EMPTY: Head = (StatusCode::CONFLICT, "cart_empty", "The cart has no lines");
const SHIPPING_MISSING: Head = (
    StatusCode::CONFLICT,
    "shipping_missing",
    "The cart has no shipping address and method",
);
const PURCHASE_ORDER_NUMBER_REQUIRED: Head = (
    StatusCode::BAD_REQUEST,
    "purchase_order_number_required",
    "The organization requires a purchase order number",
);
const PREPARATION_INVALID: Head = (
    StatusCode::CONFLICT,
    "preparation_invalid",
    "The preparation is missing, over, or of another version of the cart",
);
const TOTAL_CHANGED: Head = (
    StatusCode::CONFLICT,
    "total_changed",
    "The accepted total is not the prepared one",
);
const LINES_REFUSED: Head = (
    StatusCode::CONFLICT,
    "lines_refused",
    "Lines cannot be ordered as they are",
);
const IDEMPOTENCY_KEY_REQUIRED: Head = (
    StatusCode::BAD_REQUEST,
    "idempotency_key_required",
    "The header Idempotency-Key is required",
);
const IDEMPOTENCY_KEY_REUSED: Head = (
    StatusCode::UNPROCESSABLE_ENTITY,
    "idempotency_key_reused",
    "The Idempotency-Key was used with another body",
);
const IDEMPOTENCY_IN_PROGRESS: Head = (
    StatusCode::CONFLICT,
    "idempotency_in_progress",
    "The first request with this Idempotency-Key still runs",
);
const ALREADY_DECIDED: Head = (
    StatusCode::CONFLICT,
    "already_decided",
    "There is nothing left to decide",
);
const ALREADY_EXISTS: Head = (
    StatusCode::CONFLICT,
    "already_exists",
    "There is one already",
);
const AMOUNTS_DISAGREE: Head = (
    StatusCode::BAD_GATEWAY,
    "erp_amounts_disagree",
    "The external system's amounts do not add up",
);
const INTERNAL: Head = (
    StatusCode::INTERNAL_SERVER_ERROR,
    "internal_error",
    "Something went wrong on our side",
);

fn failure_head(failure: &UseCaseError) -> Head {
    match failure {
        UseCaseError::NotFound => NOT_FOUND,
        UseCaseError::Forbidden => FORBIDDEN,
        UseCaseError::MemberNotActive => MEMBER_NOT_ACTIVE,
        UseCaseError::Invalid(_) => INVALID,
        UseCaseError::PreconditionFailed => PRECONDITION_FAILED,
        UseCaseError::Contention => CONTENTION,
        UseCaseError::CartSubmitted => CART_SUBMITTED,
        UseCaseError::TooManyLines => TOO_MANY_LINES,
        UseCaseError::CartTooLarge => CART_TOO_LARGE,
        UseCaseError::CartEmpty => CART_EMPTY,
        UseCaseError::ShippingMissing => SHIPPING_MISSING,
        UseCaseError::PurchaseOrderNumberRequired => PURCHASE_ORDER_NUMBER_REQUIRED,
        UseCaseError::PreparationInvalid => PREPARATION_INVALID,
        UseCaseError::TotalChanged { .. } => TOTAL_CHANGED,
        UseCaseError::LinesRefused(_) => LINES_REFUSED,
        UseCaseError::IdempotencyKeyRequired => IDEMPOTENCY_KEY_REQUIRED,
        UseCaseError::IdempotencyKeyReused => IDEMPOTENCY_KEY_REUSED,
        UseCaseError::IdempotencyInProgress => IDEMPOTENCY_IN_PROGRESS,
        UseCaseError::AlreadyDecided => ALREADY_DECIDED,
        UseCaseError::AlreadyExists => ALREADY_EXISTS,
        UseCaseError::AmountsDisagree(_) => AMOUNTS_DISAGREE,
        UseCaseError::Erp(error) => erp_head(error),
        UseCaseError::Store(error) => store_head(error),
        UseCaseError::Internal(_) => INTERNAL,
    }
}

fn store_head(error: &StoreError) -> Head {
    match error {
        StoreError::Throttled { .. } | StoreError::Unavailable { .. } => (
            StatusCode::SERVICE_UNAVAILABLE,
            "store_unavailable",
            "The store is not available; try again",
        ),
        StoreError::Cursor => (
            StatusCode::BAD_REQUEST,
            "invalid_cursor",
            "The cursor is not one of this list",
        ),
        // A buyer can make only a cart too large, which is `CartTooLarge`. Any other record that is
        // too large is a defect.
        StoreError::Refused { .. } | StoreError::Corrupt { .. } | StoreError::TooLarge { .. } => {
            INTERNAL
        }
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
