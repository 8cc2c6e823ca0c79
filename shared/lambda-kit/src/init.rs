//! A function that cannot start says so to the Lambda service, which shows it to whoever called.

use std::time::Duration;

use serde_json::json;

use crate::env::{ConfigError, Env};

/// The longest that telling may take: the service answers without leaving the machine.
const TELLING: Duration = Duration::from_secs(1);

/// Tells the service and the log why the function cannot start. The text names a variable, and
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
    let told = async {
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(TELLING)
            .build()?;
        let url = format!("http://{service}/2018-06-01/runtime/init/error");
        let request = client
            .post(url)
            .header("lambda-runtime-function-error-type", kind)
            .json(&body);
        request.send().await?.error_for_status()
    };
    if let Err(error) = told.await {
        tracing::warn!(%error, "the service was not told why the function cannot start");
    }
}
