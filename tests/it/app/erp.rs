//! The simulated ERP of a test: what it was asked, what it holds, what goes wrong next.

use erp_sim::{Fault, Simulator};
use serde_json::{Value, json};

use super::TestApp;

impl TestApp {
    pub fn simulator(&self) -> &Simulator {
        self.stack().simulator().unwrap()
    }

    /// Arms a fault: `{"operation":…,"kind":…}` and whatever else it takes.
    pub fn fault(&self, fault: Value) {
        self.simulator()
            .arm(serde_json::from_value::<Fault>(fault).unwrap());
    }

    /// How many calls of an operation arrived.
    pub fn calls(&self, operation: &str) -> u64 {
        self.simulator()
            .calls()
            .counts
            .get(operation)
            .copied()
            .unwrap_or_default()
    }

    /// How many calls of any operation arrived.
    pub fn all_calls(&self) -> u64 {
        self.simulator().calls().counts.values().sum()
    }

    /// The operations that were called from the call `from` on, in order.
    pub fn operations_since(&self, from: usize) -> Vec<String> {
        let calls = self.simulator().calls().calls;
        calls
            .iter()
            .skip(from)
            .map(|call| call.operation.to_owned())
            .collect()
    }

    /// A control route of the simulator, over its socket.
    pub async fn control(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let url = format!("{}{path}", self.stack().erp());
        let mut request = self.http.request(method.parse().unwrap(), url);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let (status, text) = (response.status(), response.text().await.unwrap());
        assert!(status.is_success(), "{method} {path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Changes what the ERP asks for an item.
    pub async fn change_price(&self, sku: &str, factor: &str) {
        self.control(
            "PUT",
            "/_sim/prices",
            Some(json!({"sku": sku, "factor": factor})),
        )
        .await;
    }

    /// Changes how many of an item there are.
    pub async fn change_stock(&self, sku: &str, quantity: u32) {
        self.control(
            "PUT",
            "/_sim/stock",
            Some(json!({"sku": sku, "location": "online", "quantity": quantity})),
        )
        .await;
    }

    /// The orders that the ERP holds of a reference.
    pub fn orders_of(&self, reference: &str) -> Vec<Value> {
        self.simulator()
            .orders()
            .into_iter()
            .filter(|order| order["reference"] == reference)
            .collect()
    }

    /// The quotes that the ERP holds of a reference.
    pub fn quotes_of(&self, reference: &str) -> Vec<Value> {
        self.simulator()
            .quotes()
            .into_iter()
            .filter(|quote| quote["reference"] == reference)
            .collect()
    }

    /// The reservations that stand for a reference.
    pub fn reservations_of(&self, reference: &str) -> Vec<Value> {
        self.simulator()
            .reservations()
            .into_iter()
            .filter(|held| held["reference"] == reference)
            .collect()
    }
}
