//! The parts that every function is built from.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use app::lookup::LookupDeps;
use app::ports::erp::ErpCapabilities;
use app::ports::lookups::Lookups;
use app::ports::{Clock, Ids, Metrics, VariableError};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use domain::ids::StoreId;
use futures::FutureExt;
use futures::future::BoxFuture;

use crate::after_response::AfterResponse;
use crate::ambient::{RandomIds, SystemClock};
use crate::env::{ConfigError, Env};
use crate::metrics::{EmfMetrics, MetricSink};

/// The longest time that a warm-up may take.
const WARM_UP_LIMIT: Duration = Duration::from_secs(1);

/// Variables, AWS configuration, clock, ids and metrics of a function.
#[derive(Clone)]
pub struct Runtime {
    pub env: Env,
    /// The configuration of the AWS clients. `build` makes each client from it once.
    pub sdk: SdkConfig,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn Ids>,
    /// Runs work after the response to a request.
    pub after_response: AfterResponse,
    pub metrics: EmfMetrics,
    warm_up_tasks: Arc<Mutex<Vec<BoxFuture<'static, ()>>>>,
}

impl Runtime {
    /// Reads everything from the variables that the Lambda service sets, and writes metrics to the
    /// standard output.
    ///
    /// # Errors
    /// [`ConfigError`] when region, credentials or the name of the deployment are missing.
    pub fn from_process(env: Env) -> Result<Self, ConfigError> {
        let mut runtime = Self::new(env, None, Arc::new(SystemClock), Arc::new(RandomIds))?;
        runtime.metrics = EmfMetrics::to_output(&runtime.env, runtime.clock.clone())?;
        Ok(runtime)
    }

    /// Writes the metrics to `sink`.
    ///
    /// # Errors
    /// [`ConfigError`] when `STACK_NAME`, the name of the deployment, is missing.
    pub fn with_metrics(mut self, sink: Arc<dyn MetricSink>) -> Result<Self, ConfigError> {
        self.metrics = EmfMetrics::to(sink, &self.env, self.clock.clone())?;
        Ok(self)
    }

    /// Uses the given parts, and writes no metrics. `http_client` replaces the HTTPS transport of
    /// the AWS clients and leaves the rest of their configuration unchanged.
    ///
    /// Region and credentials come only from the variables that the Lambda service sets. Probing a
    /// profile file or the metadata service would add a second to a cold start.
    ///
    /// # Errors
    /// [`ConfigError`] when region or credentials are missing.
    pub fn new(
        env: Env,
        http_client: Option<SharedHttpClient>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Result<Self, ConfigError> {
        let region = Region::new(env.required("AWS_REGION")?.to_owned());
        let credentials = Credentials::new(
            env.required("AWS_ACCESS_KEY_ID")?,
            env.required("AWS_SECRET_ACCESS_KEY")?,
            env.optional("AWS_SESSION_TOKEN").map(str::to_owned),
            None,
            "environment",
        );
        let http_client = http_client.unwrap_or_else(|| {
            aws_smithy_http_client::Builder::new()
                .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
                .build_https()
        });
        // Short enough that one lost packet does not use up a caller's deadline: the SDK retries
        // twice.
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(2))
            .operation_attempt_timeout(Duration::from_secs(8))
            .operation_timeout(Duration::from_secs(20))
            .build();
        let mut sdk = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(region)
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .retry_config(RetryConfig::standard().with_max_attempts(3))
            .timeout_config(timeouts)
            .http_client(http_client);
        if let Some(endpoint) = env.optional("AWS_ENDPOINT_URL") {
            sdk = sdk.endpoint_url(endpoint);
        }
        let metrics = EmfMetrics::disabled(clock.clone());
        Ok(Self {
            sdk: sdk.build(),
            env,
            clock,
            ids,
            after_response: AfterResponse::default(),
            metrics,
            warm_up_tasks: Arc::default(),
        })
    }

    /// Makes the client of the ERP with `build`, the constructor of the adapter, which reads the
    /// variables that it needs.
    ///
    /// # Errors
    /// [`ConfigError`] if a variable is missing or not usable.
    pub fn erp<C>(
        &self,
        build: impl FnOnce(
            &dyn Fn(&'static str) -> Option<String>,
            Arc<dyn Clock>,
            Arc<dyn Metrics>,
        ) -> Result<C, VariableError>,
    ) -> Result<Arc<C>, ConfigError> {
        let variable = |name: &'static str| self.env.optional(name).map(str::to_owned);
        let client = build(&variable, self.clock.clone(), self.metrics.handle())?;
        Ok(Arc::new(client))
    }

    /// Makes the dependencies of lookups in the store `STORE_ID`. A warm-up task reads the
    /// capabilities of the ERP.
    ///
    /// # Errors
    /// [`ConfigError`] if `STORE_ID` is missing or not usable.
    pub fn lookup_deps(
        &self,
        erp: Arc<dyn ErpCapabilities>,
        cache: Arc<dyn Lookups>,
    ) -> Result<LookupDeps, ConfigError> {
        let (clock, ids) = (self.clock.clone(), self.ids.clone());
        let store = self.env.parsed("STORE_ID", StoreId::parse)?;
        let deps =
            LookupDeps::new(erp, cache, clock, ids, store).with_metrics(self.metrics.handle());
        let warming = deps.clone();
        self.warm_with(async move { warming.warm_up().await });
        Ok(deps)
    }

    /// Adds a task that makes the first request fast: it opens connections, or reads what every
    /// request needs. Under the Lambda service the tasks start with the first poll for an event, so
    /// that neither the start nor a request waits for them.
    pub fn warm_with(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.warm_up_tasks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(work.boxed());
    }

    /// Runs the tasks that [`Self::warm_with`] added, for a second at most.
    pub async fn warm_up(&self) {
        let work = std::mem::take(
            &mut *self
                .warm_up_tasks
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        );
        // The first request does the rest.
        let _ = tokio::time::timeout(WARM_UP_LIMIT, futures::future::join_all(work)).await;
    }
}
