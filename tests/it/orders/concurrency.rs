//! Many at once: edits of one cart, captures of one cart, buyers of the last piece.

use std::collections::BTreeMap;

use futures::future::join_all;
use serde_json::{Value, json};

use crate::app::{ADA, Answer, FINN, TestApp};

/// Items with the multiple that each is sold in; the first five are in the cart from the beginning.
const ITEMS: [(&str, u64); 10] = [
    ("GLS-CLR", 1),
    ("GLV-NIT-S", 12),
    ("TAP-5", 1),
    ("LVL-60", 1),
    ("CAL-150", 1),
    ("TAP-8", 1),
    ("LVL-120", 1),
    ("GLS-TNT", 1),
    ("DRV-PH2", 1),
    ("DRV-TX20", 1),
];
const METHODS: [&str; 3] = ["STANDARD", "EXPRESS", "PICKUP"];

/// One edit. Lines are named as they are at the beginning.
#[derive(Debug, Clone)]
enum Edit {
    Add(&'static str, u64),
    Change(String, u64),
    Remove(String),
    Replace(Vec<(&'static str, u64)>),
    Ship(&'static str),
}

/// What a cart should be: its lines in order, each with its id, and how it is shipped.
#[derive(Debug, Clone, Default, PartialEq)]
struct Model {
    lines: Vec<(Option<String>, String, u64)>,
    method: Option<String>,
}

fn rounded(sku: &str, quantity: u64) -> u64 {
    let multiple = ITEMS.iter().find(|(name, _)| *name == sku).unwrap().1;
    quantity.div_ceil(multiple) * multiple
}

impl Model {
    /// Applies an edit; false when it is refused because its line is not there.
    fn apply(&mut self, edit: &Edit) -> bool {
        let named = |id: &String| {
            self.lines
                .iter()
                .position(|(line, ..)| line.as_ref() == Some(id))
        };
        match edit {
            Edit::Add(sku, quantity) => self.add(sku, *quantity),
            Edit::Change(id, quantity) => match named(id) {
                Some(at) => self.lines[at].2 = rounded(&self.lines[at].1, *quantity),
                None => return false,
            },
            Edit::Remove(id) => match named(id) {
                Some(at) => drop(self.lines.remove(at)),
                None => return false,
            },
            Edit::Replace(lines) => {
                self.lines.clear();
                lines
                    .iter()
                    .for_each(|(sku, quantity)| self.add(sku, *quantity));
            }
            Edit::Ship(method) => self.method = Some((*method).to_owned()),
        }
        true
    }

    fn add(&mut self, sku: &str, quantity: u64) {
        let quantity = rounded(sku, quantity);
        match self.lines.iter_mut().find(|(_, name, _)| name == sku) {
            Some(line) => line.2 += quantity,
            None => self.lines.push((None, sku.to_owned(), quantity)),
        }
    }

    /// What a cart shows, without the ids.
    fn shown(&self) -> (Vec<(String, u64)>, Option<String>) {
        (
            self.lines
                .iter()
                .map(|(_, sku, quantity)| (sku.clone(), *quantity))
                .collect(),
            self.method.clone(),
        )
    }
}

fn lines(cart: &Answer) -> Vec<(String, u64)> {
    let line = |line: &Value| {
        (
            line["sku"].as_str().unwrap().to_owned(),
            line["quantity"].as_u64().unwrap(),
        )
    };
    cart.list("lines").iter().map(line).collect()
}

/// A random number generator with a seed (splitmix64), so that a run can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % bound as u64).unwrap()
    }

    /// The `number`th edit of two hundred. Lines go late, or else most edits would be of lines that
    /// are gone.
    fn edit(&mut self, number: usize, lines: &[String]) -> Edit {
        let quantity = 1 + self.below(30) as u64;
        let line = lines[self.below(lines.len())].clone();
        let sku = ITEMS[self.below(ITEMS.len())].0;
        match self.below(100) {
            0..35 => Edit::Add(sku, quantity),
            35..75 => Edit::Change(line, quantity),
            75..85 if number >= 120 => Edit::Remove(line),
            85..95 if number >= 170 => {
                Edit::Replace(vec![(sku, quantity), ("CAL-150", 2), (sku, 1)])
            }
            _ => Edit::Ship(METHODS[self.below(METHODS.len())]),
        }
    }
}

async fn send(app: &TestApp, cart: &str, edit: &Edit) -> Answer {
    let lines = format!("/carts/{cart}/lines");
    match edit {
        Edit::Add(sku, quantity) => {
            app.post(ADA, &lines, json!({"sku": sku, "quantity": quantity}))
                .await
        }
        Edit::Change(line, quantity) => {
            app.patch(
                ADA,
                &format!("{lines}/{line}"),
                json!({"quantity": quantity}),
            )
            .await
        }
        Edit::Remove(line) => app.delete(ADA, &format!("{lines}/{line}")).await,
        Edit::Replace(new) => {
            let new: Vec<_> = new
                .iter()
                .map(|(sku, quantity)| json!({"sku": sku, "quantity": quantity}))
                .collect();
            app.put(ADA, &lines, json!({"lines": new})).await
        }
        Edit::Ship(method) => {
            let shipping = json!({"addressId": "A-102", "method": method});
            app.put(ADA, &format!("/carts/{cart}/shipping"), shipping)
                .await
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_edits_at_once_end_as_if_made_one_after_the_other() {
    let app = TestApp::start().await;
    let first: Vec<_> = ITEMS.iter().take(5).map(|(sku, _)| (*sku, 1)).collect();
    let cart = app.cart(ADA, &first).await;
    let (id, begun) = (cart.text_of("cartId"), cart["version"].as_u64().unwrap());
    let names: Vec<String> = cart
        .list("lines")
        .iter()
        .map(|line| line["lineId"].as_str().unwrap().to_owned())
        .collect();
    let mut model = Model {
        lines: Vec::new(),
        method: None,
    };
    for (name, (sku, quantity)) in names.iter().zip(lines(&cart)) {
        model.lines.push((Some(name.clone()), sku, quantity));
    }
    let mut random = Random(20_260_401);
    let edits: Vec<Edit> = (0..200).map(|number| random.edit(number, &names)).collect();
    let answers = join_all(edits.iter().map(|edit| send(&app, &id, edit))).await;

    let mut made = BTreeMap::new();
    let mut refused = BTreeMap::new();
    for (edit, answer) in edits.iter().zip(&answers) {
        if answer.status == 200 {
            let version = answer["version"].as_u64().unwrap();
            assert!(
                made.insert(version, (edit, answer)).is_none(),
                "two edits made version {version}"
            );
        } else {
            let code = answer["code"].as_str().unwrap_or_default().to_owned();
            // The line was taken out before, or too many others were faster until the request's
            // time was over.
            let gone = answer.status == 404 && matches!(edit, Edit::Change(..) | Edit::Remove(_));
            assert!(
                gone || code == "concurrent_change",
                "{edit:?}: {}",
                answer.text
            );
            *refused.entry(code).or_insert(0) += 1;
        }
    }
    println!("{} edits made, refused: {refused:?}", made.len());
    assert!(made.len() >= 100, "{refused:?}");
    let versions: Vec<u64> = made.keys().copied().collect();
    let expected: Vec<u64> = (begun + 1..=begun + made.len() as u64).collect();
    assert_eq!(versions, expected, "what was refused wrote nothing");
    for (version, (edit, answer)) in &made {
        assert!(
            model.apply(edit),
            "version {version}: {edit:?} is of a line that is gone"
        );
        let method = answer["shipping"]["method"].as_str().map(str::to_owned);
        assert_eq!(
            (lines(answer), method),
            model.shown(),
            "version {version}: {edit:?}"
        );
    }
    let end = app.get(ADA, &format!("/carts/{id}")).await.expect(200);
    assert_eq!(
        (lines(&end), end["version"].as_u64()),
        (model.shown().0, expected.last().copied())
    );
    app.finish().await;
}

#[tokio::test]
async fn two_captures_of_one_cart_at_once_make_one_order() {
    let app = TestApp::start().await;
    for round in 0..4 {
        let prepared = app.prepared(ADA, &[("BLT-HEX-M8", 20)]).await;
        let order = prepared.order();
        let keys = [format!("one-{round}"), format!("two-{round}")];
        let (one, two) = futures::join!(
            app.place(ADA, &keys[0], 10, &order),
            app.place(ADA, &keys[1], 10, &order)
        );
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409], "{} {}", one.text, two.text);
        assert_eq!(app.orders_of(&prepared.cart_id).len(), 1);
    }
    app.finish().await;
}

#[tokio::test]
async fn a_preparation_and_a_capture_at_once_leave_the_order_its_goods_or_none() {
    let app = TestApp::start().await;
    for round in 0..6 {
        let prepared = app.prepared(ADA, &[("BLT-HEX-M8", 20)]).await;
        // The worker is held up, so that what the ERP holds for the order can be seen.
        app.fault(
            json!({"operation": "submit-order", "kind": "status", "status": 429, "times": 1}),
        );
        let order = prepared.order();
        let key = format!("key-{round}");
        let (again, placed) = futures::join!(
            app.prepare(ADA, &prepared.cart_id),
            app.place(ADA, &key, 0, &order)
        );
        match placed.status {
            202 => assert_eq!(
                again.status, 409,
                "the cart became an order: {}",
                again.text
            ),
            409 => assert_eq!(again.status, 200, "{} {}", placed.text, again.text),
            other => panic!("{other}: {}", placed.text),
        }
        if placed.status == 202 {
            app.until_state(ADA, &prepared.cart_id, &["waiting"]).await;
            assert_eq!(
                app.reservations_of(&prepared.cart_id).len(),
                1,
                "its goods are still reserved"
            );
            app.until_state(ADA, &prepared.cart_id, &["confirmed"])
                .await;
        } else {
            app.simulator().disarm();
            app.delete(ADA, &format!("/carts/{}", prepared.cart_id))
                .await
                .expect(204);
        }
        assert!(app.reservations_of(&prepared.cart_id).is_empty());
    }
    app.finish().await;
}

/// How many of an item are reserved in all.
fn reserved(app: &TestApp, sku: &str) -> u64 {
    let reservations = app.simulator().reservations();
    let lines = reservations
        .iter()
        .flat_map(|held| held["lines"].as_array().unwrap());
    lines
        .filter(|line| line["sku"] == sku)
        .map(|line| line["quantity"].as_u64().unwrap())
        .sum()
}

#[tokio::test]
async fn of_two_buyers_of_the_last_piece_one_gets_it() {
    const LAST: &str = "DRV-SET-6";
    let app = TestApp::start().await;
    let careful = app
        .instance("submit", &[("BACKORDER", "refuse")], None)
        .await;
    let mine = app.cart_to_ship(ADA, &[(LAST, 1)]).await;
    let theirs = app.cart_to_ship(FINN, &[(LAST, 1)]).await;
    let status = |prepared: &Answer| {
        prepared.list("lines")[0]["reservation"]["status"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    for round in 0..5 {
        let (one, two) = futures::join!(app.prepare(ADA, &mine), app.prepare(FINN, &theirs));
        let (one, two) = (one.expect(200), two.expect(200));
        let mut got = [status(&one), status(&two)];
        got.sort();
        assert_eq!(
            got,
            ["backordered", "reserved"],
            "{} {}",
            one.text,
            two.text
        );
        assert!(reserved(&app, LAST) <= 1);
        let finn_has_it = status(&two) == "reserved";
        if round < 4 {
            let released = if finn_has_it {
                (FINN, &theirs)
            } else {
                (ADA, &mine)
            };
            app.delete(released.0, &format!("/carts/{}/preparation", released.1))
                .await
                .expect(204);
            continue;
        }
        let buyers = [
            (ADA, "ORG-100", &mine, &one),
            (FINN, "ORG-300", &theirs, &two),
        ];
        for (user, organization, cart, prepared) in buyers {
            let order = json!({
                "cartId": cart, "preparationId": prepared["preparationId"],
                "acceptedTotal": prepared["totals"]["grand"],
            });
            let headers = [("idempotency-key", "last"), ("prefer", "wait=10")];
            let answer = careful
                .call((user, organization), "POST /orders", &headers, Some(order))
                .await
                .unwrap();
            if (user == FINN) == finn_has_it {
                assert_eq!(answer.0, 201, "{}", answer.1);
            } else {
                assert_eq!(
                    (answer.0, answer.1["code"].as_str()),
                    (409, Some("lines_refused")),
                    "{}",
                    answer.1
                );
                assert_eq!(answer.1["errors"][0]["code"], "backordered");
            }
        }
    }
    assert_eq!(app.calls("submit-order"), 1);
    let asked = json!({"mode": "live", "items": [{"sku": LAST}]});
    let stock = app.post(ADA, "/inventory/query", asked).await.expect(200);
    assert_eq!(stock.list("items")[0]["availableQuantity"], 0);
    app.finish().await;
}
