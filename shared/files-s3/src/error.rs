//! What a failed call means to a use case.

use app::ports::FilesError;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

/// Translates a failed call. Transport first, then the kind of the service's refusal.
pub(crate) fn files_error<E, R>(operation: &'static str, error: SdkError<E, R>) -> FilesError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    let SdkError::ServiceError(refusal) = &error else {
        return FilesError::Unavailable {
            operation,
            reason: DisplayErrorContext(&error).to_string(),
        };
    };
    let code = refusal.err().code().unwrap_or("unknown error");
    let reason = code.to_owned();
    match code {
        "InternalError" | "ServiceUnavailable" | "SlowDown" | "RequestTimeout"
        | "unknown error" => FilesError::Unavailable { operation, reason },
        _ => FilesError::Refused { operation, reason },
    }
}
