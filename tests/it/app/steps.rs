//! The steps of a purchase.

use http::Method;
use serde_json::{Value, json};

use super::{Answer, TestApp};

/// Shipping addresses of the bundled organizations, by user.
const ADDRESS: [(&str, &str); 4] = [
    (super::ADA, "A-102"),
    (super::BEN, "A-102"),
    (super::DIRK, "A-202"),
    (super::FINN, "A-302"),
];

/// A cart that is prepared.
pub struct Prepared {
    pub cart_id: String,
    pub preparation: Value,
}

impl Prepared {
    /// The order of it, as a buyer commits to it.
    pub fn order(&self) -> Value {
        json!({
            "cartId": self.cart_id,
            "preparationId": self.preparation["preparationId"],
            "acceptedTotal": self.preparation["totals"]["grand"],
        })
    }

    /// The request for a quote of it.
    pub fn quote(&self) -> Value {
        json!({"cartId": self.cart_id, "preparationId": self.preparation["preparationId"]})
    }
}

impl TestApp {
    /// A new cart with lines; no shipping yet.
    pub async fn cart(&self, user: &str, lines: &[(&str, u32)]) -> Answer {
        let cart = self.post(user, "/carts", json!({})).await.expect(201);
        let lines: Vec<_> = lines
            .iter()
            .map(|(sku, quantity)| json!({"sku": sku, "quantity": quantity}))
            .collect();
        let path = format!("/carts/{}/lines", cart.text_of("cartId"));
        self.put(user, &path, json!({"lines": lines}))
            .await
            .expect(200)
    }

    /// A cart with lines that goes to the organization's shipping address; its id.
    pub async fn cart_to_ship(&self, user: &str, lines: &[(&str, u32)]) -> String {
        let id = self.cart(user, lines).await.text_of("cartId");
        let address = ADDRESS.iter().find(|(name, _)| *name == user).unwrap().1;
        let shipping = json!({"addressId": address, "method": "STANDARD"});
        self.put(user, &format!("/carts/{id}/shipping"), shipping)
            .await
            .expect(200);
        id
    }

    pub async fn prepare(&self, user: &str, cart_id: &str) -> Answer {
        self.request(
            Method::POST,
            user,
            &format!("/carts/{cart_id}/preparation"),
            &[],
            None,
        )
        .await
    }

    /// A cart with lines, prepared.
    pub async fn prepared(&self, user: &str, lines: &[(&str, u32)]) -> Prepared {
        let cart_id = self.cart_to_ship(user, lines).await;
        let preparation = self.prepare(user, &cart_id).await.expect(200).json;
        Prepared {
            cart_id,
            preparation,
        }
    }

    /// Places an order, waits `wait` seconds for the ERP, and shows the answer.
    pub async fn place(&self, user: &str, key: &str, wait: u32, order: &Value) -> Answer {
        let prefer = format!("wait={wait}");
        let headers = [("idempotency-key", key), ("prefer", prefer.as_str())];
        self.request(Method::POST, user, "/orders", &headers, Some(order))
            .await
    }

    /// The state of an order.
    pub async fn state(&self, user: &str, order_id: &str) -> String {
        self.get(user, &format!("/orders/{order_id}"))
            .await
            .expect(200)
            .text_of("state")
    }

    /// Waits until an order has this state.
    pub async fn until_state(&self, user: &str, order_id: &str, wanted: &[&str]) -> String {
        self.eventually(&format!("the order is {wanted:?}"), async || {
            let state = self.state(user, order_id).await;
            wanted.contains(&state.as_str()).then_some(state)
        })
        .await
    }

    /// The events of an order's timeline, in order.
    pub async fn timeline(&self, user: &str, order_id: &str) -> Vec<String> {
        let timeline = self
            .get(user, &format!("/orders/{order_id}/timeline"))
            .await
            .expect(200);
        timeline
            .list("events")
            .iter()
            .map(|event| event["event"].as_str().unwrap().to_owned())
            .collect()
    }
}
