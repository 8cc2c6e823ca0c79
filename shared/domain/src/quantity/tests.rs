use proptest::prelude::*;

use super::Quantity;
use crate::money::parse_decimal;

proptest! {
    #[test]
    fn a_whole_quantity_is_what_any_quantity_is(text in "[0-9]{0,11}|[-+0-9. ]{1,4}") {
        let any = parse_decimal(&text).and_then(|value| Quantity::new(value).ok());
        let short = (1..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        prop_assert_eq!(Quantity::parse_whole(&text), any.filter(|_| short));
    }
}
