use super::*;

#[test]
fn every_row_is_found_in_exactly_one_round_however_many_there_are() {
    let rows: Vec<u64> = (0..1_000)
        .map(|n: u64| n.wrapping_mul(0x9E37_79B9_7F4A_7C15))
        .collect();
    let mut found = vec![0; rows.len()];
    let mut strangers = 0;
    for round in 0..7 {
        let mut index = KeyIndex::new(round, 7);
        rows.iter().for_each(|row| index.add(*row, 0));
        index.sort();
        for (row, found) in rows.iter().zip(&mut found) {
            *found += i32::from(index.contains(*row) == Some(true));
        }
        strangers += i32::from(index.contains(17) == Some(false));
    }
    assert!(found.iter().all(|found| *found == 1));
    assert_eq!(strangers, 1);
    assert_eq!(
        (
            KeyIndex::rounds(0),
            KeyIndex::rounds(MAX_IDENTITIES),
            KeyIndex::rounds(MAX_IDENTITIES + 1)
        ),
        (1, 1, 2)
    );
}

#[test]
fn a_record_is_a_duplicate_if_it_occurs_in_several_chunks() {
    let mut index = KeyIndex::new(0, 1);
    for (identity, chunk) in [(5, 0), (5, 0), (7, 0), (5, 1), (7, 1), (7, 2), (9, 2)] {
        index.add(identity, chunk);
    }
    index.sort();
    assert_eq!(index.duplicates(), [5, 7]);
    assert_eq!(index.contains(9), Some(true));
}
