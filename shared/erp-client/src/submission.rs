//! Sends submissions, and looks up whether one arrived.

use app::ports::erp::{CallContext, DocumentKind, ErpSubmission};
use async_trait::async_trait;
use domain::ids::{ExternalId, SubmissionId};
use domain::member::{Organization, User};
use domain::submission::{
    Content, LookupAnswer, Order, OrderLine, Payment, QuoteRequest, ReferenceTrace, Refusal,
    SendOutcome, Submission, SubmissionKind,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wire::erp;
use wire::value::Number;

use crate::ErpClient;
use crate::answer::{CallError, Success};
use crate::call::ErpCall;
use crate::convert;
use crate::operation::Operation;

#[async_trait]
impl ErpSubmission for ErpClient {
    async fn submit(&self, context: &CallContext, submission: &Submission) -> SendOutcome {
        let lines = submission.content().line_count();
        let sent = match submission.content() {
            Content::Order(order) => match self.order(submission, order) {
                Ok(body) => self
                    .send(
                        context,
                        Operation::Submit(DocumentKind::Order),
                        submission,
                        lines,
                        &body,
                    )
                    .await
                    .and_then(|good| document(&good, submission.id().as_str())),
                Err(refusal) => Err(CallError::Refused(refusal)),
            },
            Content::Quote(quote) => {
                let body = self.quote(submission, quote);
                let sent = self
                    .send(
                        context,
                        Operation::Submit(DocumentKind::Quote),
                        submission,
                        lines,
                        &body,
                    )
                    .await;
                sent.and_then(|good| document(&good, submission.id().as_str()))
            }
            Content::Organization(organization) => {
                let body = organization_request(organization);
                let id = organization.id.as_str();
                let sent = self
                    .send(
                        context,
                        Operation::PutOrganization { id },
                        submission,
                        lines,
                        &body,
                    )
                    .await;
                sent.and_then(|good| member(&good, id))
            }
            Content::User(user) => {
                let body = user_request(user);
                let id = user.id.as_str();
                let sent = self
                    .send(context, Operation::PutUser { id }, submission, lines, &body)
                    .await;
                sent.and_then(|good| member(&good, id))
            }
        };
        sent.unwrap_or_else(SendOutcome::from)
    }

    async fn find(
        &self,
        context: &CallContext,
        kind: SubmissionKind,
        reference: &SubmissionId,
    ) -> LookupAnswer {
        let kind = match kind {
            SubmissionKind::Order => DocumentKind::Order,
            SubmissionKind::Quote => DocumentKind::Quote,
            // Members are created or updated under our id: there is nothing to look up, and sending
            // again is always right.
            SubmissionKind::Organization | SubmissionKind::User => return LookupAnswer::NotFound,
        };
        let mut call = self.call(Operation::List(kind));
        call.query.push(("reference", reference.to_string()));
        match self
            .get(context, &call)
            .await
            .and_then(|good| found(&good, reference.as_str()))
        {
            Ok(answer) => answer,
            Err(CallError::Refused(refusal)) if refusal.code == erp::codes::NOT_FOUND => {
                LookupAnswer::NotFound
            }
            Err(CallError::Refused(_)) => LookupAnswer::NoAnswer { reason: "refused" },
            Err(CallError::NoTime) => LookupAnswer::NoAnswer { reason: "no_time" },
            Err(CallError::Timeout) => LookupAnswer::NoAnswer { reason: "timeout" },
            Err(
                CallError::NotProcessed(reason)
                | CallError::Failed(reason)
                | CallError::Unusable(reason),
            ) => LookupAnswer::NoAnswer { reason },
        }
    }

    fn time_limit_ms(&self, lines: usize) -> i64 {
        self.config.limits.submission.of(lines)
    }
}

impl ErpClient {
    async fn send<T: Serialize + Sync>(
        &self,
        context: &CallContext,
        operation: Operation<'_>,
        submission: &Submission,
        lines: usize,
        body: &T,
    ) -> Result<Success, CallError> {
        let limit = self.config.limits.submission;
        // A send that is cut off has an unknown outcome, so it is not begun without the time for a
        // small one.
        if context.deadline.millis_since(self.clock.now()) < limit.base_ms {
            return Err(CallError::NoTime);
        }
        let call = ErpCall {
            key: Some(submission.id().as_str()),
            ..self.call(operation).lines(lines)
        };
        self.write(context, &call, Some(body)).await
    }

    fn order(&self, submission: &Submission, order: &Order) -> Result<erp::OrderRequest, Refusal> {
        let unpriced = || Refusal {
            code: "line_without_price".to_owned(),
            reason: None,
        };
        let lines = order.lines.iter().map(|line| {
            Ok(erp::OrderLine {
                line_id: line.id.to_string(),
                sku: line.sku.to_string(),
                quantity: Number(line.quantity.value()),
                unit: line.unit.to_string(),
                unit_price: line.unit_price.ok_or_else(unpriced)?.into(),
                line_total: line.line_total.ok_or_else(unpriced)?.into(),
            })
        });
        Ok(erp::OrderRequest {
            reference: submission.id().to_string(),
            store: self.config.store.clone(),
            // An order keeps its cart's id, and the reservation was made under it.
            reservation: Some(submission.id().to_string()),
            quote: None,
            customer: customer(submission),
            currency: order.currency.to_string(),
            lines: lines.collect::<Result<_, Refusal>>()?,
            shipping: Some(convert::shipping(&order.shipping)),
            billing_address_id: order.billing_address.as_ref().map(ToString::to_string),
            accepted_total: order.accepted_total.into(),
            purchase_order_number: order.purchase_order_number.clone(),
            payment: Some(match &order.payment {
                Payment::Account => erp::Payment::Account,
                Payment::CardToken(token) => erp::Payment::CardToken {
                    token: token.clone(),
                },
            }),
            comment: order.comment.clone(),
        })
    }

    fn quote(&self, submission: &Submission, quote: &QuoteRequest) -> erp::QuoteRequest {
        erp::QuoteRequest {
            reference: submission.id().to_string(),
            store: self.config.store.clone(),
            reservation: Some(quote.cart.to_string()),
            customer: customer(submission),
            currency: quote.currency.to_string(),
            lines: quote.lines.iter().map(quote_line).collect(),
            shipping: quote.shipping.as_ref().map(convert::shipping),
            requested_expiry: quote.requested_expiry.clone(),
            comment: quote.comment.clone(),
        }
    }
}

fn organization_request(organization: &Organization) -> erp::OrganizationRequest {
    erp::OrganizationRequest {
        name: organization.name.clone(),
        tax_id: organization.tax_id.clone(),
        currency: Some(organization.currency.to_string()),
        address: None,
        administrator: None,
    }
}

fn user_request(user: &User) -> erp::UserRequest {
    erp::UserRequest {
        organization_id: user.organization.to_string(),
        email: user.email.clone(),
        given_name: user.given_name.clone(),
        family_name: user.family_name.clone(),
        roles: user
            .roles
            .iter()
            .map(|role| role.as_str().to_owned())
            .collect(),
    }
}

fn customer(submission: &Submission) -> erp::Customer {
    erp::Customer {
        organization_id: submission.organization().to_string(),
        user_id: submission.user().to_string(),
    }
}

fn quote_line(line: &OrderLine) -> erp::QuoteLine {
    erp::QuoteLine {
        line_id: line.id.to_string(),
        sku: line.sku.to_string(),
        quantity: Number(line.quantity.value()),
        unit: line.unit.to_string(),
        unit_price: line.unit_price.map(Into::into),
        line_total: line.line_total.map(Into::into),
    }
}

/// Only an acceptance with a number under our own reference is a confirmation.
fn document(good: &Success, reference: &str) -> Result<SendOutcome, CallError> {
    let answer: erp::SubmissionAnswer = good.read()?;
    convert::check_reference(answer.reference.as_deref(), reference)?;
    if good.status == 202 {
        return Ok(SendOutcome::Pending);
    }
    if answer.accepted != Some(true) {
        return Err(CallError::Unusable("not_accepted"));
    }
    let external_id = answer
        .external_id()
        .and_then(|id| ExternalId::parse(id).ok());
    let external_id = external_id.ok_or(CallError::Unusable("no_number"))?;
    Ok(SendOutcome::Accepted {
        external_id,
        status: answer.status,
    })
}

/// A member has our id if the ERP returns no number of its own.
fn member(good: &Success, id: &str) -> Result<SendOutcome, CallError> {
    let answer: erp::MemberAnswer = if good.is_empty() {
        erp::MemberAnswer::default()
    } else {
        good.read()?
    };
    if answer.accepted == Some(false) {
        return Err(CallError::Unusable("not_accepted"));
    }
    if good.status == 202 {
        return Ok(SendOutcome::Pending);
    }
    let external_id = answer
        .external_id
        .as_deref()
        .and_then(|id| ExternalId::parse(id).ok());
    let external_id = external_id
        .or_else(|| ExternalId::parse(id).ok())
        .ok_or(CallError::Unusable("no_number"))?;
    Ok(SendOutcome::Accepted {
        external_id,
        status: answer.status,
    })
}

/// The answer is the document itself, or a list as some ERPs return it. Only an empty list means
/// "not found": a list of other documents may be the first page of an ERP that ignores the query,
/// and an answer without any data proves nothing. Taking either for "not found" would send an
/// existing order again.
fn found(good: &Success, reference: &str) -> Result<LookupAnswer, CallError> {
    let body: Value = good.read()?;
    let list = body.get("orders").or_else(|| body.get("quotes"));
    let answer = match list.and_then(Value::as_array) {
        Some(documents) if documents.is_empty() => return Ok(LookupAnswer::NotFound),
        Some(documents) => {
            let ours = |document: &&Value| {
                document.get("reference").and_then(Value::as_str) == Some(reference)
            };
            documents
                .iter()
                .find(ours)
                .ok_or(CallError::Unusable("wrong_reference"))?
        }
        None => &body,
    };
    let answer =
        erp::FoundAnswer::deserialize(answer).map_err(|_| CallError::Unusable("unreadable"))?;
    convert::check_reference(answer.reference.as_deref(), reference)?;
    if answer.external_id().is_none() && answer.status.is_none() && answer.accepted.is_none() {
        return Err(CallError::Unusable("empty_answer"));
    }
    Ok(LookupAnswer::Found(ReferenceTrace {
        external_id: answer
            .external_id()
            .and_then(|id| ExternalId::parse(id).ok()),
        accepted: answer.accepted == Some(true),
        status: answer.status,
    }))
}
