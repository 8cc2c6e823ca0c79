//! Everything that a buyer commits to, as one canonical text to make a digest of.

use std::fmt::{Display, Write};

use rust_decimal::Decimal;

use crate::cart::{Cart, CartLine, Shipping};
use crate::member::PostalAddress;
use crate::money::Money;
use crate::preparation::{Preparation, PreparedLine, Totals};

/// Returns the prepared figures of a cart and what they were prepared for. Two texts are equal if,
/// and only if, each of these values is equal. The text leaves out what a preparation does not
/// settle: freshness, availability, messages and times of writing.
#[must_use]
pub fn canonical_text(cart: &Cart, preparation: &Preparation) -> String {
    let mut text = CanonicalText::default();
    text.cart(cart);
    text.preparation(preparation);
    text.0
}

#[derive(Default)]
struct CanonicalText(String);

/// Each structure is destructured by name, so that the compiler finds a field that is missing here.
impl CanonicalText {
    /// Writes the length before each value, so that two values cannot be read as two others.
    fn put(&mut self, value: impl Display) {
        let value = value.to_string();
        // Writing to a string cannot fail.
        let _ = write!(self.0, "{}:{value};", value.len());
    }

    fn some(&mut self, value: Option<impl Display>) {
        match value {
            Some(value) => self.put(value),
            None => self.0.push_str("-;"),
        }
    }

    fn decimal(&mut self, value: Decimal) {
        self.put(value.normalize());
    }

    fn amounts(&mut self, amounts: impl IntoIterator<Item = Option<Money>>) {
        amounts.into_iter().for_each(|amount| self.some(amount));
    }

    fn cart(&mut self, cart: &Cart) {
        let Cart {
            id,
            version: _,
            status: _,
            organization,
            user,
            currency,
            lines,
            shipping,
            preparation: _,
            created_at: _,
            updated_at: _,
        } = cart;
        self.put(id);
        self.put(organization);
        self.put(user);
        self.put(currency);
        self.put(lines.len());
        lines.iter().for_each(|line| self.line(line));
        match shipping {
            Some(shipping) => self.shipping(shipping),
            None => self.some(None::<&str>),
        }
    }

    fn line(&mut self, line: &CartLine) {
        let CartLine {
            id,
            sku,
            name,
            quantity,
            rounded_from: _,
            unit,
            quantity_multiple: _,
            unit_price,
            price_freshness: _,
            availability: _,
        } = line;
        self.put(id);
        self.put(sku);
        self.put(name);
        self.decimal(quantity.value());
        self.put(unit);
        self.some(*unit_price);
    }

    fn shipping(&mut self, shipping: &Shipping) {
        let Shipping {
            address_id,
            address,
            method,
            requested_delivery_date,
        } = shipping;
        let PostalAddress {
            name,
            line1,
            line2,
            city,
            region,
            postal_code,
            country,
        } = address;
        self.some(address_id.as_ref());
        self.put(name);
        self.put(line1);
        self.some(line2.as_ref());
        self.put(city);
        self.some(region.as_ref());
        self.put(postal_code);
        self.put(country);
        self.put(method);
        self.some(requested_delivery_date.as_ref());
    }

    fn preparation(&mut self, preparation: &Preparation) {
        let Preparation {
            id,
            cart_version,
            reservation,
            expires_at,
            lines,
            totals,
            content_digest: _,
        } = preparation;
        self.put(id);
        self.put(cart_version);
        self.put(reservation);
        self.put(expires_at);
        self.put(lines.len());
        lines.iter().for_each(|line| self.prepared(line));
        let Totals {
            product,
            adjustment,
            shipping,
            tax,
            shipping_tax,
            grand,
        } = totals;
        self.amounts(
            [product, adjustment, shipping, tax, shipping_tax, grand].map(|amount| Some(*amount)),
        );
    }

    fn prepared(&mut self, line: &PreparedLine) {
        let PreparedLine {
            id,
            sku,
            quantity,
            unit,
            shown_price: _,
            unit_price,
            line_total,
            tax,
            shipping,
            adjustment,
            reservation,
            reserved,
        } = line;
        self.put(id);
        self.put(sku);
        self.decimal(quantity.value());
        self.put(unit);
        self.amounts([
            Some(*unit_price),
            Some(*line_total),
            *tax,
            *shipping,
            *adjustment,
        ]);
        self.put(reservation.as_str());
        self.decimal(*reserved);
    }
}
