//! One AWS edge: DynamoDB, S3 and SQS behind one entry, as LocalStack's port offers them.
//!
//! Both ways in, a TCP port for the CLI and an in-process connector for the functions, end in
//! [`Edge::call`]. So a function uses the real AWS SDK down to the last header and spares the
//! sockets.

mod chunked;
mod connector;
mod dynamodb;
mod files;
mod need;
mod policy;
mod s3;
mod sqs;

pub use dynamodb::{DynamoDb, Refusal};
pub use files::ObjectCreated;
pub use policy::{Policy, Statement, USED};
pub use sqs::Sqs;

use std::path::Path;
use std::sync::Arc;

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use tokio::sync::mpsc::UnboundedSender;

/// The region that every resource of the local stack is in.
pub const REGION: &str = "eu-central-1";
/// The account that every resource of the local stack belongs to.
pub const ACCOUNT: &str = "123456789012";

/// DynamoDB takes up to 16 MB in one request, SQS less.
const MAX_JSON_BYTES: usize = 16 * 1024 * 1024;

/// The body of a request to the edge, and of its answer.
pub type Body = s3s::Body;

/// What the edge is made from.
#[derive(Debug)]
pub struct EdgeOptions<'a> {
    /// The file that holds the tables; none keeps them in memory.
    pub database: Option<&'a Path>,
    /// The folder that holds the objects. It must exist.
    pub objects: &'a Path,
    /// Where clients outside this process find the edge; queue URLs begin with it.
    pub url: String,
    /// Receives every object that came into being.
    pub created: UnboundedSender<ObjectCreated>,
}

/// The edge cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum EdgeError {
    /// The database file cannot be opened.
    #[error("the tables cannot be opened: {0}")]
    Tables(String),
    /// The object folder cannot be opened.
    #[error("the objects cannot be opened: {0}")]
    Objects(String),
}

/// One AWS edge. Cheap to clone.
#[derive(Clone)]
pub struct Edge {
    dynamodb: DynamoDb,
    s3: s3::S3,
    sqs: Sqs,
}

impl Edge {
    /// An edge without any resource.
    ///
    /// # Errors
    /// [`EdgeError`] when the database or the object folder cannot be opened.
    pub fn open(options: EdgeOptions<'_>) -> Result<Self, EdgeError> {
        Ok(Self {
            dynamodb: DynamoDb::open(options.database)?,
            s3: s3::S3::open(options.objects, options.created)?,
            sqs: Sqs::new(options.url),
        })
    }

    /// Answers one AWS request, whatever its signature: the local stack verifies no signature.
    pub async fn call(&self, request: Request<Body>) -> Response<Body> {
        self.call_as(None, request).await
    }

    /// Answers one AWS request of a caller that may do what the policy says, or anything without
    /// one.
    async fn call_as(&self, policy: Option<&Policy>, request: Request<Body>) -> Response<Body> {
        let Some((service, operation)) = target(request.headers()) else {
            return self.call_files(policy, request).await;
        };
        let (parts, body) = request.into_parts();
        let Some(body) = json_body(body).await else {
            return json(
                StatusCode::PAYLOAD_TOO_LARGE,
                Bytes::from_static(br#"{"__type":"RequestEntityTooLarge"}"#),
            );
        };
        if let Some(policy) = policy {
            let needs = match service.as_str() {
                "AmazonSQS" => need::of_queue(&operation, &body),
                _ => need::of_tables(&operation, &body),
            };
            if let Err(missing) = policy.check(&needs) {
                let message = format!("not allowed: {} on {}", missing.action, missing.resource);
                let kind = "com.amazon.coral.service#AccessDeniedException";
                let answer = serde_json::json!({"__type": kind, "message": message});
                return json(StatusCode::BAD_REQUEST, answer.to_string().into());
            }
        }
        match service.as_str() {
            "AmazonSQS" => self.sqs.call(&operation, parts.headers, body).await,
            // Inline: a call takes microseconds and holds one lock, so a second thread would only
            // add the hop.
            _ => match self.dynamodb.call(&operation, &body) {
                Ok(answer) => json(StatusCode::OK, answer.into()),
                Err(refusal) => json(refusal.status, refusal.body.into()),
            },
        }
    }

    async fn call_files(&self, policy: Option<&Policy>, request: Request<Body>) -> Response<Body> {
        let Some(policy) = policy else {
            return self.s3.call(request).await;
        };
        let (parts, mut body) = request.into_parts();
        let mut keys = Bytes::new();
        if need::removes_several(&parts) {
            let Some(read) = json_body(body).await else {
                return denied();
            };
            keys.clone_from(&read);
            body = Body::from(read);
        }
        if policy.check(&need::of_files(&parts, &keys)).is_err() {
            return denied();
        }
        let absence = need::of_absence(&parts);
        let answer = self.s3.call(Request::from_parts(parts, body)).await;
        if answer.status() == StatusCode::NOT_FOUND && policy.check(&absence).is_err() {
            return denied();
        }
        answer
    }

    /// A transport that hands requests of AWS clients straight to this edge.
    #[must_use]
    pub fn http_client(&self) -> SharedHttpClient {
        connector::client(self.clone(), None)
    }

    /// The same for clients of a function, which may do what its policy says and nothing else.
    #[must_use]
    pub fn http_client_of(&self, policy: Arc<Policy>) -> SharedHttpClient {
        connector::client(self.clone(), Some(policy))
    }

    /// The tables.
    #[must_use]
    pub fn dynamodb(&self) -> &DynamoDb {
        &self.dynamodb
    }

    /// The queues.
    #[must_use]
    pub fn sqs(&self) -> &Sqs {
        &self.sqs
    }
}

/// Service and operation of a request in one of the JSON protocols.
fn target(headers: &HeaderMap) -> Option<(String, String)> {
    let (service, operation) = headers
        .get("x-amz-target")?
        .to_str()
        .ok()?
        .split_once('.')?;
    (service == "AmazonSQS" || service.starts_with("DynamoDB"))
        .then(|| (service.to_owned(), operation.to_owned()))
}

async fn json_body(body: Body) -> Option<Bytes> {
    match body.bytes() {
        Some(bytes) => Some(bytes),
        None => Some(
            Limited::new(body, MAX_JSON_BYTES)
                .collect()
                .await
                .ok()?
                .to_bytes(),
        ),
    }
}

/// S3's refusal.
fn denied() -> Response<Body> {
    let body = "<?xml version=\"1.0\" \
        encoding=\"UTF-8\"?>\n<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
    let mut response = Response::new(Body::from(body.to_owned()));
    *response.status_mut() = StatusCode::FORBIDDEN;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/xml"),
    );
    response
}

fn json(status: StatusCode, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/x-amz-json-1.0"),
    );
    response
}
