//! The document of an entry of a timeline.

use domain::submission::{TimelineEvent, TimelineEventKind};
use serde::{Deserialize, Serialize};
use wire::value::Instant;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventDocument {
    at: Instant,
    event: String,
    attempt: Option<u32>,
    reason: Option<String>,
    duration_ms: Option<i64>,
    correlation_id: String,
}

impl From<&TimelineEvent> for EventDocument {
    fn from(e: &TimelineEvent) -> Self {
        Self {
            at: e.at.into(),
            event: e.kind.to_string(),
            attempt: e.attempt,
            reason: e.reason.clone(),
            duration_ms: e.duration_ms,
            correlation_id: e.correlation_id.clone(),
        }
    }
}

impl From<EventDocument> for TimelineEvent {
    fn from(e: EventDocument) -> Self {
        Self {
            at: e.at.into(),
            kind: TimelineEventKind::parse(&e.event),
            attempt: e.attempt,
            reason: e.reason,
            duration_ms: e.duration_ms,
            correlation_id: e.correlation_id,
        }
    }
}
