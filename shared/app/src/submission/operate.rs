//! What operators see of the submissions that are under way, and do to those that got stuck.

use std::sync::Arc;

use domain::caller::Operator;
use domain::ids::SubmissionId;
use domain::submission::{NotDecidable, Resolution, State, Submission};

use super::event;
use crate::error::UseCaseError;
use crate::ports::carts::Written;
use crate::ports::submissions::{Submissions, SubmitQueue};
use crate::ports::{Clock, Cursor, Page, StoreError};

/// The states of what is not done, the most urgent first.
const OPEN: [State; 6] = [
    State::NeedsAttention,
    State::Unknown,
    State::Waiting,
    State::Sending,
    State::Accepted,
    State::AwaitingApproval,
];

/// Rounds of reading and writing before the operator is told to come again.
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
    /// Submissions of one state, longest captured first; without a state all that are not done,
    /// what needs a person first.
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

    /// Lets a submission go on at once; what may have been sent is asked for first.
    ///
    /// # Errors
    /// [`UseCaseError::NotFound`],
    /// [`UseCaseError::AlreadyDecided`] when it is done with or waits for its approver,
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
    /// [`UseCaseError::AlreadyDecided`] when it does not need attention, [`UseCaseError::Contention`],
    /// [`UseCaseError::Store`].
    pub async fn resolve(
        &self,
        operator: &Operator,
        id: &SubmissionId,
        resolution: &Resolution,
        correlation_id: &str,
    ) -> Result<Submission, UseCaseError> {
        let now = self.clock.now();
        self.change(operator, id, correlation_id, |submission| {
            submission.resolved(resolution.clone(), now).map(Some)
        })
        .await
    }

    async fn change(
        &self,
        operator: &Operator,
        id: &SubmissionId,
        correlation_id: &str,
        change: impl Fn(&mut Submission) -> Result<Option<&'static str>, NotDecidable>,
    ) -> Result<Submission, UseCaseError> {
        for _ in 0..ROUNDS {
            let mut submission = self
                .submissions
                .submission(id)
                .await?
                .ok_or(UseCaseError::NotFound)?;
            if let Some(happened) =
                change(&mut submission).map_err(|NotDecidable| UseCaseError::AlreadyDecided)?
            {
                let now = self.clock.now();
                submission.revision = submission.revision.saturating_add(1);
                submission.updated_at = now;
                let entry = event(&submission, happened, now, None, correlation_id);
                match self.submissions.update(&submission, &entry).await? {
                    Written::Done => {}
                    Written::Conflict => continue,
                }
                tracing::info!(submission.id = %id, operator = %operator.user(), event = happened, "an operator moved a submission");
            }
            if submission.due_at.is_some()
                && let Err(error) = self.queue.enqueue(id, 0).await
            {
                tracing::warn!(%error, submission.id = %id, "the queue was not told; reconcile will");
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
