use std::str::FromStr;

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::parse_decimal;

proptest! {
    #[test]
    fn a_whole_number_is_read_as_any_number_is(text in "[0-9]{1,12}") {
        let number = parse_decimal(&text);
        prop_assert_eq!(number, Decimal::from_str(&text).ok());
        prop_assert_eq!(number.map(|number| number.scale()), Some(0));
    }

    #[test]
    fn a_text_that_is_not_a_plain_number_is_none(text in "[0-9]{0,3}[-+ eE_,][0-9]{0,3}") {
        prop_assert!(parse_decimal(&text).is_none_or(|_| text.starts_with('-') && text.len() > 1),
            "{}", text);
    }
}
