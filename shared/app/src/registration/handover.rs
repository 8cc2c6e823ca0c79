//! What of an approved registration goes to the ERP.

use domain::caller::Customer;
use domain::ids::SubmissionId;
use domain::registration::{Applicant, Registration};
use domain::submission::{Content, Submission, TimelineEvent};
use domain::time::Timestamp;

use crate::UseCaseError;
use crate::submission::{GRACE_SECONDS, accepted, event};

/// Seconds by which an administrator follows the organization: an ERP may refuse a user whose
/// organization it does not know, and a refusal is final. The worker sends in any order.
const ADMINISTRATOR_DELAY: i64 = 30;

/// The submissions of an approved registration, each with the first entry of its timeline. Their
/// ids follow from the registration's, so that approving it twice cannot hand it over twice.
///
/// # Errors
/// [`UseCaseError::Internal`] when no id can be made of the registration's.
pub(super) fn submissions(
    registration: &Registration,
    correlation_id: &str,
    now: Timestamp,
) -> Result<Vec<(Submission, TimelineEvent)>, UseCaseError> {
    let user = registration.user();
    let customer = Customer {
        organization: user.organization.clone(),
        user: user.id.clone(),
    };
    let one = |suffix: &str, content: Content| {
        let id = SubmissionId::parse(&format!("{}{suffix}", registration.id))
            .map_err(|error| UseCaseError::Internal(format!("the id of a submission {error}")))?;
        Ok::<_, UseCaseError>(accepted(id, &customer, content, correlation_id, now))
    };
    let submissions = match &registration.applicant {
        Applicant::Organization(new) => {
            let organization = one(
                "",
                Content::Organization(Box::new(new.organization.clone())),
            )?;
            let mut administrator =
                one("-admin", Content::User(Box::new(new.administrator.clone())))?;
            administrator.due_at = administrator
                .due_at
                .map(|due| due.plus_seconds(ADMINISTRATOR_DELAY));
            vec![organization, administrator]
        }
        Applicant::User(user) => vec![one("", Content::User(user.clone()))?],
    };
    let with_event = |submission: Submission| {
        let event = event(&submission, "captured", now, None, correlation_id);
        (submission, event)
    };
    Ok(submissions.into_iter().map(with_event).collect())
}

/// Seconds after which the worker is told of a submission: nobody waits for `reconcile`'s grace.
pub(super) fn delay_seconds(submission: &Submission) -> u32 {
    let due = submission.due_at.unwrap_or(submission.created_at);
    let wait = due.millis_since(submission.created_at) / 1000 - GRACE_SECONDS;
    u32::try_from(wait).unwrap_or(0).min(900)
}
