//! Explains dead letters to operators: the reason, the owner, and the next action.
//!
//! A message contains only an id, so the reason comes from the submission or the load with that id.

use std::sync::Arc;

use domain::caller::Operator;
use domain::ids::OrganizationId;
use domain::load::LoadState;
use domain::submission::Submission;
use futures::future::try_join_all;

use crate::error::UseCaseError;
use crate::ports::LoadStore;
use crate::ports::dead_letters::{DeadLetter, DeadLetterQueues, Queue, Subject};
use crate::ports::submissions::Submissions;

/// The most dead letters of one queue that a call reads.
pub const MOST: usize = 100;

/// An action on a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Sends the message to its queue again, because its work is not done.
    Redrive,
    /// Deletes the message, because its work is done or can never be done.
    Discard,
}

impl Action {
    /// The name in messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Redrive => "redrive",
            Self::Discard => "discard",
        }
    }
}

/// A dead letter with its explanation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    pub letter: DeadLetter,
    /// A stable code for the reason.
    pub reason: String,
    /// The state of its submission or load; `None` if that does not exist.
    pub state: Option<&'static str>,
    /// The owner of its submission; `None` for loads and unknown subjects.
    pub owner: Option<OrganizationId>,
    /// The action that its state calls for.
    pub next: Action,
}

/// The selection of the dead letters to move.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Redrive {
    /// Only these messages; `None` selects all.
    pub message_ids: Option<Vec<String>>,
    /// Also deletes the messages whose next action is [`Action::Discard`].
    pub discard: bool,
    /// Only reports the actions.
    pub dry_run: bool,
}

/// A dead letter that a redrive selected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    pub explained: Explained,
    /// The action that was taken, or would be in a dry run; `None` if the message stays.
    pub done: Option<Action>,
}

/// Shows and moves dead letters for operators.
pub struct DeadLetters {
    pub letters: Arc<dyn DeadLetterQueues>,
    pub submissions: Arc<dyn Submissions>,
    pub loads: Arc<dyn LoadStore>,
}

impl DeadLetters {
    /// Lists the dead letters of all queues, at most [`MOST`] of each.
    ///
    /// # Errors
    /// [`UseCaseError::Store`].
    pub async fn list(&self, _: &Operator) -> Result<Vec<Explained>, UseCaseError> {
        let explained = self.explained().await?;
        let letters: Vec<_> = explained
            .iter()
            .map(|explained| explained.letter.clone())
            .collect();
        self.letters.leave(&letters).await?;
        Ok(explained)
    }

    /// Sends the letters whose work is not done to their queues again; deletes the others on
    /// request.
    ///
    /// # Errors
    /// [`UseCaseError::Store`]. Some letters may have been moved by then; another call continues
    /// with the rest.
    pub async fn redrive(
        &self,
        operator: &Operator,
        redrive: &Redrive,
    ) -> Result<Vec<Moved>, UseCaseError> {
        let mut moved = Vec::new();
        let mut stay = Vec::new();
        for explained in self.explained().await? {
            let meant = redrive
                .message_ids
                .as_ref()
                .is_none_or(|ids| ids.contains(&explained.letter.message_id));
            let done = match explained.next {
                _ if !meant => None,
                Action::Discard if !redrive.discard => None,
                action => Some(action),
            };
            match done {
                Some(Action::Redrive) if !redrive.dry_run => {
                    self.letters.redrive(&explained.letter).await?
                }
                Some(Action::Discard) if !redrive.dry_run => {
                    self.letters.discard(&explained.letter).await?
                }
                _ => stay.push(explained.letter.clone()),
            }
            if meant {
                moved.push(Moved { explained, done });
            }
        }
        self.letters.leave(&stay).await?;
        if !redrive.dry_run {
            let count = moved.iter().filter(|moved| moved.done.is_some()).count();
            tracing::info!(operator = %operator.user(), count, "an operator moved dead letters");
        }
        Ok(moved)
    }

    async fn explained(&self) -> Result<Vec<Explained>, UseCaseError> {
        let taken = try_join_all(Queue::ALL.map(|queue| self.letters.take(queue, MOST))).await?;
        let mut explained = Vec::new();
        for letter in taken.into_iter().flatten() {
            explained.push(self.explain(letter).await?);
        }
        Ok(explained)
    }

    async fn explain(&self, letter: DeadLetter) -> Result<Explained, UseCaseError> {
        Ok(match letter.subject.clone() {
            Subject::Unreadable => missing(letter, "unreadable", Action::Discard),
            Subject::Submission(id) => match self.submissions.submission(&id).await? {
                None => missing(letter, "submission_missing", Action::Discard),
                Some(submission) => of_submission(letter, &submission),
            },
            Subject::Load(id) => match self.loads.load(&id).await? {
                // The load stopped before it was stored.
                None => missing(letter, "load_stopped", Action::Redrive),
                Some(load) => {
                    let running = load.state == LoadState::Running;
                    let (reason, next) = if running {
                        ("load_stopped", Action::Redrive)
                    } else {
                        ("nothing_left", Action::Discard)
                    };
                    Explained {
                        state: Some(load.state.as_str()),
                        ..missing(letter, reason, next)
                    }
                }
            },
        })
    }
}

fn missing(letter: DeadLetter, reason: &str, next: Action) -> Explained {
    Explained {
        letter,
        reason: reason.to_owned(),
        state: None,
        owner: None,
        next,
    }
}

fn of_submission(letter: DeadLetter, submission: &Submission) -> Explained {
    let (reason, next) = match submission.due_at() {
        // The queue moved the message because the table, the queue or the worker failed. The
        // submission itself still waits.
        Some(_) => (
            submission.reason().unwrap_or("worker_failed"),
            Action::Redrive,
        ),
        None => ("nothing_left", Action::Discard),
    };
    Explained {
        letter,
        reason: reason.to_owned(),
        state: Some(submission.state().as_str()),
        owner: Some(submission.organization().clone()),
        next,
    }
}
