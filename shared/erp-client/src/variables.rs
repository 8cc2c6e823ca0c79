//! Builds the client from the variables of a function.

use std::sync::Arc;

use app::ports::{Clock, Metrics, VariableError};

use crate::{BreakerLimits, Config, ErpClient, TimeLimits};

impl ErpClient {
    /// Builds the client from `ERP_URL`, `ERP_TOKEN` and `STORE_ID`, which `variable` reads; opens
    /// no connection. `ERP_LOOKUP_MS` may give prices and availability another time limit
    /// than the default. `metrics` counts how calls end.
    ///
    /// # Errors
    /// [`VariableError`] naming the variable that is missing or not usable.
    pub fn from_variables(
        variable: &dyn Fn(&'static str) -> Option<String>,
        clock: Arc<dyn Clock>,
        metrics: Arc<dyn Metrics>,
    ) -> Result<Self, VariableError> {
        let required = |name| {
            variable(name).ok_or(VariableError {
                name,
                reason: "it is not set",
            })
        };
        let mut limits = TimeLimits::default();
        if let Some(text) = variable("ERP_LOOKUP_MS") {
            let reason = "it is not a number of milliseconds from 100 to 25000";
            let millis = text
                .parse()
                .ok()
                .filter(|millis| (100..=25_000).contains(millis));
            limits.lookup.base_ms = millis.ok_or(VariableError {
                name: "ERP_LOOKUP_MS",
                reason,
            })?;
        }
        let config = Config {
            base_url: required("ERP_URL")?,
            token: required("ERP_TOKEN")?,
            store: required("STORE_ID")?,
            limits,
            breaker: BreakerLimits::default(),
        };
        let client = Self::new(config, clock).map_err(|_| VariableError {
            name: "ERP_URL",
            reason: "it is not an absolute http or https URL",
        })?;
        Ok(Self {
            metrics: Some(metrics),
            ..client
        })
    }
}
