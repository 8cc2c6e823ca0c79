//! What a cart shows once it is prepared.

use domain::cart::Cart;
use domain::freshness::{Freshness, Source};
use domain::preparation::Preparation;
use domain::time::Timestamp;

use crate::lookup::PriceSettings;

/// From now on the cart shows the prepared prices.
pub(super) fn show(
    cart: &mut Cart,
    preparation: &Preparation,
    now: Timestamp,
    settings: PriceSettings,
) {
    for (line, prepared) in cart.lines.iter_mut().zip(&preparation.lines) {
        line.unit_price = Some(prepared.unit_price);
        line.price_freshness = Freshness {
            source: Source::Erp,
            as_of: Some(now),
            fresh_until: Some(now.plus_seconds(settings.fresh_seconds)),
            stale: false,
            reason: None,
        };
    }
}
