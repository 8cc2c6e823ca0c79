//! Runs work after the response to the request that caused it, so that no caller waits for it.
//!
//! The Lambda service freezes a function once it asks for the next event, even if a task still
//! runs. So the function registers an internal extension, which the service also waits for, and
//! which asks for the next event after the work is done. The caller has the response by then; the
//! service sends requests that arrive meanwhile to other instances. Source:
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html>.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use app::ports::Background;
use futures::FutureExt;
use futures::future::BoxFuture;
use lambda_extension::{Extension, NextEvent, service_fn};
use lambda_runtime::Error;
use tokio::sync::{Semaphore, watch};

use crate::env::Env;

/// The most tasks that run at the same time. Further tasks are dropped, because no caller depends
/// on them.
const MAX_TASKS: usize = 16;
/// The variable that only the Lambda service sets, for every function.
const LAMBDA: &str = "AWS_LAMBDA_INITIALIZATION_TYPE";
/// The longest time that the registration may take: the service answers from the same machine.
const REGISTER: Duration = Duration::from_secs(1);

/// Runs tasks after the response. Clones share the tasks and are cheap.
#[derive(Clone)]
pub struct AfterResponse(Arc<Inner>);

struct Inner {
    wanted: AtomicBool,
    under_way: watch::Sender<usize>,
    /// One permit for each answered request that the extension has not seen yet.
    answered: Semaphore,
}

impl Default for AfterResponse {
    fn default() -> Self {
        Self(Arc::new(Inner {
            wanted: AtomicBool::new(false),
            under_way: watch::Sender::new(0),
            answered: Semaphore::new(0),
        }))
    }
}

impl AfterResponse {
    /// Returns the handle of a use case that has such work. A function without such a use case
    /// needs no extension.
    #[must_use]
    pub fn handle(&self) -> Arc<dyn Background> {
        self.0.wanted.store(true, Ordering::Relaxed);
        Arc::new(self.clone())
    }

    /// Waits until no task runs.
    pub async fn quiet(&self) {
        let mut under_way = self.0.under_way.subscribe();
        // The sender lives as long as `self`.
        let _ = under_way.wait_for(|count| *count == 0).await;
    }

    /// Notes that a request was answered.
    pub(crate) fn answered(&self) {
        self.0.answered.add_permits(1);
    }

    /// Registers the extension and returns the future that runs it. Returns `None` for a function
    /// without such work, and outside the Lambda service, which a variable shows: emulators do not
    /// freeze a function, and few of them support extensions.
    pub(crate) async fn hold(&self, env: &Env) -> Option<BoxFuture<'static, Result<(), Error>>> {
        if !self.0.wanted.load(Ordering::Relaxed) || env.optional(LAMBDA).is_none() {
            return None;
        }
        let after = self.clone();
        let extension = Extension::new()
            .with_extension_name("after")
            .with_events(&["INVOKE"])
            .with_events_processor(service_fn(move |event: lambda_extension::LambdaEvent| {
                let after = after.clone();
                async move {
                    if matches!(event.next, NextEvent::Invoke(_)) {
                        if let Ok(permit) = after.0.answered.acquire().await {
                            permit.forget();
                        }
                        after.quiet().await;
                    }
                    Ok::<(), Error>(())
                }
            }));
        match tokio::time::timeout(REGISTER, extension.register()).await {
            Ok(Ok(registered)) => Some(registered.run().boxed()),
            Ok(Err(error)) => {
                tracing::warn!(
                    %error,
                    "no extension could be registered; work after an answer may be cut short"
                );
                None
            }
            Err(_) => {
                tracing::warn!(
                    "no extension was registered in time; work after an answer may be cut short"
                );
                None
            }
        }
    }
}

impl Background for AfterResponse {
    fn spawn(&self, work: BoxFuture<'static, ()>) {
        let room = self.0.under_way.send_if_modified(|count| {
            let room = *count < MAX_TASKS;
            *count = count.saturating_add(usize::from(room));
            room
        });
        if !room {
            return;
        }
        let done = Done(self.clone());
        tokio::spawn(async move {
            let _done = done;
            if AssertUnwindSafe(work).catch_unwind().await.is_err() {
                tracing::error!("work after an answer panicked");
            }
        });
    }
}

/// Counts a task as done when it is dropped, so also after a panic.
struct Done(AfterResponse);

impl Drop for Done {
    fn drop(&mut self) {
        self.0
            .0
            .under_way
            .send_modify(|count| *count = count.saturating_sub(1));
    }
}
