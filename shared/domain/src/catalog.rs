//! The catalog: categories, items, their texts, their list prices.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::ids::{CategoryId, Language, ProductId, Sku, Unit};
use crate::money::Money;
use crate::quantity::{Quantity, QuantityError};
use crate::time::Timestamp;

/// A group of items; a forest by `parent`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    /// Its identifier.
    pub id: CategoryId,
    /// The name shown.
    pub name: String,
    /// The parent group; `None` for a top group.
    pub parent: Option<CategoryId>,
    /// Position among its siblings.
    pub sequence: i64,
}

/// Whether an item can be bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemStatus {
    /// It can.
    Active,
    /// It is shown, but no longer sold.
    Inactive,
}

impl ItemStatus {
    /// The status by its name in files, records and messages.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "active" => Self::Active,
            "inactive" => Self::Inactive,
            _ => return None,
        })
    }

    /// The name in files, records and messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
        }
    }
}

/// What is priced, stocked and ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its identifier.
    pub sku: Sku,
    /// The family that it belongs to.
    pub product_id: Option<ProductId>,
    /// The name in the catalog's own language.
    pub name: String,
    /// The description in the catalog's own language.
    pub description: Option<String>,
    /// The groups that it belongs to.
    pub category_ids: Vec<CategoryId>,
    /// The unit that quantities are counted in.
    pub unit: Unit,
    /// How many units one piece of a quantity without a unit means.
    pub nominal_quantity: Quantity,
    /// Quantities are rounded up to a whole number of it.
    pub quantity_multiple: Quantity,
    /// Whether it can be bought.
    pub status: ItemStatus,
    /// Descriptive attributes by name.
    pub attributes: BTreeMap<String, String>,
}

impl Item {
    /// The quantity that `entered` counts: times the nominal quantity when no unit was given.
    /// Source: <https://help.hcl-software.com/commerce/9.1.0/developer/concepts/cosquant.html>.
    ///
    /// # Errors
    /// [`QuantityError`] when the result leaves the range of quantities.
    pub fn counted_quantity(
        &self,
        entered: Quantity,
        unit_given: bool,
    ) -> Result<Quantity, QuantityError> {
        if unit_given {
            return Ok(entered);
        }
        let product = entered.value().checked_mul(self.nominal_quantity.value());
        Quantity::new(product.ok_or(QuantityError::TooLarge)?)
    }

    /// The quantity that is ordered, priced and checked when a buyer enters `entered`: counted,
    /// then rounded up to the multiple. Source:
    /// <https://help.hcl-software.com/commerce/9.1.0/developer/concepts/cosquant.html>.
    ///
    /// # Errors
    /// [`QuantityError`] when the result leaves the range of quantities.
    pub fn ordered_quantity(
        &self,
        entered: Quantity,
        unit_given: bool,
    ) -> Result<Quantity, QuantityError> {
        self.counted_quantity(entered, unit_given)?
            .rounded_up_to(self.quantity_multiple)
    }
}

/// An item's texts in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemText {
    /// The item.
    pub sku: Sku,
    /// The language.
    pub language: Language,
    /// The name, where it is translated.
    pub name: Option<String>,
    /// The description, where it is translated.
    pub description: Option<String>,
}

/// A list price: what the ERP publishes to everyone, for display next to the offer price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPrice {
    /// The item.
    pub sku: Sku,
    /// The price of one unit.
    pub price: Money,
    /// The unit.
    pub unit: Unit,
    /// From when on; `None` = always.
    pub valid_from: Option<Timestamp>,
    /// Until just before this instant; `None` = forever.
    pub valid_until: Option<Timestamp>,
}

impl ListPrice {
    /// Whether the price is valid at `now`.
    #[must_use]
    pub fn valid_at(&self, now: Timestamp) -> bool {
        self.valid_from.is_none_or(|from| from <= now)
            && self.valid_until.is_none_or(|until| now < until)
    }
}

/// `root` and every category below it, parents before children, siblings by sequence. Empty if
/// `root` does not exist. A cycle among the parents is visited once.
#[must_use]
pub fn with_descendants(categories: &[Category], root: &CategoryId) -> Vec<CategoryId> {
    if !categories.iter().any(|c| c.id == *root) {
        return Vec::new();
    }
    let mut children: HashMap<&CategoryId, Vec<&Category>> = HashMap::new();
    for category in categories {
        if let Some(parent) = &category.parent {
            children.entry(parent).or_default().push(category);
        }
    }
    for siblings in children.values_mut() {
        siblings.sort_by(|a, b| (a.sequence, &a.id).cmp(&(b.sequence, &b.id)));
    }
    let mut seen = HashSet::from([root]);
    let mut order = vec![root];
    let mut next = 0;
    while let Some(parent) = order.get(next).copied() {
        for child in children.get(parent).into_iter().flatten() {
            if seen.insert(&child.id) {
                order.push(&child.id);
            }
        }
        next += 1;
    }
    order.into_iter().cloned().collect()
}
