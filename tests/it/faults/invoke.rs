//! One call of a function, which may die or stand still at any boundary.

use std::panic::AssertUnwindSafe;
use std::task::Poll;

use app::ports::Clock;
use futures::FutureExt;
use lambda_runtime::Context;
use serde_json::Value;

use super::boundary::Event;
use super::run::{Message, Run};
use super::time::busy;

enum Step {
    Event(Event),
    Ended(Result<Value, String>),
}

impl Run<'_> {
    /// Calls a function until it ends, dies, or its time is over.
    pub async fn invoke(&mut self, name: &'static str, event: Value) -> Result<Value, String> {
        self.collect();
        let (function, limit) =
            self.environment.functions[&(self.scenario.support.name(), name)].clone();
        let mut context = Context::default();
        context.request_id = "request".to_owned();
        let ends = self
            .environment
            .clock
            .now()
            .plus_millis(i64::try_from(limit.as_millis()).unwrap_or(i64::MAX));
        context.deadline = ends.as_millis().unsigned_abs();
        let mut work = Box::pin(tokio::time::timeout(
            limit,
            AssertUnwindSafe(function.invoke(event, context)).catch_unwind(),
        ));
        let result = loop {
            let step = {
                let driver = &mut self.environment.driver;
                std::future::poll_fn(|context| {
                    busy();
                    if let Poll::Ready(Some(event)) = driver.poll_recv(context) {
                        return Poll::Ready(Step::Event(event));
                    }
                    let ended = work.as_mut().poll(context);
                    if ended.is_pending()
                        && let Poll::Ready(Some(event)) = driver.poll_recv(context)
                    {
                        return Poll::Ready(Step::Event(event));
                    }
                    ended.map(|ended| {
                        Step::Ended(match ended {
                            Ok(Ok(Ok(answer))) => Ok(answer),
                            Ok(Ok(Err(error))) => Err(error.to_string()),
                            Ok(Err(_)) => Err("panicked".to_owned()),
                            Err(_) => Err("its time is over".to_owned()),
                        })
                    })
                })
                .await
            };
            match step {
                Step::Ended(result) => break result,
                Step::Event(Event::Crash) => break Err("it died".to_owned()),
                Step::Event(Event::Stall(millis, go_on)) => {
                    Box::pin(self.meanwhile(name, millis)).await;
                    let _gone = go_on.send(());
                }
                Step::Event(Event::Look(go_on)) => {
                    let nested = self.environment.boundaries.nested(true);
                    self.collect();
                    if !self.queue.is_empty() {
                        Box::pin(self.deliver()).await;
                    }
                    self.environment.boundaries.nested(nested);
                    let _gone = go_on.send(());
                }
            }
        };
        drop(work);
        // A call that it left behind may still ask for something; it goes on without.
        while self.environment.driver.try_recv().is_ok() {}
        self.collect();
        let ended = result
            .as_ref()
            .map_or_else(|error| error.as_str(), |_| "ended");
        self.note(format_args!("{name}: {ended}"));
        result
    }

    /// One function is paused for this time. The environment goes on, and others get the same work.
    async fn meanwhile(&mut self, name: &'static str, millis: i64) {
        let nested = self.environment.boundaries.nested(true);
        self.note(format_args!("{name} is paused for {millis} ms"));
        self.environment.clock.skip(millis);
        match name {
            "submit" => {
                let body = self.order.to_string();
                self.commit("key", &body).await;
            }
            "submit-worker" => {
                if let Some(body) = self.working_on.clone() {
                    let copy = Message {
                        id: "copy".to_owned(),
                        body,
                        visible_at: self.began,
                        received: 0,
                    };
                    self.work_on(&copy, 1).await;
                }
            }
            _ => {}
        }
        if millis > 0 {
            self.reconcile().await;
        }
        for _ in 0..3 {
            self.collect();
            let now = self.environment.clock.now();
            if self.queue.iter().any(|message| message.visible_at <= now) {
                self.deliver().await;
            }
        }
        self.note(format_args!("{name} goes on"));
        self.environment.boundaries.nested(nested);
    }
}
