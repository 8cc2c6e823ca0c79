#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn no_record_is_the_initial_pointer() {
    assert_eq!(read_pointer(None).unwrap(), Pointer::default());
}

#[test]
fn a_publication_is_read_as_it_was_written() {
    let publication = Publication {
        generation: 7,
        sequence: Sequence::new(-3),
        load: Some(LoadId::parse("a").unwrap()),
    };
    for publication in [publication, Publication::initial()] {
        let AttributeValue::M(map) = write_publication(&publication) else {
            unreachable!()
        };
        assert_eq!(read_publication(&map).unwrap(), publication);
    }
}
