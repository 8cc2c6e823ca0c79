use super::*;

#[test]
fn ids_are_unique_and_sort_as_they_were_minted() {
    let ids = CountingIds::default();
    let minted: Vec<_> = (0..100).map(|_| ids.clone().mint()).collect();
    let mut sorted = minted.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!(minted, sorted);
    assert!((0..1000).all(|_| ids.below(7) < 7));
    assert_eq!(ids.below(0), 0);
}
