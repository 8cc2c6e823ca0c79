//! Verifies bearer tokens against the key set of an issuer.

use std::sync::Arc;
use std::time::Duration;

use app::UseCaseError;
use app::ports::Clock;
use domain::caller::Caller;
use domain::time::Timestamp;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use tokio::sync::RwLock;

use super::claims::Claims;
use crate::env::{ConfigError, Env};
use crate::http::Problem;

/// The shortest time between two reads of the key set. An unknown key causes a read, so callers
/// could otherwise cause any number of requests to the issuer.
const RELOAD_MS: i64 = 30_000;

/// Seconds by which clocks may differ.
const LEEWAY: i64 = 30;

struct Keys {
    set: JwkSet,
    read_at: Timestamp,
}

pub(super) struct Verifier {
    url: String,
    validation: Validation,
    http: reqwest::Client,
    clock: Arc<dyn Clock>,
    keys: RwLock<Option<Keys>>,
}

impl Verifier {
    pub(super) fn from_env(env: &Env, clock: Arc<dyn Clock>) -> Result<Self, ConfigError> {
        // Only asymmetric algorithms: with a symmetric one, the public key could sign a token.
        let mut validation = Validation::new(Algorithm::RS256);
        validation.algorithms = vec![Algorithm::RS256, Algorithm::ES256];
        validation.set_issuer(&[env.required("JWT_ISSUER")?]);
        validation.set_audience(&[env.required("JWT_AUDIENCE")?]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // The library reads the clock of the machine. `verify` compares the claims with `clock`.
        validation.validate_exp = false;
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(3))
            .build()
            .map_err(|_| ConfigError::invalid("JWKS_URL", "the client for it cannot be built"))?;
        Ok(Self {
            url: env.required("JWKS_URL")?.to_owned(),
            validation,
            http,
            clock,
            keys: RwLock::new(None),
        })
    }

    pub(super) async fn verify(&self, token: &str) -> Result<Caller, Problem> {
        let header = decode_header(token).map_err(|_| Problem::Unauthenticated)?;
        let kid = header.kid.ok_or(Problem::Unauthenticated)?;
        let key = match self.known(&kid).await {
            Some(key) => key,
            None => self.reload(&kid).await?,
        };
        let mut validation = self.validation.clone();
        validation.algorithms = vec![header.alg];
        if !self.validation.algorithms.contains(&header.alg) {
            return Err(Problem::Unauthenticated);
        }
        let data =
            decode::<Claims>(token, &key, &validation).map_err(|_| Problem::Unauthenticated)?;
        if !data.claims.valid_at(self.clock.now().as_seconds(), LEEWAY) {
            return Err(Problem::Unauthenticated);
        }
        data.claims.caller().ok_or(Problem::Unauthenticated)
    }

    async fn known(&self, kid: &str) -> Option<DecodingKey> {
        let keys = self.keys.read().await;
        DecodingKey::from_jwk(keys.as_ref()?.set.find(kid)?).ok()
    }

    async fn reload(&self, kid: &str) -> Result<DecodingKey, Problem> {
        let mut keys = self.keys.write().await;
        let now = self.clock.now();
        if keys
            .as_ref()
            .is_none_or(|k| now.millis_since(k.read_at) >= RELOAD_MS)
        {
            let set = self.fetch().await.map_err(|error| {
                Problem::UseCase(UseCaseError::Internal(format!(
                    "the key set of the issuer cannot be read: {error}"
                )))
            })?;
            *keys = Some(Keys { set, read_at: now });
        }
        let found = keys
            .as_ref()
            .and_then(|k| k.set.find(kid))
            .and_then(|jwk| DecodingKey::from_jwk(jwk).ok());
        found.ok_or(Problem::Unauthenticated)
    }

    async fn fetch(&self) -> Result<JwkSet, reqwest::Error> {
        self.http
            .get(&self.url)
            .send()
            .await?
            .error_for_status()?
            .json()
            .await
    }
}
