//! Extractors of the caller, for the arguments of handlers.

use app::UseCaseError;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use domain::caller::{self, Caller, Customer, Role};

use crate::auth::Auth;
use crate::http::{Problem, missing_layer};

async fn caller(parts: &Parts) -> Result<Option<Caller>, Problem> {
    let auth = parts
        .extensions
        .get::<Auth>()
        .cloned()
        .ok_or_else(missing_layer)?;
    auth.caller(parts).await
}

/// A caller. A request without a token gets 401.
#[derive(Debug, Clone)]
pub struct Authenticated(pub Caller);

impl Authenticated {
    /// Returns the caller.
    ///
    /// # Errors
    /// [`UseCaseError::Forbidden`] if the caller does not have `role`.
    pub fn with(&self, role: Role) -> Result<&Caller, UseCaseError> {
        if self.0.is(role) {
            Ok(&self.0)
        } else {
            Err(UseCaseError::Forbidden)
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Authenticated {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        caller(parts)
            .await?
            .map(Self)
            .ok_or(Problem::Unauthenticated)
    }
}

/// A member of an organization. A request without a token gets 401; an operator without an
/// organization gets 403.
#[derive(Debug, Clone)]
pub struct Member {
    /// The customer whose prices, carts and orders the request concerns.
    pub customer: Customer,
    pub roles: Vec<Role>,
}

impl Member {
    /// Checks the role.
    ///
    /// # Errors
    /// [`UseCaseError::Forbidden`] if the member does not have `role`.
    pub fn require(&self, role: Role) -> Result<(), UseCaseError> {
        if self.roles.contains(&role) {
            Ok(())
        } else {
            Err(UseCaseError::Forbidden)
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Member {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let caller = caller(parts).await?.ok_or(Problem::Unauthenticated)?;
        let organization = caller.organization.ok_or(UseCaseError::Forbidden)?;
        Ok(Self {
            customer: Customer {
                organization,
                user: caller.user,
            },
            roles: caller.roles,
        })
    }
}

/// A member with the role `buyer`, who fills carts, places orders and requests quotes. Others get
/// 403.
#[derive(Debug, Clone)]
pub struct Buyer(pub Customer);

impl<S: Sync> FromRequestParts<S> for Buyer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let member = Member::from_request_parts(parts, state).await?;
        member.require(Role::Buyer)?;
        Ok(Self(member.customer))
    }
}

/// A caller with the role `operator`, which the use cases of operators require. Others get 403, or
/// 401 without a token.
///
/// ```
/// use app::dead_letters::DeadLetters;
/// use lambda_kit::{Operator, Problem};
///
/// async fn count(letters: &DeadLetters, Operator(operator): Operator) -> Result<usize, Problem> {
///     Ok(letters.list(&operator).await?.len())
/// }
/// ```
///
/// A route that does not check the role does not compile:
///
/// ```compile_fail
/// use app::dead_letters::DeadLetters;
/// use lambda_kit::{Authenticated, Problem};
///
/// async fn count(
///     letters: &DeadLetters,
///     Authenticated(caller): Authenticated,
/// ) -> Result<usize, Problem> {
///     Ok(letters.list(&caller).await?.len())
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Operator(pub caller::Operator);

impl<S: Sync> FromRequestParts<S> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let caller = caller(parts).await?.ok_or(Problem::Unauthenticated)?;
        Ok(Self(caller.operator().ok_or(UseCaseError::Forbidden)?))
    }
}

/// The caller, or `None` without a token. A token that does not verify still gets 401.
#[derive(Debug, Clone)]
pub struct OptionalCaller(pub Option<Caller>);

impl<S: Sync> FromRequestParts<S> for OptionalCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        caller(parts).await.map(Self)
    }
}
