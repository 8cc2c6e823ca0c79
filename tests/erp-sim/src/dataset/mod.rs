//! What the simulated ERP knows when it starts: the export files that this side loads too, and its
//! own `erp/*.csv`.

mod read;
mod table;

use std::collections::BTreeMap;

use rust_decimal::Decimal;

pub use table::DatasetError;

/// The location name that stands for the online store's total.
pub const ONLINE: &str = "online";

/// Everything read from a data folder. An empty one (`Default`) knows nothing and can be filled
/// through the control routes.
#[derive(Debug, Clone, Default)]
pub struct Dataset {
    /// Items by SKU.
    pub(crate) items: BTreeMap<String, Item>,
    /// Organizations in the order of the file.
    pub(crate) organizations: Vec<Organization>,
    /// Tax rates by country and region; an empty region stands for the whole country.
    pub(crate) taxes: BTreeMap<(String, String), Tax>,
    /// Shipping methods in the order of the file.
    pub(crate) shipping: Vec<ShippingMethod>,
}

impl Dataset {
    /// How many items it knows.
    #[must_use]
    pub fn item_count(&self) -> usize {
        self.items.len()
    }

    /// The names of the shipping methods, in the order of the file.
    pub fn shipping_methods(&self) -> impl Iterator<Item = &str> {
        self.shipping.iter().map(|method| method.name.as_str())
    }
}

/// An item with its prices, offers and stock.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    /// The unit of its price and stock.
    pub unit: String,
    /// Whether it is sold.
    pub active: bool,
    /// Of one unit, in the unit that the shipping methods charge by; 1 where the file has none.
    pub weight: Decimal,
    /// In the order of the file.
    pub prices: Vec<ListPrice>,
    /// In the order of the file.
    pub offers: Vec<Offer>,
    /// On hand per location.
    pub stock: BTreeMap<String, Decimal>,
}

impl Item {
    /// An item of which nothing is known but that it exists.
    pub fn bare(unit: &str) -> Self {
        Self {
            unit: unit.to_owned(),
            active: true,
            weight: Decimal::ONE,
            prices: Vec::new(),
            offers: Vec::new(),
            stock: BTreeMap::new(),
        }
    }

    /// The list price of one unit that is valid at `now`; the later start wins where two overlap.
    pub fn list_price(&self, currency: &str, now: i64) -> Option<Decimal> {
        let valid = self
            .prices
            .iter()
            .filter(|price| price.currency == currency && price.validity.holds(now));
        valid
            .max_by_key(|price| price.validity.from)
            .map(|price| price.amount)
    }
}

/// From one instant (inclusive) to another (exclusive), in milliseconds; open where absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Validity {
    pub from: Option<i64>,
    pub until: Option<i64>,
}

impl Validity {
    /// Whether `now` lies in it.
    pub fn holds(self, now: i64) -> bool {
        self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until)
    }
}

/// A list price of one unit.
#[derive(Debug, Clone)]
pub(crate) struct ListPrice {
    pub currency: String,
    pub amount: Decimal,
    pub validity: Validity,
}

/// A discount for a range of quantities.
#[derive(Debug, Clone)]
pub(crate) struct Offer {
    pub min: Decimal,
    /// The last whole quantity; up to the next whole one, so that 14.5 falls into "11 to 14".
    pub max: Option<Decimal>,
    /// A fraction: 0.15 takes 15 % off.
    pub discount: Decimal,
    pub validity: Validity,
}

impl Offer {
    /// Whether the offer holds for `quantity` at `now`.
    pub fn covers(&self, quantity: Decimal, now: i64) -> bool {
        self.validity.holds(now)
            && self.min <= quantity
            && self.max.is_none_or(|max| quantity.floor() <= max)
    }
}

/// A customer, for the orders of other channels.
#[derive(Debug, Clone)]
pub(crate) struct Organization {
    pub id: String,
    pub currency: String,
    /// The first user of the organization, if the users file names one.
    pub user: Option<String>,
}

/// A tax.
#[derive(Debug, Clone)]
pub(crate) struct Tax {
    pub percent: Decimal,
    pub name: String,
}

/// A shipping method: a charge for the document and one by weight.
#[derive(Debug, Clone)]
pub(crate) struct ShippingMethod {
    pub name: String,
    pub base: Decimal,
    pub per_weight: Decimal,
}
