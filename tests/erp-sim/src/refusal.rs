//! How the ERP says no.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use wire::erp::{ErrorAnswer, ErrorDetail, Processed, codes};

/// A refusal of the contract: a status and the error envelope. Nothing was done.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    status: StatusCode,
    detail: ErrorDetail,
}

impl Refusal {
    /// A refusal with a code that decides and a sentence for operators.
    pub fn new(status: StatusCode, code: &str, reason: impl Into<String>) -> Self {
        let detail = ErrorDetail {
            code: Some(code.to_owned()),
            reason: Some(reason.into()),
            ..ErrorDetail::default()
        };
        Self { status, detail }
    }

    /// The request cannot be read.
    pub fn invalid(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, codes::INVALID_REQUEST, reason)
    }

    /// Nothing is there under this reference or number.
    pub fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            codes::NOT_FOUND,
            "nothing is known under it",
        )
    }

    /// What the code is about.
    pub fn about(mut self, parameter: impl Into<Value>) -> Self {
        self.detail.parameters.push(parameter.into());
        self
    }

    /// Failed before anything was done, so that sending again is safe.
    pub fn unprocessed(mut self) -> Self {
        self.detail.processed = Some(Processed::No);
        self
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (
            self.status,
            Json(ErrorAnswer {
                error: Some(self.detail),
            }),
        )
            .into_response()
    }
}
