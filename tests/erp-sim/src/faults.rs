//! Faults on demand: which there are, which are armed, and what a request takes.

use serde::{Deserialize, Serialize};
use wire::erp::Processed;

use crate::operation::Operation;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// Closes the connection before the request is read. It is not counted as a call, since it
    /// never arrived.
    Refuse,
    /// Takes the request, does nothing and stays silent until the client leaves, or for `delayMs`,
    /// then cuts.
    Hang,
    /// Does it at once and answers after `delayMs` (1000): slow for a client that waits, done for
    /// one that left.
    Delay,
    /// Does nothing and answers `status` (503); 202 comes with `pending`.
    Status,
    /// Does nothing and answers 200 with an error in the body.
    #[serde(rename = "error-200")]
    Error200,
    /// Does it and cuts the connection.
    CommitThenDrop,
    /// Does it and answers `status` (500); 202 comes with `pending`.
    CommitThenStatus,
    /// Does it and answers with text that is not JSON.
    Garbage,
    /// Does it and sends one byte of the answer every `delayMs` (100).
    SlowDrip,
    /// Does it, sends half of the answer and cuts.
    Partial,
    /// Does it and answers for another reference, number or item.
    WrongReference,
    /// Submissions: stores a draft that is not accepted and cuts. The repeat with the same key
    /// finishes it.
    HalfMade,
    /// Submissions: what they make is found only after `delayMs` (1000). `find`: what is younger is
    /// not found.
    LateVisible,
    /// Submissions: does it and answers; from then on every repeat of the reference is refused with
    /// 409.
    DuplicateRefused,
    /// Does nothing and answers `status` (400) with a sentence and no code.
    ErrorSentence,
    /// Does it and leaves every second entry of the answer's lists out, the first one included.
    OmitItems,
    /// Does it and answers a grand total that is one too high.
    WrongAmounts,
    /// Does it; from then on the connection counts as closed by the server once it was idle for
    /// `delayMs` (1000): the next request on it is cut without being read, as when it crosses with
    /// the server's close.
    StaleKeepalive,
}

impl FaultKind {
    /// Whether the kind means anything for the operation; where it does not, it waits for one where
    /// it does.
    fn applies_to(self, operation: Operation) -> bool {
        let submission = matches!(operation, Operation::SubmitOrder | Operation::SubmitQuote);
        match self {
            Self::HalfMade | Self::DuplicateRefused => submission,
            Self::LateVisible => submission || operation == Operation::Find,
            Self::Refuse
            | Self::Hang
            | Self::Delay
            | Self::Status
            | Self::Error200
            | Self::CommitThenDrop
            | Self::CommitThenStatus
            | Self::Garbage
            | Self::SlowDrip
            | Self::Partial
            | Self::WrongReference
            | Self::ErrorSentence
            | Self::OmitItems
            | Self::WrongAmounts
            | Self::StaleKeepalive => true,
        }
    }

    /// Whether it only marks what is made, and so goes together with any other fault on the same
    /// request.
    fn marks(self) -> bool {
        matches!(self, Self::LateVisible | Self::DuplicateRefused)
    }
}

/// An armed fault, as `POST /_sim/faults` takes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// The operation's name, or `*` for all.
    pub operation: String,
    /// What goes wrong.
    pub kind: FaultKind,
    /// How many requests it hits; 1 when absent.
    #[serde(default = "once")]
    pub times: u64,
    /// What it delays by, where it delays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
    /// The status it answers with, where it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// `error-200`: the code; `internal_error` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// `error-200`: what the ERP claims; `no` when absent, which is the truth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processed: Option<Processed>,
}

fn once() -> u64 {
    1
}

impl Fault {
    /// A fault that hits N requests of an operation.
    #[must_use]
    pub fn new(operation: &str, kind: FaultKind, times: u64) -> Self {
        Self {
            operation: operation.to_owned(),
            kind,
            times,
            delay_ms: None,
            status: None,
            code: None,
            processed: None,
        }
    }

    fn hits(&self, operation: Operation) -> bool {
        (self.operation == "*" || self.operation == operation.name())
            && self.kind.applies_to(operation)
    }
}

/// What the handlers of submissions and of `find` have to know about the faults of their request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Marks {
    /// Store a draft.
    pub draft: bool,
    /// Refuse repetitions from now on.
    pub refuse_repeats: bool,
    /// Hide what is made for so long.
    pub hidden_ms: Option<i64>,
}

/// The armed faults, in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    armed: Vec<Fault>,
}

impl Faults {
    /// Arms one.
    pub fn arm(&mut self, fault: Fault) {
        self.armed.push(fault);
    }

    /// Disarms all.
    pub fn clear(&mut self) {
        self.armed.clear();
    }

    /// What is still armed.
    pub fn armed(&self) -> &[Fault] {
        &self.armed
    }

    /// What a request takes: every mark, and the first other fault.
    pub fn take(&mut self, operation: Operation) -> (Marks, Option<Fault>) {
        let mut marks = Marks::default();
        let mut taken = None;
        for fault in self
            .armed
            .iter_mut()
            .filter(|fault| fault.times > 0 && fault.hits(operation))
        {
            if fault.kind.marks() {
                match fault.kind {
                    FaultKind::DuplicateRefused => marks.refuse_repeats = true,
                    _ => {
                        marks.hidden_ms =
                            Some(i64::try_from(fault.delay_ms.unwrap_or(1000)).unwrap_or(i64::MAX))
                    }
                }
            } else if taken.is_none() {
                marks.draft = fault.kind == FaultKind::HalfMade;
                taken = Some(fault.clone());
            } else {
                continue;
            }
            fault.times = fault.times.saturating_sub(1);
        }
        self.armed.retain(|fault| fault.times > 0);
        (marks, taken)
    }
}
