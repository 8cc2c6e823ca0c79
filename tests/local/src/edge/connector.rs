//! The transport of the AWS clients in this process: a function call.

use std::fmt;
use std::sync::Arc;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;

use super::{Body, Edge, Policy};

pub(super) fn client(edge: Edge, policy: Option<Arc<Policy>>) -> SharedHttpClient {
    SharedHttpClient::new(InProcess { edge, policy })
}

#[derive(Clone)]
struct InProcess {
    edge: Edge,
    /// Whose requests these are; anonymous ones are refused nothing.
    policy: Option<Arc<Policy>>,
}

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InProcess")
    }
}

impl HttpClient for InProcess {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Self { edge, policy } = self.clone();
        HttpConnectorFuture::new(async move {
            let request = request
                .try_into_http1x()
                .map_err(|error| ConnectorError::user(error.into()))?;
            let response = edge.call_as(policy.as_deref(), request.map(incoming)).await;
            HttpResponse::try_from(response.map(outgoing))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

fn incoming(body: SdkBody) -> Body {
    match body.bytes() {
        Some(bytes) => Body::from(Bytes::copy_from_slice(bytes)),
        None => Body::http_body(body),
    }
}

fn outgoing(body: Body) -> SdkBody {
    match body.bytes() {
        Some(bytes) => SdkBody::from(bytes),
        None => SdkBody::from_body_1_x(body),
    }
}
