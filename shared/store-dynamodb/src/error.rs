//! Translates failed calls of DynamoDB into errors of the use cases.

use app::ports::StoreError;
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

/// Translates a failed call: first the transport, then the service's error code.
pub(crate) fn store_error<E, R>(operation: &'static str, error: SdkError<E, R>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    let SdkError::ServiceError(refusal) = &error else {
        return StoreError::Unavailable {
            operation,
            reason: DisplayErrorContext(&error).to_string(),
        };
    };
    let code = refusal.err().code().unwrap_or("unknown error");
    if is_throttle(code) {
        return StoreError::Throttled { operation };
    }
    // The message of the service names keys, and keys may be e-mail addresses. The code is enough.
    let reason = code.to_owned();
    if matches!(
        code,
        "InternalServerError" | "ServiceUnavailable" | "InternalFailure" | "unknown error"
    ) {
        StoreError::Unavailable { operation, reason }
    } else {
        StoreError::Refused { operation, reason }
    }
}

fn is_throttle(code: &str) -> bool {
    matches!(
        code,
        "ProvisionedThroughputExceededException"
            | "ThrottlingException"
            | "RequestLimitExceeded"
            | "LimitExceededException"
    )
}
