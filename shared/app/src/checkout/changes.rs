//! What a preparation found to differ from what the cart showed.

use domain::cart::Cart;
use domain::freshness::{Freshness, Source};
use domain::money::Money;
use domain::preparation::{Change, Preparation, PreparedLine, ReservationStatus};
use domain::time::Timestamp;

use crate::lookup::PriceSettings;

/// The differences between the lines of `cart` and the prepared lines, line by line.
pub(super) fn changes(cart: &Cart, prepared: &[PreparedLine]) -> Vec<Change> {
    let mut changes = Vec::new();
    for (line, prepared) in cart.lines.iter().zip(prepared) {
        let mut note = |field, before: Option<String>, after: Option<String>| {
            if before != after {
                changes.push(Change { line: line.id.clone(), field, before, after });
            }
        };
        let text = |money: Money| money.to_string();
        note("unitPrice", line.unit_price.map(text), Some(text(prepared.unit_price)));
        note("lineTotal", line.line_total().map(text), Some(text(prepared.line_total)));
        if prepared.reservation != ReservationStatus::Reserved {
            note("reservation", Some("reserved".to_owned()), Some(status(prepared.reservation).to_owned()));
        }
    }
    changes
}

/// The status by its name in the API.
fn status(reservation: ReservationStatus) -> &'static str {
    match reservation {
        ReservationStatus::Reserved => "reserved",
        ReservationStatus::Backordered => "backordered",
        ReservationStatus::Unavailable => "unavailable",
    }
}

/// From now on the cart shows the prepared prices.
pub(super) fn show(cart: &mut Cart, preparation: &Preparation, now: Timestamp, settings: PriceSettings) {
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
