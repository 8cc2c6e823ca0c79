#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn no_record_is_the_initial_pointer() {
    assert_eq!(read_versions(None).unwrap(), CatalogVersions::default());
}

#[test]
fn a_version_is_read_as_it_was_written() {
    let version = CatalogVersion {
        generation: 7,
        sequence: Sequence::new(-3),
        load: Some(LoadId::parse("a").unwrap()),
    };
    for version in [version, CatalogVersion::initial()] {
        let AttributeValue::M(map) = write_version(&version) else {
            unreachable!()
        };
        assert_eq!(read_version(&map).unwrap(), version);
    }
}
