//! The variables that a function is configured by.

use std::collections::BTreeMap;
use std::str::FromStr;

/// A function cannot start as it is configured.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A variable without which the function cannot work is not set or empty.
    #[error("the environment variable {0} is not set")]
    Missing(String),
    /// A variable is set to something unusable. The value is not repeated: it may be a secret.
    #[error("the environment variable {name} is not usable: {reason}")]
    Invalid {
        /// The variable.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// The variables of one function. A map, not the process environment: the local stack and the tests
/// run every function of `template.yaml` in one process, each with its own.
#[derive(Clone, Default)]
pub struct Env(BTreeMap<String, String>);

impl Env {
    /// The environment of this process.
    #[must_use]
    pub fn from_process() -> Self {
        Self(
            std::env::vars_os()
                .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)))
                .collect(),
        )
    }

    /// The given variables and no others.
    pub fn from_pairs<K: Into<String>, V: Into<String>>(
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        Self(
            pairs
                .into_iter()
                .map(|(k, v)| (k.into(), v.into()))
                .collect(),
        )
    }

    /// The value of `name`, if it is set and not empty.
    #[must_use]
    pub fn optional(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// The value of `name`.
    ///
    /// # Errors
    /// [`ConfigError::Missing`] when it is not set or empty.
    pub fn required(&self, name: &str) -> Result<&str, ConfigError> {
        self.optional(name)
            .ok_or_else(|| ConfigError::Missing(name.to_owned()))
    }

    /// The value of `name` as a `T`, or `default` when it is not set.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] when it is set but is no `T`.
    pub fn parsed<T: FromStr>(&self, name: &str, default: T) -> Result<T, ConfigError> {
        match self.optional(name) {
            None => Ok(default),
            Some(text) => text
                .parse()
                .map_err(|_| self.invalid(name, "it cannot be read as the expected type")),
        }
    }

    /// An error that names the variable.
    #[must_use]
    pub fn invalid(&self, name: &str, reason: &str) -> ConfigError {
        ConfigError::Invalid {
            name: name.to_owned(),
            reason: reason.to_owned(),
        }
    }
}
