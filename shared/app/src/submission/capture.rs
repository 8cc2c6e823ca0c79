//! Capture: an order or a quote is written durably, and the buyer gets an answer. The ERP is not
//! needed for it.

use std::sync::Arc;
use std::time::Duration;

use domain::caller::Customer;
use domain::cart::{Cart, CartStatus};
use domain::ids::{AddressId, CartId, PreparationId, SubmissionId};
use domain::member::MemberStatus;
use domain::money::Money;
use domain::preparation::Preparation;
use domain::submission::{
    Content, Order, OrderLine, Payment, QuoteRequest, State, Submission, SubmissionKind,
};
use domain::time::Timestamp;

use super::checks::{Backorder, committed};
use super::{GRACE_SECONDS, event};
use crate::cart::{cart_failure, cart_write_failure, keep_until, owned};
use crate::directory::Directory;
use crate::error::UseCaseError;
use crate::ports::carts::{Carts, Written};
use crate::ports::members::MemberReader;
use crate::ports::submissions::{
    Capture, IdempotencyKey, StoredResponse, Submissions, SubmitQueue,
};
use crate::ports::{CatalogReader, Clock, Ids};
use crate::sellable::ensure_sellable;

/// Milliseconds between the first two looks at a submission that a caller waits for; grows by half
/// each time.
const FIRST_LOOK_MS: u64 = 100;
/// Milliseconds that no pause between two looks exceeds.
const LONGEST_PAUSE_MS: u64 = 700;

/// An order as the buyer commits to it.
#[derive(Debug, Clone)]
pub struct PlaceOrder {
    /// The cart that becomes the order.
    pub cart: CartId,
    /// The preparation that the buyer saw.
    pub preparation: PreparationId,
    /// The grand total that the buyer saw.
    pub accepted_total: Money,
    /// The buyer's number.
    pub purchase_order_number: Option<String>,
    /// The address for the invoice.
    pub billing_address: Option<AddressId>,
    /// How it is paid.
    pub payment: Payment,
    /// A remark.
    pub comment: Option<String>,
}

/// A quote as the buyer asks for it.
#[derive(Debug, Clone)]
pub struct RequestQuote {
    /// The cart that becomes the request.
    pub cart: CartId,
    /// The preparation that the buyer saw, if there was one.
    pub preparation: Option<PreparationId>,
    /// The day until which it should hold.
    pub requested_expiry: Option<String>,
    /// A remark.
    pub comment: Option<String>,
}

/// Who captures, in which request, under which idempotency record.
#[derive(Debug, Clone)]
pub struct Captured<'a> {
    /// The buyer.
    pub customer: &'a Customer,
    /// Ties the order to the request.
    pub correlation_id: &'a str,
    /// The idempotency record that the transaction completes, and the token of its owner.
    pub record: (&'a IdempotencyKey, &'a str),
    /// When the request must be answered.
    pub deadline: Timestamp,
    /// Seconds that the caller waits for the ERP's number.
    pub wait_seconds: u32,
}

/// What became of a capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The submission as it was captured; the transaction recorded the answer of it.
    pub captured: Submission,
    /// The submission as it was seen last, if the caller waited.
    pub seen: Option<Submission>,
}

/// Captures orders and quotes.
pub struct CaptureService {
    /// Carts.
    pub carts: Arc<dyn Carts>,
    /// Submissions.
    pub submissions: Arc<dyn Submissions>,
    /// Wakes the worker.
    pub queue: Arc<dyn SubmitQueue>,
    /// Who buys.
    pub directory: Directory,
    /// Addresses for invoices.
    pub members: Arc<dyn MemberReader>,
    /// What is sold.
    pub catalog: Arc<dyn CatalogReader>,
    /// What becomes of lines that are not all in stock.
    pub backorder: Backorder,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Arc<dyn Ids>,
}

impl CaptureService {
    /// Captures an order under its cart's id. `answer` makes the answer of a submission; the
    /// transaction keeps it for repetitions.
    ///
    /// # Errors
    /// [`UseCaseError`]; nothing is written then.
    pub async fn order(
        &self,
        by: &Captured<'_>,
        request: PlaceOrder,
        answer: impl Fn(&Submission) -> StoredResponse + Send + Sync,
    ) -> Result<Placed, UseCaseError> {
        let rules = self.directory.active(by.customer).await?.rules;
        let now = self.clock.now();
        let cart = owned(self.carts.as_ref(), by.customer, &request.cart, now).await?;
        cart.ensure_open().map_err(cart_failure)?;
        if rules.purchase_order_number_required && request.purchase_order_number.is_none() {
            return Err(UseCaseError::PurchaseOrderNumberRequired);
        }
        if let Some(id) = &request.billing_address
            && !self.is_usable(by.customer, id).await?
        {
            return Err(UseCaseError::invalid(
                "/billingAddressId",
                "unknown_address",
                "the organization has no such address",
            ));
        }
        let preparation = committed(
            &cart,
            &request.preparation,
            request.accepted_total,
            self.backorder,
            now,
        )?;
        ensure_sellable(self.catalog.as_ref(), &cart).await?;
        let shipping = cart.shipping.clone().ok_or(UseCaseError::ShippingMissing)?;
        let order = Order {
            currency: cart.currency,
            lines: order_lines(&cart, Some(preparation)),
            totals: preparation.totals.clone(),
            accepted_total: request.accepted_total,
            shipping,
            billing_address: request.billing_address,
            purchase_order_number: request.purchase_order_number,
            payment: request.payment,
            comment: request.comment,
        };
        let id = SubmissionId::of_cart(&cart.id);
        let state = if rules.needs_approval(request.accepted_total) {
            State::AwaitingApproval
        } else {
            State::Accepted
        };
        self.capture(by, cart, id, state, Content::Order(Box::new(order)), answer)
            .await
    }

    /// Captures a request for a quote under an id of its own.
    ///
    /// # Errors
    /// [`UseCaseError`]; nothing is written then.
    pub async fn quote(
        &self,
        by: &Captured<'_>,
        request: RequestQuote,
        answer: impl Fn(&Submission) -> StoredResponse + Send + Sync,
    ) -> Result<Placed, UseCaseError> {
        self.directory.active(by.customer).await?;
        let now = self.clock.now();
        let cart = owned(self.carts.as_ref(), by.customer, &request.cart, now).await?;
        cart.ensure_open().map_err(cart_failure)?;
        if cart.lines.is_empty() {
            return Err(UseCaseError::CartEmpty);
        }
        let preparation = match &request.preparation {
            Some(id) => Some(
                cart.live_preparation(id, now)
                    .ok_or(UseCaseError::PreparationInvalid)?,
            ),
            None => None,
        };
        let quote = QuoteRequest {
            cart: cart.id.clone(),
            currency: cart.currency,
            lines: order_lines(&cart, preparation),
            shipping: cart.shipping.clone(),
            requested_expiry: request.requested_expiry,
            comment: request.comment,
        };
        let id = SubmissionId::parse(&self.ids.mint())
            .map_err(|e| UseCaseError::Internal(e.to_string()))?;
        self.capture(
            by,
            cart,
            id,
            State::Accepted,
            Content::Quote(Box::new(quote)),
            answer,
        )
        .await
    }

    async fn is_usable(
        &self,
        customer: &Customer,
        address: &AddressId,
    ) -> Result<bool, UseCaseError> {
        let found = self
            .members
            .address(&customer.organization, address)
            .await?;
        Ok(found.is_some_and(|address| address.status == MemberStatus::Active))
    }

    async fn capture(
        &self,
        by: &Captured<'_>,
        mut cart: Cart,
        id: SubmissionId,
        state: State,
        content: Content,
        answer: impl Fn(&Submission) -> StoredResponse + Send + Sync,
    ) -> Result<Placed, UseCaseError> {
        let now = self.clock.now();
        let mut submission = accepted(id, by.customer, content, by.correlation_id, now);
        let waits_for_approval = state == State::AwaitingApproval;
        if waits_for_approval {
            submission.state = state;
            // Nobody sends it before somebody decided.
            submission.due_at = None;
        }
        let expected = cart.version;
        cart.version = expected.saturating_add(1);
        cart.status = CartStatus::Submitted;
        cart.updated_at = now;
        let (record, owner) = by.record;
        // A repetition that comes while the first request still waits for the ERP is told so; after
        // that it gets this answer.
        let pending_until = (by.wait_seconds > 0 && !waits_for_approval).then_some(by.deadline);
        let capture = Capture {
            submission: &submission,
            event: &event(&submission, "captured", now, None, by.correlation_id),
            cart: Some((&cart, expected, keep_until(now))),
            answer: Some((record, owner, &answer(&submission), pending_until)),
        };
        match self
            .submissions
            .capture(&capture)
            .await
            .map_err(cart_write_failure)?
        {
            Written::Done => {}
            // The cart changed meanwhile, or what was set aside for it is gone: either way what the
            // buyer saw is over.
            Written::Conflict => {
                return Err(match submission.content.kind() {
                    SubmissionKind::Order => UseCaseError::PreparationInvalid,
                    SubmissionKind::Quote | SubmissionKind::Organization | SubmissionKind::User => {
                        UseCaseError::Contention
                    }
                });
            }
        }
        if waits_for_approval {
            return Ok(Placed {
                captured: submission,
                seen: None,
            });
        }
        if let Err(error) = self.queue.enqueue(&submission.id, 0).await {
            tracing::warn!(%error, submission.id = %submission.id, "captured, but the queue was not told; reconcile will");
        }
        let seen = match by.wait_seconds {
            0 => None,
            _ => Some(self.wait(by, submission.clone()).await),
        };
        Ok(Placed {
            captured: submission,
            seen,
        })
    }

    /// Looks at the submission until it is confirmed or rejected, or the caller's patience ends.
    async fn wait(&self, by: &Captured<'_>, captured: Submission) -> Submission {
        let patience = self
            .clock
            .now()
            .plus_seconds(i64::from(by.wait_seconds))
            .min(by.deadline);
        let mut seen = captured;
        let mut pause = FIRST_LOOK_MS;
        while !seen.state.is_final() {
            let left = patience.millis_since(self.clock.now());
            if left <= 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(pause.min(left.unsigned_abs()))).await;
            pause = (pause + pause / 2).min(LONGEST_PAUSE_MS);
            match self.submissions.submission(&seen.id).await {
                Ok(Some(now)) => seen = now,
                Ok(None) => break,
                Err(error) => {
                    tracing::warn!(%error, submission.id = %seen.id, "captured, but not looked at again");
                    break;
                }
            }
        }
        seen
    }
}

/// A submission as it begins.
#[must_use]
pub fn accepted(
    id: SubmissionId,
    customer: &Customer,
    content: Content,
    correlation_id: &str,
    now: Timestamp,
) -> Submission {
    Submission {
        id,
        organization: customer.organization.clone(),
        user: customer.user.clone(),
        state: State::Accepted,
        revision: 0,
        attempt: 0,
        untraced: 0,
        failures: 0,
        lease: None,
        last_sent_at: None,
        refusal: None,
        due_at: Some(now.plus_seconds(GRACE_SECONDS)),
        created_at: now,
        updated_at: now,
        external_id: None,
        external_status: None,
        reason: None,
        approval: None,
        correlation_id: correlation_id.to_owned(),
        content,
    }
}

/// The lines of the cart at the prepared figures, or, for a quote without preparation, at those
/// that the cart showed.
fn order_lines(cart: &Cart, preparation: Option<&Preparation>) -> Vec<OrderLine> {
    cart.lines
        .iter()
        .map(|line| {
            let prepared = preparation.and_then(|p| p.lines.iter().find(|l| l.id == line.id));
            OrderLine {
                id: line.id.clone(),
                sku: line.sku.clone(),
                name: line.name.clone(),
                quantity: line.quantity,
                unit: line.unit.clone(),
                unit_price: prepared.map(|l| l.unit_price).or(line.unit_price),
                line_total: prepared.map(|l| l.line_total).or_else(|| line.line_total()),
            }
        })
        .collect()
}
