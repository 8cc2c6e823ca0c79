//! A deployed function, however it is called.

use std::sync::Arc;

use async_trait::async_trait;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, tower::Service};
use lambda_runtime::{Context, Error, LambdaEvent, service_fn};
use serde_json::Value;
use tower::util::ThenLayer;

use crate::env::{ConfigError, Env};
use crate::runtime::Runtime;

/// Handles the events of one source: a queue, a bucket, a schedule.
#[async_trait]
pub trait EventHandler: Send + Sync {
    /// Handles one event, given and answered as the JSON of the Lambda service.
    ///
    /// # Errors
    /// An error makes the service deliver the whole event again.
    async fn handle(&self, event: Value, context: Context) -> Result<Value, Error>;
}

/// A function as `build` of its crate makes it. `main` runs it under the Lambda service; the local
/// stack and the tests invoke it with the very same events.
#[derive(Clone)]
pub enum Function {
    /// Behind the HTTP API.
    Http(axum::Router),
    /// Behind a queue, a bucket or a schedule.
    Event(Arc<dyn EventHandler>),
}

impl Function {
    /// Answers one event as the Lambda service would hand it over.
    ///
    /// # Errors
    /// What the service would see as a failed invocation: an event of another shape, or the
    /// handler's error.
    pub async fn invoke(&self, event: Value, context: Context) -> Result<Value, Error> {
        Ok(serde_json::from_slice(
            &self.answer(&serde_json::to_vec(&event)?, context).await?,
        )?)
    }

    /// The same with the bytes that come from the service, and those that go back.
    ///
    /// # Errors
    /// The same.
    pub async fn answer(&self, event: &[u8], context: Context) -> Result<Vec<u8>, Error> {
        match self {
            Self::Http(router) => {
                let payload: LambdaRequest = serde_json::from_slice(event)?;
                // The adapter itself must not live across the await: it is not `Send`, and callers
                // spawn this.
                let answer = Adapter::from(router.clone()).call(LambdaEvent::new(payload, context));
                Ok(serde_json::to_vec(&answer.await?)?)
            }
            Self::Event(handler) => {
                let answer = handler
                    .handle(serde_json::from_slice(event)?, context)
                    .await?;
                Ok(serde_json::to_vec(&answer)?)
            }
        }
    }

    /// Polls the Lambda service for events until it ends the process.
    ///
    /// # Errors
    /// When the service cannot be reached.
    async fn run(self, runtime: &Runtime) -> Result<(), Error> {
        match self {
            Self::Http(router) => match runtime.after_response.hold(&runtime.env).await {
                None => lambda_http::run(router).await,
                Some(extension) => {
                    let after = runtime.after_response.clone();
                    // Outside of everything, so that an event that nobody understands counts as
                    // answered too.
                    let told =
                        ThenLayer::new(move |end: Result<(), lambda_runtime::tower::BoxError>| {
                            after.answered();
                            std::future::ready(end)
                        });
                    let service = lambda_runtime::Runtime::new(Adapter::from(router)).layer(told);
                    futures::try_join!(service.run(), extension)?;
                    Ok(())
                }
            },
            Self::Event(handler) => {
                lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| {
                    let handler = handler.clone();
                    async move { handler.handle(event.payload, event.context).await }
                }))
                .await
            }
        }
    }
}

/// The body of every `main`: logging, configuration, clients, then events.
///
/// # Errors
/// When the function is not configured, or the Lambda service cannot be reached.
pub async fn run<F>(build: impl FnOnce(Runtime) -> F) -> Result<(), Error>
where
    F: Future<Output = Result<Function, ConfigError>>,
{
    let env = Env::from_process();
    crate::logging::init(&env);
    let built = async {
        let runtime = Runtime::from_process(env.clone())?;
        Ok::<_, ConfigError>((build(runtime.clone()).await?, runtime))
    };
    let (function, runtime) = match built.await {
        Ok(built) => built,
        Err(error) => {
            crate::init::failed(&env, &error).await;
            return Err(error.into());
        }
    };
    let warming = runtime.clone();
    tokio::spawn(async move { warming.warm_up().await });
    function.run(&runtime).await
}
