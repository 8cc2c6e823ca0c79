//! The export files, on S3.

mod error;
mod writer;

use app::ports::{ByteRange, ExportFile, ExportFiles, FileWriter, FilesError};
use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use aws_types::SdkConfig;
use domain::load::Load;
use domain::time::Timestamp;
use futures::StreamExt;

use crate::error::files_error;
use crate::writer::ObjectWriter;

/// The metadata of an object (`x-amz-meta-row-count`) in which its sender declares the number of
/// rows of the file, without its header. Any value but a whole number is ignored.
const ROW_COUNT: &str = "row-count";

/// Most objects that one call can remove.
const MAX_REMOVED: usize = 1000;

/// The export files in their bucket.
#[derive(Debug, Clone)]
pub struct ExportBucket {
    client: Client,
    bucket: String,
}

impl ExportBucket {
    /// The files in the given bucket.
    #[must_use]
    pub fn new(sdk: &SdkConfig, bucket: impl Into<String>) -> Self {
        Self {
            client: Client::new(sdk),
            bucket: bucket.into(),
        }
    }
}

#[async_trait]
impl ExportFiles for ExportBucket {
    async fn open(
        &self,
        key: &str,
        bytes: Option<ByteRange>,
    ) -> Result<Option<ExportFile>, FilesError> {
        const OPERATION: &str = "GetObject";
        let range = bytes.map(|ByteRange { start, end }| match end {
            Some(end) => format!("bytes={start}-{}", end.saturating_sub(1)),
            None => format!("bytes={start}-"),
        });
        let object = match self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(key)
            .set_range(range)
            .send()
            .await
        {
            Ok(object) => object,
            Err(error) if is_missing(&error) => return Ok(None),
            Err(error) => return Err(files_error(OPERATION, error)),
        };
        let last_modified = object.last_modified.and_then(|at| at.to_millis().ok());
        let last_modified =
            last_modified
                .map(Timestamp::from_millis)
                .ok_or_else(|| FilesError::Unavailable {
                    operation: OPERATION,
                    reason: "the answer has no modification time".to_owned(),
                })?;
        let chunks = futures::stream::unfold(object.body, |mut body| async {
            let chunk = body.next().await?;
            let chunk = chunk.map_err(|error| FilesError::Unavailable {
                operation: OPERATION,
                reason: error.to_string(),
            });
            Some((chunk, body))
        });
        let declared = object
            .metadata
            .as_ref()
            .and_then(|metadata| metadata.get(ROW_COUNT));
        Ok(Some(ExportFile {
            version: object.e_tag.unwrap_or_default(),
            declared_rows: declared.and_then(|count| count.trim().parse().ok()),
            // The answer to a range has the size of the whole file after the slash.
            bytes: object
                .content_range
                .and_then(|range| range.rsplit_once('/')?.1.parse().ok())
                .or_else(|| u64::try_from(object.content_length?).ok())
                .unwrap_or_default(),
            last_modified,
            chunks: chunks.boxed(),
        }))
    }

    async fn read(&self, key: &str, most: usize) -> Result<Option<Vec<u8>>, FilesError> {
        let Some(mut file) = self.open(key, None).await? else {
            return Ok(None);
        };
        let mut content = Vec::new();
        while let Some(chunk) = file.chunks.next().await.transpose()? {
            content.extend_from_slice(&chunk);
            if content.len() > most {
                break;
            }
        }
        Ok(Some(content))
    }

    async fn create(&self, key: &str) -> Result<Box<dyn FileWriter>, FilesError> {
        Ok(Box::new(ObjectWriter::new(
            self.client.clone(),
            self.bucket.clone(),
            key.to_owned(),
        )))
    }

    async fn remove(&self, keys: &[String]) -> Result<(), FilesError> {
        const OPERATION: &str = "DeleteObjects";
        for some in keys.chunks(MAX_REMOVED) {
            let objects = some
                .iter()
                .map(|key| ObjectIdentifier::builder().key(key).build());
            let objects = objects.collect::<Result<Vec<_>, _>>();
            let delete = objects.and_then(|objects| {
                Delete::builder()
                    .set_objects(Some(objects))
                    .quiet(true)
                    .build()
            });
            let delete = delete.map_err(|error| FilesError::Refused {
                operation: OPERATION,
                reason: error.to_string(),
            })?;
            let answer = self
                .client
                .delete_objects()
                .bucket(&self.bucket)
                .delete(delete)
                .send()
                .await;
            let answer = answer.map_err(|error| files_error(OPERATION, error))?;
            // The call succeeds even if some objects were not removed.
            if let Some(error) = answer.errors().first() {
                let reason = error.code().unwrap_or("unknown error").to_owned();
                return Err(FilesError::Unavailable {
                    operation: OPERATION,
                    reason,
                });
            }
        }
        Ok(())
    }

    async fn report(&self, key: &str, load: &Load) -> Result<(), FilesError> {
        const OPERATION: &str = "PutObject";
        let mut body = serde_json::to_vec_pretty(&wire::storefront::loads::Load::from(load))
            .map_err(|error| FilesError::Refused {
                operation: OPERATION,
                reason: error.to_string(),
            })?;
        body.push(b'\n');
        let put = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .content_type("application/json");
        put.body(ByteStream::from(body))
            .send()
            .await
            .map(drop)
            .map_err(|error| files_error(OPERATION, error))
    }
}

/// Whether the object does not exist. Without the permission to list, S3 denies access instead;
/// that stays an error.
fn is_missing<R>(error: &SdkError<GetObjectError, R>) -> bool {
    error
        .as_service_error()
        .is_some_and(GetObjectError::is_no_such_key)
}
