//! Loads of one kind in all orders and concurrently, and a store that has too much to do.

use testkit::orders;

use super::harness::Harness;
use super::{CHECKPOINT_ROWS, block_on, items, organizations};

const OLDER: &str = "incoming/items/delta/items-20250207T100000Z.csv";
const NEWER: &str = "incoming/items/delta/items-20250207T110000Z.csv";

#[test]
fn of_two_concurrent_deltas_every_row_has_the_newer_values_in_whatever_order_they_come() {
    let row = |name: &str| {
        let rows = (0..90)
            .map(|n| format!("S{n},{name} {n},EA,C{}\n", n % 4 + name.len()))
            .collect::<String>();
        format!("sku,name,unit,category_ids\n{rows}").into_bytes()
    };
    let (older, newer) = (row("older"), row("new"));
    block_on(async {
        let mut expected = None;
        for chunk_bytes in [1 << 20, 300] {
            for files in [
                [(OLDER, &older), (NEWER, &newer)],
                [(NEWER, &newer), (OLDER, &older)],
            ] {
                let mut harness = Harness::new("catalog-load", chunk_bytes, 10).await;
                harness
                    .load(&files.map(|(key, content)| (key, content.as_slice())), 5)
                    .await;
                let rows = harness.left().rows;
                assert_eq!(rows.iter().filter(|row| row.contains("new ")).count(), 90);
                assert!(rows.iter().all(|row| !row.contains("older ")));
                assert!(
                    harness
                        .loads()
                        .iter()
                        .all(|load| load["state"]["S"] == "published")
                );
                // Nor does the order leave any trace in ways from categories to items.
                assert_eq!(
                    expected.get_or_insert_with(|| rows.clone()),
                    &rows,
                    "{chunk_bytes}"
                );
            }
        }
    });
}

/// Drops four versions of a file in every order, each a second time at the end, and wants the same
/// table each time.
fn every_order_ends_in_the_same(
    function: &'static str,
    kind: &str,
    version: impl Fn(usize) -> Vec<u8>,
) {
    let files: Vec<(String, Vec<u8>)> = (0..4)
        .map(|number| {
            (
                format!(
                    "incoming/{kind}/delta/{kind}-2025020{}T100000Z.csv",
                    number + 1
                ),
                version(number),
            )
        })
        .collect();
    assert_eq!(orders(4).len(), 24);
    block_on(async {
        let mut expected = None;
        for order in orders(4) {
            let mut harness = Harness::new(function, 1 << 20, CHECKPOINT_ROWS).await;
            for number in order.iter().chain(order.iter().rev()) {
                let (key, content) = &files[*number];
                harness.load(&[(key, content)], 1).await;
            }
            assert_eq!(
                harness.loads().len(),
                8,
                "a file that is dropped again is loaded again"
            );
            let rows = harness.left().rows;
            assert!(rows.len() > 40, "{rows:?}");
            assert!(
                *expected.get_or_insert_with(|| rows.clone()) == rows,
                "{order:?}"
            );
        }
    });
}

#[test]
fn all_24_orders_of_four_versions_of_a_file_of_items_with_repeats_end_in_the_same_table() {
    every_order_ends_in_the_same("catalog-load", "items", |number| items(40, number));
}

#[test]
fn all_24_orders_of_four_versions_of_a_file_of_organizations_with_repeats_end_in_the_same_table() {
    every_order_ends_in_the_same("member-load", "organizations", |number| {
        organizations(40, number)
    });
}

#[test]
fn a_store_that_throttles_slows_a_load_down_and_never_breaks_it() {
    let file = items(40, 1);
    block_on(async {
        let mut expected = None;
        for throttles in [0, 4] {
            let mut harness = Harness::new("catalog-load", file.len() as u64 / 3, 10).await;
            harness.throttle(throttles);
            harness.load(&[(NEWER, &file)], 3).await;
            assert_eq!(harness.throttled() > 0, throttles > 0);
            let left = harness.left();
            assert_eq!(
                expected.get_or_insert_with(|| left.rows.clone()),
                &left.rows
            );
            assert_eq!(
                (super::counted(&left), &left.load["state"]["S"]),
                (40, &"published".into())
            );
        }
    });
}
