//! Drops the export files of a data set into S3 and watches what the load functions make of them.

use std::collections::HashSet;
use std::time::Duration;

use aws_sdk_s3::error::DisplayErrorContext;
use aws_sdk_s3::primitives::ByteStream;
use http::{Method, Request, header};
use http_body_util::BodyExt;
use serde::Deserialize;

use crate::dataset::ExportFile;
use crate::edge::Body;
use crate::stack::Stack;

/// How often the loads are looked at.
const POLL: Duration = Duration::from_millis(50);
/// After so long without a trace of a load, its event is lost.
const APPEARS_WITHIN: Duration = Duration::from_secs(60);

/// A load ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The kind of file.
    pub kind: &'static str,
    /// The end state, such as `published`.
    pub state: String,
    /// Rows in the file.
    pub rows: u64,
    /// Rows that took effect, or had nothing to change.
    pub applied: u64,
    /// Rows that were refused.
    pub rejected: u64,
    /// Rows per second, as the load function measured them.
    pub rows_per_second: u64,
}

/// A file could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error("the file {path} cannot be read: {reason}")]
    File {
        /// The file.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// The object could not be put.
    #[error("{key} cannot be put into S3: {reason}")]
    Put {
        /// The key.
        key: String,
        /// What S3 said.
        reason: String,
    },
    /// The loads cannot be listed.
    #[error("the loads cannot be listed: {0}")]
    List(String),
    /// Nothing became of the file.
    #[error("no load of {0} appeared within a minute")]
    Lost(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    loads: Vec<Load>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Load {
    load_id: String,
    key: String,
    state: String,
    counts: Counts,
    rows_per_second: Option<u64>,
}

#[derive(Deserialize)]
struct Counts {
    rows: u64,
    applied: u64,
    #[serde(default)]
    unchanged: u64,
    rejected: u64,
}

/// Loads all files of the stack's data set, one after the other, and reports each.
///
/// # Errors
/// [`LoadError`] for the first file that could not even be tried. A load that ends as `failed` is
/// reported, not an error.
pub async fn load(stack: &Stack, mut report: impl FnMut(&Loaded)) -> Result<(), LoadError> {
    let files = stack.dataset().files().to_vec();
    if files.is_empty() {
        return Ok(());
    }
    let bucket = stack
        .template()
        .parameters
        .get("ExportsBucket")
        .cloned()
        .unwrap_or_default();
    let s3 = aws_sdk_s3::Client::new(stack.sdk_config());
    let token = token(stack).await?;
    for file in &files {
        let before: HashSet<_> = loads(stack, &token)
            .await?
            .into_iter()
            .map(|load| load.load_id)
            .collect();
        put(&s3, &bucket, file).await?;
        let load = ended(stack, &token, &file.key, &before).await?;
        report(&loaded(file, load));
    }
    Ok(())
}

fn loaded(file: &ExportFile, load: Load) -> Loaded {
    Loaded {
        kind: file.kind,
        state: load.state,
        rows: load.counts.rows,
        applied: load.counts.applied + load.counts.unchanged,
        rejected: load.counts.rejected,
        rows_per_second: load.rows_per_second.unwrap_or_default(),
    }
}

/// Drops one file into the bucket, whatever data set the stack has, and waits for what becomes of
/// it.
///
/// # Errors
/// [`LoadError`] when it could not even be tried. A load that ends as `failed` is reported, not an
/// error.
pub async fn load_file(stack: &Stack, file: &ExportFile) -> Result<Loaded, LoadError> {
    let bucket = stack
        .template()
        .parameters
        .get("ExportsBucket")
        .cloned()
        .unwrap_or_default();
    let token = token(stack).await?;
    let before: HashSet<_> = loads(stack, &token)
        .await?
        .into_iter()
        .map(|load| load.load_id)
        .collect();
    put(&aws_sdk_s3::Client::new(stack.sdk_config()), &bucket, file).await?;
    let load = ended(stack, &token, &file.key, &before).await?;
    Ok(loaded(file, load))
}

/// What became of the newest load of a file so far, whatever dropped it; `None` if it
/// was not loaded yet.
///
/// # Errors
/// [`LoadError::List`].
pub async fn state_of(stack: &Stack, file: &ExportFile) -> Result<Option<Loaded>, LoadError> {
    let loads = loads(stack, &token(stack).await?).await?;
    Ok(loads
        .into_iter()
        .find(|load| load.key == file.key)
        .map(|load| loaded(file, load)))
}

async fn put(s3: &aws_sdk_s3::Client, bucket: &str, file: &ExportFile) -> Result<(), LoadError> {
    let body = ByteStream::from_path(&file.path)
        .await
        .map_err(|error| LoadError::File {
            path: file.path.display().to_string(),
            reason: DisplayErrorContext(error).to_string(),
        })?;
    let put = s3
        .put_object()
        .bucket(bucket)
        .key(&file.key)
        .body(body)
        .send()
        .await;
    put.map_err(|error| LoadError::Put {
        key: file.key.clone(),
        reason: DisplayErrorContext(error).to_string(),
    })?;
    Ok(())
}

async fn ended(
    stack: &Stack,
    token: &str,
    key: &str,
    before: &HashSet<String>,
) -> Result<Load, LoadError> {
    let mut waited = Duration::ZERO;
    loop {
        let load = loads(stack, token)
            .await?
            .into_iter()
            .find(|load| load.key == key && !before.contains(&load.load_id));
        match load {
            Some(load) if load.state != "running" => return Ok(load),
            Some(_) => {}
            None if waited > APPEARS_WITHIN => return Err(LoadError::Lost(key.to_owned())),
            None => waited += POLL,
        }
        tokio::time::sleep(POLL).await;
    }
}

async fn loads(stack: &Stack, token: &str) -> Result<Vec<Load>, LoadError> {
    let mut all = Vec::new();
    let mut path = "/operations/loads".to_owned();
    loop {
        let request = Request::get(&path)
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .body(Body::empty());
        let page: Page = answer(stack, request).await?;
        all.extend(page.loads);
        match page.next_cursor {
            Some(cursor) => path = format!("/operations/loads?cursor={cursor}"),
            None => return Ok(all),
        }
    }
}

async fn token(stack: &Stack) -> Result<String, LoadError> {
    #[derive(Deserialize)]
    struct Token {
        token: String,
    }
    let body = Body::from(r#"{"userId":"operator"}"#.to_owned());
    let request = Request::builder()
        .method(Method::POST)
        .uri("/local/tokens")
        .body(body);
    Ok(answer::<Token>(stack, request).await?.token)
}

async fn answer<T: serde::de::DeserializeOwned>(
    stack: &Stack,
    request: http::Result<Request<Body>>,
) -> Result<T, LoadError> {
    let request = request.map_err(|error| LoadError::List(error.to_string()))?;
    let (parts, body) = stack.call(request).await.into_parts();
    let body = body
        .collect()
        .await
        .map_err(|error| LoadError::List(error.to_string()))?
        .to_bytes();
    if !parts.status.is_success() {
        return Err(LoadError::List(format!(
            "{} {}",
            parts.status,
            String::from_utf8_lossy(&body)
        )));
    }
    serde_json::from_slice(&body).map_err(|error| LoadError::List(error.to_string()))
}
