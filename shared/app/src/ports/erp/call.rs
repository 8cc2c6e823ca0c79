//! What every call to the ERP has in common: its context and its errors.

use domain::time::Timestamp;

/// What accompanies every call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallContext {
    /// When the caller stops waiting. No call outlives it, and none is begun that could not finish
    /// before it.
    pub deadline: Timestamp,
    /// Is sent to the ERP, so that its log can be compared with ours.
    pub correlation_id: String,
}

/// A read, or a write that may be repeated, failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ErpError {
    /// It could not be reached, is busy, or failed. The text is a stable code such as
    /// `connection_refused`, `status_500`.
    #[error("the ERP is unavailable ({0})")]
    Unavailable(&'static str),
    /// It did not answer in time.
    #[error("the ERP did not answer in time")]
    Timeout,
    /// It refused the request.
    #[error("the ERP refused ({code})")]
    Refused {
        /// The ERP's code; the only part that decisions are based on.
        code: String,
        /// The ERP's text; only operators may see it.
        reason: Option<String>,
    },
    /// Its answer violates the contract. The text says how, without data.
    #[error("the ERP's answer is not usable ({0})")]
    Invalid(&'static str),
    /// Too little time was left to begin the call.
    #[error("too little time was left to ask the ERP")]
    NoTime,
}
