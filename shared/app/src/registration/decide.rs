//! Operators and administrators decide about registrations.

use domain::caller::Caller;
use domain::ids::RegistrationId;
use domain::registration::{Decision, DecisionEffect, Registration, RegistrationStatus};

use super::Registrar;
use super::handover::submissions;
use crate::UseCaseError;
use crate::ports::registrations::Registered;

/// Rounds of reading and writing before the caller has to try again. Only two concurrent decisions
/// need a second.
const ROUNDS: usize = 3;

/// A decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decide {
    /// Which registration.
    pub id: RegistrationId,
    /// Whether its members may act.
    pub approve: bool,
    /// The reason.
    pub reason: Option<String>,
}

impl Registrar {
    /// Decides about a registration: operators about organizations with their administrators,
    /// administrators about users of their own organization. Approved members may act at once and
    /// go to the ERP.
    ///
    /// # Errors
    /// [`UseCaseError::NotFound`] for a registration that is not the caller's to decide,
    /// [`UseCaseError::Forbidden`] for a caller who decides about none,
    /// [`UseCaseError::AlreadyDecided`] if it was decided otherwise,
    /// [`UseCaseError::AlreadyExists`] if the user id belongs to another user,
    /// [`UseCaseError::Contention`], [`UseCaseError::Store`].
    pub async fn decide(
        &self,
        caller: &Caller,
        decide: &Decide,
        correlation_id: &str,
    ) -> Result<Registration, UseCaseError> {
        let inbox = self.inbox_of(caller).await?;
        let status = if decide.approve {
            RegistrationStatus::Approved
        } else {
            RegistrationStatus::Rejected
        };
        for _ in 0..ROUNDS {
            let found = self.store.registration(&decide.id).await?;
            let registration = found
                .filter(|found| found.inbox() == inbox)
                .ok_or(UseCaseError::NotFound)?;
            let now = self.clock.now();
            let decision = Decision {
                reason: decide.reason.clone(),
                by: caller.user.clone(),
                at: now,
            };
            let decided = match registration.decide(status, decision) {
                DecisionEffect::Decided(decided) => *decided,
                DecisionEffect::Repeated => return Ok(registration),
                DecisionEffect::Contradicted => return Err(UseCaseError::AlreadyDecided),
            };
            let handed = if decide.approve {
                submissions(&decided, correlation_id, now)?
            } else {
                Vec::new()
            };
            match self.store.decide(&decided, &handed).await? {
                Registered::Done => {
                    self.enqueue(&handed).await;
                    return Ok(decided);
                }
                Registered::UserIdTaken => return Err(UseCaseError::AlreadyExists),
                Registered::Conflict => {}
            }
        }
        Err(UseCaseError::Contention)
    }
}
