//! The hand-over: the worker sends a submission, or looks up what became of it.

use std::sync::Arc;

use domain::ids::SubmissionId;
use domain::submission::{
    DuplicateProtection, LIMITS, Lease, LookupAnswer, NextStep, State, Submission, Transition,
    next_step,
};
use domain::time::Timestamp;

use crate::error::UseCaseError;
use crate::ports::carts::Written;
use crate::ports::erp::{CallContext, ErpCapabilities, ErpCheckout, ErpError, ErpSubmission};
use crate::ports::submissions::{Submissions, SubmitQueue};
use crate::ports::{Clock, Ids};
use crate::reservations::NOT_THERE;

/// Milliseconds for recording an outcome after the ERP's time limit, before the lease expires.
const RECORD_MS: i64 = 15_000;

/// Milliseconds that must be left after a call to the ERP.
const MARGIN_MS: i64 = 2_000;

/// Milliseconds by which a message may come too early and still count as the one that was enqueued
/// for the due time.
const EARLY_MS: i64 = 2_000;

/// The queue delays a message by at most this many seconds.
const MAX_DELAY_SECONDS: i64 = 900;

/// Steps that follow the first one at once: a lookup is followed by another send, and this by a
/// wait. More steps are left to the next message.
const FOLLOW_UP_STEPS: usize = 3;

/// How far a submission came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// The ERP answered about it.
    Answered,
    /// The ERP did not answer.
    Unanswered,
    /// The ERP was not asked: it was too early, there was no time, nothing was to be done, or
    /// another worker works on it.
    NotAsked,
}

/// Sends submissions to the ERP.
pub struct SubmissionWorker {
    pub submissions: Arc<dyn Submissions>,
    pub erp: Arc<dyn ErpSubmission>,
    pub capabilities: Arc<dyn ErpCapabilities>,
    /// Releases the reservation of a rejected order.
    pub checkout: Arc<dyn ErpCheckout>,
    /// Wakes the worker again.
    pub queue: Arc<dyn SubmitQueue>,
    pub clock: Arc<dyn Clock>,
    /// Tokens and jitter.
    pub ids: Arc<dyn Ids>,
}

impl SubmissionWorker {
    /// Takes a submission one step further, or two: if a lookup shows that the ERP does not have
    /// it, it is sent again at once. If the ERP answers about a submission that had to wait for it,
    /// the other waiting ones are resumed as well. A message that comes late, twice or without need
    /// changes nothing.
    ///
    /// # Errors
    /// [`UseCaseError::Store`] if the state of the submission is unknown now; the message has to
    /// come again.
    pub async fn process(
        &self,
        context: &CallContext,
        id: &SubmissionId,
    ) -> Result<(), UseCaseError> {
        let Some(submission) = self.submissions.submission(id).await? else {
            tracing::error!(
                submission.id = %id,
                "the queue names a submission that does not exist"
            );
            return Ok(());
        };
        let waited = matches!(submission.state(), State::Waiting | State::Unknown);
        if self.advance(context, submission).await? == Progress::Answered && waited {
            self.drain(context).await;
        }
        Ok(())
    }

    /// Whether there is time for one more call about `submission`.
    pub(super) fn has_time(&self, context: &CallContext, submission: &Submission) -> bool {
        let limit = self.time_limit_ms(submission);
        context.deadline.millis_since(self.clock.now()) >= limit + MARGIN_MS
    }

    pub(super) fn time_limit_ms(&self, submission: &Submission) -> i64 {
        self.erp.time_limit_ms(submission.content().line_count())
    }

    /// Takes a submission as far as it can go now.
    pub(super) async fn advance(
        &self,
        context: &CallContext,
        submission: Submission,
    ) -> Result<Progress, UseCaseError> {
        match self.first_step(context, submission).await? {
            Some(moved) => self.follow_up(context, moved).await,
            None => Ok(Progress::NotAsked),
        }
    }

    /// Takes the step that is due. Returns `None` if there is none, or if it could not be taken.
    async fn first_step(
        &self,
        context: &CallContext,
        submission: Submission,
    ) -> Result<Option<Submission>, UseCaseError> {
        let now = self.clock.now();
        match next_step(&submission, now, self.time_limit_ms(&submission)) {
            NextStep::Nothing => Ok(None),
            NextStep::Wait(until) => {
                // A message that comes much too early is one too many: the one that was enqueued
                // for the due time still comes, and `reconcile` knows the due time. To enqueue
                // another one would multiply messages.
                if until.millis_since(now) <= EARLY_MS {
                    self.wake_at(submission.id(), until, now).await;
                }
                Ok(None)
            }
            step @ (NextStep::Send | NextStep::LookUp | NextStep::Release) => {
                self.perform(context, submission, step).await
            }
        }
    }

    /// Takes the steps that the answer of the ERP makes due at once.
    async fn follow_up(
        &self,
        context: &CallContext,
        mut submission: Submission,
    ) -> Result<Progress, UseCaseError> {
        for _ in 0..FOLLOW_UP_STEPS {
            let now = self.clock.now();
            let moved = match next_step(&submission, now, self.time_limit_ms(&submission)) {
                NextStep::Nothing => return Ok(Progress::Answered),
                NextStep::Wait(until) => {
                    self.wake_at(submission.id(), until, now).await;
                    return Ok(if submission.is_unanswered() {
                        Progress::Unanswered
                    } else {
                        Progress::Answered
                    });
                }
                step @ (NextStep::Send | NextStep::LookUp | NextStep::Release) => {
                    self.perform(context, submission, step).await?
                }
            };
            match moved {
                Some(next) => submission = next,
                None => return Ok(Progress::NotAsked),
            }
        }
        let now = self.clock.now();
        self.wake_at(submission.id(), now, now).await;
        Ok(Progress::NotAsked)
    }

    /// Takes a step. Returns `None` if another worker works on the submission, or if the time is
    /// too short: then the next message takes the step.
    async fn perform(
        &self,
        context: &CallContext,
        submission: Submission,
        step: NextStep,
    ) -> Result<Option<Submission>, UseCaseError> {
        match step {
            NextStep::Send | NextStep::LookUp if !self.has_time(context, &submission) => {
                let now = self.clock.now();
                self.wake_at(submission.id(), now, now).await;
                Ok(None)
            }
            NextStep::Send => self.send(submission).await,
            NextStep::LookUp => self.look_up(context, submission).await,
            NextStep::Release => self.release(context, submission).await,
            NextStep::Wait(_) | NextStep::Nothing => Ok(None),
        }
    }

    async fn send(&self, submission: Submission) -> Result<Option<Submission>, UseCaseError> {
        let limit = self.time_limit_ms(&submission);
        let started = self.clock.now();
        let lease = Lease {
            owner: self.ids.mint(),
            until: started.plus_millis(limit + RECORD_MS),
        };
        let sending = submission.send_started(lease, started);
        match self.submissions.update(&sending).await? {
            Written::Done => {}
            Written::Conflict => return Ok(None),
        }
        let submission = sending.submission;
        let call = CallContext {
            deadline: started.plus_millis(limit),
            correlation_id: submission.correlation_id().to_owned(),
        };
        let outcome = self.erp.submit(&call, &submission).await;
        let ended = self.clock.now();
        let sent = submission.send_ended(outcome, ended, limit, self.ids.below(u64::MAX));
        self.record(sent, started).await
    }

    async fn look_up(
        &self,
        context: &CallContext,
        mut submission: Submission,
    ) -> Result<Option<Submission>, UseCaseError> {
        let started = self.clock.now();
        if submission.state() == State::Sending {
            let lost = submission.send_lost(started);
            match self.submissions.update(&lost).await? {
                Written::Done => submission = lost.submission,
                Written::Conflict => return Ok(None),
            }
        }
        let call = CallContext {
            deadline: context.deadline.plus_millis(-MARGIN_MS),
            correlation_id: submission.correlation_id().to_owned(),
        };
        let (answer, protection) = match self.capabilities.capabilities(&call).await {
            Ok(capabilities) => {
                let (kind, id) = (submission.kind(), submission.id());
                let answer = self.erp.find(&call, kind, id).await;
                (answer, capabilities.submission)
            }
            // "Not found" decides nothing unless it is known how the ERP detects a duplicate.
            Err(_) => (
                LookupAnswer::NoAnswer {
                    reason: "erp_capabilities_unknown",
                },
                DuplicateProtection::None,
            ),
        };
        let ended = self.clock.now();
        let random = self.ids.below(u64::MAX);
        let answered = submission.lookup_answered(answer, protection, &LIMITS, ended, random);
        self.record(answered, started).await
    }

    /// Releases the reservation of an order that the ERP refused for good. The order stays due
    /// until the ERP released it: if the worker stops before that, the next message or `reconcile`
    /// asks again, and a second release does no harm.
    async fn release(
        &self,
        context: &CallContext,
        submission: Submission,
    ) -> Result<Option<Submission>, UseCaseError> {
        let started = self.clock.now();
        let call = CallContext {
            deadline: context.deadline.plus_millis(-MARGIN_MS),
            correlation_id: submission.correlation_id().to_owned(),
        };
        let done = match self.checkout.cancel(&call, submission.id().as_str()).await {
            Ok(()) => true,
            Err(ErpError::Refused { code, .. }) if code == NOT_THERE => true,
            Err(error) => {
                tracing::warn!(
                    %error, submission.id = %submission.id(),
                    "the reservation of a rejected order was not released"
                );
                false
            }
        };
        let ended = self.clock.now();
        let released = submission.released(done, ended, self.ids.below(u64::MAX));
        self.record(released, started).await
    }

    /// Writes what the ERP answered to a call that started at `started`. Returns `None` if the
    /// lease expired and another worker took the submission over: what that one finds out
    /// supersedes this.
    async fn record(
        &self,
        transition: Transition,
        started: Timestamp,
    ) -> Result<Option<Submission>, UseCaseError> {
        let took_ms = transition.event.at.millis_since(started);
        let transition = transition.with_duration_ms(took_ms);
        let written = self.submissions.update(&transition).await?;
        let Transition { submission, event } = transition;
        match written {
            Written::Done => {}
            Written::Conflict => {
                tracing::warn!(
                    submission.id = %submission.id(), event = event.kind.as_str(),
                    "an outcome came too late to be recorded"
                );
                return Ok(None);
            }
        }
        tracing::info!(
            submission.id = %submission.id(), state = submission.state().as_str(),
            event = event.kind.as_str(), attempt = submission.attempt(), duration_ms = took_ms,
            "a submission moved"
        );
        Ok(Some(submission))
    }

    /// Wakes the worker at `at`. If the queue is not available, `reconcile` finds the submission by
    /// its due time.
    async fn wake_at(&self, id: &SubmissionId, at: Timestamp, now: Timestamp) {
        let seconds = at.millis_since(now).max(0).saturating_add(999) / 1000;
        let delay = u32::try_from(seconds.min(MAX_DELAY_SECONDS)).unwrap_or(0);
        if let Err(error) = self.queue.enqueue(id, delay).await {
            tracing::warn!(
                %error, submission.id = %id,
                "a submission was not enqueued; reconcile will enqueue it"
            );
        }
    }
}
