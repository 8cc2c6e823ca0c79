//! Request bodies as values.

use app::submission::{ApprovalRequest, PlaceOrder, RequestQuote};
use app::{FieldError, UseCaseError};
use domain::ids::{AddressId, CartId, PreparationId, SubmissionId};
use domain::money::Money;
use domain::submission::Payment;
use domain::time::Timestamp;
use wire::storefront::documents as body;
use wire::storefront::members::{DecisionRequest, Verdict};

/// Most characters of a remark, or of the words of an approver.
const COMMENT_LIMIT: usize = 2_000;
/// Most characters of a purchase order number or a token.
const TEXT_LIMIT: usize = 200;

/// Collects what is wrong with a body, so that the caller hears of all of it at once.
#[derive(Default)]
struct Reader(Vec<FieldError>);

impl Reader {
    fn value<T, E: std::fmt::Display>(
        &mut self,
        pointer: &str,
        code: &'static str,
        result: Result<T, E>,
    ) -> Option<T> {
        result
            .map_err(|error| {
                self.0
                    .push(FieldError::new(pointer, code, error.to_string()))
            })
            .ok()
    }

    fn text(&mut self, pointer: &str, limit: usize, text: Option<&str>) {
        let printable = |c: char| !c.is_control() || matches!(c, '\n' | '\t');
        let fits = |text: &str| {
            !text.trim().is_empty() && text.chars().count() <= limit && text.chars().all(printable)
        };
        if text.is_some_and(|text| !fits(text)) {
            self.0.push(FieldError::new(
                pointer,
                "invalid_text",
                format!("1 to {limit} characters"),
            ));
        }
    }

    fn finish<T>(self, value: Option<T>) -> Result<T, UseCaseError> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => Err(UseCaseError::Invalid(self.0)),
        }
    }
}

pub(crate) fn order(new: body::NewOrder) -> Result<PlaceOrder, UseCaseError> {
    let mut reader = Reader::default();
    let cart = reader.value("/cartId", "invalid_id", CartId::parse(&new.cart_id));
    let preparation = reader.value(
        "/preparationId",
        "invalid_id",
        PreparationId::parse(&new.preparation_id),
    );
    let accepted_total = reader.value(
        "/acceptedTotal",
        "invalid_money",
        Money::try_from(&new.accepted_total),
    );
    let billing = new
        .billing_address_id
        .as_deref()
        .map(AddressId::parse)
        .transpose();
    let billing_address = reader.value("/billingAddressId", "invalid_id", billing);
    reader.text(
        "/purchaseOrderNumber",
        TEXT_LIMIT,
        new.purchase_order_number.as_deref(),
    );
    reader.text("/comment", COMMENT_LIMIT, new.comment.as_deref());
    let payment = match new.payment {
        None | Some(body::Payment::Account {}) => Payment::Account,
        Some(body::Payment::CardToken { token }) => {
            reader.text("/payment/token", TEXT_LIMIT, Some(&token));
            Payment::CardToken(token)
        }
    };
    let request = match (cart, preparation, accepted_total, billing_address) {
        (Some(cart), Some(preparation), Some(accepted_total), Some(billing_address)) => {
            Some(PlaceOrder {
                cart,
                preparation,
                accepted_total,
                billing_address,
                purchase_order_number: new.purchase_order_number,
                payment,
                comment: new.comment,
            })
        }
        _ => None,
    };
    reader.finish(request)
}

pub(crate) fn quote(new: body::NewQuote) -> Result<RequestQuote, UseCaseError> {
    let mut reader = Reader::default();
    let cart = reader.value("/cartId", "invalid_id", CartId::parse(&new.cart_id));
    let preparation = new
        .preparation_id
        .as_deref()
        .map(PreparationId::parse)
        .transpose();
    let preparation = reader.value("/preparationId", "invalid_id", preparation);
    let expiry = new
        .requested_expiry
        .as_deref()
        .map(Timestamp::parse_date)
        .transpose();
    reader.value("/requestedExpiry", "invalid_date", expiry);
    reader.text("/comment", COMMENT_LIMIT, new.comment.as_deref());
    let request = match (cart, preparation) {
        (Some(cart), Some(preparation)) => Some(RequestQuote {
            cart,
            preparation,
            requested_expiry: new.requested_expiry,
            comment: new.comment,
        }),
        _ => None,
    };
    reader.finish(request)
}

pub(crate) fn approval(
    order: SubmissionId,
    request: DecisionRequest,
) -> Result<ApprovalRequest, UseCaseError> {
    let mut reader = Reader::default();
    reader.text("/reason", COMMENT_LIMIT, request.reason.as_deref());
    let approve = request.decision == Verdict::Approve;
    reader.finish(Some(ApprovalRequest {
        order,
        approve,
        reason: request.reason,
    }))
}
