//! Customer prices are confidential: two questions whose answers may differ never share an entry.
//! Checked over random pairs of callers and inputs, and the check itself is checked: each fault
//! planted in the key is found.

use app::ports::lookups::{AvailabilityKey, LookupKey, PriceKey};
use domain::caller::Customer;
use domain::ids::{LocationId, OrganizationId, Sku, StoreId, Unit, UserId};
use domain::money::Currency;
use domain::quantity::Quantity;
use rust_decimal::Decimal;

use super::super::record;
use crate::key::joined;

const PAIRS: usize = 200_000;
/// Enough to find a planted fault.
const FEW_PAIRS: usize = 20_000;

/// Random numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % bound
    }

    fn letter(&mut self) -> &'static str {
        const LETTERS: [&str; 8] = ["a", "b", "#", "%", "%23", "%25", "1", "price"];
        LETTERS[self.below(LETTERS.len())]
    }

    /// Short texts of few letters, so that many are alike, with the separator and its escapes among
    /// them.
    fn text(&mut self) -> String {
        (0..=self.below(3)).map(|_| self.letter()).collect()
    }

    fn quantity(&mut self) -> Quantity {
        Quantity::new(Decimal::new(
            1 + self.below(20) as i64,
            self.below(3) as u32,
        ))
        .unwrap()
    }

    fn price(&mut self) -> PriceKey {
        PriceKey {
            store: StoreId::parse(&self.text()).unwrap(),
            customer: Customer {
                organization: OrganizationId::parse(&self.text()).unwrap(),
                user: UserId::parse(&self.text()).unwrap(),
            },
            per_user: self.below(2) == 0,
            currency: Currency::parse(["USD", "EUR", "JPY"][self.below(3)]).unwrap(),
            sku: Sku::parse(&self.text()).unwrap(),
            unit: Unit::parse(&self.text()).unwrap(),
            quantity: (self.below(3) > 0).then(|| self.quantity()),
        }
    }

    fn availability(&mut self) -> AvailabilityKey {
        AvailabilityKey {
            store: StoreId::parse(&self.text()).unwrap(),
            sku: Sku::parse(&self.text()).unwrap(),
            location: (self.below(3) > 0).then(|| LocationId::parse(&self.text()).unwrap()),
        }
    }

    /// A key, and one that differs from it in one input; or one that has nothing to do with it.
    fn pair(&mut self) -> (LookupKey, LookupKey) {
        let (one, fresh) = (self.price(), self.price());
        let mut other = one.clone();
        match self.below(11) {
            0 => other.store = fresh.store,
            1 => other.customer.organization = fresh.customer.organization,
            2 => other.customer.user = fresh.customer.user,
            3 => other.per_user = !one.per_user,
            4 => other.currency = fresh.currency,
            5 => other.sku = fresh.sku,
            6 => other.unit = fresh.unit,
            7 => other.quantity = fresh.quantity,
            8 => other = fresh,
            // The same letters in the same order, but another part holds the middle ones.
            9 => {
                let (x, y, z, glue) = (
                    self.letter(),
                    self.letter(),
                    self.letter(),
                    ["", "#"][self.below(2)],
                );
                let mut one = one;
                one.sku = Sku::parse(&format!("{x}{glue}{y}")).unwrap();
                one.unit = Unit::parse(z).unwrap();
                other.sku = Sku::parse(x).unwrap();
                other.unit = Unit::parse(&format!("{y}{glue}{z}")).unwrap();
                return (LookupKey::Price(one), LookupKey::Price(other));
            }
            _ => {
                let (one, fresh) = (self.availability(), self.availability());
                let mut other = one.clone();
                match self.below(4) {
                    0 => other.store = fresh.store,
                    1 => other.sku = fresh.sku,
                    2 => other.location = fresh.location,
                    _ => return (LookupKey::Availability(one), LookupKey::Price(self.price())),
                }
                return (LookupKey::Availability(one), LookupKey::Availability(other));
            }
        }
        (LookupKey::Price(one), LookupKey::Price(other))
    }
}

/// The inputs that an answer depends on: all, but for the user where a price is the organization's.
fn inputs(key: &LookupKey) -> LookupKey {
    let mut inputs = key.clone();
    if let LookupKey::Price(price) = &mut inputs
        && !price.per_user
    {
        price.customer.user = UserId::parse("anybody").unwrap();
    }
    inputs
}

/// The pairs that a key function gets wrong: an entry shared although an input differs, or not
/// shared although none does.
fn faults(pairs: usize, key: impl Fn(&LookupKey) -> String) -> (usize, usize) {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let (mut leaks, mut splits) = (0, 0);
    for _ in 0..pairs {
        let (one, other) = dice.pair();
        let same = inputs(&one) == inputs(&other);
        match (same, key(&one) == key(&other)) {
            (false, true) => leaks += 1,
            (true, false) => splits += 1,
            _ => {}
        }
    }
    (leaks, splits)
}

#[test]
fn no_two_questions_with_different_inputs_share_an_entry() {
    assert_eq!(faults(PAIRS, record::key), (0, 0));
}

/// The key as it is, but with one input changed before.
fn with(change: impl Fn(&mut PriceKey)) -> impl Fn(&LookupKey) -> String {
    move |key| {
        let mut key = key.clone();
        if let LookupKey::Price(price) = &mut key {
            change(price);
        }
        record::key(&key)
    }
}

#[test]
fn each_fault_planted_in_the_key_is_found() {
    let leaks = |key: &dyn Fn(&LookupKey) -> String| faults(FEW_PAIRS, key).0;
    assert!(
        leaks(&with(|key| key.store = StoreId::parse("s").unwrap())) > 0,
        "no store"
    );
    assert!(
        leaks(&with(
            |key| key.customer.organization = OrganizationId::parse("o").unwrap()
        )) > 0,
        "no organization"
    );
    assert!(
        leaks(&with(|key| key.customer.user = UserId::parse("u").unwrap())) > 0,
        "no user"
    );
    assert!(
        leaks(&with(|key| key.per_user = false)) > 0,
        "never per user"
    );
    assert!(
        leaks(&with(|key| key.currency = Currency::parse("USD").unwrap())) > 0,
        "no currency"
    );
    assert!(
        leaks(&with(|key| key.sku = Sku::parse("s").unwrap())) > 0,
        "no sku"
    );
    assert!(
        leaks(&with(|key| key.unit = Unit::parse("u").unwrap())) > 0,
        "no unit"
    );
    assert!(leaks(&with(|key| key.quantity = None)) > 0, "no quantity");
    assert!(
        leaks(&|key| record::key(key).replace("%23", "#").replace("%25", "%")) > 0,
        "no escapes"
    );
    assert!(
        leaks(&|key| record::key(key).to_lowercase().replace('#', "")) > 0,
        "no separators"
    );
    let no_location = |key: &LookupKey| match key {
        LookupKey::Availability(key) => {
            joined(&["availability", key.store.as_str(), key.sku.as_str(), ""])
        }
        LookupKey::Price(_) => record::key(key),
    };
    assert!(leaks(&no_location) > 0, "no location");
    // And one that is too careful: organizations pay for calls that their colleagues made already.
    assert!(
        faults(FEW_PAIRS, with(|key| key.per_user = true)).1 > 0,
        "always per user"
    );
}
