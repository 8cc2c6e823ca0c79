//! How a stack is to be started, and why it may not start.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use app::ports::{Clock, Ids};
use lambda_kit::{ConfigError, MetricSink, RandomIds, SystemClock};

use crate::edge::EdgeError;
use crate::gateway::{IssuerError, RouteError};
use crate::provision::ProvisionError;
use crate::template::TemplateError;

/// How a stack is to be started. The default is what `cargo run -p local` does, on any free ports.
#[derive(Clone)]
pub struct Options {
    /// Port of the storefront API; 0 for any free one.
    pub port: u16,
    /// Port of the AWS edge; 0 for any free one.
    pub aws_port: u16,
    /// Port of the ERP simulator; 0 for any free one.
    pub erp_port: u16,
    /// A folder with `incoming/` and `erp/`; none for the bundled one.
    pub dataset: Option<PathBuf>,
    /// A real ERP instead of the simulator.
    pub erp: Option<Erp>,
    /// Where to keep tables and objects; none for a temporary folder.
    pub data: Option<PathBuf>,
    /// Whether schedules run by themselves. A test that wants its own timing calls the function
    /// instead.
    pub schedules: bool,
    /// Whether items are deleted once their time to live has passed, which compares it with the
    /// machine's clock.
    pub sweep: bool,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Arc<dyn Ids>,
    /// Listens to the metrics of all functions; without it they are dropped.
    pub metrics: Option<Arc<dyn MetricSink>>,
}

/// A real ERP.
#[derive(Debug, Clone)]
pub struct Erp {
    /// Base URL of its adapter.
    pub url: String,
    /// The bearer credential that it expects.
    pub token: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            aws_port: 0,
            erp_port: 0,
            dataset: None,
            erp: None,
            data: None,
            schedules: true,
            sweep: true,
            clock: Arc::new(SystemClock),
            ids: Arc::new(RandomIds),
            metrics: None,
        }
    }
}

/// The stack cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A port cannot be had.
    #[error("the port {port} for {what} cannot be used: {reason}")]
    Port {
        /// What would listen on it.
        what: &'static str,
        /// The port.
        port: u16,
        /// The system's word for it.
        reason: std::io::Error,
    },
    /// The data set cannot be used.
    #[error("the data set {path} cannot be used: {reason}")]
    Dataset {
        /// The file or folder.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The folder for the state cannot be used.
    #[error("the data folder {path} cannot be used: {reason}")]
    Data {
        /// The folder.
        path: String,
        /// The system's word for it.
        reason: String,
    },
    /// The template names a function that this program does not have.
    #[error("the template's function {0} is not part of this program")]
    NoFunction(String),
    /// The template is wrong.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The AWS edge cannot be opened.
    #[error(transparent)]
    Edge(#[from] EdgeError),
    /// A resource cannot be created.
    #[error(transparent)]
    Provision(#[from] ProvisionError),
    /// The token issuer has no key.
    #[error(transparent)]
    Issuer(#[from] IssuerError),
    /// Two routes collide.
    #[error(transparent)]
    Route(#[from] RouteError),
    /// A function refuses its configuration.
    #[error("the function {name} cannot start: {reason}")]
    Function {
        /// The function.
        name: String,
        /// What it said.
        reason: ConfigError,
    },
}

impl StartError {
    pub(crate) fn dataset(path: &Path, reason: impl ToString) -> Self {
        Self::Dataset {
            path: path.display().to_string(),
            reason: reason.to_string(),
        }
    }

    pub(crate) fn data(path: &Path, reason: impl ToString) -> Self {
        Self::Data {
            path: path.display().to_string(),
            reason: reason.to_string(),
        }
    }
}
