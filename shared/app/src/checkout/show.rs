//! The prices that a prepared cart shows.

use domain::cart::Cart;
use domain::freshness::{Freshness, PriceFreshness, ValueSource};
use domain::preparation::Preparation;
use domain::time::Timestamp;

/// Puts the prepared prices on the lines of the cart, as fresh from now on.
pub(super) fn show(
    cart: &mut Cart,
    preparation: &Preparation,
    now: Timestamp,
    freshness: PriceFreshness,
) {
    for (line, prepared) in cart.lines.iter_mut().zip(&preparation.lines) {
        line.unit_price = Some(prepared.unit_price);
        line.price_freshness = Freshness {
            source: ValueSource::Erp,
            as_of: Some(now),
            fresh_until: Some(now.plus_seconds(freshness.fresh_seconds)),
            stale: false,
            reason: None,
        };
    }
}
