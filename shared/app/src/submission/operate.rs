//! What operators see of open submissions, and what they do to those that make no progress.

use std::sync::Arc;

use domain::caller::Operator;
use domain::ids::SubmissionId;
use domain::submission::{NotDecidable, OperatorEffect, Resolution, State, Submission};

use crate::error::UseCaseError;
use crate::ports::carts::Written;
use crate::ports::submissions::{Submissions, SubmitQueue};
use crate::ports::{Clock, Cursor, Page, StoreError};

/// The states of open submissions, the most urgent first.
const OPEN: [State; 6] = [
    State::NeedsAttention,
    State::Unknown,
    State::Waiting,
    State::Sending,
    State::Accepted,
    State::AwaitingApproval,
];

/// Rounds of reading and writing before the operator has to try again.
const ROUNDS: usize = 3;

/// Shows and moves submissions for operators.
pub struct SubmissionOperator {
    /// Submissions.
    pub submissions: Arc<dyn Submissions>,
    /// Wakes the worker.
    pub queue: Arc<dyn SubmitQueue>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

impl SubmissionOperator {
    /// Returns submissions of one state, oldest capture first; without a state all open ones, those
    /// that need a person first.
    ///
    /// # Errors
    /// [`UseCaseError::Store`].
    pub async fn list(
        &self,
        _: &Operator,
        state: Option<State>,
        cursor: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Submission>, UseCaseError> {
        if let Some(state) = state {
            return Ok(self.submissions.in_state(state, cursor, limit).await?);
        }
        // The cursor of the whole list names the state that it is in.
        let (mut at, mut from) = match cursor {
            None => (0, None),
            Some(cursor) => split(cursor).ok_or(StoreError::Cursor)?,
        };
        let mut items = Vec::new();
        while let Some(state) = OPEN.get(at) {
            let page = self
                .submissions
                .in_state(*state, from.as_ref(), limit - items.len())
                .await?;
            items.extend(page.items);
            if page.next.is_none() {
                at += 1;
            }
            from = page.next;
            if items.len() >= limit {
                break;
            }
        }
        let next = (at < OPEN.len()).then(|| joined(at, from.as_ref()));
        Ok(Page { items, next })
    }

    /// Resumes a submission now. What may have been sent is looked up first.
    ///
    /// # Errors
    /// [`UseCaseError::NotFound`],
    /// [`UseCaseError::AlreadyDecided`] if it is finished or waits for its approver,
    /// [`UseCaseError::Contention`], [`UseCaseError::Store`].
    pub async fn retry(
        &self,
        operator: &Operator,
        id: &SubmissionId,
        correlation_id: &str,
    ) -> Result<Submission, UseCaseError> {
        let now = self.clock.now();
        self.change(operator, id, correlation_id, |submission| {
            submission.retried(now)
        })
        .await
    }

    /// Ends the doubt about a submission that needs attention by what the operator found out in the
    /// ERP.
    ///
    /// # Errors
    /// [`UseCaseError::NotFound`],
    /// [`UseCaseError::AlreadyDecided`] if it does not need attention,
    /// [`UseCaseError::Contention`], [`UseCaseError::Store`].
    pub async fn resolve(
        &self,
        operator: &Operator,
        id: &SubmissionId,
        resolution: &Resolution,
        correlation_id: &str,
    ) -> Result<Submission, UseCaseError> {
        let now = self.clock.now();
        self.change(operator, id, correlation_id, |submission| {
            submission
                .resolved(resolution.clone(), now)
                .map(OperatorEffect::Moved)
        })
        .await
    }

    async fn change(
        &self,
        operator: &Operator,
        id: &SubmissionId,
        correlation_id: &str,
        change: impl Fn(Submission) -> Result<OperatorEffect, NotDecidable>,
    ) -> Result<Submission, UseCaseError> {
        for _ in 0..ROUNDS {
            let found = self
                .submissions
                .submission(id)
                .await?
                .ok_or(UseCaseError::NotFound)?;
            let effect = change(found).map_err(|NotDecidable| UseCaseError::AlreadyDecided)?;
            let submission = match effect {
                OperatorEffect::UnderWay(submission) => submission,
                OperatorEffect::Moved(transition) => {
                    let transition = transition.with_correlation_id(correlation_id);
                    match self.submissions.update(&transition).await? {
                        Written::Done => {}
                        Written::Conflict => continue,
                    }
                    tracing::info!(
                        submission.id = %id, operator = %operator.user(),
                        event = transition.event.kind.as_str(), "an operator moved a submission"
                    );
                    transition.submission
                }
            };
            if submission.due_at().is_some()
                && let Err(error) = self.queue.enqueue(id, 0).await
            {
                tracing::warn!(
                    %error, submission.id = %id,
                    "a submission was not enqueued; reconcile will enqueue it"
                );
            }
            return Ok(submission);
        }
        Err(UseCaseError::Contention)
    }
}

fn joined(at: usize, from: Option<&Cursor>) -> Cursor {
    Cursor::new(format!("{at}.{}", from.map_or("", Cursor::as_str)))
}

fn split(cursor: &Cursor) -> Option<(usize, Option<Cursor>)> {
    let (at, from) = cursor.as_str().split_once('.')?;
    let at = at.parse().ok().filter(|at| *at < OPEN.len())?;
    Some((at, (!from.is_empty()).then(|| Cursor::new(from.to_owned()))))
}
