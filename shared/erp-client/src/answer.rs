//! What the end of a call means: the gates that every answer passes.

use app::ports::ErpError;
use domain::submission::{Refusal, SendOutcome};
use serde::de::DeserializeOwned;
use wire::erp::{ErrorAnswer, Processed, codes};

/// How a call ended without a usable answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CallError {
    /// It was not begun: too little time is left.
    NoTime,
    /// It certainly was not processed: no connection, 401, 429, or the ERP says so.
    NotProcessed(&'static str),
    /// No answer in time; it may have been processed.
    Timeout,
    /// The ERP failed, or the connection broke; it may have been processed.
    Failed(&'static str),
    /// The contract does not allow the answer; the request may have been processed.
    Unusable(&'static str),
    /// The ERP said no.
    Refused(Refusal),
}

impl CallError {
    /// Whether the ERP is not well, rather than refusing the request.
    pub fn is_outage(&self) -> bool {
        match self {
            Self::NotProcessed(_) | Self::Timeout | Self::Failed(_) | Self::Unusable(_) => true,
            Self::NoTime | Self::Refused(_) => false,
        }
    }

    /// Whether the same read may succeed a moment later. After a time-out no time is left.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::NotProcessed(reason) => matches!(*reason, "no_connection" | "status_429"),
            Self::Failed(reason) => matches!(
                *reason,
                "connection_broken" | "status_502" | "status_503" | "status_504"
            ),
            Self::NoTime | Self::Timeout | Self::Unusable(_) | Self::Refused(_) => false,
        }
    }
}

impl From<CallError> for ErpError {
    fn from(failure: CallError) -> Self {
        match failure {
            CallError::NoTime => Self::NoTime,
            CallError::NotProcessed(reason) | CallError::Failed(reason) => {
                Self::Unavailable(reason)
            }
            CallError::Timeout => Self::Timeout,
            CallError::Unusable(reason) => Self::Invalid(reason),
            CallError::Refused(refusal) => Self::Refused {
                code: refusal.code,
                reason: refusal.reason,
            },
        }
    }
}

impl From<CallError> for SendOutcome {
    fn from(failure: CallError) -> Self {
        match failure {
            CallError::NoTime => Self::Unavailable { reason: "no_time" },
            CallError::NotProcessed(reason) => Self::Unavailable { reason },
            CallError::Timeout => Self::Unknown { reason: "timeout" },
            CallError::Failed(reason) | CallError::Unusable(reason) => Self::Unknown { reason },
            CallError::Refused(refusal) => Self::Rejected(refusal),
        }
    }
}

/// A response of which only transport and size have been checked.
#[derive(Debug)]
pub(crate) struct RawResponse {
    /// The HTTP status.
    pub status: u16,
    /// How long the ERP asks to wait, in milliseconds.
    pub retry_after_ms: Option<u64>,
    /// The body, or why it could not be read to its end.
    pub body: Result<Vec<u8>, CallError>,
}

/// A response with a status of success and without an error in its body.
#[derive(Debug)]
pub(crate) struct Success {
    /// From 200 to 299.
    pub status: u16,
    body: Vec<u8>,
}

impl RawResponse {
    /// Checks the status, then the body's own error field.
    pub fn checked(self) -> Result<Success, CallError> {
        let status = self.status;
        match status {
            // Whatever the body says: these are answered before the request is looked at.
            429 => return Err(CallError::NotProcessed("status_429")),
            401 => return Err(CallError::NotProcessed("status_401")),
            _ => {}
        }
        let body = match self.body {
            Ok(body) => body,
            Err(_) if !(200..300).contains(&status) => {
                return Err(CallError::Failed(status_reason(status)));
            }
            Err(failure) => return Err(failure),
        };
        let error = serde_json::from_slice::<ErrorAnswer>(&body)
            .ok()
            .and_then(|answer| answer.error);
        if let Some(error) = error {
            return Err(match (error.processed, error.code) {
                (Some(Processed::No), _) => CallError::NotProcessed("not_processed"),
                (Some(Processed::Maybe), _) => CallError::Failed("processed_maybe"),
                (None, Some(code)) if status < 500 && code != codes::UNAVAILABLE => {
                    CallError::Refused(Refusal {
                        code,
                        reason: error.reason,
                    })
                }
                (None, Some(_)) => CallError::Failed(status_reason(status)),
                // Text without a code decides nothing.
                (None, None) => CallError::Failed("error_without_code"),
            });
        }
        if (200..300).contains(&status) {
            Ok(Success { status, body })
        } else {
            Err(CallError::Failed(status_reason(status)))
        }
    }
}

impl Success {
    /// Reads the body.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        serde_json::from_slice(&self.body).map_err(|_| CallError::Unusable("unreadable"))
    }

    /// Whether the body is empty.
    pub fn is_empty(&self) -> bool {
        self.body.iter().all(u8::is_ascii_whitespace)
    }
}

/// A stable code for a status that does not decide the outcome.
fn status_reason(status: u16) -> &'static str {
    match status {
        200..=299 => "error_in_body",
        300..=399 => "status_3xx",
        400 => "status_400",
        403 => "status_403",
        404 => "status_404",
        408 => "status_408",
        409 => "status_409",
        413 => "status_413",
        422 => "status_422",
        500 => "status_500",
        502 => "status_502",
        503 => "status_503",
        504 => "status_504",
        _ if status < 500 => "status_4xx",
        _ => "status_5xx",
    }
}
