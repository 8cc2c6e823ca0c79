use proptest::prelude::*;
use rust_decimal::Decimal;

use super::{Quantity, QuantityError};

proptest! {
    #[test]
    fn a_number_is_a_quantity_within_the_limits(
        mantissa in -20_i64..2_000_000_000_000_000,
        scale in 0_u32..9,
    ) {
        let value = Decimal::new(mantissa, scale);
        let said = if value <= Decimal::ZERO {
            Err(QuantityError::NotPositive)
        } else if value.normalize().scale() > 5 {
            Err(QuantityError::Scale)
        } else if value >= Decimal::new(1_000_000_000, 0) {
            Err(QuantityError::TooLarge)
        } else {
            Ok(value)
        };
        prop_assert_eq!(Quantity::new(value).map(Quantity::value), said);
    }
}

#[test]
fn the_limits_of_a_quantity_are_where_they_are_said_to_be() {
    let quantity =
        |mantissa, scale| Quantity::new(Decimal::new(mantissa, scale)).map(Quantity::value);
    assert_eq!(
        quantity(99_999_999_999_999, 5),
        Ok(Decimal::new(99_999_999_999_999, 5))
    );
    assert_eq!(
        quantity(100_000_000_000_000, 5),
        Err(QuantityError::TooLarge)
    );
    assert_eq!(quantity(1, 5), Ok(Decimal::new(1, 5)));
    assert_eq!(quantity(0, 5), Err(QuantityError::NotPositive));
    assert_eq!(Quantity::new(Decimal::MAX), Err(QuantityError::TooLarge));
}
