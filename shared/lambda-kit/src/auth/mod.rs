//! Identifies the caller: by claims that API Gateway verified, or by a token that is verified here.

mod claims;
mod extract;
mod jwks;

use std::sync::Arc;

use app::ports::Clock;
use axum::http::request::Parts;
use domain::caller::Caller;
use lambda_http::request::RequestContext;

use crate::env::{ConfigError, Env};
use crate::http::Problem;

pub use extract::{Authenticated, Buyer, Member, Operator, OptionalCaller};
use jwks::Verifier;

/// Verifies callers. It cannot be disabled.
#[derive(Clone)]
pub struct Auth {
    gateway: bool,
    verifier: Option<Arc<Verifier>>,
}

impl Auth {
    /// Reads `AUTH_MODE`: `gateway` trusts the claims that API Gateway verified; `jwks` verifies
    /// the bearer token itself against `JWKS_URL`, `JWT_ISSUER` and `JWT_AUDIENCE`. With `gateway`
    /// those three are optional: only a public route with an optional caller needs them.
    ///
    /// # Errors
    /// [`ConfigError`] when a variable is missing or `AUTH_MODE` is something else.
    pub fn from_env(env: &Env, clock: Arc<dyn Clock>) -> Result<Self, ConfigError> {
        let gateway = match env.required("AUTH_MODE")? {
            "gateway" => true,
            "jwks" => false,
            _ => {
                return Err(ConfigError::invalid(
                    "AUTH_MODE",
                    "it is neither gateway nor jwks",
                ));
            }
        };
        let verifier = if gateway && env.optional("JWKS_URL").is_none() {
            None
        } else {
            Some(Arc::new(Verifier::from_env(env, clock)?))
        };
        Ok(Self { gateway, verifier })
    }

    /// Returns the caller of a request, or `None` if the request has no token.
    ///
    /// # Errors
    /// [`Problem::Unauthenticated`] for a token that does not verify.
    pub(crate) async fn caller(&self, parts: &Parts) -> Result<Option<Caller>, Problem> {
        if self.gateway
            && let Some(RequestContext::ApiGatewayV2(context)) =
                parts.extensions.get::<RequestContext>()
            && let Some(jwt) = context
                .authorizer
                .as_ref()
                .and_then(|authorizer| authorizer.jwt.as_ref())
        {
            return claims::from_gateway(&jwt.claims)
                .map(Some)
                .ok_or(Problem::Unauthenticated);
        }
        let Some(header) = parts.headers.get(axum::http::header::AUTHORIZATION) else {
            return Ok(None);
        };
        let token = header
            .to_str()
            .ok()
            .and_then(|text| text.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim());
        match (token, &self.verifier) {
            (Some(token), Some(verifier)) => verifier.verify(token).await.map(Some),
            // API Gateway does not verify the token of a request to a public route. A function
            // without a verifier ignores it.
            (_, None) => Ok(None),
            (None, Some(_)) => Err(Problem::Unauthenticated),
        }
    }
}
