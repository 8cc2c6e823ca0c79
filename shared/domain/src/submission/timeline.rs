//! What happened to a submission, in the order in which it happened.

use std::fmt;

use crate::time::Timestamp;

/// An entry of a timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineEvent {
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub kind: TimelineEventKind,
    /// The attempt in which it happened; `None` before the first.
    pub attempt: Option<u32>,
    /// The code of the reason.
    pub reason: Option<String>,
    /// How long the ERP took.
    pub duration_ms: Option<i64>,
    /// The correlation id of the work.
    pub correlation_id: String,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident, $name:literal;)*) => {
        /// What happened to a submission.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum TimelineEventKind {
            $($(#[$doc])* $kind,)*
            /// Something that another release wrote and this one does not know.
            Other(String),
        }

        impl TimelineEventKind {
            /// Reads the name in messages and records.
            #[must_use]
            pub fn parse(text: &str) -> Self {
                match text {
                    $($name => Self::$kind,)*
                    other => Self::Other(other.to_owned()),
                }
            }

            /// Returns the name in messages and records.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$kind => $name,)*
                    Self::Other(name) => name,
                }
            }
        }
    };
}

kinds! {
    /// It was stored here, and the ERP gets it.
    Captured, "captured";
    /// An approver approved it.
    Approved, "approved";
    /// An approver did not approve it.
    NotApproved, "not_approved";
    /// A send started.
    Sending, "sending";
    /// The ERP has it and accepted it.
    Confirmed, "confirmed";
    /// The ERP refused it.
    Rejected, "rejected";
    /// The ERP refused it, but an earlier attempt may have succeeded.
    RefusedAfterEarlierAttempt, "refused_after_earlier_attempt";
    /// The ERP took it and decides later.
    TakenByErp, "taken_by_erp";
    /// The ERP certainly did not process it.
    Unavailable, "unavailable";
    /// It is not known whether the ERP processed it.
    OutcomeUnknown, "outcome_unknown";
    /// The ERP did not answer a lookup.
    LookupUnanswered, "asked_without_answer";
    /// The ERP refused it as a duplicate and does not show the twin.
    DuplicateNotFound, "duplicate_not_found";
    /// The ERP has it and did not accept it.
    FoundNotAccepted, "found_not_accepted";
    /// The ERP does not have it.
    NotFound, "not_found";
    /// A person has to decide.
    NeedsAttention, "needs_attention";
    /// The ERP released the reservation.
    ReservationReleased, "reservation_released";
    /// It is not known whether the ERP released the reservation.
    ReleaseFailed, "release_failed";
    /// The reservation is left to expire.
    ReleaseAbandoned, "release_given_up";
    /// An operator resumed it.
    Retried, "retried";
    /// An operator found it in the ERP.
    ResolvedAsConfirmed, "resolved_as_confirmed";
    /// An operator ended it.
    ResolvedAsRejected, "resolved_as_rejected";
    /// An operator found that the ERP does not have it.
    ResolvedToResend, "resolved_to_resend";
}

impl fmt::Display for TimelineEventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
