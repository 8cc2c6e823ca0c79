//! S3 over a folder. Any credentials do, or none.

use std::path::Path;

use http::{HeaderValue, Request, Response, StatusCode, header};
use s3s::S3Result;
use s3s::host::{S3Host, VirtualHost};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use tokio::sync::mpsc::UnboundedSender;

use super::chunked::Chunked;
use super::files::{Files, ObjectCreated};
use super::{Body, EdgeError};

/// The objects of the stack. Cheap to clone.
#[derive(Clone)]
pub(super) struct S3(S3Service);

impl S3 {
    pub(super) fn open(
        folder: &Path,
        created: UnboundedSender<ObjectCreated>,
    ) -> Result<Self, EdgeError> {
        let files =
            FileSystem::new(folder).map_err(|error| EdgeError::Objects(format!("{error:?}")))?;
        let mut builder = S3ServiceBuilder::new(Files::new(files, created));
        builder.set_host(Localhost);
        Ok(Self(builder.build()))
    }

    pub(super) async fn call(&self, request: Request<Body>) -> Response<Body> {
        match self.0.call(unsigned(request)).await {
            Ok(response) => response,
            Err(error) => {
                tracing::error!(error = ?error, "the S3 service gave up on a request");
                let mut response = Response::new(Body::empty());
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                response
            }
        }
    }
}

/// The same request as if it was not signed. The service would refuse a signature of a key that
/// it does not know, and the local stack is to work with whatever keys a developer's shell happens
/// to hold.
fn unsigned(request: Request<Body>) -> Request<Body> {
    let (mut parts, body) = request.into_parts();
    let headers = &mut parts.headers;
    headers.remove(header::AUTHORIZATION);
    let chunked = headers
        .remove("x-amz-content-sha256")
        .is_some_and(|kind| kind.as_bytes().starts_with(b"STREAMING-"));
    if let Some(query) = parts.uri.query().filter(|query| query.contains("X-Amz-")) {
        let kept: Vec<_> = query
            .split('&')
            .filter(|pair| !pair.starts_with("X-Amz-"))
            .collect();
        let path = parts.uri.path();
        let target = if kept.is_empty() {
            path.to_owned()
        } else {
            format!("{path}?{}", kept.join("&"))
        };
        if let Ok(uri) = target.parse() {
            parts.uri = uri;
        }
    }
    if !chunked {
        return Request::from_parts(parts, body);
    }
    // The checksum in the trailer goes with its frame, so nothing may announce it any more.
    headers.remove("x-amz-trailer");
    headers.remove("x-amz-sdk-checksum-algorithm");
    match headers.remove("x-amz-decoded-content-length") {
        Some(length) => headers.insert(header::CONTENT_LENGTH, length),
        None => headers.remove(header::CONTENT_LENGTH),
    };
    let encodings = headers.remove(header::CONTENT_ENCODING);
    let kept: Vec<_> = encodings
        .as_ref()
        .and_then(|value| value.to_str().ok())
        .map(|value| {
            value
                .split(',')
                .map(str::trim)
                .filter(|coding| *coding != "aws-chunked" && !coding.is_empty())
                .collect()
        })
        .unwrap_or_default();
    if let Ok(value) = HeaderValue::from_str(&kept.join(","))
        && !value.is_empty()
    {
        headers.insert(header::CONTENT_ENCODING, value);
    }
    Request::from_parts(parts, Body::http_body(Chunked::new(body)))
}

/// Finds the bucket in `bucket.localhost:4566`; any other host means that the path begins with it.
struct Localhost;

impl S3Host for Localhost {
    fn parse_host_header<'a>(&'a self, host: &'a str) -> S3Result<VirtualHost<'a>> {
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let bucket = name
            .strip_suffix(".localhost")
            .map(|bucket| bucket.strip_suffix(".s3").unwrap_or(bucket));
        Ok(match bucket {
            Some(bucket) if bucket != "s3" => VirtualHost::new("localhost").with_bucket(bucket),
            _ => VirtualHost::new(name),
        })
    }
}
