//! What waits for an ERP that was away goes on when it is back, in the order of capture.

use domain::submission::{NextStep, State, next_step};

use super::handover::{SubmissionWorker, Went};
use crate::error::UseCaseError;
use crate::ports::StoreError;
use crate::ports::erp::CallContext;
use crate::ports::submissions::Indexed;

/// Submissions that are looked for in one go.
const AT_ONCE: usize = 10;
/// So many in a row without an answer say that the ERP is away again. A few may have a reason of
/// their own.
const UNANSWERED: usize = 3;
/// Milliseconds after which a worker looks at the queue again, where new orders may stand.
const TURN_MS: i64 = 30_000;

impl SubmissionWorker {
    /// The ERP answers: what waits for it goes on without minding its backoff, the oldest first,
    /// each once, until there is nothing left, no time, or no answer. Costs two calls for each
    /// [`AT_ONCE`] and one to read each. What fails here is tried again in its own time.
    pub(super) async fn drain(&self, context: &CallContext) {
        let turn_ends = self.clock.now().plus_millis(TURN_MS);
        let (mut last, mut unanswered) = (None, 0);
        loop {
            let oldest = match self.waiting(last.as_ref()).await {
                Ok(oldest) => oldest,
                Err(error) => {
                    tracing::warn!(%error, "what waits could not be read; it goes on in its own time");
                    return;
                }
            };
            if oldest.is_empty() {
                return;
            }
            for one in oldest {
                if self.clock.now() >= turn_ends {
                    return;
                }
                match self.go_on(context, &one).await {
                    Ok(Went::Answered) => unanswered = 0,
                    Ok(Went::Nowhere) => {}
                    Ok(Went::Unanswered) => unanswered += 1,
                    Err(error) => {
                        tracing::warn!(%error, submission.id = %one.id, "it goes on in its own time");
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

    /// The next ones that wait, behind `last` in the order of capture.
    async fn waiting(&self, last: Option<&Indexed>) -> Result<Vec<Indexed>, StoreError> {
        let in_state = |state| self.submissions.oldest(state, last, AT_ONCE);
        let (mut all, unknown) =
            futures::try_join!(in_state(State::Waiting), in_state(State::Unknown))?;
        all.extend(unknown);
        all.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        all.truncate(AT_ONCE);
        Ok(all)
    }

    /// Takes one of them as far as it goes. The index is late, so it may have moved on.
    async fn go_on(&self, context: &CallContext, one: &Indexed) -> Result<Went, UseCaseError> {
        let Some(mut submission) = self.submissions.submission(&one.id).await? else {
            return Ok(Went::Nowhere);
        };
        if !matches!(submission.state, State::Waiting | State::Unknown)
            || !self.has_time(context, &submission)
        {
            return Ok(Went::Nowhere);
        }
        submission.go_on();
        let limit = self.erp.time_limit_ms(submission.content.line_count());
        match next_step(&submission, self.clock.now(), limit) {
            NextStep::Send | NextStep::Ask => self.advance(context, submission).await,
            // Its message is under way.
            NextStep::Wait(_) | NextStep::Release | NextStep::Nothing => Ok(Went::Nowhere),
        }
    }
}
