//! Reserve, cancel, calculate. Callers may repeat them; the client does not.

use app::ports::ErpError;
use app::ports::erp::{
    CalculateRequest, CalculatedLine, Calculation, CallContext, CheckoutLine, ErpCheckout,
    ReserveRequest, ReservedLine,
};
use async_trait::async_trait;
use domain::ids::LineId;
use domain::money::{Currency, Money};
use domain::preparation::{ReservationStatus, Totals};
use rust_decimal::Decimal;
use wire::erp;
use wire::value::Number;

use crate::ErpClient;
use crate::answer::CallError;
use crate::convert;
use crate::operation::Operation;

#[async_trait]
impl ErpCheckout for ErpClient {
    async fn reserve(
        &self,
        context: &CallContext,
        request: &ReserveRequest<'_>,
    ) -> Result<Vec<ReservedLine>, ErpError> {
        let (reference, lines) = (request.reference.as_str(), request.lines);
        let body = erp::ReservationRequest {
            store: self.config.store.clone(),
            customer: convert::customer(request.customer),
            lines: lines
                .iter()
                .map(|line| erp::Line {
                    line_id: line.id.to_string(),
                    sku: line.sku.to_string(),
                    quantity: Number(line.quantity.value()),
                    unit: line.unit.to_string(),
                })
                .collect(),
            expires_at: request.expires_at.into(),
        };
        let call = self
            .call(Operation::Reserve { reference })
            .lines(lines.len());
        let answer: erp::ReservationAnswer =
            self.write(context, &call, Some(&body)).await?.read()?;
        convert::check_reference(answer.reference.as_deref(), reference)?;
        let answers = in_order(lines, &answer.lines, |line| &line.line_id)?;
        Ok(lines
            .iter()
            .zip(answers)
            .map(|(line, answer)| reserved(line, answer))
            .collect::<Result<_, _>>()?)
    }

    async fn cancel(&self, context: &CallContext, reference: &str) -> Result<(), ErpError> {
        let call = self.call(Operation::CancelReservation { reference });
        match self.write::<()>(context, &call, None).await {
            Ok(_) => Ok(()),
            // There was no reservation, or it is gone already.
            Err(CallError::Refused(refusal)) if refusal.code == erp::codes::NOT_FOUND => Ok(()),
            Err(failure) => Err(failure.into()),
        }
    }

    async fn calculate(
        &self,
        context: &CallContext,
        request: &CalculateRequest<'_>,
    ) -> Result<Calculation, ErpError> {
        let priced = request.lines.iter().map(|line| {
            let unit_price = line
                .unit_price
                .ok_or(ErpError::Invalid("line_without_price"))?;
            let line_total = unit_price
                .times(line.quantity.value())
                .map_err(|_| ErpError::Invalid("line_total"))?;
            Ok(erp::OrderLine {
                line_id: line.id.to_string(),
                sku: line.sku.to_string(),
                quantity: Number(line.quantity.value()),
                unit: line.unit.to_string(),
                unit_price: unit_price.into(),
                line_total: line_total.into(),
            })
        });
        let body = erp::CalculationRequest {
            reference: request.reference.to_string(),
            store: self.config.store.clone(),
            customer: convert::customer(request.customer),
            currency: request.currency.to_string(),
            lines: priced.collect::<Result<_, ErpError>>()?,
            shipping: Some(convert::shipping(request.shipping)),
        };
        let call = self.call(Operation::Calculate).lines(request.lines.len());
        // An ERP may store a draft, so this counts as a write.
        let answer: erp::CalculationAnswer =
            self.write(context, &call, Some(&body)).await?.read()?;
        convert::check_reference(answer.reference.as_deref(), request.reference.as_str())?;
        let answers = in_order(request.lines, &answer.lines, |line| &line.line_id)?;
        let lines = request.lines.iter().zip(answers);
        Ok(Calculation {
            lines: lines
                .map(|(line, answer)| calculated(&line.id, answer, request.currency))
                .collect::<Result<_, _>>()?,
            totals: totals(&answer.totals, request.currency)?,
        })
    }
}

/// One answer per line of the request, in their order. A missing, unknown or repeated line makes
/// the whole answer unusable: it would be unclear what the buyer commits to.
fn in_order<'a, T>(
    asked: &[CheckoutLine],
    answers: &'a [T],
    id: impl Fn(&T) -> &String,
) -> Result<Vec<&'a T>, CallError> {
    if answers.len() > asked.len() {
        return Err(CallError::Unusable("extra_line"));
    }
    let mut by_id: std::collections::HashMap<&str, &T> = std::collections::HashMap::new();
    for answer in answers {
        if by_id.insert(id(answer), answer).is_some() {
            return Err(CallError::Unusable("line_twice"));
        }
    }
    asked
        .iter()
        .map(|line| {
            by_id
                .get(line.id.as_str())
                .copied()
                .ok_or(CallError::Unusable("line_missing"))
        })
        .collect()
}

fn reserved(line: &CheckoutLine, answer: &erp::ReservedLine) -> Result<ReservedLine, CallError> {
    let asked = line.quantity.value();
    let (status, quantity) = match answer.status {
        Some(erp::ReservationStatus::Reserved) => {
            let quantity = answer.quantity.map_or(asked, |quantity| quantity.0);
            // Some ERPs answer "reserved" for a part of the quantity.
            let whole = quantity >= asked;
            (
                if whole {
                    ReservationStatus::Reserved
                } else {
                    ReservationStatus::Backordered
                },
                quantity,
            )
        }
        Some(erp::ReservationStatus::Backordered) => (
            ReservationStatus::Backordered,
            answer.quantity.map_or(Decimal::ZERO, |quantity| quantity.0),
        ),
        Some(erp::ReservationStatus::Unavailable) => {
            (ReservationStatus::Unavailable, Decimal::ZERO)
        }
        Some(erp::ReservationStatus::Unknown) | None => {
            return Err(CallError::Unusable("reservation_status"));
        }
    };
    if quantity < Decimal::ZERO || quantity > asked {
        return Err(CallError::Unusable("reserved_quantity"));
    }
    Ok(ReservedLine {
        id: line.id.clone(),
        status,
        quantity,
    })
}

fn calculated(
    id: &LineId,
    answer: &erp::CalculatedLine,
    currency: Currency,
) -> Result<CalculatedLine, CallError> {
    Ok(CalculatedLine {
        id: id.clone(),
        line_total: convert::required(answer.line_total.as_ref(), currency, "line_total_missing")?,
        tax: convert::optional(answer.tax.as_ref(), currency)?,
        shipping: convert::optional(answer.shipping.as_ref(), currency)?,
        adjustment: convert::optional(answer.adjustment.as_ref(), currency)?,
    })
}

/// A missing amount is zero, except the total of the goods and the grand total, which are required.
/// The use case checks whether the parts add up.
fn totals(totals: &erp::Totals, currency: Currency) -> Result<Totals, CallError> {
    let part = |amount: &Option<wire::value::Money>| {
        Ok(convert::optional(amount.as_ref(), currency)?.unwrap_or_else(|| Money::zero(currency)))
    };
    Ok(Totals {
        product: convert::required(totals.product.as_ref(), currency, "product_total_missing")?,
        adjustment: part(&totals.adjustment)?,
        shipping: part(&totals.shipping)?,
        tax: part(&totals.tax)?,
        shipping_tax: part(&totals.shipping_tax)?,
        grand: convert::required(totals.grand.as_ref(), currency, "grand_total_missing")?,
    })
}
