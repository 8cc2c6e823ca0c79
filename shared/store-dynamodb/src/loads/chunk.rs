//! Chunks of loads as records and back.

#[cfg(test)]
mod tests;

use app::ports::{ChunkId, StoreError};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::ids::LoadId;
use domain::load::{Chunk, Counts, FilePosition, Phase};

use super::record::{read_reason, read_unresolved, write_reason, write_unresolved};
use crate::attribute::{
    Attributes, Record, corrupt, find_map, find_number, get_instant, get_list, get_number, instant,
    key, number,
};

const DONE: &str = "done";

/// The key of a chunk.
pub(super) fn chunk_key(id: ChunkId<'_>) -> Attributes {
    key(
        pk(id.load),
        format!("{}{:05}", sort_key_prefix(id.phase), id.number),
    )
}

/// The partition of the chunks of a load.
pub(super) fn pk(id: &LoadId) -> String {
    format!("load#{id}")
}

/// The prefix of the sort keys of a phase.
pub(super) fn sort_key_prefix(phase: Phase) -> &'static str {
    match phase {
        Phase::Plan => "plan#",
        Phase::Measure => "count#",
        Phase::Apply => "apply#",
    }
}

/// Whether the record is a chunk whose rows are all processed.
pub(super) fn is_done(record: &Attributes) -> bool {
    matches!(record.get(DONE), Some(AttributeValue::Bool(true)))
}

pub(super) fn write(chunk: &Chunk, key: Attributes) -> Record {
    Record::from(key)
        .with("number", number(chunk.number))
        .with("from", position(&chunk.from))
        .with_some("to", chunk.to.map(number))
        .with("at", position(&chunk.at))
        .with(DONE, AttributeValue::Bool(chunk.done))
        .with("applied", number(chunk.counts.applied))
        .with("unchanged", number(chunk.counts.unchanged))
        .with("rejected", number(chunk.counts.rejected))
        .with("jumps", number(chunk.price_jumps))
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
        from: read_position(record, "from")?,
        to: find_number(record, "to")?,
        at: read_position(record, "at")?,
        done: is_done(record),
        counts: Counts {
            applied: get_number(record, "applied")?,
            unchanged: get_number(record, "unchanged")?,
            rejected: get_number(record, "rejected")?,
        },
        price_jumps: get_number(record, "jumps")?,
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

fn position(position: &FilePosition) -> AttributeValue {
    let map = Record::empty()
        .with("offset", number(position.offset))
        .with("row", number(position.row))
        .with("line", number(position.line));
    AttributeValue::M(map.into_attributes())
}

fn read_position(record: &Attributes, name: &str) -> Result<FilePosition, StoreError> {
    let map = find_map(record, name)?.ok_or_else(|| corrupt(name))?;
    Ok(FilePosition {
        offset: get_number(map, "offset")?,
        row: get_number(map, "row")?,
        line: get_number(map, "line")?,
    })
}
