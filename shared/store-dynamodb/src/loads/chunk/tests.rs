#![allow(clippy::unwrap_used)]

use domain::ids::Sku;
use domain::load::{Reference, RejectReason};
use domain::time::Timestamp;

use super::*;

#[test]
fn a_chunk_is_read_as_it_was_written() {
    let mut chunk = Chunk::new(
        7,
        FilePosition {
            offset: 9,
            row: 2,
            line: 3,
        },
        Some(1 << 40),
        Timestamp::from_seconds(1_700_000_000),
    );
    let id = LoadId::parse("a").unwrap();
    let key = ChunkId {
        load: &id,
        phase: Phase::Measure,
        number: 7,
    };
    for round in 0..2 {
        assert_eq!(
            read(&write(&chunk, chunk_key(key)).into_attributes()).unwrap(),
            chunk,
            "{round}"
        );
        chunk.done = true;
        chunk.to = None;
        chunk.counts = Counts {
            applied: 1,
            unchanged: 2,
            rejected: 3,
        };
        chunk
            .unresolved
            .note(Reference::Item(Sku::parse("A-1").unwrap()), 4);
        chunk.first_reasons.push(RejectReason {
            row: 1,
            line: 2,
            key: "k".to_owned(),
            field: "f".into(),
            code: "c".into(),
            message: "m".into(),
        });
    }
}
