//! The errors of use cases for failed calls.

use app::ports::FilesError;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

/// The error of a failed call: first by transport, then by the code of the service.
pub(crate) fn files_error<E, R>(operation: &'static str, error: SdkError<E, R>) -> FilesError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    let SdkError::ServiceError(rejection) = &error else {
        return FilesError::Unavailable {
            operation,
            reason: DisplayErrorContext(&error).to_string(),
        };
    };
    let code = rejection.err().code().unwrap_or("unknown error");
    let reason = code.to_owned();
    match code {
        "InternalError" | "ServiceUnavailable" | "SlowDown" | "RequestTimeout"
        | "unknown error" => FilesError::Unavailable { operation, reason },
        _ => FilesError::Refused { operation, reason },
    }
}
