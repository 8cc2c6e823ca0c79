#![allow(clippy::unwrap_used)]

use super::*;

fn money(text: &str) -> Money {
    let (amount, currency) = text.split_once(' ').unwrap();
    Money::parse(amount, Currency::parse(currency).unwrap()).unwrap()
}

/// Totals of goods with 5 of tax and nothing else.
fn totals(product: &str, tax: &str, grand: &str, currency: &str) -> Totals {
    let of = |amount: &str| money(&format!("{amount} {currency}"));
    Totals {
        product: of(product),
        adjustment: of("-1"),
        shipping: of("3"),
        tax: of(tax),
        shipping_tax: of("1"),
        grand: of(grand),
    }
}

#[test]
fn amounts_that_add_up_to_the_last_unit_of_the_currency_are_fine() {
    let usd = Currency::parse("USD").unwrap();
    let lines = ["10.00 USD", "20.50 USD"].map(money);
    assert_eq!(
        totals("30.50", "5", "38.50", "USD").check(usd, lines),
        Ok(())
    );
    // An amount below the smallest unit is not paid by anyone.
    let lines = ["10.004 USD", "20.50 USD"].map(money);
    assert_eq!(
        totals("30.50", "5", "38.50", "USD").check(usd, lines),
        Ok(())
    );
    let (yen, lines) = (
        Currency::parse("JPY").unwrap(),
        ["10.2 JPY", "20.2 JPY"].map(money),
    );
    assert_eq!(totals("30", "5", "38", "JPY").check(yen, lines), Ok(()));
}

#[test]
fn a_disagreement_is_an_error_with_both_figures() {
    let usd = Currency::parse("USD").unwrap();
    let lines = ["10.00 USD", "20.50 USD"].map(money);
    let error = totals("30.51", "5", "38.51", "USD")
        .check(usd, lines)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the lines add up to 30.50 USD, but the product total is 30.51 USD"
    );
    let error = totals("30.50", "5", "38.49", "USD")
        .check(usd, lines)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the parts add up to 38.50 USD, but the grand total is 38.49 USD"
    );
    let error = totals("30.50", "5", "38.50", "USD")
        .check(usd, ["30.50 EUR"].map(money))
        .unwrap_err();
    assert_eq!(error, AmountsError::Money(MoneyError::Mixed));
    let euros = totals("30.50", "5", "38.50", "EUR")
        .check(usd, lines)
        .unwrap_err();
    assert!(
        matches!(euros, AmountsError::Money(MoneyError::Mixed)),
        "{euros:?}"
    );
}

#[test]
fn changes_are_what_differs_from_what_the_cart_showed_and_nothing_else() {
    let line = |shown: Option<&str>, reservation| PreparedLine {
        id: LineId::parse("line").unwrap(),
        sku: Sku::parse("SKU").unwrap(),
        quantity: Quantity::new(3.into()).unwrap(),
        unit: Unit::parse("EA").unwrap(),
        shown_price: shown.map(money),
        unit_price: money("1.50 USD"),
        line_total: money("4.50 USD"),
        tax: None,
        shipping: None,
        adjustment: None,
        reservation,
        reserved: 3.into(),
    };
    let fields = |line: PreparedLine| -> Vec<String> {
        line.changes()
            .map(|c| format!("{} {:?} {:?}", c.field, c.before, c.after))
            .collect()
    };
    assert_eq!(
        fields(line(Some("1.50 USD"), ReservationStatus::Reserved)),
        [] as [String; 0]
    );
    assert_eq!(
        fields(line(Some("1.00 USD"), ReservationStatus::Backordered)),
        [
            r#"unitPrice Some("1.00 USD") Some("1.50 USD")"#,
            r#"lineTotal Some("3.00 USD") Some("4.50 USD")"#,
            r#"reservation Some("reserved") Some("backordered")"#,
        ]
    );
    assert_eq!(
        fields(line(None, ReservationStatus::Reserved)).len(),
        2,
        "a line without a price has one now"
    );
}
