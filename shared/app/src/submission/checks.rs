//! What must hold before an order is captured. These checks run before anything is written.

#[cfg(test)]
mod tests;

use domain::cart::Cart;
use domain::ids::PreparationId;
use domain::money::Money;
use domain::preparation::{Preparation, ReservationStatus};
use domain::time::Timestamp;

use crate::checkout::content_digest;
use crate::error::{FieldError, UseCaseError};

/// What a store does with lines that the ERP could not reserve in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backorder {
    /// They are ordered, and the rest is delivered when it is in stock.
    Allow,
    /// They are refused.
    Refuse,
}

impl Backorder {
    /// Reads the name in the configuration.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "allow" => Some(Self::Allow),
            "refuse" => Some(Self::Refuse),
            _ => None,
        }
    }
}

/// Returns the preparation that the buyer commits to, if it is still valid.
///
/// # Errors
/// [`UseCaseError::PreparationInvalid`] if it expired, is of another version of the cart, or
/// differs from what was prepared; [`UseCaseError::TotalChanged`]; [`UseCaseError::LinesRefused`].
pub(super) fn verify_preparation<'a>(
    cart: &'a Cart,
    id: &PreparationId,
    accepted: Money,
    backorder: Backorder,
    now: Timestamp,
) -> Result<&'a Preparation, UseCaseError> {
    let preparation = cart
        .live_preparation(id, now)
        .ok_or(UseCaseError::PreparationInvalid)?;
    if preparation.content_digest != content_digest(cart, preparation) {
        tracing::error!(cart.id = %cart.id, "a prepared cart differs from what was prepared");
        return Err(UseCaseError::PreparationInvalid);
    }
    check_total(preparation, accepted)?;
    check_stock(preparation, backorder)?;
    Ok(preparation)
}

fn check_total(preparation: &Preparation, accepted: Money) -> Result<(), UseCaseError> {
    let prepared = preparation.totals.grand;
    if accepted.currency() == prepared.currency() && accepted.amount() == prepared.amount() {
        return Ok(());
    }
    let lines = preparation
        .lines
        .iter()
        .map(|line| {
            FieldError::new(
                format!("/lines/{}", line.id),
                "prepared_amount",
                line.line_total.to_string(),
            )
        })
        .collect();
    Err(UseCaseError::TotalChanged {
        accepted,
        prepared,
        lines,
    })
}

fn check_stock(preparation: &Preparation, backorder: Backorder) -> Result<(), UseCaseError> {
    let refusal = |status| match (status, backorder) {
        (ReservationStatus::Unavailable, _) => Some(("unavailable", "the item cannot be had")),
        (ReservationStatus::Backordered, Backorder::Refuse) => {
            Some(("backordered", "not all of it is in stock"))
        }
        (ReservationStatus::Backordered, Backorder::Allow) | (ReservationStatus::Reserved, _) => {
            None
        }
    };
    let refused = preparation.lines.iter().filter_map(|line| {
        let (code, message) = refusal(line.reservation)?;
        Some(FieldError::new(
            format!("/lines/{}", line.id),
            code,
            message,
        ))
    });
    refuse(refused.collect())
}

fn refuse(lines: Vec<FieldError>) -> Result<(), UseCaseError> {
    if lines.is_empty() {
        Ok(())
    } else {
        Err(UseCaseError::LinesRefused(lines))
    }
}
