//! The outermost layer of every HTTP function: correlation, deadline, problem documents, panics.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use app::UseCaseError;
use app::ports::Clock;
use app::ports::Ids;
use app::ports::erp::CallContext;
use axum::Router;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use domain::time::Timestamp;
use futures::FutureExt;
use tracing::Instrument;

use crate::auth::Auth;
use crate::env::ConfigError;
use crate::function::Function;
use crate::http::problem::Problem;
use crate::metrics::EmfMetrics;
use crate::queue::ends;
use crate::runtime::Runtime;

/// The header that identifies a request and everything that it causes.
const CORRELATION: HeaderName = HeaderName::from_static("x-correlation-id");

/// The time that a function reserves for its response.
const RESERVE_MS: i64 = 700;

/// The duration of a request without a deadline.
const DEFAULT_MS: i64 = 25_000;

/// The ids and times of a request.
#[derive(Debug, Clone)]
pub struct Call {
    /// Identifies the request in the logs.
    pub request_id: String,
    /// Identifies the request and everything that it causes.
    pub correlation_id: String,
    /// The time at which the request arrived.
    pub now: Timestamp,
    /// The time by which the function must respond.
    pub deadline: Timestamp,
}

impl Call {
    /// Returns the context of calls to the ERP on behalf of this request.
    #[must_use]
    pub fn context(&self) -> CallContext {
        CallContext {
            deadline: self.deadline,
            correlation_id: self.correlation_id.clone(),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Call {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(missing_layer)
    }
}

/// A request reached a route that is not served by [`serve`]: a defect of the function.
pub(crate) fn missing_layer() -> Problem {
    Problem::UseCase(UseCaseError::Internal(
        "a route is outside the layer".to_owned(),
    ))
}

#[derive(Clone)]
struct Ambient {
    auth: Auth,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    metrics: EmfMetrics,
}

/// Makes a function of a router: verified callers, correlation ids, deadlines, problem documents
/// for every failure.
///
/// # Errors
/// [`ConfigError`] when `AUTH_MODE` or a variable that it requires is not set.
pub fn serve(router: Router, runtime: &Runtime) -> Result<Function, ConfigError> {
    let ambient = Ambient {
        auth: Auth::from_env(&runtime.env, runtime.clock.clone())?,
        clock: runtime.clock.clone(),
        ids: runtime.ids.clone(),
        metrics: runtime.metrics.clone(),
    };
    let router = router
        .fallback(async || Problem::RouteNotFound)
        .method_not_allowed_fallback(async || Problem::MethodNotAllowed)
        .layer(from_fn_with_state(ambient, around));
    Ok(Function::Http(router))
}

async fn around(State(ambient): State<Ambient>, mut request: Request, next: Next) -> Response {
    let call = call(&ambient, &request);
    request.extensions_mut().insert(call.clone());
    request.extensions_mut().insert(ambient.auth.clone());
    let method = request.method().clone();
    // The path is not logged, because it contains ids of customers.
    let span = tracing::info_span!(
        "request",
        correlation_id = %call.correlation_id, request_id = %call.request_id, %method,
    );
    let answer = AssertUnwindSafe(next.run(request))
        .catch_unwind()
        .instrument(span.clone())
        .await;
    let mut response = answer.unwrap_or_else(|_| {
        Problem::UseCase(UseCaseError::Internal("panic".to_owned())).into_response()
    });
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let _entered = span.enter();
        if problem.status().is_server_error() {
            tracing::error!(code = problem.code(), cause = ?problem, "the request failed");
        } else {
            tracing::info!(code = problem.code(), "the request was refused");
        }
        let headers = std::mem::take(response.headers_mut());
        response = problem.render(&call.request_id);
        // Headers of the handler and the extractors stay, except those that describe the replaced
        // body.
        for (name, value) in &headers {
            if !response.headers().contains_key(name) && name != axum::http::header::CONTENT_LENGTH
            {
                response.headers_mut().insert(name.clone(), value.clone());
            }
        }
    }
    if let Ok(value) = HeaderValue::from_str(&call.correlation_id) {
        response.headers_mut().insert(CORRELATION, value);
    }
    // Before the response: the service may freeze the function after it.
    ambient.metrics.flush();
    response
}

fn call(ambient: &Ambient, request: &Request) -> Call {
    let now = ambient.clock.now();
    let context = request.extensions().get::<lambda_runtime::Context>();
    let ends = context
        .and_then(|c| ends(c, now))
        .unwrap_or_else(|| now.plus_millis(DEFAULT_MS));
    let is_id = |text: &&str| {
        (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
    };
    let request_id = context
        .map(|context| context.request_id.as_str())
        .filter(is_id);
    let request_id = request_id.map_or_else(|| ambient.ids.mint(), str::to_owned);
    let received = request
        .headers()
        .get(&CORRELATION)
        .and_then(|value| value.to_str().ok())
        .filter(is_id);
    Call {
        // The first request of a flow has no correlation id yet.
        correlation_id: received.unwrap_or(&request_id).to_owned(),
        request_id,
        now,
        deadline: ends.plus_millis(-RESERVE_MS),
    }
}
