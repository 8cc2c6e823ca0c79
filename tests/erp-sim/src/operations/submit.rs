//! Orders and quotes coming in: at most one of a reference.

use axum::http::StatusCode;
use wire::erp::{
    Customer, DocumentLine, OrderRequest, QuoteRequest, SubmissionAnswer, SubmissionGuarantee,
    Totals, codes,
};

use super::amounts::{PricedLine, calculate_lines, check_lines, priced_lines};
use super::lookup::find_price;
use super::store::{Draft, answer, expiry, order_line, store};
use crate::amount::{self, money};
use crate::documents::Kind;
use crate::faults::Marks;
use crate::refusal::Refusal;
use crate::state::ErpState;

/// `POST /orders`. The named reservation or quote becomes the order in the same step, so that goods
/// never count twice.
///
/// The own total is that of the lines at the unit prices that the request names, except for an item
/// whose price the control route changed: there the ERP insists on its own price, so that a price
/// change between preparation and submission can be played through. An order of a quote has
/// the quote's total.
pub(crate) fn submit_order(
    state: &mut ErpState,
    now: i64,
    key: Option<&str>,
    marks: &Marks,
    request: &OrderRequest,
) -> Result<SubmissionAnswer, Refusal> {
    let key = check_key(key)?;
    if let Some(twin) = twin(state, Kind::Order, &request.reference, key, marks)? {
        return Ok(twin);
    }
    state.expire(now);
    let accepted = amount::parse(&request.accepted_total, &request.currency)?;
    let given = priced_lines(state, &request.lines, &request.currency)?;
    let quote = request
        .quote
        .as_deref()
        .map(|quote| find_quote(state, now, quote))
        .transpose()?;
    let totals = match &quote {
        Some((_, totals)) => totals.clone(),
        None => {
            let own = at_own_prices(state, now, &request.customer, given, &request.currency);
            calculate_lines(state, &own, &request.currency, request.shipping.as_ref())?.totals
        }
    };
    let own = totals
        .grand
        .as_ref()
        .map(|grand| amount::parse(grand, &request.currency))
        .transpose()?;
    if own != Some(accepted) {
        let own = money(own.unwrap_or_default(), &request.currency);
        let refusal = Refusal::new(
            StatusCode::CONFLICT,
            codes::TOTAL_CHANGED,
            "the total is another one now",
        );
        return Err(refusal.about(own.amount).about(own.currency));
    }
    let draft = Draft {
        reference: &request.reference,
        key,
        customer: &request.customer,
        currency: &request.currency,
        lines: request.lines.iter().map(order_line).collect(),
        totals,
        purchase_order_number: request.purchase_order_number.clone(),
        expires: None,
    };
    let submitted = store(state, Kind::Order, now, marks, draft);
    // Only the named one: an order that does not name its reservation counts in addition until that
    // expires.
    if let Some(reference) = &request.reservation {
        state.reservations.remove(reference);
    }
    for line in &request.lines {
        state.sell(&line.sku, line.quantity.0);
    }
    if let Some((id, _)) = quote
        && let Some(quote) = state.quotes.by_id(&id)
    {
        quote.set_status("ordered");
    }
    Ok(submitted)
}

/// `POST /quotes`. The ERP quotes its own price of the moment; where it has none, the one the buyer
/// saw.
pub(crate) fn submit_quote(
    state: &mut ErpState,
    now: i64,
    key: Option<&str>,
    marks: &Marks,
    request: &QuoteRequest,
) -> Result<SubmissionAnswer, Refusal> {
    let key = check_key(key)?;
    if let Some(twin) = twin(state, Kind::Quote, &request.reference, key, marks)? {
        return Ok(twin);
    }
    check_lines(
        state,
        request
            .lines
            .iter()
            .map(|line| (line.sku.as_str(), line.quantity.0)),
    )?;
    let (organization, currency) = (&request.customer.organization_id, &request.currency);
    let mut priced = Vec::new();
    for line in &request.lines {
        let seen = line
            .unit_price
            .as_ref()
            .map(|price| amount::parse(price, currency))
            .transpose()?;
        let own = find_price(
            state,
            now,
            organization,
            &line.sku,
            currency,
            line.quantity.0,
        )
        .map(|(_, price)| price);
        let unit_price = own.ok().or(seen).ok_or_else(|| {
            Refusal::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                codes::NO_PRICE,
                "there is no price",
            )
            .about(line.sku.as_str())
        })?;
        priced.push(PricedLine {
            line_id: &line.line_id,
            sku: &line.sku,
            quantity: line.quantity.0,
            unit_price,
        });
    }
    let totals = calculate_lines(state, &priced, currency, request.shipping.as_ref())?.totals;
    let lines = priced
        .iter()
        .zip(&request.lines)
        .map(|(priced, line)| DocumentLine {
            line_id: Some(line.line_id.clone()),
            sku: Some(line.sku.clone()),
            quantity: Some(line.quantity),
            unit: Some(line.unit.clone()),
            unit_price: Some(money(priced.unit_price, currency)),
            line_total: amount::times(priced.unit_price, priced.quantity, currency)
                .ok()
                .map(|total| money(total, currency)),
            ..DocumentLine::default()
        });
    let draft = Draft {
        reference: &request.reference,
        key,
        customer: &request.customer,
        currency,
        lines: lines.collect(),
        totals,
        purchase_order_number: None,
        expires: Some(expiry(request.requested_expiry.as_deref(), now)),
    };
    let submitted = store(state, Kind::Quote, now, marks, draft);
    // A quote holds no goods.
    if let Some(reference) = &request.reservation {
        state.reservations.remove(reference);
    }
    Ok(submitted)
}

fn check_key(key: Option<&str>) -> Result<&str, Refusal> {
    key.filter(|key| !key.is_empty()).ok_or_else(|| {
        Refusal::new(
            StatusCode::BAD_REQUEST,
            codes::IDEMPOTENCY_KEY_REQUIRED,
            "a submission carries an Idempotency-Key",
        )
    })
}

/// The answer to a repetition, if it is one. A draft that an earlier attempt left is finished here.
/// An ERP that does not declare `idempotency-key` makes a second document, as such ERPs do.
fn twin(
    state: &mut ErpState,
    kind: Kind,
    reference: &str,
    key: &str,
    marks: &Marks,
) -> Result<Option<SubmissionAnswer>, Refusal> {
    let by_key = state.capabilities.submission == SubmissionGuarantee::IdempotencyKey;
    let documents = state.documents(kind);
    if by_key
        && documents
            .reference_of_key(key)
            .is_some_and(|other| other != reference)
    {
        let code = codes::IDEMPOTENCY_KEY_REUSED;
        return Err(Refusal::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            code,
            "the key belongs to another reference",
        ));
    }
    let Some(stored) = documents.by_reference(reference) else {
        return Ok(None);
    };
    if stored.refuses_repeats || (by_key && stored.key.as_deref() != Some(key)) {
        let code = codes::DUPLICATE_REFERENCE;
        return Err(Refusal::new(
            StatusCode::CONFLICT,
            code,
            "the reference was submitted before",
        )
        .about(reference));
    }
    if !by_key {
        return Ok(None);
    }
    if !stored.accepted() && !marks.draft {
        stored.document.accepted = Some(true);
        stored.set_status(kind.first_status());
    }
    stored.refuses_repeats |= marks.refuse_repeats;
    Ok(Some(answer(&stored.document)))
}

/// The quote to order: its number and its totals.
fn find_quote(state: &mut ErpState, now: i64, name: &str) -> Result<(String, Totals), Refusal> {
    let mode = state.mode;
    state.quotes.age(mode, now);
    let refuse = |status, code, reason: &str| Refusal::new(status, code, reason).about(name);
    let id = match state.quotes.by_id(name) {
        Some(quote) => quote.document.external_id().map(str::to_owned),
        None => state
            .quotes
            .by_reference(name)
            .and_then(|quote| quote.document.external_id().map(str::to_owned)),
    };
    let quote = id
        .as_deref()
        .and_then(|id| state.quotes.by_id(id))
        .filter(|quote| quote.accepted());
    let Some(quote) = quote else {
        return Err(refuse(
            StatusCode::UNPROCESSABLE_ENTITY,
            codes::UNKNOWN_QUOTE,
            "the quote is not known",
        ));
    };
    match quote.status() {
        "expired" => Err(refuse(
            StatusCode::CONFLICT,
            codes::QUOTE_EXPIRED,
            "the quote has expired",
        )),
        "ordered" => Err(refuse(
            StatusCode::CONFLICT,
            codes::QUOTE_ALREADY_ORDERED,
            "the quote was ordered before",
        )),
        "requested" => Err(refuse(
            StatusCode::CONFLICT,
            codes::QUOTE_NOT_OFFERED,
            "the quote is not answered yet",
        )),
        _ => Ok((
            id.unwrap_or_default(),
            quote.document.totals.clone().unwrap_or_default(),
        )),
    }
}

/// The given prices, but the ERP's own where the control route changed the price of an item.
fn at_own_prices<'a>(
    state: &ErpState,
    now: i64,
    customer: &Customer,
    mut lines: Vec<PricedLine<'a>>,
    currency: &str,
) -> Vec<PricedLine<'a>> {
    for line in lines
        .iter_mut()
        .filter(|line| state.factors.contains_key(line.sku))
    {
        if let Ok((_, own)) = find_price(
            state,
            now,
            &customer.organization_id,
            line.sku,
            currency,
            line.quantity,
        ) {
            line.unit_price = own;
        }
    }
    lines
}
