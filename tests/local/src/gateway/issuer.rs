//! The token issuer of the local stack: one RSA key, made at start.

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaPublicKeyComponents};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::time::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Map, Value, json};

/// How long a token lives.
const TOKEN_SECONDS: i64 = 3600;

/// The issuer has no usable key.
#[derive(Debug, thiserror::Error)]
#[error("the token key cannot be used: {0}")]
pub struct IssuerError(String);

/// Who a token is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The user's id.
    pub user_id: String,
    /// The organization's id; empty for an operator.
    pub organization_id: String,
    /// The roles.
    pub roles: Vec<String>,
}

/// Mints and verifies tokens. Cheap to clone.
#[derive(Clone)]
pub struct Issuer {
    key: Arc<KeyPair>,
    verifying: Arc<DecodingKey>,
    key_id: Arc<str>,
    keys: Arc<Value>,
    name: Arc<str>,
    audience: Arc<str>,
}

impl Issuer {
    /// An issuer of the given name for the given audience. Its key comes from `file`, or is made
    /// and kept there.
    ///
    /// # Errors
    /// [`IssuerError`] when the file cannot be read or written.
    pub fn open(name: &str, audience: &str, file: Option<&Path>) -> Result<Self, IssuerError> {
        let key = match file {
            Some(path) if path.exists() => {
                let der = std::fs::read(path).map_err(|error| IssuerError(error.to_string()))?;
                KeyPair::from_pkcs8(&der).map_err(|error| IssuerError(error.to_string()))?
            }
            _ => KeyPair::generate(KeySize::Rsa2048)
                .map_err(|error| IssuerError(error.to_string()))?,
        };
        if let Some(path) = file.filter(|path| !path.exists()) {
            let der = key
                .as_der()
                .map_err(|error| IssuerError(error.to_string()))?;
            std::fs::write(path, der.as_ref()).map_err(|error| IssuerError(error.to_string()))?;
        }
        let public = RsaPublicKeyComponents::<Vec<u8>>::from(key.public_key());
        let (n, e) = (
            URL_SAFE_NO_PAD.encode(&public.n),
            URL_SAFE_NO_PAD.encode(&public.e),
        );
        let key_id: String = n.chars().take(16).collect();
        let keys = json!({
            "keys": [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": key_id, "n": n, "e": e}],
        });
        Ok(Self {
            key: Arc::new(key),
            verifying: Arc::new(DecodingKey::from_rsa_raw_components(&public.n, &public.e)),
            key_id: key_id.into(),
            keys: Arc::new(keys),
            name: name.into(),
            audience: audience.into(),
        })
    }

    /// The key set, as `/.well-known/jwks.json` shows it.
    #[must_use]
    pub fn keys(&self) -> &Value {
        &self.keys
    }

    /// What `/.well-known/openid-configuration` shows.
    #[must_use]
    pub fn configuration(&self) -> Value {
        json!({
            "issuer": &*self.name,
            "jwks_uri": format!("{}/.well-known/jwks.json", self.name),
            "id_token_signing_alg_values_supported": ["RS256"],
        })
    }

    /// A token for `subject`, good for an hour.
    ///
    /// # Errors
    /// [`IssuerError`] when the key refuses to sign.
    pub fn mint(&self, subject: &Subject, now: Timestamp) -> Result<String, IssuerError> {
        let header = json!({"alg": "RS256", "typ": "JWT", "kid": &*self.key_id});
        let claims = json!({
            "sub": subject.user_id,
            "org": subject.organization_id,
            "roles": subject.roles,
            "iss": &*self.name,
            "aud": &*self.audience,
            "iat": now.as_seconds(),
            "exp": now.as_seconds() + TOKEN_SECONDS,
        });
        let signed = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header.to_string()),
            URL_SAFE_NO_PAD.encode(claims.to_string())
        );
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                signed.as_bytes(),
                &mut signature,
            )
            .map_err(|error| IssuerError(error.to_string()))?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// The claims of a token, if it is one of ours and of this hour.
    #[must_use]
    pub fn verify(&self, token: &str, now: Timestamp) -> Option<Map<String, Value>> {
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_issuer(&[&*self.name]);
        validation.set_audience(&[&*self.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        // Compared with the clock that was handed in, below.
        validation.validate_exp = false;
        let claims =
            jsonwebtoken::decode::<Map<String, Value>>(token, &self.verifying, &validation)
                .ok()?
                .claims;
        let expires = claims.get("exp").and_then(Value::as_i64)?;
        (now.as_seconds() < expires).then_some(claims)
    }
}
