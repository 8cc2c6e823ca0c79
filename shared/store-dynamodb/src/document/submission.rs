//! The document of a submission.

use app::ports::StoreError;
use domain::ids::{
    AddressId, CartId, ExternalId, LineId, OrganizationId, Sku, SubmissionId, Unit, UserId,
};
use domain::money::Currency;
use domain::submission::{
    Approval, Content, Lease, Order, OrderLine, Payment, QuoteRequest, Refusal, State, Submission,
    SubmissionSnapshot,
};
use serde::{Deserialize, Serialize};
use wire::value::{Instant, Money as MoneyText};

use super::member::{OrganizationDocument, UserDocument};
use super::refused;
use super::value::{ShippingDocument, TotalsDocument, money, quantity, some_money};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SubmissionDocument {
    id: String,
    organization: String,
    user: String,
    state: String,
    revision: u64,
    attempt: u32,
    #[serde(rename = "untraced")]
    sends_without_trace: u32,
    failures: u32,
    lease: Option<LeaseDocument>,
    last_sent_at: Option<Instant>,
    refusal: Option<RefusalDocument>,
    due_at: Option<Instant>,
    created_at: Instant,
    updated_at: Instant,
    external_id: Option<String>,
    external_status: Option<String>,
    reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    approval: Option<ApprovalDocument>,
    correlation_id: String,
    content: ContentDocument,
}

#[derive(Serialize, Deserialize)]
struct LeaseDocument {
    owner: String,
    until: Instant,
}

#[derive(Serialize, Deserialize)]
struct RefusalDocument {
    code: String,
    reason: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct ApprovalDocument {
    approved: bool,
    by: String,
    reason: Option<String>,
    at: Instant,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum ContentDocument {
    Order(Box<OrderDocument>),
    Quote(Box<QuoteDocument>),
    Organization(Box<OrganizationDocument>),
    User(Box<UserDocument>),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OrderDocument {
    currency: String,
    lines: Vec<OrderLineDocument>,
    totals: TotalsDocument,
    accepted_total: MoneyText,
    shipping: ShippingDocument,
    billing_address: Option<String>,
    purchase_order_number: Option<String>,
    card_token: Option<String>,
    comment: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct QuoteDocument {
    cart: String,
    currency: String,
    lines: Vec<OrderLineDocument>,
    shipping: Option<ShippingDocument>,
    requested_expiry: Option<String>,
    comment: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OrderLineDocument {
    id: String,
    sku: String,
    name: String,
    quantity: String,
    unit: String,
    unit_price: Option<MoneyText>,
    line_total: Option<MoneyText>,
}

impl From<&Submission> for SubmissionDocument {
    fn from(s: &Submission) -> Self {
        Self {
            id: s.id().to_string(),
            organization: s.organization().to_string(),
            user: s.user().to_string(),
            state: s.state().as_str().to_owned(),
            revision: s.revision(),
            attempt: s.attempt(),
            sends_without_trace: s.sends_without_trace(),
            failures: s.failures(),
            lease: s.lease().map(|l| LeaseDocument {
                owner: l.owner.clone(),
                until: l.until.into(),
            }),
            last_sent_at: s.last_sent_at().map(Instant::from),
            refusal: s.refusal().map(|r| RefusalDocument {
                code: r.code.clone(),
                reason: r.reason.clone(),
            }),
            due_at: s.due_at().map(Instant::from),
            created_at: s.created_at().into(),
            updated_at: s.updated_at().into(),
            external_id: s.external_id().map(ToString::to_string),
            external_status: s.external_status().map(str::to_owned),
            reason: s.reason().map(str::to_owned),
            approval: s.approval().map(ApprovalDocument::from),
            correlation_id: s.correlation_id().to_owned(),
            content: match s.content() {
                Content::Order(order) => ContentDocument::Order(Box::new(order.as_ref().into())),
                Content::Quote(quote) => ContentDocument::Quote(Box::new(quote.as_ref().into())),
                Content::Organization(organization) => {
                    ContentDocument::Organization(Box::new(organization.as_ref().into()))
                }
                Content::User(user) => ContentDocument::User(Box::new(user.as_ref().into())),
            },
        }
    }
}

impl SubmissionDocument {
    pub(crate) fn read(self) -> Result<Submission, StoreError> {
        Ok(Submission::from(SubmissionSnapshot {
            id: SubmissionId::parse(&self.id).map_err(refused("submissionId"))?,
            organization: OrganizationId::parse(&self.organization)
                .map_err(refused("organization"))?,
            user: UserId::parse(&self.user).map_err(refused("user"))?,
            state: State::parse(&self.state)
                .ok_or(())
                .map_err(refused("state"))?,
            revision: self.revision,
            attempt: self.attempt,
            sends_without_trace: self.sends_without_trace,
            failures: self.failures,
            lease: self.lease.map(|l| Lease {
                owner: l.owner,
                until: l.until.into(),
            }),
            last_sent_at: self.last_sent_at.map(Into::into),
            refusal: self.refusal.map(|r| Refusal {
                code: r.code,
                reason: r.reason,
            }),
            due_at: self.due_at.map(Into::into),
            created_at: self.created_at.into(),
            updated_at: self.updated_at.into(),
            external_id: self
                .external_id
                .as_deref()
                .map(ExternalId::parse)
                .transpose()
                .map_err(refused("externalId"))?,
            external_status: self.external_status,
            reason: self.reason,
            approval: self.approval.map(ApprovalDocument::read).transpose()?,
            correlation_id: self.correlation_id,
            content: match self.content {
                ContentDocument::Order(order) => Content::Order(Box::new(order.read()?)),
                ContentDocument::Quote(quote) => Content::Quote(Box::new(quote.read()?)),
                ContentDocument::Organization(organization) => {
                    Content::Organization(Box::new(organization.read()?))
                }
                ContentDocument::User(user) => Content::User(Box::new(user.read()?)),
            },
        }))
    }
}

impl From<&Approval> for ApprovalDocument {
    fn from(a: &Approval) -> Self {
        Self {
            approved: a.approved,
            by: a.by.to_string(),
            reason: a.reason.clone(),
            at: a.at.into(),
        }
    }
}

impl ApprovalDocument {
    fn read(self) -> Result<Approval, StoreError> {
        let by = UserId::parse(&self.by).map_err(refused("userId"))?;
        Ok(Approval {
            approved: self.approved,
            by,
            reason: self.reason,
            at: self.at.into(),
        })
    }
}

impl From<&Order> for OrderDocument {
    fn from(order: &Order) -> Self {
        Self {
            currency: order.currency.to_string(),
            lines: order.lines.iter().map(OrderLineDocument::from).collect(),
            totals: TotalsDocument::from(&order.totals),
            accepted_total: order.accepted_total.into(),
            shipping: ShippingDocument::from(&order.shipping),
            billing_address: order.billing_address.as_ref().map(ToString::to_string),
            purchase_order_number: order.purchase_order_number.clone(),
            card_token: match &order.payment {
                Payment::Account => None,
                Payment::CardToken(token) => Some(token.clone()),
            },
            comment: order.comment.clone(),
        }
    }
}

impl OrderDocument {
    fn read(self) -> Result<Order, StoreError> {
        Ok(Order {
            currency: Currency::parse(&self.currency).map_err(refused("currency"))?,
            lines: self
                .lines
                .into_iter()
                .map(OrderLineDocument::read)
                .collect::<Result<_, _>>()?,
            totals: self.totals.read()?,
            accepted_total: money(&self.accepted_total)?,
            shipping: self.shipping.read()?,
            billing_address: self
                .billing_address
                .as_deref()
                .map(AddressId::parse)
                .transpose()
                .map_err(refused("addressId"))?,
            purchase_order_number: self.purchase_order_number,
            payment: self.card_token.map_or(Payment::Account, Payment::CardToken),
            comment: self.comment,
        })
    }
}

impl From<&QuoteRequest> for QuoteDocument {
    fn from(quote: &QuoteRequest) -> Self {
        Self {
            cart: quote.cart.to_string(),
            currency: quote.currency.to_string(),
            lines: quote.lines.iter().map(OrderLineDocument::from).collect(),
            shipping: quote.shipping.as_ref().map(ShippingDocument::from),
            requested_expiry: quote.requested_expiry.clone(),
            comment: quote.comment.clone(),
        }
    }
}

impl QuoteDocument {
    fn read(self) -> Result<QuoteRequest, StoreError> {
        Ok(QuoteRequest {
            cart: CartId::parse(&self.cart).map_err(refused("cartId"))?,
            currency: Currency::parse(&self.currency).map_err(refused("currency"))?,
            lines: self
                .lines
                .into_iter()
                .map(OrderLineDocument::read)
                .collect::<Result<_, _>>()?,
            shipping: self.shipping.map(ShippingDocument::read).transpose()?,
            requested_expiry: self.requested_expiry,
            comment: self.comment,
        })
    }
}

impl From<&OrderLine> for OrderLineDocument {
    fn from(line: &OrderLine) -> Self {
        Self {
            id: line.id.to_string(),
            sku: line.sku.to_string(),
            name: line.name.clone(),
            quantity: line.quantity.value().to_string(),
            unit: line.unit.to_string(),
            unit_price: line.unit_price.map(MoneyText::from),
            line_total: line.line_total.map(MoneyText::from),
        }
    }
}

impl OrderLineDocument {
    fn read(self) -> Result<OrderLine, StoreError> {
        Ok(OrderLine {
            id: LineId::parse(&self.id).map_err(refused("lineId"))?,
            sku: Sku::parse(&self.sku).map_err(refused("sku"))?,
            name: self.name,
            quantity: quantity(&self.quantity)?,
            unit: Unit::parse(&self.unit).map_err(refused("unit"))?,
            unit_price: some_money(self.unit_price.as_ref())?,
            line_total: some_money(self.line_total.as_ref())?,
        })
    }
}
