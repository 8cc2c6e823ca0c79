//! What every function is built from.

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

/// The longest that warming up may take.
const WARMING: Duration = Duration::from_secs(1);

/// The parts that every function is built from: its variables, the AWS connection, time and ids.
#[derive(Clone)]
pub struct Runtime {
    /// The variables of this function.
    pub env: Env,
    /// How the AWS clients of this function reach AWS. Clients are made from it once, in `build`.
    pub sdk: SdkConfig,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids and randomness.
    pub ids: Arc<dyn Ids>,
    /// Takes work that is to be done after the answer of a request.
    pub after_response: AfterResponse,
    /// What operators watch.
    pub metrics: EmfMetrics,
    warm_up_tasks: Arc<Mutex<Vec<BoxFuture<'static, ()>>>>,
}

impl Runtime {
    /// As the Lambda service starts a function: everything from its variables, metrics to the
    /// standard output.
    ///
    /// # Errors
    /// [`ConfigError`] when region, credentials or the name of the deployment are missing.
    pub fn from_process(env: Env) -> Result<Self, ConfigError> {
        let mut runtime = Self::new(env, None, Arc::new(SystemClock), Arc::new(RandomIds))?;
        runtime.metrics = EmfMetrics::to_output(&runtime.env, runtime.clock.clone())?;
        Ok(runtime)
    }

    /// With somebody who listens to the metrics.
    ///
    /// # Errors
    /// [`ConfigError`] when `STACK_NAME`, the name of the deployment, is missing.
    pub fn with_metrics(mut self, sink: Arc<dyn MetricSink>) -> Result<Self, ConfigError> {
        self.metrics = EmfMetrics::to(sink, &self.env, self.clock.clone())?;
        Ok(self)
    }

    /// From given parts. `http_client` replaces the HTTPS transport of the AWS clients, and nothing
    /// else about them. Nobody listens to the metrics.
    ///
    /// Region and credentials come from the variables that the Lambda service sets, and from
    /// nowhere else: no profile file and no metadata service is probed, which would cost a cold
    /// start its first second.
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
        // Short enough that one lost packet does not eat a caller's deadline; the SDK retries twice
        // more.
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

    /// Builds the client of the ERP with `build`: the adapter's constructor, which reads the
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

    /// What lookups of the store `STORE_ID` work with. What the ERP declares is read while the
    /// function starts.
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

    /// Leaves work that makes the first request fast: opening connections, asking what every
    /// request needs. Whoever runs the function decides about it: under the Lambda service it
    /// begins with the first poll for an event, so that neither the start nor a request waits for
    /// it.
    pub fn warm_with(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.warm_up_tasks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(work.boxed());
    }

    /// Does what was left by [`Self::warm_with`]; no longer than a second.
    pub async fn warm_up(&self) {
        let work = std::mem::take(
            &mut *self
                .warm_up_tasks
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        );
        // What is not warm by then gets warm with the first request.
        let _ = tokio::time::timeout(WARMING, futures::future::join_all(work)).await;
    }
}
