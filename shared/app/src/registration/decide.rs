//! Somebody decides about a registration.

use domain::caller::Caller;
use domain::ids::RegistrationId;
use domain::registration::{Decision, DecisionEffect, Registration, RegistrationStatus};

use super::Registrar;
use super::handover::submissions;
use crate::UseCaseError;
use crate::ports::registrations::Registered;

/// Rounds of reading and writing before the caller is told to come again. Only two deciders at once
/// need a second.
const ROUNDS: usize = 3;

/// A decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decide {
    /// Which registration.
    pub id: RegistrationId,
    /// Whether its members may act.
    pub approve: bool,
    /// Why.
    pub reason: Option<String>,
}

impl Registrar {
    /// Decides about a registration: operators about organizations with their administrators,
    /// administrators about users of their own organization. Approved members may act at once and
    /// are handed to the ERP.
    ///
    /// # Errors
    /// [`UseCaseError::NotFound`] for what is not the caller's to decide, [`UseCaseError::Forbidden`] for who
    /// decides about nothing, [`UseCaseError::AlreadyDecided`] when it was decided otherwise,
    /// [`UseCaseError::AlreadyExists`] when the user id belongs to somebody, [`UseCaseError::Contention`],
    /// [`UseCaseError::Store`].
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
                Registered::Taken => return Err(UseCaseError::AlreadyExists),
                Registered::Conflict => {}
            }
        }
        Err(UseCaseError::Contention)
    }
}
