//! The parts of a stack: folders, AWS configuration, functions, simulator.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_types::SdkConfig;
use aws_types::region::Region;
use erp_sim::Simulator;
use lambda_kit::{Env, Function, Runtime};
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::{Options, StartError};
use crate::dataset::Dataset;
use crate::edge::{Edge, Policy, REGION};
use crate::stop::Stop;
use crate::template::Template;

/// The credentials of everything in the stack. The edge verifies none.
const KEY: &str = "test";

/// Where the state lies.
pub(super) struct Folders {
    /// None keeps the tables in memory.
    pub(super) database: Option<PathBuf>,
    pub(super) objects: PathBuf,
    pub(super) token_key: Option<PathBuf>,
    _temporary: Option<TempDir>,
}

impl Folders {
    pub(super) fn open(data: Option<&Path>) -> Result<Self, StartError> {
        match data {
            Some(folder) => {
                let objects = folder.join("objects");
                std::fs::create_dir_all(&objects)
                    .map_err(|error| StartError::data(folder, error))?;
                Ok(Self {
                    database: Some(folder.join("tables.sqlite")),
                    objects,
                    token_key: Some(folder.join("token-key.der")),
                    _temporary: None,
                })
            }
            None => {
                let temporary = tempfile::tempdir()
                    .map_err(|error| StartError::data(&std::env::temp_dir(), error))?;
                let objects = temporary.path().to_owned();
                Ok(Self {
                    database: None,
                    objects,
                    token_key: None,
                    _temporary: Some(temporary),
                })
            }
        }
    }
}

/// AWS clients that call `edge` without a socket. No time limit: a pump may wait long for a
/// message.
pub(super) fn sdk_config(edge: &Edge, url: &str) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            KEY, KEY, None, None, "local",
        )))
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .endpoint_url(url)
        .http_client(edge.http_client())
        .build()
}

/// Builds every function of the template, each with the variables that Lambda would give it.
pub(super) async fn functions(
    template: &Template,
    edge: &Edge,
    aws: &str,
    options: &Options,
) -> Result<Vec<(String, Duration, Function)>, StartError> {
    let mut built = Vec::new();
    for function in &template.functions {
        let mut variables = function.variables(aws);
        variables.insert("AWS_LAMBDA_FUNCTION_NAME".to_owned(), function.name.clone());
        let env = Env::from_pairs(variables);
        let failed = |reason| StartError::Function {
            name: function.name.clone(),
            reason,
        };
        let policy = Arc::new(Policy::new(&function.name, function.statements.clone()));
        let client = edge.http_client_of(policy);
        let runtime = Runtime::new(
            env,
            Some(client),
            options.clock.clone(),
            options.ids.clone(),
        );
        let mut runtime = runtime.map_err(failed)?;
        if let Some(sink) = &options.metrics {
            runtime = runtime.with_metrics(sink.clone()).map_err(failed)?;
        }
        let made = crate::functions::build(&function.name, &runtime).await;
        let made = made.ok_or_else(|| StartError::NoFunction(function.name.clone()))?;
        built.push((
            function.name.clone(),
            function.timeout,
            made.map_err(failed)?,
        ));
    }
    Ok(built)
}

/// The ERP simulator, knowing the data set.
pub(super) fn simulator(
    dataset: &Dataset,
    options: &Options,
    token: &str,
) -> Result<Simulator, StartError> {
    let known = erp_sim::Dataset::read(dataset.folder())
        .map_err(|error| StartError::dataset(dataset.folder(), error))?;
    let clock = options.clock.clone();
    let clock: erp_sim::Clock = Arc::new(move || clock.now().as_millis());
    Ok(Simulator::new(erp_sim::Options {
        token: token.to_owned(),
        ..erp_sim::Options::new(known, clock)
    }))
}

/// Serves the simulator until the stack stops.
pub(super) async fn serve_simulator(simulator: Simulator, listener: TcpListener, mut stop: Stop) {
    if let Err(error) = simulator.serve(listener, stop.wait()).await {
        tracing::error!(%error, "the ERP simulator gave up");
    }
}
