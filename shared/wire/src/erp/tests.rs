#![allow(clippy::unwrap_used)]

use super::*;
use serde_json::{from_value, json};

#[test]
fn one_unreadable_item_spoils_neither_its_neighbours_nor_the_answer() {
    let answer: PricesAnswer = from_value(json!({"items": [
        {"sku": "A", "unitPrice": {"amount": "1.50", "currency": "USD"}, "shelf": 7},
        {"quantity": 3},
        {"sku": "B", "unitPrice": 1.5, "quantityBreaks": null},
    ]}))
    .unwrap();
    assert_eq!(answer.items.len(), 2);
    assert!(answer.items[0].unit_price.is_some());
    assert_eq!(answer.items[1].unit_price, None);
    assert!(answer.items[1].quantity_breaks.is_empty());
}

#[test]
fn a_ladder_with_an_unreadable_step_takes_its_item_with_it() {
    let item = |steps| {
        json!({
            "sku": "A", "unitPrice": {"amount": "1", "currency": "USD"}, "quantityBreaks": steps,
        })
    };
    let step = json!({"minQuantity": 1, "unitPrice": {"amount": "1", "currency": "USD"}});
    let answer = |steps| {
        from_value::<PricesAnswer>(json!({"items": [item(steps)]}))
            .unwrap()
            .items
            .len()
    };
    assert_eq!(answer(json!([step])), 1);
    assert_eq!(answer(json!([step, {"minQuantity": 10}])), 0);
}

#[test]
fn an_unreadable_quantity_never_reads_as_unlimited() {
    let answer: AvailabilityAnswer = from_value(json!({"items": [
        {"sku": "A", "status": "available", "availableQuantity": "plenty"},
        {"sku": "B", "status": "available", "availableQuantity": "12.5"},
        {"sku": "C", "status": "sold-out"},
    ]}))
    .unwrap();
    assert_eq!(
        answer
            .items
            .iter()
            .map(|item| item.sku.as_str())
            .collect::<Vec<_>>(),
        ["B", "C"]
    );
    assert_eq!(answer.items[1].status, Some(AvailabilityStatus::Unknown));
}

#[test]
fn an_answer_without_its_list_is_not_an_empty_answer() {
    assert!(from_value::<PricesAnswer>(json!({})).is_err());
    assert_eq!(from_value::<DocumentList>(json!({})).unwrap().orders, None);
}

#[test]
fn any_error_field_is_an_error() {
    for body in [
        json!({"error": true}),
        json!({"error": "no"}),
        json!({"error": {"code": 7}}),
        json!({"error": []}),
    ] {
        assert!(from_value::<ErrorAnswer>(body).unwrap().error.is_some());
    }
    assert!(
        from_value::<ErrorAnswer>(json!({"error": null, "items": []}))
            .unwrap()
            .error
            .is_none()
    );
    let error = from_value::<ErrorAnswer>(json!({"error": {"code": "x", "processed": "perhaps"}}))
        .unwrap()
        .error
        .unwrap();
    assert_eq!(error.processed, Some(Processed::Maybe));
}

#[test]
fn capabilities_that_are_missing_take_the_careful_value() {
    let capabilities: Capabilities =
        from_value(json!({"submission": "telepathy", "priceScope": "organization"})).unwrap();
    assert_eq!(capabilities.submission, SubmissionGuarantee::None);
    assert_eq!(capabilities.price_scope, PriceScope::Organization);
    assert_eq!(capabilities.max_items_per_call, 100);
    assert_eq!(
        serde_json::to_value(SubmissionGuarantee::IdempotencyKey).unwrap(),
        json!("idempotency-key")
    );
}

#[test]
fn a_document_may_lack_everything_and_its_number_may_be_a_number() {
    let document: Document =
        from_value(json!({"externalQuoteId": 4711, "placedAt": "yesterday", "lines": [{}]}))
            .unwrap();
    assert_eq!(document.external_id(), Some("4711"));
    assert_eq!(document.placed_at, None);
    assert_eq!(document.lines.unwrap().len(), 1);
}

#[test]
fn a_card_token_is_never_printed() {
    let payment = Payment::CardToken {
        token: "tok_secret".to_owned(),
    };
    assert!(!format!("{payment:?}").contains("secret"));
    assert_eq!(
        serde_json::to_value(&payment).unwrap(),
        json!({"kind": "card_token", "token": "tok_secret"})
    );
}
