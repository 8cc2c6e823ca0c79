//! The DynamoDB JSON protocol over an embedded database.
//!
//! The database's own HTTP server keeps this table private and brings a second web framework along.

use std::path::Path;

use dynoxide::{Database, DynoxideError};
use http::StatusCode;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::EdgeError;

/// The tables of the stack. Cheap to clone.
#[derive(Clone)]
pub struct DynamoDb(Database);

/// An answer that is not 200: status and JSON body as DynamoDB writes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: StatusCode,
    /// The error object, with its `__type`.
    pub body: String,
}

impl Refusal {
    /// Whether the error is of the given type, such as `ResourceInUseException`.
    #[must_use]
    pub fn is(&self, kind: &str) -> bool {
        self.body.contains(&format!("#{kind}\""))
    }
}

impl From<DynoxideError> for Refusal {
    fn from(error: DynoxideError) -> Self {
        // The wire never shows this tag; DynamoDB wraps such messages for single-item writes alone,
        // and no caller of ours reads them.
        let error = match error {
            DynoxideError::EnvelopedValidation(message) => {
                DynoxideError::ValidationException(message)
            }
            other => other,
        };
        Self {
            status: StatusCode::from_u16(error.status_code()).unwrap_or(StatusCode::BAD_REQUEST),
            body: error.to_json(),
        }
    }
}

impl DynamoDb {
    pub(super) fn open(file: Option<&Path>) -> Result<Self, EdgeError> {
        let database = match file {
            None => Database::memory(),
            Some(path) => Database::new(&path.to_string_lossy()),
        };
        database
            .map(Self)
            .map_err(|error| EdgeError::Tables(error.to_string()))
    }

    /// Runs one operation, given and answered as its JSON.
    ///
    /// # Errors
    /// The [`Refusal`] that DynamoDB would answer.
    pub fn call(&self, operation: &str, body: &[u8]) -> Result<String, Refusal> {
        let db = &self.0;
        match operation {
            "CreateTable" => run(body, |r| db.create_table(r)),
            "DescribeTable" => run(body, |r| db.describe_table(r)),
            "ListTables" => run(body, |r| db.list_tables(r)),
            "UpdateTable" => run(body, |r| db.update_table(r)),
            "DeleteTable" => run(body, |r| db.delete_table(r)),
            "PutItem" => run(body, |r| db.put_item(r)),
            "GetItem" => run(body, |r| db.get_item(r)),
            "UpdateItem" => run(body, |r| db.update_item(r)),
            "DeleteItem" => run(body, |r| db.delete_item(r)),
            "BatchGetItem" => run(body, |r| db.batch_get_item(r)),
            "BatchWriteItem" => run(body, |r| db.batch_write_item(r)),
            "Query" => run(body, |r| db.query(r)),
            "Scan" => run(body, |r| db.scan(r)),
            "TransactWriteItems" => run(body, |r| db.transact_write_items(r)),
            "TransactGetItems" => run(body, |r| db.transact_get_items(r)),
            "UpdateTimeToLive" => run(body, |r| db.update_time_to_live(r)),
            "DescribeTimeToLive" => run(body, |r| db.describe_time_to_live(r)),
            "TagResource" => run(body, |r| db.tag_resource(r)),
            "UntagResource" => run(body, |r| db.untag_resource(r)),
            "ListTagsOfResource" => run(body, |r| db.list_tags_of_resource(r)),
            "ExecuteStatement" => run(body, |r| db.execute_statement(r)),
            "ExecuteTransaction" => run(body, |r| db.execute_transaction(r)),
            "BatchExecuteStatement" => run(body, |r| db.batch_execute_statement(r)),
            _ => Err(unknown(operation)),
        }
    }

    /// Deletes the items whose time to live has passed, and says how many.
    ///
    /// # Errors
    /// The [`Refusal`] that stands for the failure.
    pub fn sweep(&self) -> Result<usize, Refusal> {
        Ok(self.0.sweep_ttl()?)
    }
}

fn run<I, O>(body: &[u8], call: impl FnOnce(I) -> dynoxide::Result<O>) -> Result<String, Refusal>
where
    I: DeserializeOwned,
    O: Serialize,
{
    let input = serde_json::from_slice(body).map_err(|error| unreadable(&error))?;
    let output = call(input)?;
    serde_json::to_string(&output)
        .map_err(|error| DynoxideError::InternalServerError(error.to_string()).into())
}

/// The database marks what its decoders refuse with a class before the message, and leaves it to
/// the border to sort them. Without a mark it is a missing or mistyped field.
fn unreadable(error: &serde_json::Error) -> Refusal {
    let text = error.to_string();
    let message = text.split(" at line ").next().unwrap_or(&text);
    let error = match message.split_once(':') {
        Some(("SERIALIZATION" | "SERIALIZATION_AS_READ", rest)) => {
            DynoxideError::SerializationException(rest.to_owned())
        }
        Some((mark, rest)) if mark.starts_with("VALIDATION") => {
            DynoxideError::ValidationException(rest.to_owned())
        }
        _ if error.is_data() => DynoxideError::ValidationException(message.to_owned()),
        _ => DynoxideError::SerializationException(message.to_owned()),
    };
    error.into()
}

fn unknown(operation: &str) -> Refusal {
    Refusal {
        status: StatusCode::BAD_REQUEST,
        body: serde_json::json!({
            "__type": "com.amazon.coral.service#UnknownOperationException",
            "message": format!("{operation} is not offered here"),
        })
        .to_string(),
    }
}
