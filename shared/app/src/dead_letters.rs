//! Dead letters: why each is one, whose it is, and what to do about it.
//!
//! A message holds an id and nothing else, so the reason stands where the id leads: in the
//! submission, or in the load.

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

/// Most dead letters of one queue that are looked at in one go.
pub const MOST: usize = 100;

/// What to do about a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Its work is not done: send it to its queue again.
    Redrive,
    /// Nothing is left to do for it, or nothing ever can be.
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

/// A dead letter with what is known about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// The letter.
    pub letter: DeadLetter,
    /// A stable code of why it is one.
    pub reason: String,
    /// How far its subject is; none when there is no such subject.
    pub state: Option<&'static str>,
    /// Whose it is; none for loads and for what nobody knows.
    pub owner: Option<OrganizationId>,
    /// What to do about it.
    pub next: Action,
}

/// What is to be moved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Redrive {
    /// Only these messages; none = all.
    pub message_ids: Option<Vec<String>>,
    /// Also take away what nothing is left to do for.
    pub discard: bool,
    /// Only enqueue what would be done.
    pub dry_run: bool,
}

/// What became of a dead letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The letter.
    pub explained: Explained,
    /// What was done with it, or would be; none when it stays.
    pub done: Option<Action>,
}

/// Shows and moves dead letters for operators.
pub struct DeadLetters {
    /// The letters.
    pub letters: Arc<dyn DeadLetterQueues>,
    /// Submissions that they may be about.
    pub submissions: Arc<dyn Submissions>,
    /// Loads that they may be about.
    pub loads: Arc<dyn LoadStore>,
}

impl DeadLetters {
    /// Dead letters of all queues, at most [`MOST`] of each.
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

    /// Sends letters to their queues again, those whose work is not done; on request takes away the
    /// others.
    ///
    /// # Errors
    /// [`UseCaseError::Store`]: some may have been
    /// moved then, and asking again goes on with the rest.
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
                // A load that was stopped before it could even be noted.
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
        // The message was given up while the table, the queue or the worker failed; the submission
        // itself waits.
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
