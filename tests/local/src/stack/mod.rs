//! The whole system: edge, functions, simulator, storefront API and everything that calls
//! functions.

mod options;
mod parts;

pub use options::{Erp, Options, StartError};

use std::sync::Arc;
use std::time::Duration;

use app::ports::Clock;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::SdkConfig;
use erp_sim::Simulator;
use http::{Request, Response};
use serde_json::Value;
use tokio::sync::mpsc::unbounded_channel;
use tokio::task::JoinSet;

use crate::dataset::Dataset;
use crate::edge::{Body, Edge, EdgeOptions};
use crate::gateway::{Gateway, Issuer};
use crate::host::{Host, InvokeError};
use crate::provision::provision;
use crate::serve::{listen, serve};
use crate::sources::Sources;
use crate::stop::{self, Stop, Stopper};
use crate::template::{Deployment, SOURCE, Template};
use parts::{Folders, sdk_config};

/// The audience of the local stack's tokens.
const AUDIENCE: &str = "storefront";
/// The bucket of the local stack. On AWS it has a name of its own.
const EXPORTS: &str = "erp-exports";
/// The credential between the functions and the simulator.
const SIMULATOR_TOKEN: &str = erp_sim::Options::LOCAL_TOKEN;
/// How long what is under way may take to end.
const GRACE: Duration = Duration::from_secs(2);
/// How often items past their time to live are deleted.
const SWEEP: Duration = Duration::from_secs(30);

/// The running system. Dropping it ends it at once; [`Stack::stop`] lets requests end first.
pub struct Stack {
    edge: Edge,
    gateway: Gateway,
    host: Host,
    template: Template,
    dataset: Dataset,
    simulator: Option<Simulator>,
    sdk: SdkConfig,
    urls: Urls,
    clock: Arc<dyn Clock>,
    stop: Stopper,
    tasks: JoinSet<()>,
    // Ends the temporary folder, if there is one.
    _folders: Folders,
}

struct Urls {
    storefront: String,
    aws: String,
    erp: String,
}

impl Stack {
    /// Starts the system. Nothing is loaded yet, and `GET /health` answers 503 until
    /// [`Stack::set_ready`].
    ///
    /// # Errors
    /// [`StartError`], one line that says what is in the way.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let dataset = Dataset::find(options.dataset.as_deref())?;
        let folders = Folders::open(options.data.as_deref())?;
        let (storefront, port) = bind("the storefront API", options.port).await?;
        let (aws, aws_port) = bind("the AWS edge", options.aws_port).await?;
        let (stop, stopped) = stop::channel();
        let mut tasks = JoinSet::new();

        let mut urls = Urls {
            storefront: format!("http://127.0.0.1:{port}"),
            aws: format!("http://127.0.0.1:{aws_port}"),
            erp: String::new(),
        };
        let (simulator, erp_token) = match &options.erp {
            Some(erp) => {
                urls.erp.clone_from(&erp.url);
                (None, erp.token.clone())
            }
            None => {
                let (listener, erp_port) = bind("the ERP simulator", options.erp_port).await?;
                urls.erp = format!("http://127.0.0.1:{erp_port}");
                let simulator = parts::simulator(&dataset, &options, SIMULATOR_TOKEN)?;
                tasks.spawn(parts::serve_simulator(
                    simulator.clone(),
                    listener,
                    stopped.clone(),
                ));
                (Some(simulator), SIMULATOR_TOKEN.to_owned())
            }
        };

        let template = Template::read(SOURCE, &deployment(&urls, erp_token))?;
        let (created_sender, created) = unbounded_channel();
        let edge = Edge::open(EdgeOptions {
            database: folders.database.as_deref(),
            objects: &folders.objects,
            url: urls.aws.clone(),
            created: created_sender,
        })?;
        let sdk = sdk_config(&edge, &urls.aws);
        provision(&edge, &sdk, &template).await?;

        let functions = parts::functions(&template, &edge, &urls.aws, &options).await?;
        let host = Host::new(functions, options.clock.clone(), options.ids.clone());
        let issuer = Issuer::open(&urls.storefront, AUDIENCE, folders.token_key.as_deref())?;
        let dynamodb = aws_sdk_dynamodb::Client::new(&sdk);
        let (clock, ids) = (options.clock.clone(), options.ids.clone());
        let gateway = Gateway::new(&template, host.clone(), issuer, dynamodb, clock, ids)?;

        Sources {
            template: &template,
            edge: &edge,
            sqs: aws_sdk_sqs::Client::new(&sdk),
            created,
            host: host.clone(),
            clock: options.clock.clone(),
            ids: options.ids.clone(),
            stop: stopped.clone(),
            schedules: options.schedules,
        }
        .start(&mut tasks);
        let served = edge.clone();
        tasks.spawn(serve(aws, stopped.clone(), move |request| {
            let edge = served.clone();
            async move { edge.call(request).await }
        }));
        let served = gateway.clone();
        tasks.spawn(serve(storefront, stopped.clone(), move |request| {
            let gateway = served.clone();
            async move { gateway.call(request).await }
        }));
        if options.sweep {
            tasks.spawn(sweep(edge.clone(), stopped));
        }
        Ok(Self {
            edge,
            gateway,
            host,
            template,
            dataset,
            simulator,
            sdk,
            urls,
            clock: options.clock,
            stop,
            tasks,
            _folders: folders,
        })
    }

    /// Base URL of the storefront API.
    #[must_use]
    pub fn storefront(&self) -> &str {
        &self.urls.storefront
    }

    /// Base URL of the AWS edge.
    #[must_use]
    pub fn aws(&self) -> &str {
        &self.urls.aws
    }

    /// Base URL of the ERP.
    #[must_use]
    pub fn erp(&self) -> &str {
        &self.urls.erp
    }

    /// Configuration of AWS clients that call the edge without a socket.
    #[must_use]
    pub fn sdk_config(&self) -> &SdkConfig {
        &self.sdk
    }

    /// The transport of such clients.
    #[must_use]
    pub fn http_client(&self) -> SharedHttpClient {
        self.edge.http_client()
    }

    /// The AWS edge.
    #[must_use]
    pub fn edge(&self) -> &Edge {
        &self.edge
    }

    /// What the system consists of.
    #[must_use]
    pub fn template(&self) -> &Template {
        &self.template
    }

    /// The data set that the simulator knows and that can be loaded.
    #[must_use]
    pub fn dataset(&self) -> &Dataset {
        &self.dataset
    }

    /// The ERP simulator, unless the ERP is a real one.
    #[must_use]
    pub fn simulator(&self) -> Option<&Simulator> {
        self.simulator.as_ref()
    }

    /// The time of the stack.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// Sends a request to the storefront API without a socket.
    pub async fn call(&self, request: Request<Body>) -> Response<Body> {
        self.gateway.call(request).await
    }

    /// Invokes the function of the given name with an event.
    ///
    /// # Errors
    /// [`InvokeError`] when the invocation fails.
    pub async fn invoke(&self, function: &str, event: Value) -> Result<Value, InvokeError> {
        self.host.invoke(function, event).await
    }

    /// From now on `GET /health` answers 200.
    pub fn set_ready(&self) {
        self.gateway.set_ready();
    }

    /// Ends the system: nothing new begins, and what is under way has two seconds.
    pub async fn stop(mut self) {
        self.stop.stop();
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(GRACE, ended).await.is_err() {
            tracing::warn!("some requests were cut off");
        }
        self.tasks.shutdown().await;
    }
}

/// What the template is deployed with.
fn deployment(urls: &Urls, erp_token: String) -> Deployment {
    let parameters = [
        ("ErpUrl", urls.erp.clone()),
        ("JwtIssuer", urls.storefront.clone()),
        ("JwtAudience", AUDIENCE.to_owned()),
        ("ExportsBucket", EXPORTS.to_owned()),
        (
            "JwksUrl",
            format!("{}/.well-known/jwks.json", urls.storefront),
        ),
        ("LogLevel", "warn".to_owned()),
    ];
    Deployment {
        parameters: parameters
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
        secrets: [("erp:token".to_owned(), erp_token)].into(),
        queue_base: urls.aws.clone(),
    }
}

async fn bind(what: &'static str, port: u16) -> Result<(tokio::net::TcpListener, u16), StartError> {
    let failed = |reason| StartError::Port { what, port, reason };
    let listener = listen(port).await.map_err(failed)?;
    let port = listener.local_addr().map_err(failed)?.port();
    Ok((listener, port))
}

async fn sweep(edge: Edge, mut stop: Stop) {
    loop {
        tokio::select! {
            () = stop.wait() => return,
            () = tokio::time::sleep(SWEEP) => {}
        }
        if let Err(refusal) = edge.dynamodb().sweep() {
            tracing::error!(refusal.body, "expired items could not be deleted");
        }
    }
}
