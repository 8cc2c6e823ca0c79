//! Submissions that waited for an unavailable ERP are resumed when it answers again, in the order
//! of capture.

use domain::submission::{NextStep, State, next_step};

use super::handover::{Progress, SubmissionWorker};
use crate::error::UseCaseError;
use crate::ports::StoreError;
use crate::ports::erp::CallContext;
use crate::ports::submissions::Indexed;

/// Submissions that one call lists.
const AT_ONCE: usize = 10;
/// Submissions in a row without an answer after which the ERP counts as unavailable again. A few
/// may have a reason of their own.
const UNANSWERED: usize = 3;
/// Milliseconds after which a worker looks at the queue again, which may hold new orders.
const DRAIN_MS: i64 = 30_000;

impl SubmissionWorker {
    /// The ERP answers: resumes what waits for it before its backoff ends, the oldest capture
    /// first, each once, until nothing waits, no time is left, or the ERP stops answering. Costs
    /// two calls for each [`AT_ONCE`] submissions and one to read each. What fails here is tried
    /// again at its due time.
    pub(super) async fn drain(&self, context: &CallContext) {
        let drain_ends = self.clock.now().plus_millis(DRAIN_MS);
        let (mut last, mut unanswered) = (None, 0);
        loop {
            let oldest = match self.waiting(last.as_ref()).await {
                Ok(oldest) => oldest,
                Err(error) => {
                    tracing::warn!(
                        %error,
                        "the waiting submissions could not be listed; they are resumed when they \
                        are due"
                    );
                    return;
                }
            };
            if oldest.is_empty() {
                return;
            }
            for one in oldest {
                if self.clock.now() >= drain_ends {
                    return;
                }
                match self.resume(context, &one).await {
                    Ok(Progress::Answered) => unanswered = 0,
                    Ok(Progress::NotAsked) => {}
                    Ok(Progress::Unanswered) => unanswered += 1,
                    Err(error) => {
                        tracing::warn!(
                            %error, submission.id = %one.id,
                            "a submission was not resumed; it is when it is due"
                        );
                        unanswered += 1;
                    }
                }
                if unanswered == UNANSWERED {
                    return;
                }
                last = Some(one);
            }
        }
    }

    /// Returns the next ones that wait, behind `last` in the order of capture.
    async fn waiting(&self, last: Option<&Indexed>) -> Result<Vec<Indexed>, StoreError> {
        let in_state = |state| self.submissions.oldest(state, last, AT_ONCE);
        let (mut all, unknown) =
            futures::try_join!(in_state(State::Waiting), in_state(State::Unknown))?;
        all.extend(unknown);
        all.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        all.truncate(AT_ONCE);
        Ok(all)
    }

    /// Takes one of them as far as it can go. The index lags, so the submission may have moved.
    async fn resume(&self, context: &CallContext, one: &Indexed) -> Result<Progress, UseCaseError> {
        let Some(submission) = self.submissions.submission(&one.id).await? else {
            return Ok(Progress::NotAsked);
        };
        if !matches!(submission.state(), State::Waiting | State::Unknown)
            || !self.has_time(context, &submission)
        {
            return Ok(Progress::NotAsked);
        }
        let submission = submission.resume_now();
        match next_step(
            &submission,
            self.clock.now(),
            self.time_limit_ms(&submission),
        ) {
            NextStep::Send | NextStep::LookUp => self.advance(context, submission).await,
            // Its message is under way.
            NextStep::Wait(_) | NextStep::Release | NextStep::Nothing => Ok(Progress::NotAsked),
        }
    }
}
