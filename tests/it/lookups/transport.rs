//! A transport that counts the calls of AWS clients.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

/// Counts calls by operation.
#[derive(Debug, Clone, Default)]
pub struct Counts(Arc<Mutex<BTreeMap<String, usize>>>);

impl Counts {
    /// The calls so far, and starts over.
    pub fn take(&self) -> BTreeMap<String, usize> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// A transport that counts and then uses `inner`.
    pub fn over(&self, inner: SharedHttpClient) -> SharedHttpClient {
        SharedHttpClient::new(Client {
            counts: self.clone(),
            inner,
        })
    }
}

#[derive(Debug)]
struct Client {
    counts: Counts,
    inner: SharedHttpClient,
}

impl HttpClient for Client {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Connector {
            counts: self.counts.clone(),
            inner,
        })
    }
}

#[derive(Debug)]
struct Connector {
    counts: Counts,
    inner: SharedHttpConnector,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        *self.counts.0.lock().unwrap().entry(operation).or_default() += 1;
        self.inner.call(request)
    }
}
