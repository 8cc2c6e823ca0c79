//! Orders and quotes of every channel, as the ERP returns them.

use std::str::FromStr;

use app::ports::ErpError;
use app::ports::erp::{
    CallContext, DocumentKind, DocumentPage, DocumentQuery, ErpTracking, Expiry, ExternalDocument,
    ExternalLine,
};
use async_trait::async_trait;
use domain::ids::{ExternalId, OrganizationId, UserId};
use domain::money::{Currency, Money};
use domain::time::Timestamp;
use wire::erp;

use crate::ErpClient;
use crate::answer::CallError;
use crate::operation::Operation;

#[async_trait]
impl ErpTracking for ErpClient {
    async fn list(
        &self,
        context: &CallContext,
        query: &DocumentQuery,
    ) -> Result<DocumentPage, ErpError> {
        let mut call = self.call(Operation::List(query.kind));
        call.query
            .push(("organization", query.organization.to_string()));
        call.query
            .extend(query.user.as_ref().map(|user| ("user", user.to_string())));
        call.query.extend(
            query
                .status
                .as_ref()
                .map(|status| ("status", status.clone())),
        );
        call.query.extend(
            query
                .cursor
                .as_ref()
                .map(|cursor| ("cursor", cursor.clone())),
        );
        call.query.push(("limit", query.limit.to_string()));
        let answer: erp::DocumentList = self.get(context, &call).await?.read()?;
        let documents = match query.kind {
            DocumentKind::Order => answer.orders,
            DocumentKind::Quote => answer.quotes,
        };
        let documents = documents.ok_or(ErpError::Invalid("list_missing"))?;
        Ok(DocumentPage {
            // A document without its number could never be asked for again.
            documents: documents.into_iter().filter_map(document).collect(),
            next_cursor: answer.next_cursor,
        })
    }

    async fn detail(
        &self,
        context: &CallContext,
        kind: DocumentKind,
        id: &ExternalId,
    ) -> Result<Option<ExternalDocument>, ErpError> {
        let call = self.call(Operation::Detail {
            kind,
            id: id.as_str(),
        });
        let answer: erp::Document = match self.get(context, &call).await {
            Ok(good) => good.read()?,
            Err(CallError::Refused(refusal)) if refusal.code == erp::codes::NOT_FOUND => {
                return Ok(None);
            }
            Err(failure) => return Err(failure.into()),
        };
        match document(answer) {
            Some(document) if document.external_id == *id => Ok(Some(document)),
            Some(_) => Err(ErpError::Invalid("wrong_number")),
            None => Err(ErpError::Invalid("no_number")),
        }
    }
}

fn document(document: erp::Document) -> Option<ExternalDocument> {
    let external_id = ExternalId::parse(document.external_id()?).ok()?;
    let currency = document
        .currency
        .as_deref()
        .and_then(|currency| Currency::parse(currency).ok());
    let grand = document.totals.and_then(|totals| totals.grand);
    let customer = document.customer.unwrap_or_default();
    Some(ExternalDocument {
        external_id,
        reference: document.reference,
        status: document.status,
        accepted: document.accepted,
        placed_at: document.placed_at.map(Timestamp::from),
        channel: document.channel,
        organization: customer
            .organization_id
            .and_then(|id| OrganizationId::parse(&id).ok()),
        user: customer.user_id.and_then(|id| UserId::parse(&id).ok()),
        currency,
        total: amount(grand.as_ref(), currency),
        purchase_order_number: document.purchase_order_number,
        expires_at: document.expires_at.and_then(expiry),
        lines: document
            .lines
            .unwrap_or_default()
            .into_iter()
            .map(|each| line(each, currency))
            .collect(),
    })
}

fn line(line: erp::DocumentLine, currency: Option<Currency>) -> ExternalLine {
    ExternalLine {
        line_id: line.line_id,
        sku: line.sku,
        quantity: line.quantity.map(|quantity| quantity.0),
        unit: line.unit,
        unit_price: amount(line.unit_price.as_ref(), currency),
        line_total: amount(line.line_total.as_ref(), currency),
    }
}

/// An amount in another currency than its document's counts as missing.
fn amount(amount: Option<&wire::value::Money>, currency: Option<Currency>) -> Option<Money> {
    let money = Money::try_from(amount?).ok()?;
    currency
        .is_none_or(|currency| currency == money.currency())
        .then_some(money)
}

fn expiry(text: String) -> Option<Expiry> {
    match Timestamp::from_str(&text) {
        Ok(at) => Some(Expiry::At(at)),
        Err(_) => Timestamp::parse_date(&text)
            .is_ok()
            .then_some(Expiry::Day(text)),
    }
}
