//! One edit of a cart against others at the same time.

use std::time::Duration;

use domain::caller::Customer;
use domain::cart::{Cart, LineAvailability};
use domain::ids::{CartId, LineId};

use super::{CartService, cart_failure, cart_write_failure, check_match, keep_until};
use crate::error::UseCaseError;
use crate::lookup::Mode;
use crate::ports::Written;
use crate::ports::erp::CallContext;

/// Milliseconds that must be left for another try.
const LEFT_MS: i64 = 1_000;

/// Milliseconds within which the first pause lies; doubles with every try, up to 64 times as long.
const FIRST_PAUSE_MS: u64 = 8;

/// What an edit must look up before the cart is written.
pub(super) enum Touched {
    /// No line's quantity.
    Nothing,
    /// These lines are new: cached availability will do.
    Added(Vec<LineId>),
    /// The quantity of this line: the ERP is asked, whatever is cached.
    Changed(LineId),
}

/// The tries of one edit: as many as fit into the request's time, in pauses that grow, so that many
/// edits at once do not keep meeting.
pub(super) struct Tries<'a> {
    carts: &'a CartService,
    context: &'a CallContext,
    conflicts: u32,
}

impl<'a> Tries<'a> {
    pub(super) fn new(carts: &'a CartService, context: &'a CallContext) -> Self {
        Self {
            carts,
            context,
            conflicts: 0,
        }
    }

    /// Waits before the next try.
    ///
    /// # Errors
    /// [`UseCaseError::Contention`] when there is no time for one.
    pub(super) async fn again(&mut self) -> Result<(), UseCaseError> {
        let pause = self
            .carts
            .ids
            .below(FIRST_PAUSE_MS << self.conflicts.min(6));
        self.conflicts = self.conflicts.saturating_add(1);
        let left = self.context.deadline.millis_since(self.carts.clock.now());
        if left < LEFT_MS.saturating_add_unsigned(pause) {
            return Err(UseCaseError::Contention);
        }
        tokio::time::sleep(Duration::from_millis(pause)).await;
        Ok(())
    }
}

impl CartService {
    /// Reads, changes, looks up and writes; again when somebody else was faster. The ERP is asked
    /// live once at most: its word on the changed quantity does not depend on what else is in the
    /// cart.
    pub(super) async fn edit(
        &self,
        context: &CallContext,
        customer: &Customer,
        id: &CartId,
        if_match: Option<u64>,
        change: impl Fn(&mut Cart) -> Result<Touched, UseCaseError>,
    ) -> Result<Cart, UseCaseError> {
        let mut tries = Tries::new(self, context);
        let mut asked: Option<LineAvailability> = None;
        loop {
            let mut cart = self.owned(customer, id).await?;
            check_match(&cart, if_match)?;
            cart.ensure_open().map_err(cart_failure)?;
            match change(&mut cart)? {
                Touched::Nothing => {
                    self.look_up(context, &mut cart, Mode::Auto, &[], Mode::Cached)
                        .await?
                }
                Touched::Added(lines) => {
                    self.look_up(context, &mut cart, Mode::Auto, &lines, Mode::Auto)
                        .await?
                }
                Touched::Changed(line) => {
                    self.look_up_once(context, &mut cart, line, &mut asked)
                        .await?
                }
            }
            let expected = cart.version;
            let dropped = cart.preparation.take();
            cart.version = expected.saturating_add(1);
            cart.updated_at = self.clock.now();
            match self
                .carts
                .put(&cart, expected, keep_until(cart.updated_at))
                .await
                .map_err(cart_write_failure)?
            {
                Written::Done => {
                    if let Some(dropped) = dropped {
                        self.reservations
                            .release(context, id, &dropped.reservation)
                            .await;
                    }
                    return Ok(cart);
                }
                Written::Conflict if if_match.is_some() => {
                    return Err(UseCaseError::PreconditionFailed);
                }
                Written::Conflict => tries.again().await?,
            }
        }
    }

    async fn look_up_once(
        &self,
        context: &CallContext,
        cart: &mut Cart,
        line: LineId,
        asked: &mut Option<LineAvailability>,
    ) -> Result<(), UseCaseError> {
        let again: &[LineId] = if asked.is_some() {
            &[]
        } else {
            std::slice::from_ref(&line)
        };
        self.look_up(context, cart, Mode::Auto, again, Mode::Live)
            .await?;
        if let Some(line) = cart.lines.iter_mut().find(|l| l.id == line) {
            match asked {
                Some(seen) => line.availability = seen.clone(),
                None => *asked = Some(line.availability.clone()),
            }
        }
        Ok(())
    }
}
