//! Converts between domain values and messages.

use std::str::FromStr;

use domain::caller::Customer;
use domain::cart::Shipping;
use domain::money::{Currency, Money};
use domain::time::Timestamp;
use wire::erp;

use crate::answer::CallError;

/// An amount in the expected currency; anything else is not trusted.
pub(crate) fn money(money: &wire::value::Money, currency: Currency) -> Option<Money> {
    Money::try_from(money)
        .ok()
        .filter(|money| money.currency() == currency)
}

/// An amount that is required.
pub(crate) fn required(
    amount: Option<&wire::value::Money>,
    currency: Currency,
    missing: &'static str,
) -> Result<Money, CallError> {
    money(amount.ok_or(CallError::Unusable(missing))?, currency)
        .ok_or(CallError::Unusable("amount"))
}

/// An amount that may be missing, but must be valid if it is present.
pub(crate) fn optional(
    amount: Option<&wire::value::Money>,
    currency: Currency,
) -> Result<Option<Money>, CallError> {
    amount
        .map(|amount| money(amount, currency).ok_or(CallError::Unusable("amount")))
        .transpose()
}

/// An answer with another reference than the one asked for is not ours.
pub(crate) fn check_reference(answered: Option<&str>, asked: &str) -> Result<(), CallError> {
    match answered {
        Some(answered) if answered != asked => Err(CallError::Unusable("wrong_reference")),
        Some(_) | None => Ok(()),
    }
}

pub(crate) fn customer(customer: &Customer) -> erp::Customer {
    erp::Customer {
        organization_id: customer.organization.to_string(),
        user_id: customer.user.to_string(),
    }
}

pub(crate) fn shipping(shipping: &Shipping) -> erp::Shipping {
    let address = &shipping.address;
    erp::Shipping {
        address: erp::Address {
            name: address.name.clone(),
            line1: address.line1.clone(),
            line2: address.line2.clone(),
            city: address.city.clone(),
            region: address.region.clone(),
            postal_code: address.postal_code.clone(),
            country: address.country.clone(),
        },
        method: shipping.method.clone(),
        requested_delivery_date: shipping.requested_delivery_date.clone(),
    }
}

/// An instant, or the start of a calendar day in UTC.
pub(crate) fn instant_or_day(text: &str) -> Option<Timestamp> {
    Timestamp::from_str(text)
        .or_else(|_| Timestamp::parse_date(text))
        .ok()
}
