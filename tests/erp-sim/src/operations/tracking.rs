//! Finding, listing and showing documents of every channel.

use wire::erp::{Document, DocumentList, FoundAnswer};

use crate::documents::{Kind, Stored};
use crate::refusal::Refusal;
use crate::state::ErpState;

/// Which documents a list shows.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    pub organization: Option<String>,
    pub user: Option<String>,
    /// Several may stand between commas.
    pub status: Option<String>,
    /// The number of the last document of the page before.
    pub cursor: Option<String>,
    pub limit: Option<usize>,
}

/// `GET /orders?reference=`. `hidden_ms` hides what is younger; see the fault `late-visible`.
pub(crate) fn find(
    state: &mut ErpState,
    now: i64,
    kind: Kind,
    reference: &str,
    hidden_ms: Option<i64>,
) -> Result<FoundAnswer, Refusal> {
    let mode = state.mode;
    let documents = state.documents(kind);
    documents.age(mode, now);
    let stored = documents
        .by_reference(reference)
        .ok_or_else(Refusal::not_found)?;
    let visible_at = stored
        .visible_at
        .max(stored.placed_at.saturating_add(hidden_ms.unwrap_or(0)));
    if visible_at > now {
        return Err(Refusal::not_found());
    }
    Ok(FoundAnswer {
        reference: stored.document.reference.clone(),
        external_order_id: stored.document.external_order_id.clone(),
        external_quote_id: stored.document.external_quote_id.clone(),
        status: stored.document.status.clone(),
        accepted: stored.document.accepted,
        totals: stored.document.totals.clone(),
        expires_at: stored.document.expires_at.clone(),
    })
}

/// `GET /orders?organization=…`: newest first, without lines, and without drafts, which are
/// not to be shown yet.
pub(crate) fn list(
    state: &mut ErpState,
    now: i64,
    kind: Kind,
    filter: &Filter,
) -> Result<DocumentList, Refusal> {
    let mode = state.mode;
    let documents = state.documents(kind);
    documents.age(mode, now);
    let mut found: Vec<&Stored> = documents
        .all()
        .iter()
        .filter(|stored| shows(filter, stored, now))
        .collect();
    found.sort_by_key(|stored| std::cmp::Reverse(stored.placed_at));
    let start = match &filter.cursor {
        None => 0,
        Some(cursor) => {
            let last = found
                .iter()
                .position(|stored| stored.document.external_id() == Some(cursor));
            last.ok_or_else(|| Refusal::invalid("the cursor is not known"))?
                .saturating_add(1)
        }
    };
    let limit = filter.limit.unwrap_or(25).clamp(1, 100);
    let page: Vec<&Stored> = found.iter().skip(start).take(limit).copied().collect();
    let more = found.len() > start.saturating_add(page.len());
    let next_cursor = page
        .last()
        .filter(|_| more)
        .and_then(|last| last.document.external_id().map(str::to_owned));
    let page = page
        .into_iter()
        .map(|stored| Document {
            lines: None,
            ..stored.document.clone()
        })
        .collect();
    Ok(match kind {
        Kind::Order => DocumentList {
            orders: Some(page),
            quotes: None,
            next_cursor,
        },
        Kind::Quote => DocumentList {
            orders: None,
            quotes: Some(page),
            next_cursor,
        },
    })
}

fn shows(filter: &Filter, stored: &Stored, now: i64) -> bool {
    let customer = stored.document.customer.as_ref();
    let organization = customer.and_then(|customer| customer.organization_id.as_deref());
    let user = customer.and_then(|customer| customer.user_id.as_deref());
    stored.accepted()
        && stored.visible_at <= now
        && filter
            .organization
            .as_deref()
            .is_none_or(|wanted| organization == Some(wanted))
        && filter
            .user
            .as_deref()
            .is_none_or(|wanted| user == Some(wanted))
        && filter
            .status
            .as_deref()
            .is_none_or(|wanted| wanted.split(',').any(|one| one == stored.status()))
}

/// `GET /orders/{externalOrderId}`.
pub(crate) fn detail(
    state: &mut ErpState,
    now: i64,
    kind: Kind,
    id: &str,
) -> Result<Document, Refusal> {
    let mode = state.mode;
    let documents = state.documents(kind);
    documents.age(mode, now);
    let stored = documents
        .by_id(id)
        .filter(|stored| stored.visible_at <= now)
        .ok_or_else(Refusal::not_found)?;
    Ok(stored.document.clone())
}
