//! Work that nobody waits for: done after the answer of the request that caused it.
//!
//! The Lambda service freezes a function once it asks for the next event, whatever is still under
//! way in it. So the function registers an extension with itself, which the service also waits for,
//! and which asks for the next event no sooner than the work is done. The caller has the answer by
//! then; a request that comes meanwhile is given to another instance. Source:
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html>, internal
//! extensions.

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

/// Most pieces of work under way at once. What comes on top is dropped: nobody waits for it.
const MOST: usize = 16;
/// Set by the Lambda service, for every function and by nobody else.
const LAMBDA: &str = "AWS_LAMBDA_INITIALIZATION_TYPE";
/// The longest that registering may take: the service answers it without leaving the machine.
const REGISTER: Duration = Duration::from_secs(1);

/// Does work after the answer. Cheap to clone; clones share the work.
#[derive(Clone)]
pub struct AfterResponse(Arc<Inner>);

struct Inner {
    wanted: AtomicBool,
    under_way: watch::Sender<usize>,
    /// One permit for each request that was answered and not looked at yet.
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
    /// For a use case that has such work. A function without one needs no extension.
    #[must_use]
    pub fn handle(&self) -> Arc<dyn Background> {
        self.0.wanted.store(true, Ordering::Relaxed);
        Arc::new(self.clone())
    }

    /// Waits until no work is under way.
    pub async fn quiet(&self) {
        let mut under_way = self.0.under_way.subscribe();
        // The sender lives as long as `self`.
        let _ = under_way.wait_for(|count| *count == 0).await;
    }

    /// Tells that a request was answered.
    pub(crate) fn answered(&self) {
        self.0.answered.add_permits(1);
    }

    /// Registers the extension; answers what runs it. None for a function without such work, and
    /// anywhere but on the Lambda service itself, which says so in a variable: nothing else freezes
    /// a function, and few know extensions.
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
            let room = *count < MOST;
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

/// Counts a piece of work as done, however it ends.
struct Done(AfterResponse);

impl Drop for Done {
    fn drop(&mut self) {
        self.0
            .0
            .under_way
            .send_modify(|count| *count = count.saturating_sub(1));
    }
}
