//! A function, independent of its event source.

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
    /// Handles one event. Event and answer are the JSON of the Lambda service.
    ///
    /// # Errors
    /// Any error makes the service deliver the whole event again.
    async fn handle(&self, event: Value, context: Context) -> Result<Value, Error>;
}

/// A function, made by `build` of its crate. `main` runs it under the Lambda service; the local
/// stack and the tests invoke it with the same events.
#[derive(Clone)]
pub enum Function {
    /// Behind the HTTP API.
    Http(axum::Router),
    /// Behind a queue, a bucket or a schedule.
    Event(Arc<dyn EventHandler>),
}

impl Function {
    /// Answers one event of the Lambda service.
    ///
    /// # Errors
    /// Fails for an event of another shape and with the error of the handler. The service counts
    /// both as a failed invocation.
    pub async fn invoke(&self, event: Value, context: Context) -> Result<Value, Error> {
        Ok(serde_json::from_slice(
            &self.answer(&serde_json::to_vec(&event)?, context).await?,
        )?)
    }

    /// Answers one event, as [`Self::invoke`] does, from bytes to bytes.
    ///
    /// # Errors
    /// As [`Self::invoke`].
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
    /// Fails when the service cannot be reached.
    async fn run(self, runtime: &Runtime) -> Result<(), Error> {
        match self {
            Self::Http(router) => match runtime.after_response.hold(&runtime.env).await {
                None => lambda_http::run(router).await,
                Some(extension) => {
                    let after = runtime.after_response.clone();
                    // The outermost layer, so that an event that cannot be parsed also counts as
                    // answered.
                    let count_answer =
                        ThenLayer::new(move |end: Result<(), lambda_runtime::tower::BoxError>| {
                            after.answered();
                            std::future::ready(end)
                        });
                    let service =
                        lambda_runtime::Runtime::new(Adapter::from(router)).layer(count_answer);
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

/// Runs a function: starts logging, reads the configuration, makes the clients, then polls for
/// events. It is the body of every `main`.
///
/// # Errors
/// Fails when a variable is missing or not usable, or the Lambda service cannot be reached.
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
