//! A document as the storefront sees it: the ERP's word where it has one, ours where it has none.

use app::ports::erp::{DocumentKind, Expiry, ExternalDocument, ExternalLine};
use app::tracking::Document;
use domain::money::Money;
use domain::submission::{Content, OrderLine, State, Submission};
use domain::time::Timestamp;
use wire::storefront::documents as body;
use wire::value::{Instant, Money as MoneyText, Number};

/// The channel of what was captured here.
const CHANNEL: &str = "storefront";

pub(crate) fn document(
    kind: DocumentKind,
    document: &Document,
    as_of: Timestamp,
    stale: bool,
    with_lines: bool,
) -> body::Document {
    let own = document.submission.as_ref();
    let external = document.external.as_ref();
    let (own_id, external_id) = ids(document);
    let (order_id, external_order_id, quote_id, external_quote_id) = match kind {
        DocumentKind::Order => (own_id, external_id, None, None),
        DocumentKind::Quote => (None, None, own_id, external_id),
    };
    body::Document {
        order_id,
        external_order_id,
        quote_id,
        external_quote_id,
        // What another channel placed is in the ERP, so it is confirmed.
        state: own
            .map_or(State::Confirmed, Submission::state)
            .as_str()
            .to_owned(),
        status: external
            .and_then(|d| d.status.clone())
            .or_else(|| own.and_then(Submission::external_status).map(str::to_owned)),
        reason: own.and_then(Submission::reason).map(str::to_owned),
        approval: own.and_then(Submission::approval).map(body::Approval::from),
        channel: own
            .map(|_| CHANNEL.to_owned())
            .or_else(|| external.and_then(|d| d.channel.clone())),
        placed_at: external
            .and_then(|d| d.placed_at)
            .or_else(|| own.map(Submission::created_at))
            .map(Instant::from),
        user_id: external
            .and_then(|d| d.user.as_ref())
            .or_else(|| own.map(Submission::user))
            .map(ToString::to_string),
        currency: external
            .and_then(|d| d.currency.map(|c| c.to_string()))
            .or_else(|| own.map(own_currency)),
        total: external
            .and_then(|d| d.total)
            .or_else(|| own.and_then(own_total))
            .map(MoneyText::from),
        purchase_order_number: external
            .and_then(|d| d.purchase_order_number.clone())
            .or_else(|| own.and_then(own_number)),
        expires_at: external.and_then(|d| d.expires_at.as_ref()).map(expiry),
        lines: with_lines.then(|| lines(external, own)),
        as_of: as_of.into(),
        stale,
    }
}

/// Our id and the ERP's.
fn ids(document: &Document) -> (Option<String>, Option<String>) {
    let own = document.submission.as_ref();
    let external_id = document
        .external
        .as_ref()
        .map(|d| &d.external_id)
        .or_else(|| own.and_then(Submission::external_id));
    (
        own.map(|s| s.id().to_string()),
        external_id.map(ToString::to_string),
    )
}

fn expiry(expiry: &Expiry) -> String {
    match expiry {
        Expiry::At(at) => at.to_string(),
        Expiry::Day(day) => day.clone(),
    }
}

fn own_currency(submission: &Submission) -> String {
    match submission.content() {
        Content::Order(order) => order.currency.to_string(),
        Content::Quote(quote) => quote.currency.to_string(),
        Content::Organization(organization) => organization.currency.to_string(),
        Content::User(_) => String::new(),
    }
}

fn own_total(submission: &Submission) -> Option<Money> {
    match submission.content() {
        Content::Order(order) => Some(order.accepted_total),
        Content::Quote(_) | Content::Organization(_) | Content::User(_) => None,
    }
}

fn own_number(submission: &Submission) -> Option<String> {
    match submission.content() {
        Content::Order(order) => order.purchase_order_number.clone(),
        Content::Quote(_) | Content::Organization(_) | Content::User(_) => None,
    }
}

fn lines(external: Option<&ExternalDocument>, own: Option<&Submission>) -> Vec<body::DocumentLine> {
    match (
        external.filter(|d| !d.lines.is_empty()),
        own.map(Submission::content),
    ) {
        (Some(document), _) => document.lines.iter().map(external_line).collect(),
        (None, Some(Content::Order(order))) => order.lines.iter().map(own_line).collect(),
        (None, Some(Content::Quote(quote))) => quote.lines.iter().map(own_line).collect(),
        (None, Some(Content::Organization(_) | Content::User(_)) | None) => Vec::new(),
    }
}

fn external_line(line: &ExternalLine) -> body::DocumentLine {
    body::DocumentLine {
        line_id: line.line_id.clone(),
        sku: line.sku.clone(),
        quantity: line.quantity.map(Number),
        unit: line.unit.clone(),
        unit_price: line.unit_price.map(MoneyText::from),
        line_total: line.line_total.map(MoneyText::from),
    }
}

fn own_line(line: &OrderLine) -> body::DocumentLine {
    body::DocumentLine {
        line_id: Some(line.id.to_string()),
        sku: Some(line.sku.to_string()),
        quantity: Some(line.quantity.value().into()),
        unit: Some(line.unit.to_string()),
        unit_price: line.unit_price.map(MoneyText::from),
        line_total: line.line_total.map(MoneyText::from),
    }
}
