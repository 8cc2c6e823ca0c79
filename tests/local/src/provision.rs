//! Creates what the template declares, in an edge that may hold it already.

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::json;

use crate::edge::Edge;
use crate::template::{Queue, Table, Template};

/// A resource could not be created.
#[derive(Debug, thiserror::Error)]
#[error("{resource} cannot be created: {reason}")]
pub struct ProvisionError {
    resource: String,
    reason: String,
}

/// Creates the tables, queues and buckets of `template` that do not exist yet.
///
/// # Errors
/// [`ProvisionError`], which names the first that could not be created.
pub async fn provision(
    edge: &Edge,
    sdk: &aws_types::SdkConfig,
    template: &Template,
) -> Result<(), ProvisionError> {
    for table in &template.tables {
        create_table(edge, table)?;
    }
    let sqs = aws_sdk_sqs::Client::new(sdk);
    for queue in &template.queues {
        create_queue(&sqs, queue).await?;
    }
    let s3 = aws_sdk_s3::Client::new(sdk);
    for bucket in &template.buckets {
        if let Err(error) = s3.create_bucket().bucket(bucket).send().await
            && !matches!(
                error.code(),
                Some("BucketAlreadyExists" | "BucketAlreadyOwnedByYou")
            )
        {
            return Err(failed(
                "bucket",
                bucket,
                error.message().unwrap_or_default(),
            ));
        }
    }
    Ok(())
}

fn create_table(edge: &Edge, table: &Table) -> Result<(), ProvisionError> {
    let call = |operation: &str, body: &serde_json::Value| {
        edge.dynamodb().call(operation, body.to_string().as_bytes())
    };
    match call("CreateTable", &table.definition) {
        Ok(_) => {}
        Err(refusal) if refusal.is("ResourceInUseException") => return Ok(()),
        Err(refusal) => return Err(failed("table", &table.name, &refusal.body)),
    }
    if let Some(attribute) = &table.ttl {
        let body = json!({
            "TableName": table.name,
            "TimeToLiveSpecification": {"AttributeName": attribute, "Enabled": true},
        });
        call("UpdateTimeToLive", &body)
            .map_err(|refusal| failed("table", &table.name, &refusal.body))?;
    }
    Ok(())
}

async fn create_queue(sqs: &aws_sdk_sqs::Client, queue: &Queue) -> Result<(), ProvisionError> {
    let mut request = sqs.create_queue().queue_name(&queue.name);
    for (name, value) in &queue.attributes {
        request = request.attributes(QueueAttributeName::from(name.as_str()), value);
    }
    let created = request.send().await;
    created.map_err(|error| failed("queue", &queue.name, error.message().unwrap_or_default()))?;
    Ok(())
}

fn failed(kind: &str, name: &str, reason: &str) -> ProvisionError {
    ProvisionError {
        resource: format!("the {kind} {name}"),
        reason: reason.to_owned(),
    }
}
