//! The amounts of a document: goods, shipping, taxes.

use rust_decimal::Decimal;
use wire::erp::{
    CalculatedLine, CalculationAnswer, CalculationRequest, ExtraLine, ExtraLineKind, OrderLine,
    Shipping, TaxAmount, Totals, codes,
};
use wire::value::Number;

use crate::amount::{self, money, sum, times};
use crate::dataset::Tax;
use crate::refusal::Refusal;
use crate::state::ErpState;
use axum::http::StatusCode;

/// A line to calculate with.
pub(crate) struct PricedLine<'a> {
    pub line_id: &'a str,
    pub sku: &'a str,
    pub quantity: Decimal,
    pub unit_price: Decimal,
}

/// `POST /orders/calculate`: at the unit prices that the request names.
pub(crate) fn calculate(
    state: &ErpState,
    request: &CalculationRequest,
) -> Result<CalculationAnswer, Refusal> {
    let lines = priced_lines(state, &request.lines, &request.currency)?;
    let mut answer = calculate_lines(state, &lines, &request.currency, request.shipping.as_ref())?;
    answer.reference = Some(request.reference.clone());
    Ok(answer)
}

/// Checks the lines of a request against the items.
pub(crate) fn priced_lines<'a>(
    state: &ErpState,
    lines: &'a [OrderLine],
    currency: &str,
) -> Result<Vec<PricedLine<'a>>, Refusal> {
    check_lines(
        state,
        lines
            .iter()
            .map(|line| (line.sku.as_str(), line.quantity.0)),
    )?;
    let priced = lines.iter().map(|line| {
        Ok(PricedLine {
            line_id: &line.line_id,
            sku: &line.sku,
            quantity: line.quantity.0,
            unit_price: amount::parse(&line.unit_price, currency)?,
        })
    });
    priced.collect()
}

/// Refuses a document with no lines, too many, an unknown or inactive item, or a quantity that is
/// not above zero.
pub(crate) fn check_lines<'a>(
    state: &ErpState,
    lines: impl ExactSizeIterator<Item = (&'a str, Decimal)>,
) -> Result<(), Refusal> {
    let most = usize::try_from(state.capabilities.max_lines).unwrap_or(usize::MAX);
    if lines.len() == 0 || lines.len() > most {
        return Err(Refusal::invalid(format!(
            "a document has from 1 to {most} lines"
        )));
    }
    for (sku, quantity) in lines {
        let refuse = |code, reason: &str| {
            Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, code, reason).about(sku))
        };
        match state.item(sku) {
            None => return refuse(codes::UNKNOWN_SKU, "the item is not known"),
            Some(item) if !item.active => {
                return refuse(codes::ITEM_INACTIVE, "the item is not sold any more");
            }
            Some(_) if quantity <= Decimal::ZERO => {
                return refuse(codes::INVALID_REQUEST, "a quantity is above zero");
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// The amounts of checked lines. The method's base is an extra line, its charge by weight at
/// the lines; tax goes by the country and region of the address, and shipping is taxed like the
/// goods.
pub(crate) fn calculate_lines(
    state: &ErpState,
    lines: &[PricedLine<'_>],
    currency: &str,
    shipping: Option<&Shipping>,
) -> Result<CalculationAnswer, Refusal> {
    let tax = shipping.and_then(|shipping| tax_of(state, shipping));
    let rate = tax.map_or(Decimal::ZERO, |tax| tax.percent / Decimal::ONE_HUNDRED);
    // An unknown method is charged like the first one: who tries the simulator by hand cannot know
    // the names.
    let method = shipping.and_then(|shipping| {
        let methods = &state.dataset.shipping;
        methods
            .iter()
            .find(|method| method.name == shipping.method)
            .or_else(|| methods.first())
    });
    let mut calculated = Vec::new();
    let (mut goods, mut charges, mut goods_tax) = (Decimal::ZERO, Decimal::ZERO, Decimal::ZERO);
    for line in lines {
        let line_total = times(line.unit_price, line.quantity, currency)?;
        let weight = state
            .item(line.sku)
            .map_or(Decimal::ONE, |item| item.weight);
        let charge = match method {
            Some(method) => times(
                method.per_weight.saturating_mul(weight),
                line.quantity,
                currency,
            )?,
            None => Decimal::ZERO,
        };
        let line_tax = times(line_total, rate, currency)?;
        (goods, charges, goods_tax) = (
            sum([goods, line_total])?,
            sum([charges, charge])?,
            sum([goods_tax, line_tax])?,
        );
        calculated.push(CalculatedLine {
            line_id: line.line_id.to_owned(),
            line_total: Some(money(line_total, currency)),
            tax: Some(money(line_tax, currency)),
            shipping: Some(money(charge, currency)),
            adjustment: Some(money(Decimal::ZERO, currency)),
        });
    }
    let base = method.map(|method| amount::round(method.base, currency));
    let charges = sum([charges, base.unwrap_or_default()])?;
    let shipping_tax = times(charges, rate, currency)?;
    let amount = |amount| Some(money(amount, currency));
    Ok(CalculationAnswer {
        reference: None,
        lines: calculated,
        totals: Totals {
            product: amount(goods),
            adjustment: amount(Decimal::ZERO),
            shipping: amount(charges),
            tax: amount(goods_tax),
            shipping_tax: amount(shipping_tax),
            grand: amount(sum([goods, charges, goods_tax, shipping_tax])?),
        },
        taxes: tax
            .map(|tax| {
                Ok(TaxAmount {
                    name: Some(tax.name.clone()),
                    rate: Some(Number(tax.percent)),
                    base: amount(sum([goods, charges])?),
                    amount: amount(sum([goods_tax, shipping_tax])?),
                })
            })
            .transpose()?
            .into_iter()
            .collect(),
        extra_lines: method
            .zip(base)
            .map(|(method, base)| ExtraLine {
                kind: ExtraLineKind::Shipping,
                name: Some(method.name.clone()),
                amount: amount(base),
            })
            .into_iter()
            .collect(),
    })
}

/// The tax of the region, else of the whole country, else none.
fn tax_of<'a>(state: &'a ErpState, shipping: &Shipping) -> Option<&'a Tax> {
    let country = &shipping.address.country;
    let taxes = &state.dataset.taxes;
    let region = shipping.address.region.as_deref().unwrap_or("");
    taxes
        .get(&(country.clone(), region.to_owned()))
        .or_else(|| taxes.get(&(country.clone(), String::new())))
}
