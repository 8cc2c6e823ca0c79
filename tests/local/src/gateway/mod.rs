//! The storefront API: plays the HTTP API of the template, JWT authorizer included.

mod event;
mod issuer;
mod problem;
mod tokens;

pub use issuer::{Issuer, IssuerError, Subject};

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use app::ports::{Clock, Ids};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use matchit::Router;
use serde_json::{Map, Value};

use crate::edge::Body;
use crate::host::Host;
use crate::template::Template;
use problem::{json_answer, problem};
use tokens::Tokens;

/// What Lambda takes in one event.
const MAX_BODY_BYTES: usize = 6 * 1024 * 1024;

/// Two routes of the template cannot exist together.
#[derive(Debug, thiserror::Error)]
#[error("the route {route} cannot be served: {reason}")]
pub struct RouteError {
    route: String,
    reason: String,
}

struct Target {
    route_key: String,
    function: String,
    public: bool,
}

struct Inner {
    routes: HashMap<Method, Router<Target>>,
    host: Host,
    issuer: Issuer,
    tokens: Tokens,
    ready: AtomicBool,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

/// The storefront API. Cheap to clone.
#[derive(Clone)]
pub struct Gateway(Arc<Inner>);

impl Gateway {
    /// Serves the routes of `template` by the functions of `host`. `members` is the table that
    /// tokens are made from.
    ///
    /// # Errors
    /// [`RouteError`] when two routes are the same.
    pub fn new(
        template: &Template,
        host: Host,
        issuer: Issuer,
        dynamodb: aws_sdk_dynamodb::Client,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Result<Self, RouteError> {
        let mut routes: HashMap<Method, Router<Target>> = HashMap::new();
        for function in &template.functions {
            for route in &function.routes {
                let route_key = format!("{} {}", route.method, route.path);
                let failed = |reason: String| RouteError {
                    route: route_key.clone(),
                    reason,
                };
                let method = Method::from_bytes(route.method.as_bytes())
                    .map_err(|error| failed(error.to_string()))?;
                let target = Target {
                    route_key: route_key.clone(),
                    function: function.name.clone(),
                    public: route.public,
                };
                let inserted = routes
                    .entry(method)
                    .or_default()
                    .insert(&route.path, target);
                inserted.map_err(|error| failed(error.to_string()))?;
            }
        }
        let tokens = Tokens::new(dynamodb, issuer.clone());
        let ready = AtomicBool::new(false);
        Ok(Self(Arc::new(Inner {
            routes,
            host,
            issuer,
            tokens,
            ready,
            clock,
            ids,
        })))
    }

    /// From now on `GET /health` reaches its function.
    pub fn set_ready(&self) {
        self.0.ready.store(true, Ordering::Release);
    }

    /// Answers one request of a storefront.
    pub async fn call(&self, request: Request<Body>) -> Response<Body> {
        let inner = &self.0;
        let request_id = inner.ids.mint();
        let correlation_id = request.headers().get("x-correlation-id").cloned();
        let correlation_id = correlation_id.or_else(|| HeaderValue::from_str(&request_id).ok());
        let mut response = inner.answer(request, &request_id).await;
        // A function returns it by itself; what the gateway refuses must name it too.
        if let Some(id) = correlation_id
            && !response.headers().contains_key("x-correlation-id")
        {
            response.headers_mut().insert("x-correlation-id", id);
        }
        response
    }
}

impl Inner {
    async fn answer(&self, request: Request<Body>, request_id: &str) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path();
        match (&parts.method, path) {
            (&Method::GET, "/.well-known/jwks.json") => {
                return json_answer(StatusCode::OK, self.issuer.keys());
            }
            (&Method::GET, "/.well-known/openid-configuration") => {
                return json_answer(StatusCode::OK, &self.issuer.configuration());
            }
            (&Method::GET, "/health") if !self.ready.load(Ordering::Acquire) => {
                return problem(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "starting",
                    "The local stack is starting.",
                    request_id,
                );
            }
            _ => {}
        }
        let Ok(body) = Limited::new(body, MAX_BODY_BYTES).collect().await else {
            let detail = "The body is larger than 6 MB.";
            return problem(
                StatusCode::PAYLOAD_TOO_LARGE,
                "payload_too_large",
                detail,
                request_id,
            );
        };
        let body = body.to_bytes();
        if parts.method == Method::POST && path == "/local/tokens" {
            return self
                .tokens
                .answer(&body, self.clock.now(), request_id)
                .await;
        }
        let Some(found) = self
            .routes
            .get(&parts.method)
            .and_then(|router| router.at(path).ok())
        else {
            return problem(
                StatusCode::NOT_FOUND,
                "route_not_found",
                "There is no such route.",
                request_id,
            );
        };
        let claims = match (found.value.public, self.claims(&parts.headers)) {
            (true, _) => None,
            (false, Some(claims)) => Some(claims),
            (false, None) => {
                let detail = "A valid bearer token is required.";
                let mut response = problem(
                    StatusCode::UNAUTHORIZED,
                    "unauthenticated",
                    detail,
                    request_id,
                );
                let challenge = HeaderValue::from_static("Bearer");
                response
                    .headers_mut()
                    .insert(header::WWW_AUTHENTICATE, challenge);
                return response;
            }
        };
        let parameters = found
            .params
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        self.invoke(
            &parts,
            &body,
            found.value,
            parameters,
            claims.as_ref(),
            request_id,
        )
        .await
    }

    async fn invoke(
        &self,
        parts: &Parts,
        body: &Bytes,
        target: &Target,
        parameters: Vec<(String, String)>,
        claims: Option<&Map<String, Value>>,
        request_id: &str,
    ) -> Response<Body> {
        let matched = event::Matched {
            route_key: &target.route_key,
            parameters,
            claims,
            request_id,
            now: self.clock.now(),
        };
        let event = event::event(parts, body, matched);
        match self.host.invoke(&target.function, event).await {
            Ok(answer) => event::response(answer).unwrap_or_else(|| {
                tracing::error!(
                    function = %target.function,
                    "the function's answer is not an HTTP response"
                );
                problem(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "internal",
                    "Internal error.",
                    request_id,
                )
            }),
            Err(error) => {
                tracing::error!(%error, route = %target.route_key, "a request failed");
                problem(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "internal",
                    "Internal error.",
                    request_id,
                )
            }
        }
    }

    fn claims(&self, headers: &HeaderMap) -> Option<Map<String, Value>> {
        let credentials = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let (scheme, token) = credentials.split_once(' ').unwrap_or(("", credentials));
        (scheme.is_empty() || scheme.eq_ignore_ascii_case("bearer"))
            .then(|| self.issuer.verify(token.trim(), self.clock.now()))
            .flatten()
    }
}
