//! The environment variables of a function.

use std::collections::BTreeMap;
use std::fmt::Display;

use app::ports::VariableError;

/// Why a function cannot start with its configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A required variable is not set or empty.
    #[error("the environment variable {0} is not set")]
    Missing(String),
    /// The value of a variable is not usable. The error does not repeat it: it may be a secret.
    #[error("the environment variable {name} is not usable: {reason}")]
    Invalid {
        name: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl ConfigError {
    pub(crate) fn invalid(name: &str, reason: impl Display) -> Self {
        Self::Invalid {
            name: name.to_owned(),
            reason: reason.to_string(),
        }
    }
}

impl From<VariableError> for ConfigError {
    fn from(error: VariableError) -> Self {
        Self::invalid(error.name, error.reason)
    }
}

/// The variables of one function. It is a map, not the process environment, because the local stack
/// and the tests run all functions of `template.yaml` in one process, each with its own variables.
#[derive(Clone, Default)]
pub struct Env(BTreeMap<String, String>);

impl Env {
    /// Copies the environment of this process.
    #[must_use]
    pub fn from_process() -> Self {
        Self(
            std::env::vars_os()
                .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)))
                .collect(),
        )
    }

    /// Takes exactly the given variables.
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

    /// Returns the value of `name`, or `None` if it is not set or empty.
    #[must_use]
    pub fn optional(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// Returns the value of `name`.
    ///
    /// # Errors
    /// [`ConfigError::Missing`] when it is not set or empty.
    pub fn required(&self, name: &str) -> Result<&str, ConfigError> {
        self.optional(name)
            .ok_or_else(|| ConfigError::Missing(name.to_owned()))
    }

    /// Returns the value of `name`, parsed.
    ///
    /// # Errors
    /// [`ConfigError`] if it is missing or `parse` fails.
    pub fn parsed<T, E: Display>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, ConfigError> {
        parse(self.required(name)?).map_err(|error| ConfigError::invalid(name, error))
    }

    /// Returns the value of `name`, parsed, or `None` if it is not set or empty.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] if `parse` fails.
    pub fn optionally_parsed<T, E: Display>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, ConfigError> {
        let parsed = self.optional(name).map(parse).transpose();
        parsed.map_err(|error| ConfigError::invalid(name, error))
    }
}
