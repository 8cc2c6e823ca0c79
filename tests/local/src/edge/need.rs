//! Which permissions a request to the edge needs, as the service authorization reference of AWS has
//! them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use http::Method;
use http::request::Parts;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::policy::Need;
use super::{ACCOUNT, REGION};

/// The parts of a DynamoDB request that say what it touches.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Touched {
    table_name: Option<String>,
    index_name: Option<String>,
    key: Option<Key>,
    item: Option<Key>,
    request_items: BTreeMap<String, IgnoredAny>,
    transact_items: Vec<Transacted>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Key {
    pk: Option<Text>,
}

#[derive(Deserialize)]
struct Text {
    #[serde(rename = "S")]
    text: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Transacted {
    put: Option<Touched>,
    update: Option<Touched>,
    delete: Option<Touched>,
    condition_check: Option<Touched>,
    get: Option<Touched>,
}

/// What an operation on tables needs. One that cannot be read needs nothing, for it will be refused
/// as it is.
pub(super) fn of_tables(operation: &str, body: &[u8]) -> Vec<Need> {
    let touched: Touched = serde_json::from_slice(body).unwrap_or_default();
    if operation.starts_with("Transact") {
        return touched
            .transact_items
            .iter()
            .flat_map(of_transacted)
            .collect();
    }
    let tables = touched
        .request_items
        .keys()
        .map(|table| on_table(operation, table, None, Vec::new()));
    let single = touched.table_name.iter().map(|table| {
        let keys = [&touched.key, &touched.item]
            .into_iter()
            .flatten()
            .filter_map(|key| key.pk.as_ref());
        on_table(
            operation,
            table,
            touched.index_name.as_deref(),
            keys.map(|key| key.text.clone()).collect(),
        )
    });
    tables.chain(single).collect()
}

/// A transaction needs what its parts would need by themselves.
fn of_transacted(part: &Transacted) -> Vec<Need> {
    let parts = [
        ("PutItem", &part.put),
        ("UpdateItem", &part.update),
        ("DeleteItem", &part.delete),
        ("ConditionCheckItem", &part.condition_check),
        ("GetItem", &part.get),
    ];
    let present = parts
        .into_iter()
        .filter_map(|(operation, touched)| Some((operation, touched.as_ref()?)));
    let needs = present.filter_map(|(operation, touched)| {
        let keys = [&touched.key, &touched.item]
            .into_iter()
            .flatten()
            .filter_map(|key| key.pk.as_ref());
        let keys = keys.map(|key| key.text.clone()).collect();
        Some(on_table(
            operation,
            touched.table_name.as_deref()?,
            None,
            keys,
        ))
    });
    needs.collect()
}

fn on_table(operation: &str, table: &str, index: Option<&str>, leading_keys: Vec<String>) -> Need {
    let index = index
        .map(|index| format!("/index/{index}"))
        .unwrap_or_default();
    Need {
        action: format!("dynamodb:{operation}"),
        resource: format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table}{index}"),
        leading_keys,
    }
}

/// What an operation on a queue needs. A batch needs what its entries would need.
pub(super) fn of_queue(operation: &str, body: &[u8]) -> Vec<Need> {
    #[derive(Deserialize)]
    struct Addressed<'a> {
        #[serde(rename = "QueueUrl", borrow)]
        queue_url: Cow<'a, str>,
    }
    let Ok(addressed) = serde_json::from_slice::<Addressed<'_>>(body) else {
        return Vec::new();
    };
    let queue = addressed.queue_url.rsplit('/').next().unwrap_or_default();
    let operation = operation.strip_suffix("Batch").unwrap_or(operation);
    vec![Need {
        action: format!("sqs:{operation}"),
        resource: format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}"),
        leading_keys: Vec::new(),
    }]
}

/// Whether a request to S3 has its keys in its body.
pub(super) fn removes_several(parts: &Parts) -> bool {
    parts.method == Method::POST && has(parts, "delete")
}

/// What a request to S3 needs. `body` is that of a removal of several objects and empty otherwise.
pub(super) fn of_files(parts: &Parts, body: &[u8]) -> Vec<Need> {
    let path = percent_decode_str(parts.uri.path().trim_start_matches('/')).decode_utf8_lossy();
    let (bucket, key) = path.split_once('/').unwrap_or((&path, ""));
    if removes_several(parts) {
        let text = String::from_utf8_lossy(body);
        let keys = text
            .split("<Key>")
            .skip(1)
            .filter_map(|rest| Some(rest.split_once("</Key>")?.0.to_owned()));
        return keys
            .map(|key| on_file("DeleteObject", bucket, &key))
            .collect();
    }
    let operation = match parts.method {
        _ if key.is_empty() => "ListBucket",
        Method::GET | Method::HEAD => "GetObject",
        Method::DELETE if has(parts, "uploadId") => "AbortMultipartUpload",
        Method::DELETE => "DeleteObject",
        _ => "PutObject",
    };
    vec![on_file(operation, bucket, key)]
}

/// What it takes to learn that an object is not there. Without it S3 says that access is denied.
pub(super) fn of_absence(parts: &Parts) -> Vec<Need> {
    let path = percent_decode_str(parts.uri.path().trim_start_matches('/')).decode_utf8_lossy();
    vec![on_file(
        "ListBucket",
        path.split('/').next().unwrap_or_default(),
        "",
    )]
}

fn has(parts: &Parts, parameter: &str) -> bool {
    let mut pairs = parts.uri.query().unwrap_or_default().split('&');
    pairs.any(|pair| pair.split('=').next() == Some(parameter))
}

fn on_file(operation: &str, bucket: &str, key: &str) -> Need {
    let key = if key.is_empty() {
        String::new()
    } else {
        format!("/{key}")
    };
    Need {
        action: format!("s3:{operation}"),
        resource: format!("arn:aws:s3:::{bucket}{key}"),
        leading_keys: Vec::new(),
    }
}
