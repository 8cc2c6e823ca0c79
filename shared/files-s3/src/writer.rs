//! Writes an object whose size is not known in advance.

use app::ports::{FileWriter, FilesError};
use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};

use crate::error::files_error;

/// S3 accepts parts of at least 5 MiB, and at most 10,000 of them: 80 GB.
const PART: usize = 8 * 1024 * 1024;

/// An object that is being written: a short one in one call, a long one in parts.
///
/// The parts of an object that is never finished stay in the bucket until its lifecycle rule
/// removes them.
pub(crate) struct ObjectWriter {
    client: Client,
    bucket: String,
    key: String,
    buffer: Vec<u8>,
    upload: Option<String>,
    parts: Vec<CompletedPart>,
}

impl ObjectWriter {
    pub(crate) fn new(client: Client, bucket: String, key: String) -> Self {
        Self {
            client,
            bucket,
            key,
            buffer: Vec::new(),
            upload: None,
            parts: Vec::new(),
        }
    }

    async fn begin(&mut self) -> Result<String, FilesError> {
        const OPERATION: &str = "CreateMultipartUpload";
        if let Some(upload) = &self.upload {
            return Ok(upload.clone());
        }
        let call = self
            .client
            .create_multipart_upload()
            .bucket(&self.bucket)
            .key(&self.key)
            .content_type("text/csv");
        let answer = call
            .send()
            .await
            .map_err(|error| files_error(OPERATION, error))?;
        let upload = answer.upload_id.ok_or_else(|| FilesError::Unavailable {
            operation: OPERATION,
            reason: "the answer has no upload id".to_owned(),
        })?;
        self.upload = Some(upload.clone());
        Ok(upload)
    }

    async fn send_part(&mut self) -> Result<(), FilesError> {
        let upload = self.begin().await?;
        let number = i32::try_from(self.parts.len() + 1).unwrap_or(i32::MAX);
        let body = ByteStream::from(std::mem::take(&mut self.buffer));
        let call = self
            .client
            .upload_part()
            .bucket(&self.bucket)
            .key(&self.key)
            .upload_id(upload)
            .part_number(number)
            .body(body);
        let part = call
            .send()
            .await
            .map_err(|error| files_error("UploadPart", error))?;
        self.parts.push(
            CompletedPart::builder()
                .part_number(number)
                .set_e_tag(part.e_tag)
                .set_checksum_crc32(part.checksum_crc32)
                .build(),
        );
        Ok(())
    }
}

#[async_trait]
impl FileWriter for ObjectWriter {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), FilesError> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= PART {
            self.send_part().await?;
        }
        Ok(())
    }

    async fn finish(mut self: Box<Self>) -> Result<(), FilesError> {
        if self.upload.is_none() {
            let body = ByteStream::from(std::mem::take(&mut self.buffer));
            let call = self
                .client
                .put_object()
                .bucket(&self.bucket)
                .key(&self.key)
                .content_type("text/csv")
                .body(body);
            return call
                .send()
                .await
                .map(drop)
                .map_err(|error| files_error("PutObject", error));
        }
        if !self.buffer.is_empty() {
            self.send_part().await?;
        }
        let parts = CompletedMultipartUpload::builder()
            .set_parts(Some(self.parts))
            .build();
        let call = self
            .client
            .complete_multipart_upload()
            .bucket(&self.bucket)
            .key(&self.key)
            .set_upload_id(self.upload);
        let done = call.multipart_upload(parts).send().await;
        done.map(drop)
            .map_err(|error| files_error("CompleteMultipartUpload", error))
    }
}
