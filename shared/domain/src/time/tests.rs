use proptest::prelude::*;

use super::Timestamp;

proptest! {
    #[test]
    fn an_instant_is_read_back_from_its_text_and_texts_sort_as_instants_do(
        one: i64,
        other in -62_167_219_200_000..=253_402_300_799_999_i64,
    ) {
        let [one, other] = [one, other].map(Timestamp::from_millis);
        prop_assert_eq!(one.to_string().parse(), Ok(one));
        prop_assert_eq!(other.to_string().parse(), Ok(other));
        prop_assert_eq!(one.to_string().cmp(&other.to_string()), one.cmp(&other));
    }
}

#[test]
fn an_instant_is_written_with_all_its_digits() {
    let text = |millis| Timestamp::from_millis(millis).to_string();
    assert_eq!(text(0), "1970-01-01T00:00:00.000Z");
    assert_eq!(text(-1), "1969-12-31T23:59:59.999Z");
    assert_eq!(text(i64::MIN), "0000-01-01T00:00:00.000Z");
    assert_eq!(text(i64::MAX), "9999-12-31T23:59:59.999Z");
    assert_eq!(text(1_795_368_601_007), "2026-11-22T17:30:01.007Z");
}
