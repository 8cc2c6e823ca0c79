//! What the simulated ERP holds: stock, reservations, documents, members. Plain data behind one
//! mutex, changed by the functions of `operations`, which take the time as a value.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use rust_decimal::Decimal;
use serde_json::{Value, json};
use wire::erp::{
    CalculationStyle, Capabilities, ListScope, PreparationStyle, PriceScope, ReservationStyle,
    SubmissionGuarantee,
};
use wire::value::{Instant, Number};

use crate::dataset::{Dataset, Item, ONLINE};
use crate::documents::{Documents, Kind};
use crate::mode::Mode;

/// Reserved goods.
#[derive(Debug, Clone)]
pub(crate) struct Reservation {
    pub organization: String,
    pub expires_at: i64,
    /// Line id, SKU and the quantity that could be reserved.
    pub lines: Vec<(String, String, Decimal)>,
}

/// All state of the simulator but calls and faults.
#[derive(Debug)]
pub(crate) struct ErpState {
    pub dataset: Arc<Dataset>,
    /// Items that the control routes changed or made; they hide those of the dataset.
    pub changed: HashMap<String, Item>,
    /// Locations without limit, per SKU.
    pub unlimited: HashMap<String, String>,
    /// Factors that the control route set, per SKU.
    pub factors: HashMap<String, Decimal>,
    pub reservations: BTreeMap<String, Reservation>,
    pub orders: Documents,
    pub quotes: Documents,
    /// Organizations and users that were handed over, by id.
    pub organizations: BTreeMap<String, Value>,
    pub users: BTreeMap<String, Value>,
    pub capabilities: Capabilities,
    pub mode: Mode,
}

impl ErpState {
    /// The state of an ERP that has the dataset and has sold nothing.
    pub fn new(dataset: Arc<Dataset>, mode: Mode) -> Self {
        Self {
            dataset,
            changed: HashMap::new(),
            unlimited: HashMap::new(),
            factors: HashMap::new(),
            reservations: BTreeMap::new(),
            orders: Documents::new(Kind::Order),
            quotes: Documents::new(Kind::Quote),
            organizations: BTreeMap::new(),
            users: BTreeMap::new(),
            capabilities: default_capabilities(),
            mode,
        }
    }

    /// The item as it is now.
    pub fn item(&self, sku: &str) -> Option<&Item> {
        self.changed
            .get(sku)
            .or_else(|| self.dataset.items.get(sku))
    }

    /// The item, to be changed; made when it does not exist.
    pub fn item_mut(&mut self, sku: &str) -> &mut Item {
        let dataset = &self.dataset;
        self.changed.entry(sku.to_owned()).or_insert_with(|| {
            dataset
                .items
                .get(sku)
                .cloned()
                .unwrap_or_else(|| Item::bare("EA"))
        })
    }

    /// The documents of a kind.
    pub fn documents(&mut self, kind: Kind) -> &mut Documents {
        match kind {
            Kind::Order => &mut self.orders,
            Kind::Quote => &mut self.quotes,
        }
    }

    /// All documents of a kind, each with its reference.
    pub fn shown_documents(&mut self, now: i64, kind: Kind) -> Vec<Value> {
        let mode = self.mode;
        let documents = self.documents(kind);
        documents.age(mode, now);
        documents
            .all()
            .iter()
            .map(|stored| json!(stored.document))
            .collect()
    }

    /// All open reservations, each with its reference.
    pub fn shown_reservations(&mut self, now: i64) -> Vec<Value> {
        self.expire(now);
        let shown = self.reservations.iter().map(|(reference, reservation)| {
            let lines = reservation.lines.iter().map(|(line_id, sku, quantity)| {
                json!({
                    "lineId": line_id, "sku": sku, "quantity": Number(*quantity),
                })
            });
            json!({
                "reference": reference,
                "organizationId": reservation.organization,
                "expiresAt": Instant(reservation.expires_at),
                "lines": lines.collect::<Vec<_>>(),
            })
        });
        shown.collect()
    }

    /// Drops what has expired. Called before anything that counts reservations.
    pub fn expire(&mut self, now: i64) {
        self.reservations
            .retain(|_, reservation| reservation.expires_at > now);
    }

    /// What is left of an item per location, in the order of the locations; `None` is unlimited.
    /// Reservations come off the first locations first, whatever location they were meant for.
    pub fn left(&self, sku: &str) -> Vec<(String, Option<Decimal>)> {
        let Some(item) = self.item(sku) else {
            return Vec::new();
        };
        let reserved = self
            .reservations
            .values()
            .flat_map(|reservation| &reservation.lines);
        let reserved = reserved
            .filter(|(_, reserved, _)| reserved == sku)
            .map(|(_, _, quantity)| *quantity);
        let mut taken = reserved.fold(Decimal::ZERO, Decimal::saturating_add);
        let mut left = Vec::new();
        for (location, on_hand) in &item.stock {
            let off = taken.min((*on_hand).max(Decimal::ZERO));
            taken = taken.saturating_sub(off);
            left.push((location.clone(), Some(on_hand.saturating_sub(off))));
        }
        if let Some(location) = self.unlimited.get(sku) {
            left.retain(|(other, _)| other != location);
            left.push((location.clone(), None));
        }
        left
    }

    /// What is left of an item in all; `None` is unlimited.
    pub fn left_in_all(&self, sku: &str) -> Option<Decimal> {
        self.left(sku)
            .into_iter()
            .try_fold(Decimal::ZERO, |sum, (_, left)| {
                Some(sum.saturating_add(left?))
            })
    }

    /// Takes sold goods off the shelves, the first locations first; what they lack is delivered
    /// later.
    pub fn sell(&mut self, sku: &str, quantity: Decimal) {
        let mut open = quantity;
        for on_hand in self.item_mut(sku).stock.values_mut() {
            let off = open.min((*on_hand).max(Decimal::ZERO));
            open = open.saturating_sub(off);
            *on_hand = on_hand.saturating_sub(off);
        }
    }

    /// Sets the stock on hand: of one location, or of the whole item for `online`. `None` is
    /// unlimited.
    pub fn set_stock(&mut self, sku: &str, location: &str, quantity: Option<Decimal>) {
        let item = self.item_mut(sku);
        if location == ONLINE {
            item.stock.clear();
        }
        match quantity {
            Some(quantity) => {
                item.stock.insert(location.to_owned(), quantity);
                if location == ONLINE
                    || self
                        .unlimited
                        .get(sku)
                        .is_some_and(|unlimited| unlimited == location)
                {
                    self.unlimited.remove(sku);
                }
            }
            None => {
                self.unlimited.insert(sku.to_owned(), location.to_owned());
            }
        }
    }
}

/// What this ERP declares until the control route says otherwise.
pub(crate) fn default_capabilities() -> Capabilities {
    Capabilities {
        submission: SubmissionGuarantee::IdempotencyKey,
        price_scope: PriceScope::Organization,
        preparation: PreparationStyle::Separate,
        reservation: ReservationStyle::Hard,
        calculation: CalculationStyle::Stateless,
        quantity_breaks: true,
        max_items_per_call: 100,
        max_lines: 500,
        max_concurrency: 10,
        list_by: vec![ListScope::Organization, ListScope::User],
        quantity_decimals: 5,
        time_zone: "UTC".to_owned(),
        version: "erp-sim/1".to_owned(),
    }
}
