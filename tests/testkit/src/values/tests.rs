use super::*;

#[test]
fn a_pack_counts_its_pieces() {
    let item = ItemBuilder::new("SCREW").in_packs_of("100").build();
    assert_eq!(
        item.ordered_quantity(quantity("3"), false),
        Ok(quantity("300"))
    );
    assert_eq!(
        ItemBuilder::new("OLD").inactive().build().status,
        ItemStatus::Inactive
    );
    assert_eq!(money("12.5 USD").amount_text(), "12.50");
}
