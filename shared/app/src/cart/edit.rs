//! One optimistic edit of a cart: it starts over if a concurrent request wrote the cart.

use std::time::Duration;

use domain::cart::{Cart, LineAvailability};
use domain::ids::LineId;

use super::{CartRef, CartService, cart_failure, cart_write_failure, check_match, keep_until};
use crate::error::UseCaseError;
use crate::lookup::Mode;
use crate::ports::Written;
use crate::ports::erp::CallContext;

/// Milliseconds that must be left for another attempt.
const ATTEMPT_MS: i64 = 1_000;

/// The longest first pause, in milliseconds. It doubles with every attempt, up to 64 times.
const FIRST_PAUSE_MS: u64 = 8;

/// The quantities that an edit touched, and so what it must look up before the cart is written.
pub(super) enum Touched {
    Nothing,
    /// These lines are new: cached availability suffices.
    Added(Vec<LineId>),
    /// The quantity of this line changed: the ERP is asked, whatever is cached.
    Changed(LineId),
}

/// The attempts of one edit: as many as fit into the request's time. Random pauses that grow keep
/// concurrent edits from colliding again and again.
pub(super) struct Attempts<'a> {
    carts: &'a CartService,
    context: &'a CallContext,
    conflicts: u32,
}

impl<'a> Attempts<'a> {
    pub(super) fn new(carts: &'a CartService, context: &'a CallContext) -> Self {
        Self {
            carts,
            context,
            conflicts: 0,
        }
    }

    /// Waits before the next attempt.
    ///
    /// # Errors
    /// [`UseCaseError::Contention`] if no time is left for one.
    pub(super) async fn wait(&mut self) -> Result<(), UseCaseError> {
        let pause = self
            .carts
            .ids
            .below(FIRST_PAUSE_MS << self.conflicts.min(6));
        self.conflicts = self.conflicts.saturating_add(1);
        let left = self.context.deadline.millis_since(self.carts.clock.now());
        if left < ATTEMPT_MS.saturating_add_unsigned(pause) {
            return Err(UseCaseError::Contention);
        }
        tokio::time::sleep(Duration::from_millis(pause)).await;
        Ok(())
    }
}

impl CartService {
    /// Reads the cart, changes it, looks up and writes; starts over if a concurrent request wrote
    /// it. The ERP is asked live once at most: its answer about the changed quantity does not
    /// depend on what else is in the cart.
    pub(super) async fn edit(
        &self,
        context: &CallContext,
        target: &CartRef,
        change: impl Fn(&mut Cart) -> Result<Touched, UseCaseError>,
    ) -> Result<Cart, UseCaseError> {
        let mut attempts = Attempts::new(self, context);
        let mut live: Option<LineAvailability> = None;
        loop {
            let mut cart = self.owned(&target.customer, &target.id).await?;
            check_match(&cart, target.if_match)?;
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
                    self.look_up_once(context, &mut cart, line, &mut live)
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
                            .release(context, &target.id, &dropped.reservation)
                            .await;
                    }
                    return Ok(cart);
                }
                Written::Conflict if target.if_match.is_some() => {
                    return Err(UseCaseError::PreconditionFailed);
                }
                Written::Conflict => attempts.wait().await?,
            }
        }
    }

    /// Looks up with a live availability of `line`: from the ERP the first time, `live` after that.
    async fn look_up_once(
        &self,
        context: &CallContext,
        cart: &mut Cart,
        line: LineId,
        live: &mut Option<LineAvailability>,
    ) -> Result<(), UseCaseError> {
        let to_ask: &[LineId] = if live.is_some() {
            &[]
        } else {
            std::slice::from_ref(&line)
        };
        self.look_up(context, cart, Mode::Auto, to_ask, Mode::Live)
            .await?;
        if let Some(line) = cart.lines.iter_mut().find(|l| l.id == line) {
            match live {
                Some(known) => line.availability = known.clone(),
                None => *live = Some(line.availability.clone()),
            }
        }
        Ok(())
    }
}
