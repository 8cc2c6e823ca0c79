//! An edge without resources, and the configuration of AWS clients for it.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_types::SdkConfig;
use aws_types::region::Region;
use local::edge::{Edge, EdgeOptions, ObjectCreated};
use local::stop::{self, Stopper};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// An edge and clients for it.
pub struct TestEdge {
    pub edge: Edge,
    pub sdk: SdkConfig,
    pub created: UnboundedReceiver<ObjectCreated>,
    _objects: tempfile::TempDir,
    _stop: Stopper,
}

impl TestEdge {
    /// Clients call the edge directly.
    pub fn in_process() -> Self {
        Self::open("http://127.0.0.1:1".to_owned(), None)
    }

    /// Clients go through a socket.
    pub async fn over_tcp() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::open(
            format!("http://{}", listener.local_addr().unwrap()),
            Some(listener),
        )
    }

    fn open(url: String, listener: Option<tokio::net::TcpListener>) -> Self {
        let objects = tempfile::tempdir().unwrap();
        let (sender, created) = unbounded_channel();
        let options = EdgeOptions {
            database: None,
            objects: objects.path(),
            url: url.clone(),
            created: sender,
        };
        let edge = Edge::open(options).unwrap();
        let (stop, stopped) = stop::channel();
        let client = match listener {
            None => edge.http_client(),
            Some(listener) => {
                let edge = edge.clone();
                tokio::spawn(local::serve::serve(listener, stopped, move |request| {
                    let edge = edge.clone();
                    async move { edge.call(request).await }
                }));
                aws_smithy_http_client::Builder::new().build_http()
            }
        };
        let sdk = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
                "any", "thing", None, None, "test",
            )))
            .endpoint_url(url)
            .http_client(client)
            .build();
        Self {
            edge,
            sdk,
            created,
            _objects: objects,
            _stop: stop,
        }
    }
}

/// A text attribute.
pub fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}
