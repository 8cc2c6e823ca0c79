//! Chunks of loads as records and back.

#[cfg(test)]
mod tests;

use app::ports::StoreError;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::ids::LoadId;
use domain::load::{Chunk, Counts, Phase, Place};

use super::record::{read_reason, read_unresolved, write_reason, write_unresolved};
use crate::attribute::{
    Attributes, Record, corrupt, find_map, find_number, get_instant, get_list, get_number, instant,
    key, number,
};

const DONE: &str = "done";

/// The key of a chunk.
pub(super) fn chunk_key(id: &LoadId, phase: Phase, number: u32) -> Attributes {
    key(pk(id), format!("{}{number:05}", beginning(phase)))
}

/// Where the chunks of a load stand.
pub(super) fn pk(id: &LoadId) -> String {
    format!("load#{id}")
}

/// What the sort keys of a phase begin with.
pub(super) fn beginning(phase: Phase) -> &'static str {
    match phase {
        Phase::Plan => "plan#",
        Phase::Count => "count#",
        Phase::Apply => "apply#",
    }
}

/// Whether the record is of a chunk whose rows are all worked off.
pub(super) fn is_done(record: &Attributes) -> bool {
    matches!(record.get(DONE), Some(AttributeValue::Bool(true)))
}

pub(super) fn write(chunk: &Chunk, key: Attributes) -> Record {
    Record::from(key)
        .with("number", number(chunk.number))
        .with("from", place(&chunk.from))
        .with_some("to", chunk.to.map(number))
        .with("at", place(&chunk.at))
        .with(DONE, AttributeValue::Bool(chunk.done))
        .with("applied", number(chunk.counts.applied))
        .with("unchanged", number(chunk.counts.unchanged))
        .with("rejected", number(chunk.counts.rejected))
        .with("jumps", number(chunk.jumps))
        .with("bytesRead", number(chunk.bytes_read))
        .with("identityParts", number(chunk.identity_parts))
        .with("rejectParts", number(chunk.reject_parts))
        .with(
            "firstReasons",
            AttributeValue::L(chunk.first_reasons.iter().map(write_reason).collect()),
        )
        .with("unresolved", write_unresolved(&chunk.unresolved))
        .with("updatedAt", instant(chunk.updated_at))
}

pub(super) fn read(record: &Attributes) -> Result<Chunk, StoreError> {
    Ok(Chunk {
        number: get_number(record, "number")?,
        from: read_place(record, "from")?,
        to: find_number(record, "to")?,
        at: read_place(record, "at")?,
        done: is_done(record),
        counts: Counts {
            applied: get_number(record, "applied")?,
            unchanged: get_number(record, "unchanged")?,
            rejected: get_number(record, "rejected")?,
        },
        jumps: get_number(record, "jumps")?,
        bytes_read: get_number(record, "bytesRead")?,
        identity_parts: get_number(record, "identityParts")?,
        reject_parts: get_number(record, "rejectParts")?,
        first_reasons: get_list(record, "firstReasons")?
            .iter()
            .map(read_reason)
            .collect::<Result<_, _>>()?,
        unresolved: read_unresolved(record)?,
        updated_at: get_instant(record, "updatedAt")?,
    })
}

fn place(place: &Place) -> AttributeValue {
    let map = Record::empty()
        .with("offset", number(place.offset))
        .with("row", number(place.row))
        .with("line", number(place.line));
    AttributeValue::M(map.into_attributes())
}

fn read_place(record: &Attributes, name: &str) -> Result<Place, StoreError> {
    let map = find_map(record, name)?.ok_or_else(|| corrupt(name))?;
    Ok(Place {
        offset: get_number(map, "offset")?,
        row: get_number(map, "row")?,
        line: get_number(map, "line")?,
    })
}
