//! What readers see of each kind, beside the rows: pk `pointer`, sk the kind.

#[cfg(test)]
mod tests;

use app::ports::StoreError;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::ids::LoadId;
use domain::load::{LoadKind, Pointer, Publication, Sequence};

use crate::attribute::{Attributes, Record, find_map, find_parsed, get_number, key, number, text};
use crate::error::store_error;
use crate::query::get_current;

/// Where the pointers stand.
pub(crate) const POINTER: &str = "pointer";
const REVISION: &str = "revision";

/// The key of the pointer of a kind.
pub(crate) fn pointer_key(kind: LoadKind) -> Attributes {
    key(POINTER, kind.as_str())
}

/// The pointer in a record; the initial one when there is no record.
pub(crate) fn read_pointer(record: Option<&Attributes>) -> Result<Pointer, StoreError> {
    let Some(record) = record else {
        return Ok(Pointer::default());
    };
    let read = |name: &str| find_map(record, name)?.map(read_publication).transpose();
    Ok(Pointer {
        published: read("published")?.unwrap_or_else(Publication::initial),
        previous: read("previous")?,
        pending: read("pending")?,
        last: get_number(record, "last")?,
        revision: get_number(record, REVISION)?,
    })
}

fn read_publication(map: &Attributes) -> Result<Publication, StoreError> {
    Ok(Publication {
        generation: get_number(map, "generation")?,
        sequence: Sequence::new(get_number(map, "sequence")?),
        load: find_parsed(map, "load", LoadId::parse)?,
    })
}

fn write_publication(publication: &Publication) -> AttributeValue {
    let map = Record::empty()
        .with("generation", number(publication.generation))
        .with("sequence", number(publication.sequence.number()))
        .with_some(
            "load",
            publication.load.as_ref().map(|load| text(load.as_str())),
        );
    AttributeValue::M(map.into_attributes())
}

/// Reads the pointer of a kind as it is now.
pub(crate) async fn pointer(
    client: &Client,
    table: &str,
    kind: LoadKind,
) -> Result<Pointer, StoreError> {
    read_pointer(
        get_current(client, table, pointer_key(kind))
            .await?
            .as_ref(),
    )
}

/// Replaces the pointer of a kind, as `Publications` promises.
pub(crate) async fn replace(
    client: &Client,
    table: &str,
    kind: LoadKind,
    from: u64,
    pointer: &Pointer,
) -> Result<bool, StoreError> {
    let record = Record::from(pointer_key(kind))
        .with("published", write_publication(&pointer.published))
        .with_some("previous", pointer.previous.as_ref().map(write_publication))
        .with_some("pending", pointer.pending.as_ref().map(write_publication))
        .with("last", number(pointer.last))
        .with(REVISION, number(pointer.revision));
    let put = client
        .put_item()
        .table_name(table)
        .set_item(Some(record.into_attributes()));
    let put = if from == 0 {
        put.condition_expression("attribute_not_exists(pk)")
    } else {
        put.condition_expression("#revision = :from")
            .expression_attribute_names("#revision", REVISION)
            .expression_attribute_values(":from", number(from))
    };
    match put.send().await {
        Ok(_) => Ok(true),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|error| error.is_conditional_check_failed_exception()) =>
        {
            Ok(false)
        }
        Err(error) => Err(store_error("PutItem", error)),
    }
}
