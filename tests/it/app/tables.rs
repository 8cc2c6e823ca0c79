//! What the tables hold.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::TestApp;

/// What the tables held at a moment.
pub struct Moment(BTreeSet<String>);

impl TestApp {
    /// Every item of every table, but of the caches, which a read may fill, and but for idempotency
    /// keys that were given back: a caller that was refused may use them again.
    pub fn moment(&self) -> Moment {
        let tables = self
            .stack()
            .template()
            .tables
            .iter()
            .filter(|table| table.name != "LookupsTable");
        let items = tables.flat_map(|table| self.table(&table.name));
        Moment(
            items
                .filter(|item| !item.contains(r#""status":{"S":"abandoned"}"#))
                .collect(),
        )
    }

    /// What was written since: each item that is new, gone or another.
    pub fn written_since(&self, before: &Moment) -> Vec<String> {
        self.moment()
            .0
            .symmetric_difference(&before.0)
            .cloned()
            .collect()
    }

    /// The items of a table, each as the table's name and a text.
    pub fn table(&self, table: &str) -> Vec<String> {
        let mut items = Vec::new();
        let mut start = Value::Null;
        loop {
            let mut request = json!({"TableName": table, "ConsistentRead": true});
            if !start.is_null() {
                request["ExclusiveStartKey"] = start;
            }
            let body = request.to_string();
            let answer = self.stack().edge().dynamodb().call("Scan", body.as_bytes());
            let answer = answer.unwrap_or_else(|refusal| panic!("{}", refusal.body));
            let answer: Value = serde_json::from_str(&answer).unwrap();
            items.extend(
                answer["Items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|item| format!("{table} {item}")),
            );
            start = answer["LastEvaluatedKey"].clone();
            if start.is_null() {
                return items;
            }
        }
    }
}
