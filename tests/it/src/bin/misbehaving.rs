//! A program of the Lambda service that does what no function may: it panics, hangs and dies when
//! the event says so. With `BEHIND=http` it serves the HTTP API, else behind a source of
//! events.
#![allow(clippy::panic, clippy::exit, reason = "that is what it is for")]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::routing::get;
use lambda_kit::{EventHandler, Function, Runtime};
use lambda_runtime::{Context, Error};
use serde_json::{Value, json};

struct Obedient;

#[async_trait]
impl EventHandler for Obedient {
    async fn handle(&self, event: Value, _: Context) -> Result<Value, Error> {
        match event["do"].as_str() {
            Some("panic") => panic!("on demand"),
            Some("hang") => std::future::pending().await,
            Some("die") => std::process::exit(7),
            Some("fail") => Err("on demand".into()),
            _ => Ok(json!({"done": true})),
        }
    }
}

fn router(runtime: &Runtime) -> Router {
    let background = runtime.after_response.handle();
    let work = async move || {
        // Work after the answer, during which a request may panic.
        background.spawn(Box::pin(tokio::time::sleep(Duration::from_millis(300))));
        "done"
    };
    Router::new()
        .route(
            "/panic",
            get(async || -> &'static str { panic!("on demand") }),
        )
        .route("/work", get(work))
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    lambda_kit::run(|runtime| async move {
        match runtime.env.optional("BEHIND") {
            Some("http") => lambda_kit::serve(router(&runtime), &runtime),
            _ => Ok(Function::Event(Arc::new(Obedient))),
        }
    })
    .await
}
