//! The catalog versions of each kind, in the table of the rows: pk `pointer`, sk the kind.

#[cfg(test)]
mod tests;

use app::ports::StoreError;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::ids::LoadId;
use domain::load::{CatalogVersion, CatalogVersions, LoadKind, Sequence};

use crate::attribute::{Attributes, Record, find_map, find_parsed, get_number, key, number, text};
use crate::error::store_error;
use crate::query::get_current;

/// The partition of the catalog versions.
pub(crate) const POINTER: &str = "pointer";
const REVISION: &str = "revision";

/// The key of the versions of a kind.
pub(crate) fn versions_key(kind: LoadKind) -> Attributes {
    key(POINTER, kind.as_str())
}

/// The versions in a record; the initial ones if there is no record.
pub(crate) fn read_versions(record: Option<&Attributes>) -> Result<CatalogVersions, StoreError> {
    let Some(record) = record else {
        return Ok(CatalogVersions::default());
    };
    let read = |name: &str| find_map(record, name)?.map(read_version).transpose();
    Ok(CatalogVersions {
        published: read("published")?.unwrap_or_else(CatalogVersion::initial),
        previous: read("previous")?,
        pending: read("pending")?,
        last: get_number(record, "last")?,
        revision: get_number(record, REVISION)?,
    })
}

fn read_version(map: &Attributes) -> Result<CatalogVersion, StoreError> {
    Ok(CatalogVersion {
        generation: get_number(map, "generation")?,
        sequence: Sequence::new(get_number(map, "sequence")?),
        load: find_parsed(map, "load", LoadId::parse)?,
    })
}

fn write_version(version: &CatalogVersion) -> AttributeValue {
    let map = Record::empty()
        .with("generation", number(version.generation))
        .with("sequence", number(version.sequence.number()))
        .with_some(
            "load",
            version.load.as_ref().map(|load| text(load.as_str())),
        );
    AttributeValue::M(map.into_attributes())
}

/// Reads the versions of a kind as they are now.
pub(crate) async fn get_versions(
    client: &Client,
    table: &str,
    kind: LoadKind,
) -> Result<CatalogVersions, StoreError> {
    read_versions(
        get_current(client, table, versions_key(kind))
            .await?
            .as_ref(),
    )
}

/// Replaces the versions of a kind, as `VersionStore` promises.
pub(crate) async fn replace(
    client: &Client,
    table: &str,
    kind: LoadKind,
    from: u64,
    versions: &CatalogVersions,
) -> Result<bool, StoreError> {
    let record = Record::from(versions_key(kind))
        .with("published", write_version(&versions.published))
        .with_some("previous", versions.previous.as_ref().map(write_version))
        .with_some("pending", versions.pending.as_ref().map(write_version))
        .with("last", number(versions.last))
        .with(REVISION, number(versions.revision));
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
