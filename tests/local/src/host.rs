//! Invokes functions as the Lambda service does: a time limit each, and a panic is one failed call.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use app::ports::{Clock, Ids};
use lambda_kit::Function;
use lambda_runtime::Context;
use serde_json::Value;

use crate::edge::{ACCOUNT, REGION};

/// An invocation came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// No such function runs here.
    #[error("there is no function {0}")]
    Unknown(String),
    /// The time limit passed.
    #[error("the function {name} was stopped after {seconds} seconds")]
    TimedOut {
        /// The function.
        name: String,
        /// Its limit.
        seconds: u64,
    },
    /// It answered with an error.
    #[error("the function {name} failed: {reason}")]
    Failed {
        /// The function.
        name: String,
        /// What it said.
        reason: String,
    },
    /// It panicked.
    #[error("the function {0} panicked")]
    Panicked(String),
}

struct Hosted {
    function: Function,
    timeout: Duration,
}

/// The running functions. Cheap to clone.
#[derive(Clone)]
pub struct Host {
    functions: Arc<BTreeMap<String, Hosted>>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

impl Host {
    /// Hosts functions, each with its name and time limit.
    pub fn new(
        functions: impl IntoIterator<Item = (String, Duration, Function)>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Self {
        let functions = functions
            .into_iter()
            .map(|(name, timeout, function)| (name, Hosted { function, timeout }));
        Self {
            functions: Arc::new(functions.collect()),
            clock,
            ids,
        }
    }

    /// Invokes the function of the given name with one event.
    ///
    /// # Errors
    /// [`InvokeError`]; the Lambda service would count the invocation as failed.
    pub async fn invoke(&self, name: &str, event: Value) -> Result<Value, InvokeError> {
        let hosted = self
            .functions
            .get(name)
            .ok_or_else(|| InvokeError::Unknown(name.to_owned()))?;
        let mut context = Context::default();
        context.request_id = self.ids.mint();
        context.invoked_function_arn = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}");
        let limit = i64::try_from(hosted.timeout.as_millis()).unwrap_or(i64::MAX);
        let deadline = self.clock.now().plus_millis(limit).as_millis();
        context.deadline = u64::try_from(deadline).unwrap_or_default();

        let function = hosted.function.clone();
        // A task of its own, so that a panic ends this invocation and nothing else.
        let mut call = AbortOnDrop(tokio::spawn(async move {
            function.invoke(event, context).await
        }));
        match tokio::time::timeout(hosted.timeout, &mut call.0).await {
            Ok(Ok(Ok(answer))) => Ok(answer),
            Ok(Ok(Err(error))) => Err(InvokeError::Failed {
                name: name.to_owned(),
                reason: error.to_string(),
            }),
            Ok(Err(_)) => Err(InvokeError::Panicked(name.to_owned())),
            Err(_) => Err(InvokeError::TimedOut {
                name: name.to_owned(),
                seconds: hosted.timeout.as_secs(),
            }),
        }
    }
}

/// The Lambda service kills what runs too long; so must we, or it would go on writing.
struct AbortOnDrop<T>(tokio::task::JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
