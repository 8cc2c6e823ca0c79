use super::*;
use app::ports::ErpError;
use app::ports::erp::{
    CalculateRequest, DocumentKind, DocumentQuery, ErpAvailability, ErpCapabilities, ErpCheckout,
    ErpPrices, ErpSubmission, ErpTracking, Expiry, ItemAnswer,
};
use domain::availability::AvailabilityStatus;
use domain::freshness::Absence;
use domain::ids::{ExternalId, LocationId};
use domain::preparation::ReservationStatus;
use domain::submission::{
    DuplicateProtection, LookupAnswer, QuoteRequest, Refusal, SendOutcome, SubmissionKind,
};

#[tokio::test]
async fn prices_come_in_the_order_of_asking_with_their_steps() {
    let pair = Pair::start().await;
    let items = [
        price_of("GLV-NIT-M"),
        price_of("NO-SUCH"),
        price_of("FOM-PU-750"),
        price_of("TAP-5"),
    ];
    let answers = pair
        .client
        .prices(&context(), &customer(), usd(), &items)
        .await
        .unwrap();
    let ItemAnswer::Known(gloves) = &answers[0] else {
        panic!("{:?}", answers[0])
    };
    assert_eq!(gloves.breaks.len(), 3);
    assert_eq!(gloves.at(Quantity::ONE), Some(gloves.unit_price));
    assert_eq!(answers[1], ItemAnswer::Absent(Absence::UnknownSku));
    assert_eq!(answers[2], ItemAnswer::Absent(Absence::ItemInactive));
    assert!(matches!(answers[3], ItemAnswer::Known(_)));
    let calls = pair.simulator.calls();
    assert_eq!(calls.counts["prices"], 1);
    assert_eq!(calls.calls[0].correlation_id.as_deref(), Some("c-1"));
}

#[tokio::test]
async fn the_same_item_in_two_quantities_has_two_prices() {
    let pair = Pair::start().await;
    let many = PriceQuestion {
        quantity: Quantity::new(Decimal::from(144)).unwrap(),
        ..price_of("GLV-NIT-M")
    };
    let answers = pair
        .client
        .prices(
            &context(),
            &customer(),
            usd(),
            &[price_of("GLV-NIT-M"), many],
        )
        .await
        .unwrap();
    let [ItemAnswer::Known(one), ItemAnswer::Known(many)] = &answers[..] else {
        panic!("{answers:?}")
    };
    assert!(many.unit_price.amount() < one.unit_price.amount());
}

#[tokio::test]
async fn availability_is_answered_online_and_per_location() {
    let pair = Pair::start().await;
    let at = |item: &str, place: &str| AvailabilityQuestion {
        sku: sku(item),
        location: Some(LocationId::parse(place).unwrap()),
    };
    let items = [
        stock_of("DRV-SET-6"),
        stock_of("HLM-YE"),
        at("DRV-SET-6", "WEST"),
        stock_of("NO-SUCH"),
    ];
    let answers = pair.client.availability(&context(), &items).await.unwrap();
    let known = |answer: &ItemAnswer<_>| match answer {
        ItemAnswer::Known(domain::availability::Availability {
            status, quantity, ..
        }) => (*status, *quantity),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        known(&answers[0]),
        (AvailabilityStatus::Available, Some(Decimal::ONE))
    );
    assert_eq!(
        known(&answers[1]),
        (AvailabilityStatus::Backorderable, Some(Decimal::ZERO))
    );
    assert_eq!(
        known(&answers[2]),
        (AvailabilityStatus::Backorderable, Some(Decimal::ZERO))
    );
    assert_eq!(answers[3], ItemAnswer::Absent(Absence::UnknownSku));
    assert_eq!(pair.simulator.calls().counts["availability"], 1);
}

#[tokio::test]
async fn a_checkout_reserves_calculates_and_releases() {
    let pair = Pair::start().await;
    let lines = [
        checkout_line("a", "TAP-5", 1),
        checkout_line("b", "DRV-SET-6", 2),
    ];
    let until = Timestamp::from_millis(NOON + 900_000);
    let reserved = pair
        .client
        .reserve(
            &context(),
            &reservation(&cart("C1"), &customer(), &lines, until),
        )
        .await
        .unwrap();
    assert_eq!(reserved[0].status, ReservationStatus::Reserved);
    assert_eq!(
        (reserved[1].status, reserved[1].quantity),
        (ReservationStatus::Backordered, Decimal::ONE)
    );
    let (reference, customer, shipping) = (cart("C1"), customer(), shipping());
    let request = CalculateRequest {
        reference: &reference,
        customer: &customer,
        currency: usd(),
        lines: &lines,
        shipping: &shipping,
    };
    let calculation = pair.client.calculate(&context(), &request).await.unwrap();
    let line_totals = calculation.lines.iter().map(|line| line.line_total);
    calculation.totals.check(usd(), line_totals).unwrap();
    assert_eq!(calculation.lines[1].line_total, money("10.00"));
    assert_eq!(pair.simulator.reservations().len(), 1);
    for _ in 0..2 {
        pair.client.cancel(&context(), "C1").await.unwrap();
    }
    assert!(pair.simulator.reservations().is_empty());
}

#[tokio::test]
async fn a_submission_is_accepted_once_and_found() {
    let pair = Pair::start().await;
    let first = pair.client.submit(&context(), &submission("C1")).await;
    let SendOutcome::Accepted { external_id, .. } = &first else {
        panic!("{first:?}")
    };
    assert_eq!(
        pair.client.submit(&context(), &submission("C1")).await,
        first
    );
    assert_eq!(pair.held("C1"), 1);
    let answer = pair
        .client
        .find(
            &context(),
            SubmissionKind::Order,
            &SubmissionId::parse("C1").unwrap(),
        )
        .await;
    let LookupAnswer::Found(found) = answer else {
        panic!("{answer:?}")
    };
    assert_eq!(
        (found.accepted, found.external_id.as_ref()),
        (true, Some(external_id))
    );
    let other = SubmissionId::parse("C2").unwrap();
    assert_eq!(
        pair.client
            .find(&context(), SubmissionKind::Order, &other)
            .await,
        LookupAnswer::NotFound
    );
    assert_eq!(
        pair.client
            .find(&context(), SubmissionKind::Quote, &other)
            .await,
        LookupAnswer::NotFound
    );
}

#[tokio::test]
async fn a_refusal_keeps_code_and_reason() {
    let pair = Pair::start().await;
    let order = Order {
        accepted_total: money("13.00"),
        ..order()
    };
    let wrong = submission_of("C1", Content::Order(Box::new(order)));
    let outcome = pair.client.submit(&context(), &wrong).await;
    let SendOutcome::Rejected(Refusal {
        code,
        reason: Some(_),
    }) = outcome
    else {
        panic!("{outcome:?}")
    };
    assert_eq!(code, "total_changed");
    assert_eq!(pair.held("C1"), 0);
}

#[tokio::test]
async fn quotes_and_documents_of_other_channels_are_shown() {
    let pair = Pair::start().await;
    let order = order();
    let request = QuoteRequest {
        cart: cart("C9"),
        currency: order.currency,
        lines: order.lines,
        shipping: None,
        requested_expiry: Some("2026-12-24".to_owned()),
        comment: None,
    };
    let quote = submission_of("Q1", Content::Quote(Box::new(request)));
    let SendOutcome::Accepted { external_id, .. } = pair.client.submit(&context(), &quote).await
    else {
        panic!()
    };
    let detail = pair
        .client
        .detail(&context(), DocumentKind::Quote, &external_id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        detail.expires_at,
        Some(Expiry::Day("2026-12-24".to_owned()))
    );
    assert_eq!(
        (detail.reference.as_deref(), detail.lines.len()),
        (Some("Q1"), 1)
    );
    let query = DocumentQuery {
        kind: DocumentKind::Order,
        organization: customer().organization,
        user: None,
        status: None,
        cursor: None,
        limit: 2,
    };
    let page = pair.client.list(&context(), &query).await.unwrap();
    assert_eq!(
        page.documents
            .iter()
            .map(|d| d.channel.as_deref().unwrap())
            .collect::<Vec<_>>(),
        ["phone", "edi"]
    );
    let rest = DocumentQuery {
        cursor: page.next_cursor,
        ..query
    };
    assert_eq!(
        pair.client
            .list(&context(), &rest)
            .await
            .unwrap()
            .documents
            .len(),
        1
    );
    let unknown = ExternalId::parse("SO-0").unwrap();
    assert_eq!(
        pair.client
            .detail(&context(), DocumentKind::Order, &unknown)
            .await,
        Ok(None)
    );
}

#[tokio::test]
async fn capabilities_are_asked_once_and_outlive_an_outage() {
    let pair = Pair::start().await;
    let declared = pair.client.capabilities(&context()).await.unwrap();
    assert_eq!(
        (declared.submission, declared.max_items_per_call),
        (DuplicateProtection::IdempotencyKey, 100)
    );
    pair.arm("*", FaultKind::Status);
    assert_eq!(
        pair.client.capabilities(&context()).await.unwrap(),
        declared
    );
    assert_eq!(pair.simulator.calls().counts["capabilities"], 1);
    assert!(pair.client.health(&context()).await.is_err());
    pair.client.health(&context()).await.unwrap();
}

#[tokio::test]
async fn nothing_starts_that_cannot_finish() {
    let pair = Pair::start().await;
    let late = CallContext {
        deadline: Timestamp::from_millis(NOON + 50),
        ..context()
    };
    let prices = pair
        .client
        .prices(&late, &customer(), usd(), &[price_of("TAP-5")])
        .await;
    assert_eq!(prices, Err(ErpError::NoTime));
    let outcome = pair.client.submit(&late, &submission("C1")).await;
    assert_eq!(outcome, SendOutcome::Unavailable { reason: "no_time" });
    assert!(pair.simulator.calls().counts.is_empty());
}
