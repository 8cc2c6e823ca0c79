//! Hand-over: the worker sends a submission, or asks the ERP what became of it.

use std::sync::Arc;

use domain::ids::SubmissionId;
use domain::submission::{LIMITS, Lease, NextStep, State, Submission, next_step};
use domain::time::Timestamp;

use super::event;
use crate::error::UseCaseError;
use crate::ports::carts::Written;
use crate::ports::erp::{CallContext, ErpCapabilities, ErpCheckout, ErpError, ErpSubmission};
use crate::ports::submissions::{Submissions, SubmitQueue};
use crate::ports::{Clock, Ids};
use crate::reservations::NOT_THERE;

/// Milliseconds for recording an outcome after the ERP's time limit, before the lease ends.
const RECORD_MS: i64 = 15_000;

/// Milliseconds that must be left after a call to the ERP.
const MARGIN_MS: i64 = 2_000;

/// Milliseconds by which a delayed message may come too early and still count as the one that was
/// told.
const EARLY_MS: i64 = 2_000;

/// The queue delays a message by at most this many seconds.
const MAX_DELAY_SECONDS: i64 = 900;

/// How far a submission went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Went {
    /// The ERP said something about it.
    Answered,
    /// The ERP said nothing.
    Unanswered,
    /// The ERP was not asked: it was not its time, there was none, or somebody else works on it.
    Nowhere,
}

/// Hands submissions over.
pub struct SubmissionWorker {
    /// Submissions.
    pub submissions: Arc<dyn Submissions>,
    /// The ERP.
    pub erp: Arc<dyn ErpSubmission>,
    /// What it can do.
    pub capabilities: Arc<dyn ErpCapabilities>,
    /// Releases the reservation of a rejected order.
    pub checkout: Arc<dyn ErpCheckout>,
    /// Wakes the worker again.
    pub queue: Arc<dyn SubmitQueue>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Tokens and jitter.
    pub ids: Arc<dyn Ids>,
}

impl SubmissionWorker {
    /// Takes a submission one step further, or two: an unknown outcome that turns out to be none is
    /// sent again at once. When the ERP answers about one that had to wait for it, the others that
    /// wait go on as well. A message that comes late, twice or for nothing changes nothing.
    ///
    /// # Errors
    /// [`UseCaseError::Store`] when nobody knows where the submission stands now; the message has to
    /// come again.
    pub async fn process(
        &self,
        context: &CallContext,
        id: &SubmissionId,
    ) -> Result<(), UseCaseError> {
        let Some(submission) = self.submissions.submission(id).await? else {
            tracing::error!(submission.id = %id, "the queue names a submission that does not exist");
            return Ok(());
        };
        let waited = matches!(submission.state, State::Waiting | State::Unknown);
        if self.advance(context, submission).await? == Went::Answered && waited {
            self.drain(context).await;
        }
        Ok(())
    }

    /// Whether there is time for one more call about `submission`.
    pub(super) fn has_time(&self, context: &CallContext, submission: &Submission) -> bool {
        let limit = self.erp.time_limit_ms(submission.content.line_count());
        context.deadline.millis_since(self.clock.now()) >= limit + MARGIN_MS
    }

    /// Takes a submission as far as it goes now.
    pub(super) async fn advance(
        &self,
        context: &CallContext,
        mut submission: Submission,
    ) -> Result<Went, UseCaseError> {
        let id = &submission.id.clone();
        // Asking, then sending again, then waiting: more steps than these are for the next message.
        for step in 0..4 {
            let now = self.clock.now();
            let limit = self.erp.time_limit_ms(submission.content.line_count());
            let moved = match next_step(&submission, now, limit) {
                NextStep::Nothing if step == 0 => return Ok(Went::Nowhere),
                NextStep::Nothing => return Ok(Went::Answered),
                // A message that comes much too early is one too many: the one told when it was
                // last moved still comes, and `reconcile` has the due time. Telling the queue again
                // would breed messages.
                NextStep::Wait(until) if step == 0 && until.millis_since(now) > EARLY_MS => {
                    return Ok(Went::Nowhere);
                }
                NextStep::Wait(until) => {
                    self.later(id, until, now).await;
                    return Ok(match step {
                        0 => Went::Nowhere,
                        _ if submission.is_unanswered() => Went::Unanswered,
                        _ => Went::Answered,
                    });
                }
                NextStep::Send | NextStep::Ask if !self.has_time(context, &submission) => break,
                NextStep::Send => self.send(submission, limit).await?,
                NextStep::Ask => self.ask(context, submission).await?,
                NextStep::Release => self.release(context, submission).await?,
            };
            match moved {
                Some(next) => submission = next,
                // Somebody else works on it.
                None => return Ok(Went::Nowhere),
            }
        }
        let now = self.clock.now();
        self.later(id, now, now).await;
        Ok(Went::Nowhere)
    }

    async fn send(
        &self,
        mut submission: Submission,
        limit: i64,
    ) -> Result<Option<Submission>, UseCaseError> {
        let started = self.clock.now();
        let until = started.plus_millis(limit + RECORD_MS);
        submission.send_started(started);
        submission.lease = Some(Lease {
            owner: self.ids.mint(),
            until,
        });
        submission.due_at = Some(until);
        if self
            .write(&mut submission, "sending", started, None)
            .await?
            == Written::Conflict
        {
            return Ok(None);
        }
        let call = CallContext {
            deadline: started.plus_millis(limit),
            correlation_id: submission.correlation_id.clone(),
        };
        let outcome = self.erp.submit(&call, &submission).await;
        let ended = self.clock.now();
        let happened = submission.send_ended(outcome, ended, limit, self.ids.below(u64::MAX));
        self.record(submission, happened, ended, ended.millis_since(started))
            .await
    }

    async fn ask(
        &self,
        context: &CallContext,
        mut submission: Submission,
    ) -> Result<Option<Submission>, UseCaseError> {
        let started = self.clock.now();
        if submission.state == State::Sending {
            let happened = submission.send_lost();
            submission.lease = None;
            submission.due_at = Some(started);
            if self.write(&mut submission, happened, started, None).await? == Written::Conflict {
                return Ok(None);
            }
        }
        let kind = submission.content.kind();
        let call = CallContext {
            deadline: context.deadline.plus_millis(-MARGIN_MS),
            correlation_id: submission.correlation_id.clone(),
        };
        let (answer, support) = match self.capabilities.capabilities(&call).await {
            Ok(capabilities) => (
                self.erp.find(&call, kind, &submission.id).await,
                capabilities.submission,
            ),
            // Without knowing what the ERP can do, "not found" could not be acted upon.
            Err(_) => (
                domain::submission::Answer::NoAnswer {
                    reason: "erp_capabilities_unknown",
                },
                domain::submission::DuplicateProtection::None,
            ),
        };
        let ended = self.clock.now();
        let happened = submission.asked(answer, support, &LIMITS, ended, self.ids.below(u64::MAX));
        self.record(submission, happened, ended, ended.millis_since(started))
            .await
    }

    async fn record(
        &self,
        mut submission: Submission,
        happened: &'static str,
        now: Timestamp,
        took_ms: i64,
    ) -> Result<Option<Submission>, UseCaseError> {
        if self
            .write(&mut submission, happened, now, Some(took_ms))
            .await?
            == Written::Conflict
        {
            // The lease ended meanwhile and somebody else goes on; what they find out supersedes
            // this.
            tracing::warn!(submission.id = %submission.id, event = happened, "an outcome came too late to be recorded");
            return Ok(None);
        }
        tracing::info!(
            submission.id = %submission.id, state = submission.state.as_str(), event = happened,
            attempt = submission.attempt, duration_ms = took_ms, "a submission moved"
        );
        Ok(Some(submission))
    }

    /// The order is refused for good, so what was set aside for it is released. Until the ERP said
    /// so the order stays due: whoever dies in between, the next message or `reconcile` asks again,
    /// and asking twice harms nothing.
    async fn release(
        &self,
        context: &CallContext,
        mut submission: Submission,
    ) -> Result<Option<Submission>, UseCaseError> {
        let started = self.clock.now();
        let call = CallContext {
            deadline: context.deadline.plus_millis(-MARGIN_MS),
            correlation_id: submission.correlation_id.clone(),
        };
        let done = match self.checkout.cancel(&call, submission.id.as_str()).await {
            Ok(()) => true,
            Err(ErpError::Refused { code, .. }) if code == NOT_THERE => true,
            Err(error) => {
                tracing::warn!(%error, submission.id = %submission.id, "the reservation of a rejected order was not released");
                false
            }
        };
        let ended = self.clock.now();
        let happened = submission.released(done, ended, self.ids.below(u64::MAX));
        self.record(submission, happened, ended, ended.millis_since(started))
            .await
    }

    async fn write(
        &self,
        submission: &mut Submission,
        happened: &'static str,
        now: Timestamp,
        took_ms: Option<i64>,
    ) -> Result<Written, UseCaseError> {
        submission.revision = submission.revision.saturating_add(1);
        submission.updated_at = now;
        let entry = event(
            submission,
            happened,
            now,
            took_ms,
            &submission.correlation_id,
        );
        Ok(self.submissions.update(submission, &entry).await?)
    }

    /// Wakes the worker at `at`. If the queue cannot be told, `reconcile` finds the submission by
    /// its due time.
    async fn later(&self, id: &SubmissionId, at: Timestamp, now: Timestamp) {
        let seconds = at.millis_since(now).max(0).saturating_add(999) / 1000;
        let delay = u32::try_from(seconds.min(MAX_DELAY_SECONDS)).unwrap_or(0);
        if let Err(error) = self.queue.enqueue(id, delay).await {
            tracing::warn!(%error, submission.id = %id, "the queue was not told; reconcile will");
        }
    }
}
