//! Capture: an order or a quote is stored durably, and the buyer gets an answer. It needs no ERP.

use std::sync::Arc;
use std::time::Duration;

use domain::caller::Customer;
use domain::cart::{Cart, CartStatus};
use domain::ids::{AddressId, CartId, PreparationId, SubmissionId};
use domain::member::MemberStatus;
use domain::money::Money;
use domain::preparation::Preparation;
use domain::submission::{
    Content, NewSubmission, Order, OrderLine, Payment, QuoteRequest, State, Submission,
    SubmissionKind, Transition,
};

use super::checks::{Backorder, verify_preparation};
use crate::cart::{cart_failure, cart_write_failure, keep_until, owned};
use crate::directory::Directory;
use crate::error::UseCaseError;
use crate::idempotent::Completed;
use crate::ports::carts::{Carts, Written};
use crate::ports::idempotency::{Completion, IdempotencyClaim, Respond};
use crate::ports::members::MemberReader;
use crate::ports::submissions::{Capture, CartClose, Submissions, SubmitQueue};
use crate::ports::{CatalogReader, Clock, Ids};
use crate::sellable::ensure_sellable;

/// Milliseconds between the first two looks at a submission that a caller waits for; the pause
/// grows by half each time.
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
    /// The day until which it should be valid.
    pub requested_expiry: Option<String>,
    /// A remark.
    pub comment: Option<String>,
}

/// The request that captures.
#[derive(Debug, Clone, Copy)]
pub struct CaptureContext<'a> {
    /// The buyer.
    pub customer: &'a Customer,
    /// Connects the order with the request.
    pub correlation_id: &'a str,
    /// The claim that the transaction completes. Its deadline is the request's.
    pub claim: &'a IdempotencyClaim,
    /// Seconds that the caller waits for the ERP's number.
    pub wait_seconds: u32,
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
    /// The items for sale.
    pub catalog: Arc<dyn CatalogReader>,
    /// What becomes of lines that are not in stock in full.
    pub backorder: Backorder,
    /// Makes the responses.
    pub respond: Arc<dyn Respond<Submission>>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Arc<dyn Ids>,
}

impl CaptureService {
    /// Captures an order under its cart's id. The transaction stores the response for repetitions.
    ///
    /// # Errors
    /// [`UseCaseError`]; nothing is written then.
    pub async fn order(
        &self,
        by: &CaptureContext<'_>,
        request: PlaceOrder,
    ) -> Result<Completed, UseCaseError> {
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
        let preparation = verify_preparation(
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
        let capture = NewSubmission {
            id: SubmissionId::of_cart(&cart.id),
            customer: by.customer.clone(),
            correlation_id: by.correlation_id.to_owned(),
            content: Content::Order(Box::new(order)),
        };
        let now = self.clock.now();
        let captured = if rules.needs_approval(request.accepted_total) {
            capture.awaiting_approval(now)
        } else {
            capture.accepted(now)
        };
        self.capture(by, cart, captured).await
    }

    /// Captures a request for a quote under an id of its own.
    ///
    /// # Errors
    /// [`UseCaseError`]; nothing is written then.
    pub async fn quote(
        &self,
        by: &CaptureContext<'_>,
        request: RequestQuote,
    ) -> Result<Completed, UseCaseError> {
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
        let capture = NewSubmission {
            id,
            customer: by.customer.clone(),
            correlation_id: by.correlation_id.to_owned(),
            content: Content::Quote(Box::new(quote)),
        };
        self.capture(by, cart, capture.accepted(self.clock.now()))
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
        by: &CaptureContext<'_>,
        mut cart: Cart,
        captured: Transition,
    ) -> Result<Completed, UseCaseError> {
        let now = captured.event.at;
        let submission = &captured.submission;
        let waits_for_approval = submission.state() == State::AwaitingApproval;
        let expected = cart.version;
        cart.version = expected.saturating_add(1);
        cart.status = CartStatus::Submitted;
        cart.updated_at = now;
        let recorded = self.respond.respond(submission);
        let capture = Capture {
            transition: &captured,
            cart: CartClose {
                cart: &cart,
                expected,
                keep_until: keep_until(now),
            },
            completion: Completion {
                claim: by.claim,
                response: &recorded,
                // While the first request still waits for the ERP, a repetition is in progress;
                // after that it gets this response.
                upgradable: by.wait_seconds > 0 && !waits_for_approval,
            },
        };
        match self
            .submissions
            .capture(&capture)
            .await
            .map_err(cart_write_failure)?
        {
            Written::Done => {}
            Written::Conflict => return Err(outdated(submission.kind())),
        }
        if waits_for_approval {
            return Ok(Completed::Recorded(recorded));
        }
        if let Err(error) = self.queue.enqueue(submission.id(), 0).await {
            tracing::warn!(
                %error, submission.id = %submission.id(),
                "a captured submission was not enqueued; reconcile will enqueue it"
            );
        }
        if by.wait_seconds == 0 {
            return Ok(Completed::Recorded(recorded));
        }
        let latest = self.wait(by, captured.submission).await;
        let upgraded = self.respond.respond(&latest);
        Ok(Completed::Upgraded { recorded, upgraded })
    }

    /// Looks at the submission until it is confirmed or rejected, or until the caller stops
    /// waiting. Returns it as it was read last.
    async fn wait(&self, by: &CaptureContext<'_>, captured: Submission) -> Submission {
        let wait_until = self
            .clock
            .now()
            .plus_seconds(i64::from(by.wait_seconds))
            .min(by.claim.deadline);
        let mut latest = captured;
        let mut pause = FIRST_LOOK_MS;
        while !latest.state().is_final() {
            let left = wait_until.millis_since(self.clock.now());
            if left <= 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(pause.min(left.unsigned_abs()))).await;
            pause = (pause + pause / 2).min(LONGEST_PAUSE_MS);
            match self.submissions.submission(latest.id()).await {
                Ok(Some(now)) => latest = now,
                Ok(None) => break,
                Err(error) => {
                    tracing::warn!(
                        %error, submission.id = %latest.id(),
                        "a captured submission could not be read again"
                    );
                    break;
                }
            }
        }
        latest
    }
}

/// The cart was written since, or its reservation is gone: what the buyer saw is outdated.
fn outdated(kind: SubmissionKind) -> UseCaseError {
    match kind {
        SubmissionKind::Order => UseCaseError::PreparationInvalid,
        SubmissionKind::Quote | SubmissionKind::Organization | SubmissionKind::User => {
            UseCaseError::Contention
        }
    }
}

/// Returns the lines of the cart at the prepared figures, or, for a quote without preparation, at
/// those that the cart showed.
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
