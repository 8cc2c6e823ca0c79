//! What of an approved registration goes to the ERP.

use domain::caller::Customer;
use domain::ids::SubmissionId;
use domain::registration::{Applicant, Registration};
use domain::submission::{Content, GRACE_SECONDS, NewSubmission, Submission, Transition};
use domain::time::Timestamp;

use crate::UseCaseError;

/// Seconds by which an administrator follows the organization: an ERP may refuse a user whose
/// organization it does not know, and a refusal is final. The worker sends in any order.
const ADMINISTRATOR_DELAY: i64 = 30;

/// Returns the submissions of an approved registration. Their ids follow from the registration's,
/// so that a second approval cannot hand it over twice.
///
/// # Errors
/// [`UseCaseError::Internal`] if no id can be made of the registration's.
pub(super) fn submissions(
    registration: &Registration,
    correlation_id: &str,
    now: Timestamp,
) -> Result<Vec<Transition>, UseCaseError> {
    let user = registration.user();
    let customer = Customer {
        organization: user.organization.clone(),
        user: user.id.clone(),
    };
    let new = |suffix: &str, content: Content| {
        let id = SubmissionId::parse(&format!("{}{suffix}", registration.id))
            .map_err(|error| UseCaseError::Internal(format!("the id of a submission {error}")))?;
        Ok::<_, UseCaseError>(NewSubmission {
            id,
            customer: customer.clone(),
            correlation_id: correlation_id.to_owned(),
            content,
        })
    };
    Ok(match &registration.applicant {
        Applicant::Organization(applicant) => {
            let organization = Content::Organization(Box::new(applicant.organization.clone()));
            let administrator = Content::User(Box::new(applicant.administrator.clone()));
            vec![
                new("", organization)?.accepted(now),
                new("-admin", administrator)?.accepted_after(ADMINISTRATOR_DELAY, now),
            ]
        }
        Applicant::User(user) => vec![new("", Content::User(user.clone()))?.accepted(now)],
    })
}

/// Returns the seconds after which the queue delivers a submission. It does not wait for the grace
/// period of `reconcile`.
pub(super) fn delay_seconds(submission: &Submission) -> u32 {
    let due = submission.due_at().unwrap_or(submission.created_at());
    let wait = due.millis_since(submission.created_at()) / 1000 - GRACE_SECONDS;
    u32::try_from(wait).unwrap_or(0).min(900)
}
