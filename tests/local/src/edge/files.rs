//! The object folder, and word of every object that comes into being in it.

use s3s::dto::*;
use s3s::{S3, S3Request, S3Response, S3Result};
use s3s_fs::FileSystem;
use tokio::sync::mpsc::UnboundedSender;

/// An object came into being, by whatever client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectCreated {
    /// What made it, as S3 names it: `ObjectCreated:Put`, `ObjectCreated:Copy` or
    /// `ObjectCreated:CompleteMultipartUpload`.
    pub event: &'static str,
    /// The bucket.
    pub bucket: String,
    /// The key, not encoded.
    pub key: String,
    /// Its size in bytes.
    pub size: i64,
    /// Its entity tag, without quotes.
    pub e_tag: String,
}

/// The folder, observed.
#[derive(Debug)]
pub(super) struct Files {
    files: FileSystem,
    created: UnboundedSender<ObjectCreated>,
}

impl Files {
    pub(super) fn new(files: FileSystem, created: UnboundedSender<ObjectCreated>) -> Self {
        Self { files, created }
    }

    async fn announce(&self, event: &'static str, bucket: String, key: String) {
        let input = HeadObjectInput {
            bucket: bucket.clone(),
            key: key.clone(),
            ..Default::default()
        };
        let request = S3Request {
            input,
            method: http::Method::HEAD,
            uri: http::Uri::default(),
            headers: http::HeaderMap::new(),
            extensions: http::Extensions::new(),
            credentials: None,
            region: None,
            service: None,
            trailing_headers: None,
        };
        // It was deleted meanwhile, so no event is due.
        let Ok(head) = self.files.head_object(request).await else {
            return;
        };
        let head = head.output;
        let e_tag = head
            .e_tag
            .map(|tag| tag.value().to_owned())
            .unwrap_or_default();
        let size = head.content_length.unwrap_or_default();
        // No receiver: the stack is ending.
        let _ = self.created.send(ObjectCreated {
            event,
            bucket,
            key,
            size,
            e_tag,
        });
    }
}

/// Writes the whole `impl`, since an attribute macro on it could not look into a macro inside it.
macro_rules! observed {
    (
        forward { $($plain:ident $plain_in:ident $plain_out:ident)* }
        announce { $($op:ident $in:ident $out:ident $event:literal)* }
    ) => {
        #[async_trait::async_trait]
        impl S3 for Files {
            $(async fn $plain(
                &self,
                request: S3Request<$plain_in>,
            ) -> S3Result<S3Response<$plain_out>> {
                self.files.$plain(request).await
            })*

            $(async fn $op(&self, request: S3Request<$in>) -> S3Result<S3Response<$out>> {
                let (bucket, key) = (request.input.bucket.clone(), request.input.key.clone());
                let answer = self.files.$op(request).await?;
                self.announce($event, bucket, key).await;
                Ok(answer)
            })*
        }
    };
}

observed! {
    forward {
        create_bucket CreateBucketInput CreateBucketOutput
        delete_bucket DeleteBucketInput DeleteBucketOutput
        head_bucket HeadBucketInput HeadBucketOutput
        list_buckets ListBucketsInput ListBucketsOutput
        get_bucket_location GetBucketLocationInput GetBucketLocationOutput
        get_object GetObjectInput GetObjectOutput
        head_object HeadObjectInput HeadObjectOutput
        delete_object DeleteObjectInput DeleteObjectOutput
        delete_objects DeleteObjectsInput DeleteObjectsOutput
        list_objects ListObjectsInput ListObjectsOutput
        list_objects_v2 ListObjectsV2Input ListObjectsV2Output
        create_multipart_upload CreateMultipartUploadInput CreateMultipartUploadOutput
        upload_part UploadPartInput UploadPartOutput
        upload_part_copy UploadPartCopyInput UploadPartCopyOutput
        list_parts ListPartsInput ListPartsOutput
        abort_multipart_upload AbortMultipartUploadInput AbortMultipartUploadOutput
    }
    announce {
        put_object PutObjectInput PutObjectOutput "ObjectCreated:Put"
        copy_object CopyObjectInput CopyObjectOutput "ObjectCreated:Copy"
        complete_multipart_upload CompleteMultipartUploadInput CompleteMultipartUploadOutput
            "ObjectCreated:CompleteMultipartUpload"
    }
}
