//! Lines to paste: a buyer's way from the catalogue to an order, with things that the data set
//! really has.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use crate::dataset::Dataset;
use crate::stack::Stack;

/// How many items the tour buys.
const LINES: usize = 3;

/// The lines of the tour; empty when the data set has no buyer or nothing to buy.
#[must_use]
pub fn tour(stack: &Stack) -> String {
    match Cast::find(stack.dataset()) {
        Some(cast) => cast.lines(stack.storefront()),
        None => String::new(),
    }
}

/// Who buys what.
struct Cast {
    user: String,
    address: String,
    method: String,
    items: Vec<(String, u64)>,
}

type Row = HashMap<String, String>;

impl Cast {
    fn find(dataset: &Dataset) -> Option<Self> {
        let users = exported(dataset, "users");
        let organizations: HashMap<_, _> = exported(dataset, "organizations")
            .into_iter()
            .map(|row| (field(&row, "organization_id"), field(&row, "currency")))
            .collect();
        let addresses = exported(dataset, "addresses");
        let (user, address) = users.iter().filter(|user| active(user)).find_map(|user| {
            let buys = field(user, "roles").split(';').any(|role| role == "buyer");
            let organization = field(user, "organization_id");
            let mine = |row: &&Row| active(row) && field(row, "organization_id") == organization;
            let shipping = addresses
                .iter()
                .filter(mine)
                .find(|row| field(row, "kind") == "shipping");
            let address = shipping.or_else(|| addresses.iter().find(mine))?;
            buys.then(|| (user, field(address, "address_id")))
        })?;
        let currency = organizations
            .get(&field(user, "organization_id"))
            .cloned()
            .unwrap_or_default();
        let method = read(&dataset.folder().join("erp/shipping.csv"))
            .first()
            .map(|row| field(row, "method"))?;
        let items = items(dataset, &currency);
        (!items.is_empty()).then(|| Self {
            user: field(user, "user_id"),
            address,
            method,
            items,
        })
    }

    fn lines(&self, storefront: &str) -> String {
        let Self {
            user,
            address,
            method,
            items,
        } = self;
        let listed: Vec<_> = items
            .iter()
            .map(|(sku, quantity)| format!(r#"{{"sku":"{sku}","quantity":{quantity}}}"#))
            .collect();
        let listed = listed.join(",");
        let (sku, quantity) = items.first().cloned().unwrap_or_default();
        let more = quantity * 2;
        format!(
            r#"
# A tour to paste. Health, catalogue and a token:
S={storefront}; J='content-type: application/json'
curl -s $S/health; echo
curl -s $S/catalog/categories; echo
curl -s $S/catalog/items/{sku}; echo
TOKEN=$(curl -s $S/local/tokens -d '{{"userId":"{user}"}}' | sed 's/.*"token":"\([^"]*\)".*/\1/'); \
  A="authorization: Bearer $TOKEN"

# Offer prices and availability:
curl -s $S/prices/query -H "$A" -H "$J" -d '{{"items":[{listed}]}}'; echo
curl -s $S/inventory/query -H "$A" -H "$J" -d '{{"items":[{listed}]}}'; echo

# A cart; changing a quantity asks the ERP for live availability:
CART=$(curl -s -X POST $S/carts -H "$A" -H "$J" -d '{{}}' | sed 's/.*"cartId":"\([^"]*\)".*/\1/')
curl -s -X PUT $S/carts/$CART/lines -H "$A" -H "$J" -d '{{"lines":[{listed}]}}'; echo
LINE=$(curl -s $S/carts/$CART -H "$A" | sed 's/"lineId":"/\n/' | sed -n '2s/".*//p')
curl -s -X PATCH $S/carts/$CART/lines/$LINE -H "$A" -H "$J" -d '{{"quantity":{more}}}'; echo
curl -s -X PUT $S/carts/$CART/shipping -H "$A" -H "$J" \
  -d '{{"addressId":"{address}","method":"{method}"}}'; echo

# Preparation reserves, prices live and lets the ERP calculate; the order accepts exactly \
  that total:
PREPARED=$(curl -s -X POST $S/carts/$CART/preparation -H "$A" -H "$J" -d '{{}}'); echo "$PREPARED"
ID=$(echo "$PREPARED" | sed 's/.*"preparationId":"\([^"]*\)".*/\1/'); \
  TOTAL=$(echo "$PREPARED" | sed 's/.*"grand":\({{[^}}]*}}\).*/\1/')
curl -s $S/orders -H "$A" -H "$J" -H "idempotency-key: $CART" -H 'prefer: wait=10' \
  -d "{{\"cartId\":\"$CART\",\"preparationId\":\"$ID\",\"acceptedTotal\":$TOTAL}}"; echo
curl -s $S/orders -H "$A"; echo
"#
        )
        // One command a line when it is printed.
        .replace(" \\\n  ", " ")
    }
}

/// Items that can be bought, with the smallest quantity that they are sold in.
fn items(dataset: &Dataset, currency: &str) -> Vec<(String, u64)> {
    let mut stock: BTreeMap<String, u64> = BTreeMap::new();
    for row in read(&dataset.folder().join("erp/stock.csv")) {
        *stock.entry(field(&row, "sku")).or_default() += whole(&field(&row, "quantity"));
    }
    // A price without an end is one that holds today.
    let priced: BTreeSet<_> = exported(dataset, "list-prices")
        .iter()
        .filter(|row| field(row, "currency") == currency && field(row, "valid_until").is_empty())
        .map(|row| field(row, "sku"))
        .collect();
    let items = exported(dataset, "items");
    let sold = items
        .iter()
        .filter(|row| active(row) && !field(row, "category_ids").is_empty());
    let sold = sold.map(|row| {
        (
            field(row, "sku"),
            whole(&field(row, "quantity_multiple")).max(1),
        )
    });
    sold.filter(|(sku, quantity)| {
        priced.contains(sku) && stock.get(sku).is_some_and(|there| *there > 3 * quantity)
    })
    .take(LINES)
    .collect()
}

fn exported(dataset: &Dataset, kind: &str) -> Vec<Row> {
    dataset
        .files()
        .iter()
        .filter(|file| file.kind == kind)
        .flat_map(|file| read(&file.path))
        .collect()
}

/// The rows of a file; `None` if it is not plain CSV, as then there is just no tour.
fn read(path: &Path) -> Vec<Row> {
    let Ok(mut reader) = csv::Reader::from_path(path) else {
        return vec![];
    };
    reader.deserialize().filter_map(Result::ok).collect()
}

fn field(row: &Row, name: &str) -> String {
    row.get(name).cloned().unwrap_or_default()
}

fn active(row: &Row) -> bool {
    matches!(
        row.get("status").map(String::as_str),
        None | Some("" | "active")
    )
}

/// The whole part of a decimal.
fn whole(text: &str) -> u64 {
    text.split('.')
        .next()
        .unwrap_or_default()
        .parse()
        .unwrap_or_default()
}
