//! What callers ask for, as values of the domain.

use app::ports::erp::DocumentKind;
use app::tracking::ListQuery;
use serde::Deserialize;

/// Documents of a page, unless the caller says otherwise.
const DEFAULT_LIMIT: usize = 20;
/// Most documents of a page.
const MAX_LIMIT: usize = 100;

#[derive(Debug, Deserialize)]
pub(crate) struct ListParams {
    status: Option<String>,
    limit: Option<usize>,
    cursor: Option<String>,
}

pub(crate) fn list_query(kind: DocumentKind, params: ListParams) -> ListQuery {
    ListQuery {
        kind,
        status: params.status,
        cursor: params.cursor,
        limit: params.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT),
    }
}
