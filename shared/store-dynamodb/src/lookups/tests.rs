mod isolation;

use std::collections::HashSet;

use app::ports::lookups::PriceKey;
use domain::caller::Customer;
use domain::ids::{OrganizationId, Sku, StoreId, Unit, UserId};
use domain::money::Currency;
use domain::quantity::Quantity;

use super::record::price_key;

/// Two keys that differ in any input never share an entry, also when parts hold the separator.
#[test]
fn no_two_price_keys_share_an_entry() {
    let parts = ["a", "b", "a#b", "#", "%23", "%", "b#"];
    let mut keys = HashSet::new();
    let mut made = 0;
    for store in parts {
        for organization in parts {
            for user in parts {
                for (per_user, currency) in
                    [(true, "USD"), (false, "USD"), (true, "EUR"), (false, "EUR")]
                {
                    for sku in parts {
                        for quantity in [None, Some(Quantity::ONE)] {
                            if !per_user && user != "a" {
                                continue;
                            }
                            let key = PriceKey {
                                store: StoreId::parse(store).unwrap(),
                                customer: Customer {
                                    organization: OrganizationId::parse(organization).unwrap(),
                                    user: UserId::parse(user).unwrap(),
                                },
                                per_user,
                                currency: Currency::parse(currency).unwrap(),
                                sku: Sku::parse(sku).unwrap(),
                                unit: Unit::parse("EA").unwrap(),
                                quantity,
                            };
                            assert!(keys.insert(price_key(&key)), "{key:?}");
                            made += 1;
                        }
                    }
                }
            }
        }
    }
    assert_eq!(keys.len(), made);
}
