//! The kinds and states of submissions.

/// What a submission is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SubmissionKind {
    /// An order.
    Order,
    /// A request for a quote.
    Quote,
    /// An organization that registered here and was approved.
    Organization,
    /// A user who registered here and was approved.
    User,
}

/// The state of a submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// It is captured and waits for an approver.
    AwaitingApproval,
    /// It is captured and was not sent yet.
    Accepted,
    /// A worker sends it now, or stopped while it did: the lease says which.
    Sending,
    /// The ERP has it. This state is final.
    Confirmed,
    /// The ERP refused it. This state is final.
    Rejected,
    /// The ERP certainly did not process it; the worker sends it again later.
    Waiting,
    /// It is not known whether the ERP processed it; the worker looks the reference up.
    Unknown,
    /// A person has to decide.
    NeedsAttention,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::AwaitingApproval,
        Self::Accepted,
        Self::Sending,
        Self::Confirmed,
        Self::Rejected,
        Self::Waiting,
        Self::Unknown,
        Self::NeedsAttention,
    ];

    /// Returns the name in messages and records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AwaitingApproval => "awaiting_approval",
            Self::Accepted => "accepted",
            Self::Sending => "sending",
            Self::Confirmed => "confirmed",
            Self::Rejected => "rejected",
            Self::Waiting => "waiting",
            Self::Unknown => "unknown",
            Self::NeedsAttention => "needs_attention",
        }
    }

    /// Reads the name in messages and records.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether the submission stays in this state.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Confirmed | Self::Rejected)
    }
}
