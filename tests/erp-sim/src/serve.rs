//! The serving loop. The simulator owns its connections, so that faults can cut them.

use std::convert::Infallible;
use std::future::Future;

use axum::Router;
use axum::body::Body;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tower::ServiceExt;

use crate::Simulator;
use crate::connection::Connection;
use crate::router::router;

impl Simulator {
    /// Serves on `listener` until `shutdown` ends, then drops every connection at once: a simulator
    /// has nothing to finish.
    ///
    /// # Errors
    /// When the listener fails for good; a single connection that fails is dropped.
    pub async fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()>,
    ) -> std::io::Result<()> {
        let router = router(self);
        let mut connections = JoinSet::new();
        tokio::pin!(shutdown);
        loop {
            tokio::select! {
                () = &mut shutdown => return Ok(()),
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        connections.spawn(serve_connection(stream, router.clone()));
                    }
                    // A client that left before it was accepted, or too many open files: both pass.
                    Err(_) => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
                },
                Some(_) = connections.join_next() => {}
            }
        }
    }

    /// Answers one request with a JSON body without a socket, control routes included: status and
    /// body.
    pub async fn ask(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let request = Request::builder().method(method).uri(path);
        let request = request.header("authorization", format!("Bearer {}", self.token()));
        let Ok(request) = request.body(Body::from(body.to_string())) else {
            return (400, Value::Null);
        };
        let answer = router(self).oneshot(request).await;
        let (parts, body) = answer.unwrap_or_else(|never| match never {}).into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX)
            .await
            .unwrap_or_default();
        (
            parts.status.as_u16(),
            serde_json::from_slice(&bytes).unwrap_or_default(),
        )
    }
}

async fn serve_connection(stream: TcpStream, router: Router) {
    // Small answers in a row would otherwise wait for acknowledgements.
    let _best_effort = stream.set_nodelay(true);
    let connection = Connection::new();
    let handle = connection.clone();
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(handle.clone());
        let answer = router.clone().oneshot(request.map(Body::new));
        async move { Ok::<_, Infallible>(answer.await.unwrap_or_else(|never| match never {})) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        // The client left or the fault broke the answer off; neither concerns anybody else.
        _ended = served => {}
        () = connection.was_cut() => {}
    }
}
