//! Reports to the Lambda service that a function cannot start. The service shows it to the caller.

use std::time::Duration;

use serde_json::json;

use crate::env::{ConfigError, Env};

/// The longest time that the report may take: the service answers from the same machine.
const REPORT_TIMEOUT: Duration = Duration::from_secs(1);

/// Reports to the service and the log why the function cannot start. The text names a variable, but
/// never its value.
pub(crate) async fn failed(env: &Env, error: &ConfigError) {
    tracing::error!(%error, "the function cannot start");
    let Some(service) = env.optional("AWS_LAMBDA_RUNTIME_API") else {
        return;
    };
    let kind = match error {
        ConfigError::Missing(_) => "Config.Missing",
        ConfigError::Invalid { .. } => "Config.Invalid",
    };
    let body = json!({"errorType": kind, "errorMessage": error.to_string(), "stackTrace": []});
    let report = async {
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(REPORT_TIMEOUT)
            .build()?;
        let url = format!("http://{service}/2018-06-01/runtime/init/error");
        let request = client
            .post(url)
            .header("lambda-runtime-function-error-type", kind)
            .json(&body);
        request.send().await?.error_for_status()
    };
    if let Err(error) = report.await {
        tracing::warn!(%error, "the service could not be notified why the function cannot start");
    }
}
