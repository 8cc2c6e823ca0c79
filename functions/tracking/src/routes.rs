//! The handlers.

use std::sync::Arc;

use app::ports::erp::DocumentKind;
use app::tracking::Tracking;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use lambda_kit::{Call, Json, Member, Params, Path, Problem};
use wire::storefront::documents::{Orders, Quotes, Timeline, TimelineEvent};

use crate::read::{self, ListParams};
use crate::show;

pub(crate) async fn list(
    kind: DocumentKind,
    State(tracking): State<Arc<Tracking>>,
    call: Call,
    member: Member,
    Params(params): Params<ListParams>,
) -> Result<Response, Problem> {
    let query = read::list_query(kind, params);
    let page = tracking
        .list(&call.context(), &member.customer, &query)
        .await?;
    let (as_of, stale, next_cursor) = (page.as_of.into(), page.stale, page.next_cursor);
    let documents = page
        .found
        .iter()
        .map(|d| show::document(kind, d, page.as_of, stale, false))
        .collect();
    Ok(match kind {
        DocumentKind::Order => Json(Orders {
            orders: documents,
            as_of,
            stale,
            next_cursor,
        })
        .into_response(),
        DocumentKind::Quote => Json(Quotes {
            quotes: documents,
            as_of,
            stale,
            next_cursor,
        })
        .into_response(),
    })
}

pub(crate) async fn detail(
    kind: DocumentKind,
    State(tracking): State<Arc<Tracking>>,
    call: Call,
    member: Member,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let tracked = tracking
        .detail(&call.context(), &member.customer, kind, &id)
        .await?;
    Ok(Json(show::document(
        kind,
        &tracked.found,
        tracked.as_of,
        tracked.stale,
        true,
    ))
    .into_response())
}

pub(crate) async fn timeline(
    kind: DocumentKind,
    State(tracking): State<Arc<Tracking>>,
    call: Call,
    member: Member,
    Path(id): Path<String>,
) -> Result<Json<Timeline>, Problem> {
    let events = tracking
        .timeline(&call.context(), &member.customer, kind, &id)
        .await?;
    Ok(Json(Timeline {
        events: events.into_iter().map(TimelineEvent::from).collect(),
    }))
}
