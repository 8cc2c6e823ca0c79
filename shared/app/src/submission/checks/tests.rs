#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use domain::availability::AvailabilityStatus;
use domain::cart::{CartLine, CartStatus, LineAvailability, Shipping};
use domain::freshness::{Freshness, Reason};
use domain::ids::{AddressId, CartId, LineId, OrganizationId, Unit, UserId};
use domain::member::PostalAddress;
use domain::money::Currency;
use domain::preparation::{PreparedLine, Totals};
use domain::quantity::Quantity;
use proptest::prelude::*;
use rust_decimal::Decimal;

use domain::ids::Sku;

use super::*;

fn usd(cents: i64) -> Money {
    Money::new(Decimal::new(cents, 2), Currency::parse("USD").unwrap()).unwrap()
}

fn pieces(count: u32) -> Quantity {
    Quantity::new(count.into()).unwrap()
}

fn now() -> Timestamp {
    Timestamp::from_seconds(1_800_000_000)
}

/// A cart of three lines, prepared.
fn prepared() -> Cart {
    let missing = Freshness::missing(Reason::NotCached);
    let line = |n: u32| CartLine {
        id: LineId::parse(&format!("line-{n}")).unwrap(),
        sku: Sku::parse(&format!("SKU-{n}")).unwrap(),
        name: format!("Item {n}"),
        quantity: pieces(n),
        rounded_from: None,
        unit: Unit::parse("EA").unwrap(),
        quantity_multiple: Quantity::ONE,
        unit_price: Some(usd(100)),
        price_freshness: missing,
        availability: LineAvailability {
            status: AvailabilityStatus::Unknown,
            quantity: None,
            freshness: missing,
        },
    };
    let shipping = Shipping {
        address_id: Some(AddressId::parse("A-1").unwrap()),
        address: PostalAddress {
            name: "Receiver".to_owned(),
            line1: "1 Street".to_owned(),
            line2: None,
            city: "Town".to_owned(),
            region: Some("CA".to_owned()),
            postal_code: "90001".to_owned(),
            country: "US".to_owned(),
        },
        method: "STANDARD".to_owned(),
        requested_delivery_date: None,
    };
    let mut cart = Cart {
        id: CartId::parse("cart").unwrap(),
        version: 7,
        status: CartStatus::Open,
        organization: OrganizationId::parse("ORG").unwrap(),
        user: UserId::parse("user").unwrap(),
        currency: Currency::parse("USD").unwrap(),
        lines: (1..=3).map(line).collect(),
        shipping: Some(shipping),
        preparation: None,
        created_at: now(),
        updated_at: now(),
    };
    let lines = cart.lines.iter().map(|line| PreparedLine {
        id: line.id.clone(),
        sku: line.sku.clone(),
        quantity: line.quantity,
        unit: line.unit.clone(),
        shown_price: None,
        unit_price: usd(100),
        line_total: usd(100),
        tax: Some(usd(8)),
        shipping: None,
        adjustment: Some(usd(0)),
        reservation: ReservationStatus::Reserved,
        reserved: line.quantity.value(),
    });
    let mut preparation = Preparation {
        id: PreparationId::parse("preparation").unwrap(),
        cart_version: 7,
        reservation: "revision".to_owned(),
        expires_at: now().plus_seconds(900),
        lines: lines.collect(),
        totals: Totals {
            product: usd(300),
            adjustment: usd(0),
            shipping: usd(50),
            tax: usd(24),
            shipping_tax: usd(4),
            grand: usd(378),
        },
        content_digest: String::new(),
    };
    preparation.content_digest = content_digest(&cart, &preparation);
    cart.preparation = Some(preparation);
    cart
}

fn commits(cart: &Cart) -> Result<(), UseCaseError> {
    let id = PreparationId::parse("preparation").unwrap();
    verify_preparation(cart, &id, usd(378), Backorder::Allow, now()).map(|_| ())
}

/// What a defect could do to one field of a line, a preparation or a cart.
type Mutation = (&'static str, fn(&mut Cart, usize, u32));

fn line(cart: &mut Cart, at: usize) -> &mut CartLine {
    &mut cart.lines[at]
}

fn preparation(cart: &mut Cart) -> &mut Preparation {
    cart.preparation.as_mut().unwrap()
}

fn prepared_line(cart: &mut Cart, at: usize) -> &mut PreparedLine {
    &mut preparation(cart).lines[at]
}

fn shipping(cart: &mut Cart) -> &mut Shipping {
    cart.shipping.as_mut().unwrap()
}

fn more(amount: &mut Money, cents: u32) {
    *amount = amount.plus(usd(cents.into())).unwrap();
}

fn put(amount: &mut Option<Money>, cents: u32) {
    *amount = match *amount {
        Some(there) if cents.is_multiple_of(2) => Some(there.plus(usd(cents.into())).unwrap()),
        Some(_) => None,
        None => Some(usd(cents.into())),
    };
}

/// `by` is never zero.
const MUTATIONS: &[Mutation] = &[
    ("cart id", |c, _, by| {
        c.id = CartId::parse(&format!("cart-{by}")).unwrap()
    }),
    ("cart version", |c, _, by| c.version += u64::from(by)),
    ("organization", |c, _, by| {
        c.organization = OrganizationId::parse(&format!("ORG-{by}")).unwrap()
    }),
    ("user", |c, _, by| {
        c.user = UserId::parse(&format!("user-{by}")).unwrap()
    }),
    ("currency", |c, _, _| {
        c.currency = Currency::parse("EUR").unwrap()
    }),
    ("line gone", |c, at, _| drop(c.lines.remove(at))),
    ("line twice", |c, at, _| c.lines.push(c.lines[at].clone())),
    ("lines in another order", |c, at, _| {
        c.lines.swap(at, (at + 1) % 3)
    }),
    ("line id", |c, at, by| {
        line(c, at).id = LineId::parse(&format!("x{by}")).unwrap()
    }),
    ("sku", |c, at, by| {
        line(c, at).sku = Sku::parse(&format!("x{by}")).unwrap()
    }),
    ("name", |c, at, by| line(c, at).name = format!("x{by}")),
    ("quantity", |c, at, by| {
        line(c, at).quantity = pieces(10 + by)
    }),
    ("unit", |c, at, _| {
        line(c, at).unit = Unit::parse("BOX").unwrap()
    }),
    ("price", |c, at, by| put(&mut line(c, at).unit_price, by)),
    ("no shipping", |c, _, _| c.shipping = None),
    ("address id", |c, _, by| {
        shipping(c).address_id = Some(AddressId::parse(&format!("A-x{by}")).unwrap())
    }),
    ("receiver", |c, _, by| {
        shipping(c).address.name = format!("x{by}")
    }),
    ("line 1", |c, _, by| {
        shipping(c).address.line1 = format!("x{by}")
    }),
    ("line 2", |c, _, by| {
        shipping(c).address.line2 = Some(format!("x{by}"))
    }),
    ("city", |c, _, by| {
        shipping(c).address.city = format!("x{by}")
    }),
    ("region", |c, _, _| shipping(c).address.region = None),
    ("postal code", |c, _, by| {
        shipping(c).address.postal_code = format!("x{by}")
    }),
    ("country", |c, _, _| {
        shipping(c).address.country = "CA".to_owned()
    }),
    ("method", |c, _, by| shipping(c).method = format!("x{by}")),
    ("delivery date", |c, _, _| {
        shipping(c).requested_delivery_date = Some("2026-12-24".to_owned())
    }),
    ("no preparation", |c, _, _| c.preparation = None),
    ("preparation id", |c, _, by| {
        preparation(c).id = PreparationId::parse(&format!("x{by}")).unwrap()
    }),
    ("prepared version", |c, _, by| {
        preparation(c).cart_version += u64::from(by)
    }),
    ("reservation of the ledger", |c, _, by| {
        preparation(c).reservation = format!("x{by}")
    }),
    ("end later", |c, _, by| {
        preparation(c).expires_at = now().plus_seconds(900 + i64::from(by))
    }),
    ("end over", |c, _, by| {
        preparation(c).expires_at = now().plus_seconds(-i64::from(by))
    }),
    ("prepared line gone", |c, at, _| {
        drop(preparation(c).lines.remove(at))
    }),
    ("prepared lines in another order", |c, at, _| {
        preparation(c).lines.swap(at, (at + 1) % 3)
    }),
    ("prepared line id", |c, at, by| {
        prepared_line(c, at).id = LineId::parse(&format!("x{by}")).unwrap()
    }),
    ("prepared sku", |c, at, by| {
        prepared_line(c, at).sku = Sku::parse(&format!("x{by}")).unwrap()
    }),
    ("prepared quantity", |c, at, by| {
        prepared_line(c, at).quantity = pieces(10 + by)
    }),
    ("prepared unit", |c, at, _| {
        prepared_line(c, at).unit = Unit::parse("BOX").unwrap()
    }),
    ("prepared price", |c, at, by| {
        more(&mut prepared_line(c, at).unit_price, by)
    }),
    ("line total", |c, at, by| {
        more(&mut prepared_line(c, at).line_total, by)
    }),
    ("line tax", |c, at, by| {
        put(&mut prepared_line(c, at).tax, by)
    }),
    ("line shipping", |c, at, by| {
        put(&mut prepared_line(c, at).shipping, by)
    }),
    ("line adjustment", |c, at, by| {
        put(&mut prepared_line(c, at).adjustment, by)
    }),
    ("backordered", |c, at, _| {
        prepared_line(c, at).reservation = ReservationStatus::Backordered
    }),
    ("unavailable", |c, at, _| {
        prepared_line(c, at).reservation = ReservationStatus::Unavailable
    }),
    ("reserved", |c, at, by| {
        prepared_line(c, at).reserved = Decimal::from(10 + by)
    }),
    ("product", |c, _, by| {
        more(&mut preparation(c).totals.product, by)
    }),
    ("adjustment", |c, _, by| {
        more(&mut preparation(c).totals.adjustment, by)
    }),
    ("shipping", |c, _, by| {
        more(&mut preparation(c).totals.shipping, by)
    }),
    ("tax", |c, _, by| more(&mut preparation(c).totals.tax, by)),
    ("shipping tax", |c, _, by| {
        more(&mut preparation(c).totals.shipping_tax, by)
    }),
    ("grand", |c, _, by| {
        more(&mut preparation(c).totals.grand, by)
    }),
    ("content digest", |c, _, by| {
        preparation(c).content_digest = format!("{by:064x}")
    }),
];

proptest! {
    /// Whatever changes of what was prepared, by whatever way, the buyer's commitment is not to
    /// that.
    #[test]
    fn every_mutation_of_a_prepared_field_makes_capture_refuse(
        at in 0_usize..3,
        by in 1_u32..1_000,
    ) {
        prop_assert_eq!(commits(&prepared()), Ok(()));
        for (what, mutate) in MUTATIONS {
            let mut cart = prepared();
            mutate(&mut cart, at, by);
            prop_assert!(commits(&cart).is_err(), "{} of line {} by {}", what, at, by);
        }
    }

    /// Any two of them together neither.
    #[test]
    fn no_two_mutations_make_up_for_each_other(
        one in 0..MUTATIONS.len(), two in 0..MUTATIONS.len(), at in 0_usize..2, by in 1_u32..1_000,
    ) {
        let mut cart = prepared();
        let (first, second) = (MUTATIONS[one], MUTATIONS[two]);
        // What is gone cannot be changed, and swapping twice changes nothing.
        prop_assume!(one != two && !first.0.starts_with("no "));
        let shortens = |what: &str| what.ends_with("gone");
        prop_assume!(!shortens(first.0) && !shortens(second.0));
        first.1(&mut cart, at, by);
        second.1(&mut cart, at, by);
        prop_assert!(commits(&cart).is_err(), "{} and {}", first.0, second.0);
    }
}

#[test]
fn a_total_and_a_stock_that_do_not_suit_are_named_line_by_line() {
    let (cart, id) = (prepared(), PreparationId::parse("preparation").unwrap());
    let refused = verify_preparation(&cart, &id, usd(377), Backorder::Allow, now()).unwrap_err();
    assert!(matches!(refused, UseCaseError::TotalChanged { lines, .. } if lines.len() == 3));

    let mut cart = prepared();
    prepared_line(&mut cart, 1).reservation = ReservationStatus::Backordered;
    preparation(&mut cart).content_digest =
        content_digest(&cart, cart.preparation.as_ref().unwrap());
    assert!(verify_preparation(&cart, &id, usd(378), Backorder::Allow, now()).is_ok());
    let refused = verify_preparation(&cart, &id, usd(378), Backorder::Refuse, now()).unwrap_err();
    let named = |code| {
        UseCaseError::LinesRefused(vec![FieldError::new(
            "/lines/line-2",
            code,
            "not all of it is in stock",
        )])
    };
    assert_eq!(refused, named("backordered"));
}

#[test]
fn the_end_of_a_preparation_is_its_end() {
    let (cart, id) = (prepared(), PreparationId::parse("preparation").unwrap());
    let at = |seconds| {
        verify_preparation(
            &cart,
            &id,
            usd(378),
            Backorder::Allow,
            now().plus_seconds(seconds),
        )
        .map(|_| ())
    };
    assert_eq!(
        (at(899), at(900)),
        (Ok(()), Err(UseCaseError::PreparationInvalid))
    );
}
