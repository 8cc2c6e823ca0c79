//! From an accepted submission to a stored document, and to what is answered.

use wire::erp::{
    Customer, Document, DocumentCustomer, DocumentLine, OrderLine, SubmissionAnswer, Totals,
};
use wire::value::Instant;

use super::lookup::instant;
use crate::documents::{Kind, Stored};
use crate::faults::Marks;
use crate::state::ErpState;

const DAY: i64 = 86_400_000;

/// What a new document is made of.
pub(crate) struct Draft<'a> {
    pub reference: &'a str,
    pub key: &'a str,
    pub customer: &'a Customer,
    pub currency: &'a str,
    pub lines: Vec<DocumentLine>,
    pub totals: Totals,
    pub purchase_order_number: Option<String>,
    pub expires: Option<(String, Option<i64>)>,
}

/// Stores the document; a draft when the marks of the request say so.
pub(crate) fn store(
    state: &mut ErpState,
    kind: Kind,
    now: i64,
    marks: &Marks,
    draft: Draft<'_>,
) -> SubmissionAnswer {
    let mode = state.mode;
    let documents = state.documents(kind);
    let id = documents.next_id();
    let (expires_text, expires_at) = draft
        .expires
        .map_or((None, None), |(text, at)| (Some(text), at));
    let document = Document {
        external_quote_id: (kind == Kind::Quote).then(|| id.clone()),
        external_order_id: Some(id.clone()),
        reference: Some(draft.reference.to_owned()),
        status: Some(
            if marks.draft {
                "draft"
            } else {
                kind.first_status()
            }
            .to_owned(),
        ),
        accepted: Some(!marks.draft),
        placed_at: Some(Instant(now)),
        channel: Some("web".to_owned()),
        customer: Some(DocumentCustomer {
            organization_id: Some(draft.customer.organization_id.clone()),
            user_id: Some(draft.customer.user_id.clone()),
        }),
        currency: Some(draft.currency.to_owned()),
        totals: Some(draft.totals),
        lines: Some(draft.lines),
        expires_at: expires_text,
        purchase_order_number: draft.purchase_order_number,
    };
    documents.add(Stored {
        document,
        key: Some(draft.key.to_owned()),
        placed_at: now,
        visible_at: now.saturating_add(marks.hidden_ms.unwrap_or(0)),
        expires_at,
        refuses_repeats: marks.refuse_repeats,
    });
    documents.age(mode, now);
    let stored = documents.by_id(&id);
    stored
        .map(|stored| answer(&stored.document))
        .unwrap_or_default()
}

/// What a submission answers about its document.
pub(crate) fn answer(document: &Document) -> SubmissionAnswer {
    SubmissionAnswer {
        reference: document.reference.clone(),
        external_order_id: document.external_order_id.clone(),
        external_quote_id: document.external_quote_id.clone(),
        status: document.status.clone(),
        accepted: document.accepted,
        totals: document.totals.clone(),
        expires_at: document.expires_at.clone(),
    }
}

/// An ordered line as it is shown later.
pub(crate) fn order_line(line: &OrderLine) -> DocumentLine {
    DocumentLine {
        line_id: Some(line.line_id.clone()),
        sku: Some(line.sku.clone()),
        quantity: Some(line.quantity),
        unit: Some(line.unit.clone()),
        unit_price: Some(line.unit_price.clone()),
        line_total: Some(line.line_total.clone()),
        ..DocumentLine::default()
    }
}

/// Until when a quote holds: what the buyer asked for, an instant or a day, else thirty days; and
/// when that ends. This ERP lives in UTC.
pub(crate) fn expiry(requested: Option<&str>, now: i64) -> (String, Option<i64>) {
    let parse = |text: &str| {
        serde_json::from_value::<Instant>(text.into())
            .ok()
            .map(|at| at.0)
    };
    let read = |text: &str| {
        parse(text).or_else(|| Some(parse(&format!("{text}T00:00:00Z"))?.saturating_add(DAY)))
    };
    match requested.and_then(|text| Some((text.to_owned(), read(text)?))) {
        Some((text, end)) => (text, Some(end)),
        None => {
            let end = now.saturating_add(DAY.saturating_mul(30));
            (instant(end).unwrap_or_default(), Some(end))
        }
    }
}
