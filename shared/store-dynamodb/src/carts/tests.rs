#![allow(clippy::unwrap_used, clippy::panic)]

use aws_sdk_dynamodb::types::AttributeValue;
use domain::availability::AvailabilityStatus;
use domain::cart::{CartLine, CartStatus, LineAvailability, MAX_LINES, Shipping};
use domain::freshness::{Freshness, ValueSource};
use domain::ids::{AddressId, LineId, OrganizationId, PreparationId, Sku, Unit, UserId};
use domain::member::PostalAddress;
use domain::money::{Currency, Money};
use domain::preparation::{Preparation, PreparedLine, ReservationStatus, Totals};
use domain::quantity::Quantity;

use super::*;
use crate::document::decode;

/// A cart with every field at its longest, with names of the given number of bytes.
fn long_cart(lines: usize, name: usize) -> Cart {
    let usd = Currency::parse("USD").unwrap();
    let money = |text: &str| Money::parse(text, usd).unwrap();
    let freshness = Freshness {
        source: ValueSource::Cache,
        as_of: Some(Timestamp::from_millis(1_795_368_600_123)),
        fresh_until: Some(Timestamp::from_millis(1_795_369_500_123)),
        stale: true,
        reason: Some(domain::freshness::Reason::ErpUnavailable),
    };
    let line = |n: usize| CartLine {
        id: LineId::parse(&format!("01a20497-b6ee-7573-a378-{n:012}")).unwrap(),
        sku: Sku::parse(&format!("SKU-{n:016}")).unwrap(),
        name: "n".repeat(name),
        quantity: Quantity::new("123456.12345".parse().unwrap()).unwrap(),
        rounded_from: Some(Quantity::new("123455.12345".parse().unwrap()).unwrap()),
        unit: Unit::parse("EA").unwrap(),
        quantity_multiple: Quantity::new("0.00005".parse().unwrap()).unwrap(),
        unit_price: Some(money("12345.12345")),
        price_freshness: freshness,
        availability: LineAvailability {
            status: AvailabilityStatus::Backorderable,
            quantity: Some("1234567.12345".parse().unwrap()),
            freshness,
        },
    };
    let address = PostalAddress {
        name: "x".repeat(200),
        line1: "x".repeat(200),
        line2: Some("x".repeat(200)),
        city: "x".repeat(200),
        region: Some("x".repeat(200)),
        postal_code: "x".repeat(200),
        country: "US".to_owned(),
    };
    Cart {
        id: CartId::parse("01a20497-b6ee-7573-a378-1f750aa3e969").unwrap(),
        version: 7,
        status: CartStatus::Open,
        organization: OrganizationId::parse("ORG").unwrap(),
        user: UserId::parse("user@example.com").unwrap(),
        currency: usd,
        lines: (0..lines).map(line).collect(),
        shipping: Some(Shipping {
            address_id: Some(AddressId::parse("A-1").unwrap()),
            address,
            method: "x".repeat(200),
            requested_delivery_date: Some("2026-12-24".to_owned()),
        }),
        preparation: None,
        created_at: Timestamp::from_seconds(1_795_368_600),
        updated_at: Timestamp::from_seconds(1_795_368_600),
    }
}

/// The same, prepared, with the longest amounts that there are.
fn prepared(mut cart: Cart) -> Cart {
    let long = Money::parse("-999999999999999.12345", cart.currency).unwrap();
    let lines = cart.lines.iter().map(|line| PreparedLine {
        id: line.id.clone(),
        sku: line.sku.clone(),
        quantity: line.quantity,
        unit: line.unit.clone(),
        shown_price: Some(long),
        unit_price: long,
        line_total: long,
        tax: Some(long),
        shipping: Some(long),
        adjustment: Some(long),
        reservation: ReservationStatus::Backordered,
        reserved: "123456.12345".parse().unwrap(),
    });
    cart.preparation = Some(Preparation {
        id: PreparationId::parse("01a20497-b7c7-749f-84a5-766ec4a49891").unwrap(),
        cart_version: 7,
        reservation: "01a20497-b7c7-749f-84a5-766ec4a49892".to_owned(),
        expires_at: Timestamp::from_seconds(1_795_369_500),
        lines: lines.collect(),
        totals: Totals {
            product: long,
            adjustment: long,
            shipping: long,
            tax: long,
            shipping_tax: long,
            grand: long,
        },
        content_digest: "0".repeat(64),
    });
    cart
}

fn record(cart: &Cart) -> Result<Attributes, StoreError> {
    cart_record(
        cart,
        cart.updated_at.plus_seconds(1),
        "01a20497-b7c7-749f-84a5-766ec4a49893",
    )
}

/// Bytes as DynamoDB counts them: names and values.
fn size(record: &Attributes) -> usize {
    let value = |value: &AttributeValue| match value {
        AttributeValue::S(text) | AttributeValue::N(text) => text.len(),
        other => panic!("{other:?}"),
    };
    record
        .iter()
        .map(|(name, one)| name.len() + value(one))
        .sum()
}

#[test]
fn a_cart_reads_back_as_it_was_written() {
    for cart in [
        long_cart(0, 1),
        long_cart(3, 20),
        prepared(long_cart(3, 20)),
    ] {
        let record = record(&cart).unwrap();
        let document: CartDocument = decode(get_text(&record, "document").unwrap()).unwrap();
        assert_eq!(document.read(), Ok(cart));
    }
}

#[test]
fn the_largest_cart_fits_into_one_record_when_it_is_prepared() {
    let cart = long_cart(MAX_LINES, 80);
    let (open, prepared) = (
        size(&record(&cart).unwrap()),
        size(&record(&prepared(cart)).unwrap()),
    );
    println!("500 lines: {open} bytes, prepared {prepared} bytes");
    assert!(prepared < 400 * 1024);
}

#[test]
fn a_cart_that_could_not_be_kept_once_it_is_prepared_is_refused_before() {
    let mut kept = 0;
    for name in (10..1_000).step_by(10) {
        let cart = long_cart(MAX_LINES, name);
        match record(&cart) {
            Ok(_) => {
                kept += 1;
                let record = record(&prepared(cart));
                assert!(
                    record.is_ok_and(|record| size(&record) < 400 * 1024),
                    "names of {name} bytes"
                );
            }
            Err(error) => assert_eq!(error, StoreError::TooLarge { what: "cart" }),
        }
    }
    assert!(kept > 0 && kept < 99, "{kept}");
}
