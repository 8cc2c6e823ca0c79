//! What must hold after every run.

use domain::time::Timestamp;
use serde_json::{Value, json};

use super::plan::DuplicateProtection;
use super::run::{Heard, Run};

/// A send counts as lost at the earliest after its lease: the time limit of two lines and what
/// recording may take.
const LEASE_MS: i64 = 10_000 + 2 * 150 + 15_000;

impl Run<'_> {
    /// Everything that does not hold.
    pub async fn violations(&mut self) -> Vec<String> {
        let mut wrong = Vec::new();
        let submissions = self.submissions();
        if self.dead > 0 {
            wrong.push(format!("{} dead letters", self.dead));
        }
        if submissions.len() > 1 {
            wrong.push(format!("one cart became {} submissions", submissions.len()));
        }
        let promised = self
            .heard
            .iter()
            .any(|heard| heard.status == 201 || heard.status == 202);
        let refused = self
            .heard
            .iter()
            .find(|heard| (400..500).contains(&heard.status) && !passing(heard));
        match submissions.first() {
            None if promised => {
                wrong.push("the client was promised an order that does not exist".to_owned())
            }
            Some(_) if refused.is_some() => {
                wrong.push(format!("the client was refused what exists: {refused:?}"))
            }
            _ => {}
        }
        for submission in &submissions {
            self.check_submission(submission, &mut wrong);
        }
        if submissions.is_empty() {
            self.check_left_alone(&mut wrong);
        }
        if wrong.is_empty() {
            self.check_repetitions(!submissions.is_empty(), &mut wrong)
                .await;
        }
        wrong
    }

    fn check_submission(&self, record: &Value, wrong: &mut Vec<String>) {
        let id = record["pk"]["S"].as_str().unwrap_or_default();
        let state = record["state"]["S"].as_str().unwrap_or_default();
        let (made, accepted) = self.documents(id);
        let reserved = self
            .environment
            .simulator
            .reservations()
            .iter()
            .any(|held| held["reference"] == self.cart.as_str());
        let mut must = |holds: bool, what: &str| {
            if !holds {
                wrong.push(format!(
                    "{state}: {what} ({made} made, {accepted} accepted, reserved: {reserved})"
                ));
            }
        };
        must(
            matches!(state, "confirmed" | "rejected" | "needs_attention"),
            "it is in no final or visibly open state",
        );
        must(accepted <= 1, "the ERP has it twice");
        must(
            record["due"].is_null() && record["dueAt"].is_null(),
            "an operator still has to look at it",
        );
        match state {
            "confirmed" => {
                must(accepted == 1, "the ERP does not have it");
                must(!reserved, "its goods count twice");
            }
            "rejected" => {
                must(accepted == 0, "the ERP has it");
                must(
                    self.scenario.quote || !reserved,
                    "its goods are still reserved",
                );
                must(self.scenario.refused, "nothing refused it");
            }
            _ => must(
                self.scenario.support == DuplicateProtection::Nothing,
                "no person has to decide",
            ),
        }
        self.check_timeline(id, record, wrong);
    }

    /// How many documents the ERP made of a reference, and how many of them it accepted.
    fn documents(&self, reference: &str) -> (usize, usize) {
        let all = if self.scenario.quote {
            self.environment.simulator.quotes()
        } else {
            self.environment.simulator.orders()
        };
        let ours: Vec<_> = all
            .into_iter()
            .filter(|document| document["reference"] == reference)
            .collect();
        (
            ours.len(),
            ours.iter()
                .filter(|document| document["accepted"] == true)
                .count(),
        )
    }

    /// No transition is missing, none is out of order, and each could follow the one before.
    fn check_timeline(&self, id: &str, record: &Value, wrong: &mut Vec<String>) {
        let query = json!({
            "TableName": "SubmissionsTable",
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :event)",
            "ExpressionAttributeValues": {":pk": {"S": id}, ":event": {"S": "event#"}},
        });
        let answer = self.environment.table("Query", query);
        let entries: Vec<(String, Value)> = answer["Items"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|item| {
                let document =
                    serde_json::from_str(item["document"]["S"].as_str().unwrap_or_default())
                        .unwrap_or_default();
                (
                    item["sk"]["S"].as_str().unwrap_or_default().to_owned(),
                    document,
                )
            })
            .collect();
        let revision: usize = record["revision"]["N"]
            .as_str()
            .and_then(|n| n.parse().ok())
            .unwrap_or_default();
        let keys: Vec<String> = (0..=revision)
            .map(|number| format!("event#{number:010}"))
            .collect();
        if entries.iter().map(|(key, _)| key).ne(&keys) {
            wrong.push(format!(
                "the timeline has {} entries and the submission {} transitions",
                entries.len(),
                revision + 1
            ));
        }
        let name = |entry: &Value| entry["event"].as_str().unwrap_or_default().to_owned();
        let at = |entry: &Value| {
            entry["at"]
                .as_str()
                .and_then(|at| at.parse::<Timestamp>().ok())
        };
        let mut before = "";
        let mut sent_at = None;
        for (_, entry) in &entries {
            let event = name(entry);
            let Some((known, _)) = FOLLOWS.iter().find(|(known, _)| *known == event) else {
                wrong.push(format!("the timeline has an unknown event {event}"));
                return;
            };
            let may = FOLLOWS
                .iter()
                .find(|(known, _)| *known == before)
                .map_or(&["captured"][..], |(_, next)| next);
            if !may.contains(&event.as_str()) {
                wrong.push(format!("{event} follows {before:?}"));
            }
            if event == "outcome_unknown"
                && entry["reason"] == "attempt_not_recorded"
                && let (Some(sent), Some(lost)) = (sent_at, at(entry))
            {
                let waited = Timestamp::millis_since(lost, sent);
                if waited < LEASE_MS {
                    wrong.push(format!(
                        "a send counts as lost after {waited} ms, while a worker holds it"
                    ));
                }
            }
            if event == "sending" {
                sent_at = at(entry);
            }
            before = known;
        }
        let times: Vec<_> = entries.iter().map(|(_, entry)| at(entry)).collect();
        if !times.is_sorted() {
            wrong.push(format!("the timeline goes back in time: {times:?}"));
        }
        let state = record["state"]["S"].as_str().unwrap_or_default();
        let end = if matches!(before, "reservation_released" | "release_given_up") {
            "rejected"
        } else {
            before
        };
        if end != state {
            wrong.push(format!("the timeline ends with {before}"));
        }
    }

    /// Nothing was captured: the ERP has nothing, and what it reserved is in the ledger.
    fn check_left_alone(&self, wrong: &mut Vec<String>) {
        if self.documents(&self.cart) != (0, 0) {
            wrong.push("the ERP has what was not captured".to_owned());
        }
        let key = json!({"pk": {"S": format!("reservation#{}", self.cart)}});
        if self
            .environment
            .table("GetItem", json!({"TableName": "CartsTable", "Key": key}))["Item"]
            .is_null()
        {
            wrong.push("the ledger forgot the reservation".to_owned());
        }
    }

    /// The client comes once more with the same key, now that nothing goes wrong.
    async fn check_repetitions(&mut self, captured: bool, wrong: &mut Vec<String>) {
        let promises: Vec<Heard> = self
            .heard
            .iter()
            .filter(|heard| heard.status < 300)
            .cloned()
            .collect();
        let body = self.order.to_string();
        // Long after every request is over.
        self.environment.clock.skip(60_000);
        if !captured {
            return;
        }
        let again = self.commit("key", &body).await;
        if again.as_ref().is_none_or(|again| again.status >= 300) {
            wrong.push(format!("a repetition is answered {again:?}"));
        } else if promises
            .iter()
            .any(|promise| Some(promise) != again.as_ref())
        {
            wrong.push(format!(
                "a repetition is answered {again:?} after {promises:?}"
            ));
        }
        let mut other = self.order.clone();
        other["comment"] = json!("Leave at the gate");
        let reused = self.commit("key", &other.to_string()).await;
        if reused.as_ref().is_none_or(|reused| reused.status != 422) {
            wrong.push(format!("the key with another body is answered {reused:?}"));
        }
        let another = self.commit("another", &body).await;
        if another.as_ref().is_none_or(|another| another.status != 409) {
            wrong.push(format!(
                "the same cart under another key is answered {another:?}"
            ));
        }
    }
}

/// An answer after which a client comes again.
fn passing(heard: &Heard) -> bool {
    heard.body.contains("idempotency_in_progress")
}

/// What may follow what in a timeline.
const FOLLOWS: &[(&str, &[&str])] = &[
    ("captured", &["sending"]),
    (
        "sending",
        &[
            "confirmed",
            "rejected",
            "unavailable",
            "outcome_unknown",
            "refused_after_earlier_attempt",
            "taken_by_erp",
        ],
    ),
    ("unavailable", &["sending"]),
    ("outcome_unknown", &ASKED),
    ("refused_after_earlier_attempt", &ASKED),
    ("taken_by_erp", &ASKED),
    ("asked_without_answer", &ASKED),
    ("not_found", &["sending"]),
    ("found_not_accepted", &["sending"]),
    ("confirmed", &[]),
    ("duplicate_not_found", &ASKED),
    (
        "rejected",
        &["reservation_released", "release_failed", "release_given_up"],
    ),
    (
        "release_failed",
        &["reservation_released", "release_failed", "release_given_up"],
    ),
    ("reservation_released", &[]),
    ("release_given_up", &[]),
    ("needs_attention", &[]),
];

const ASKED: [&str; 7] = [
    "duplicate_not_found",
    "confirmed",
    "rejected",
    "needs_attention",
    "not_found",
    "found_not_accepted",
    "asked_without_answer",
];
