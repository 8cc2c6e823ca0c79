//! Availability and prices.

use rust_decimal::Decimal;
use wire::erp::{
    AvailabilityAnswer, AvailabilityItem, AvailabilityRequest, AvailabilityStatus, PriceItem,
    PriceRequest, PricesAnswer, QuantityBreak, codes,
};
use wire::value::{Instant, Number};

use crate::amount;
use crate::dataset::{Item, ONLINE};
use crate::refusal::Refusal;
use crate::state::ErpState;

const WEEK: i64 = 7 * 86_400_000;

/// How much there is, per item and location; of the whole online store when no location is asked.
pub(crate) fn availability(
    state: &mut ErpState,
    now: i64,
    request: &AvailabilityRequest,
) -> Result<AvailabilityAnswer, Refusal> {
    check_count(state, request.items.len())?;
    state.expire(now);
    let locations = request
        .locations
        .as_deref()
        .filter(|locations| !locations.is_empty());
    let mut items = Vec::new();
    for asked in &request.items {
        match locations {
            None => items.push(look(state, now, &asked.sku, None)),
            Some(locations) => {
                items.extend(
                    locations
                        .iter()
                        .map(|location| look(state, now, &asked.sku, Some(location))),
                );
            }
        }
    }
    Ok(AvailabilityAnswer { items })
}

fn look(state: &ErpState, now: i64, sku: &str, location: Option<&str>) -> AvailabilityItem {
    let mut answer = AvailabilityItem {
        sku: sku.to_owned(),
        location: Some(location.unwrap_or(ONLINE).to_owned()),
        status: None,
        available_quantity: None,
        unit: None,
        available_from: None,
        code: None,
    };
    let Some(item) = state.item(sku) else {
        answer.code = Some(codes::UNKNOWN_SKU.to_owned());
        return answer;
    };
    answer.unit = Some(item.unit.clone());
    let left = match location {
        None | Some(ONLINE) => state.left_in_all(sku),
        Some(location) => {
            let here = state
                .left(sku)
                .into_iter()
                .find(|(name, _)| name == location);
            here.map_or(Some(Decimal::ZERO), |(_, left)| left)
        }
    };
    answer.available_quantity = left.map(Number);
    let status = match left {
        None => AvailabilityStatus::Available,
        Some(left) if left > Decimal::ZERO => AvailabilityStatus::Available,
        Some(_) if item.active && !item.stock.is_empty() => AvailabilityStatus::Backorderable,
        Some(_) => AvailabilityStatus::Unavailable,
    };
    if status == AvailabilityStatus::Backorderable {
        answer.available_from = instant(now.saturating_add(WEEK));
    }
    answer.status = Some(status);
    answer
}

/// The customer's best price of each item.
pub(crate) fn prices(
    state: &ErpState,
    now: i64,
    request: &PriceRequest,
) -> Result<PricesAnswer, Refusal> {
    check_count(state, request.items.len())?;
    let organization = &request.customer.organization_id;
    let items = request.items.iter().map(|asked| {
        let mut answer = PriceItem {
            sku: asked.sku.clone(),
            quantity: Some(asked.quantity),
            unit: Some(asked.unit.clone()),
            unit_price: None,
            list_price: None,
            quantity_breaks: Vec::new(),
            code: None,
        };
        match find_price(
            state,
            now,
            organization,
            &asked.sku,
            &request.currency,
            asked.quantity.0,
        ) {
            Ok((item, price)) => {
                let list = item.list_price(&request.currency, now);
                answer.unit_price = Some(amount::money(price, &request.currency));
                answer.list_price = list.map(|list| amount::money(list, &request.currency));
                if state.capabilities.quantity_breaks {
                    answer.quantity_breaks = ladder(
                        state,
                        now,
                        organization,
                        (&asked.sku, item),
                        &request.currency,
                    );
                }
            }
            Err(code) => answer.code = Some(code.to_owned()),
        }
        answer
    });
    Ok(PricesAnswer {
        items: items.collect(),
    })
}

/// The customer's price of one unit, or the code that says why there is none.
pub(crate) fn find_price<'a>(
    state: &'a ErpState,
    now: i64,
    organization: &str,
    sku: &str,
    currency: &str,
    quantity: Decimal,
) -> Result<(&'a Item, Decimal), &'static str> {
    let item = state.item(sku).ok_or(codes::UNKNOWN_SKU)?;
    if !item.active {
        return Err(codes::ITEM_INACTIVE);
    }
    let price = price_of(state, now, organization, (sku, item), currency, quantity)
        .ok_or(codes::NO_PRICE)?;
    Ok((item, price))
}

/// List price × best offer × the organization's factor × the factor of the control route, rounded
/// to the currency.
fn price_of(
    state: &ErpState,
    now: i64,
    organization: &str,
    (sku, item): (&str, &Item),
    currency: &str,
    quantity: Decimal,
) -> Option<Decimal> {
    let list = item.list_price(currency, now)?;
    let offers = item
        .offers
        .iter()
        .filter(|offer| offer.covers(quantity, now));
    let discount = offers.map(|offer| offer.discount).max().unwrap_or_default();
    let price = list
        .checked_mul(Decimal::ONE.checked_sub(discount)?)?
        .checked_mul(organization_factor(organization))?
        .checked_mul(state.factors.get(sku).copied().unwrap_or(Decimal::ONE))?;
    Some(amount::round(price, currency))
}

/// Every step of the price, starting at 1, so that the reader can price any whole quantity from it.
fn ladder(
    state: &ErpState,
    now: i64,
    organization: &str,
    item: (&str, &Item),
    currency: &str,
) -> Vec<QuantityBreak> {
    let offers = item
        .1
        .offers
        .iter()
        .filter(|offer| offer.validity.holds(now));
    let mut starts: Vec<Decimal> = offers
        .flat_map(|offer| {
            [
                Some(offer.min),
                offer.max.map(|max| max.saturating_add(Decimal::ONE)),
            ]
        })
        .flatten()
        .map(|start| start.max(Decimal::ONE))
        .chain([Decimal::ONE])
        .collect();
    starts.sort_unstable();
    starts.dedup();
    let mut breaks: Vec<QuantityBreak> = Vec::new();
    for start in starts {
        let Some(price) = price_of(state, now, organization, item, currency, start) else {
            continue;
        };
        let unit_price = amount::money(price, currency);
        if breaks
            .last()
            .is_none_or(|last| last.unit_price != unit_price)
        {
            breaks.push(QuantityBreak {
                min_quantity: Number(start),
                unit_price,
            });
        }
    }
    breaks
}

/// From 0.90 to 1.00 in steps of a hundredth, by the organization's id alone: the same in every
/// run.
pub(crate) fn organization_factor(organization: &str) -> Decimal {
    // FNV-1a, because the standard hasher may change between releases.
    let hash = organization
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
    Decimal::new(i64::try_from(90 + hash % 11).unwrap_or(100), 2)
}

/// An instant as the text that messages carry.
pub(crate) fn instant(millis: i64) -> Option<String> {
    serde_json::to_value(Instant(millis))
        .ok()?
        .as_str()
        .map(str::to_owned)
}

fn check_count(state: &ErpState, count: usize) -> Result<(), Refusal> {
    let most = usize::try_from(state.capabilities.max_items_per_call).unwrap_or(usize::MAX);
    if count > most {
        return Err(Refusal::invalid(format!("at most {most} items per call")));
    }
    Ok(())
}
