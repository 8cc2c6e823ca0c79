//! Reservations, and the preparation that does everything in one.

use std::collections::HashMap;

use rust_decimal::Decimal;
use wire::erp::{
    Line, PreparationAnswer, PreparationRequest, PreparedLine, ReservationAnswer,
    ReservationRequest, ReservationStatus, ReservedLine, codes,
};
use wire::value::{Instant, Number};

use super::amounts::{PricedLine, calculate_lines};
use super::lookup::find_price;
use crate::amount::money;
use crate::refusal::Refusal;
use crate::state::{ErpState, Reservation};

/// `PUT /reservations/{reference}`: takes the place of whatever the reference held before.
pub(crate) fn reserve(
    state: &mut ErpState,
    now: i64,
    reference: &str,
    request: &ReservationRequest,
) -> Result<ReservationAnswer, Refusal> {
    let organization = &request.customer.organization_id;
    let lines = reserve_goods(
        state,
        now,
        reference,
        organization,
        &request.lines,
        request.expires_at,
    )?;
    Ok(ReservationAnswer {
        reference: Some(reference.to_owned()),
        expires_at: Some(request.expires_at),
        lines,
    })
}

fn reserve_goods(
    state: &mut ErpState,
    now: i64,
    reference: &str,
    organization: &str,
    wanted: &[Line],
    expires_at: Instant,
) -> Result<Vec<ReservedLine>, Refusal> {
    if wanted.is_empty() {
        return Err(Refusal::invalid("a reservation has at least one line"));
    }
    if wanted.iter().any(|line| line.quantity.0 <= Decimal::ZERO) {
        return Err(Refusal::invalid("a quantity is above zero"));
    }
    state.expire(now);
    // Its own goods are free again before they are counted, so that repeating never doubles.
    state.reservations.remove(reference);
    let mut taken: HashMap<&str, Decimal> = HashMap::new();
    let mut answers = Vec::new();
    let mut lines = Vec::new();
    for line in wanted {
        let answer = |status, quantity, code: Option<&str>| ReservedLine {
            line_id: line.line_id.clone(),
            status: Some(status),
            quantity: Some(Number(quantity)),
            code: code.map(str::to_owned),
        };
        let Some(item) = state.item(&line.sku) else {
            answers.push(answer(
                ReservationStatus::Unavailable,
                Decimal::ZERO,
                Some(codes::UNKNOWN_SKU),
            ));
            continue;
        };
        let taken = taken.entry(&line.sku).or_default();
        let free = state
            .left_in_all(&line.sku)
            .map(|left| left.saturating_sub(*taken).max(Decimal::ZERO));
        let quantity = free.map_or(line.quantity.0, |free| free.min(line.quantity.0));
        answers.push(if quantity == line.quantity.0 {
            answer(ReservationStatus::Reserved, quantity, None)
        } else if item.active && !item.stock.is_empty() {
            answer(ReservationStatus::Backordered, quantity, None)
        } else {
            answer(ReservationStatus::Unavailable, Decimal::ZERO, None)
        });
        *taken = taken.saturating_add(quantity);
        lines.push((line.line_id.clone(), line.sku.clone(), quantity));
    }
    let reservation = Reservation {
        organization: organization.to_owned(),
        expires_at: expires_at.0,
        lines,
    };
    state.reservations.insert(reference.to_owned(), reservation);
    Ok(answers)
}

/// `DELETE /reservations/{reference}` and `DELETE /preparations/{reference}`: success also when
/// there is nothing.
pub(crate) fn cancel(state: &mut ErpState, reference: &str) {
    state.reservations.remove(reference);
}

/// `PUT /preparations/{reference}`: reserve, price and calculate in one.
pub(crate) fn prepare(
    state: &mut ErpState,
    now: i64,
    reference: &str,
    request: &PreparationRequest,
) -> Result<PreparationAnswer, Refusal> {
    let organization = &request.customer.organization_id;
    let reserved = reserve_goods(
        state,
        now,
        reference,
        organization,
        &request.lines,
        request.expires_at,
    )?;
    let mut priced = Vec::new();
    let mut refused = HashMap::new();
    for line in &request.lines {
        match find_price(
            state,
            now,
            organization,
            &line.sku,
            &request.currency,
            line.quantity.0,
        ) {
            Ok((_, unit_price)) => priced.push(PricedLine {
                line_id: &line.line_id,
                sku: &line.sku,
                quantity: line.quantity.0,
                unit_price,
            }),
            Err(code) => {
                refused.insert(line.line_id.as_str(), code);
            }
        }
    }
    let amounts = calculate_lines(state, &priced, &request.currency, request.shipping.as_ref())?;
    let lines = reserved.into_iter().map(|reserved| {
        let calculated = amounts
            .lines
            .iter()
            .find(|line| line.line_id == reserved.line_id);
        let price = priced
            .iter()
            .find(|line| line.line_id == reserved.line_id)
            .map(|line| line.unit_price);
        let code = refused
            .get(reserved.line_id.as_str())
            .map(|code| (*code).to_owned());
        PreparedLine {
            status: reserved.status,
            quantity: reserved.quantity,
            unit_price: price.map(|price| money(price, &request.currency)),
            line_total: calculated.and_then(|line| line.line_total.clone()),
            tax: calculated.and_then(|line| line.tax.clone()),
            shipping: calculated.and_then(|line| line.shipping.clone()),
            adjustment: calculated.and_then(|line| line.adjustment.clone()),
            code: reserved.code.or(code),
            line_id: reserved.line_id,
        }
    });
    Ok(PreparationAnswer {
        reference: Some(reference.to_owned()),
        expires_at: Some(request.expires_at),
        lines: lines.collect(),
        totals: amounts.totals,
        taxes: amounts.taxes,
        extra_lines: amounts.extra_lines,
    })
}
