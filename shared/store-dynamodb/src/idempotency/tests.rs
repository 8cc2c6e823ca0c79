#![allow(clippy::unwrap_used, clippy::panic)]

use app::ports::idempotency::IdempotencyKey;

use super::*;

fn claim(fingerprint: &str, owner: &str) -> IdempotencyClaim {
    IdempotencyClaim {
        key: IdempotencyKey {
            key: "k".to_owned(),
            fingerprint: fingerprint.to_owned(),
            expires_at: Timestamp::from_seconds(1_000),
        },
        owner: owner.to_owned(),
        deadline: Timestamp::from_seconds(5),
    }
}

fn response() -> StoredResponse {
    StoredResponse::new(202, "{\"a\":1}".to_owned())
}

#[test]
fn our_own_record_in_the_way_is_ours() {
    let record = running(&claim("f", "me"));
    assert_eq!(
        met(&record, &claim("f", "me"), Timestamp::from_seconds(1)).unwrap(),
        ClaimResult::Claimed
    );
}

#[test]
fn a_running_record_of_another_request_is_in_progress() {
    let record = running(&claim("f", "other"));
    assert_eq!(
        met(&record, &claim("f", "me"), Timestamp::from_seconds(1)).unwrap(),
        ClaimResult::InProgress
    );
}

#[test]
fn another_body_is_refused_whether_the_first_runs_or_is_done() {
    let record = running(&claim("f", "other"));
    assert_eq!(
        met(&record, &claim("g", "me"), Timestamp::from_seconds(1)).unwrap(),
        ClaimResult::Reused
    );
    assert_eq!(
        met(
            &done(&claim("f", "other"), &response()),
            &claim("g", "me"),
            Timestamp::from_seconds(1)
        )
        .unwrap(),
        ClaimResult::Reused
    );
}

#[test]
fn the_first_answer_comes_back_byte_for_byte() {
    assert_eq!(
        met(
            &done(&claim("f", "other"), &response()),
            &claim("f", "me"),
            Timestamp::from_seconds(1)
        )
        .unwrap(),
        ClaimResult::Completed(response())
    );
}

#[test]
fn an_answer_that_may_still_be_upgraded_is_in_progress_until_its_deadline() {
    let mut record = done(&claim("f", "other"), &response());
    record.insert("until".to_owned(), instant(Timestamp::from_seconds(5)));
    assert_eq!(
        met(&record, &claim("f", "me"), Timestamp::from_seconds(4)).unwrap(),
        ClaimResult::InProgress
    );
    assert_eq!(
        met(&record, &claim("f", "me"), Timestamp::from_seconds(5)).unwrap(),
        ClaimResult::Completed(response())
    );
}
