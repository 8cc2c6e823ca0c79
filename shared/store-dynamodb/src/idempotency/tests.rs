#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;

fn key(fingerprint: &str) -> IdempotencyKey {
    IdempotencyKey {
        key: "k".to_owned(),
        fingerprint: fingerprint.to_owned(),
        expires_at: Timestamp::from_seconds(1_000),
    }
}

fn answer() -> StoredResponse {
    StoredResponse {
        status: 202,
        body: "{\"a\":1}".to_owned(),
    }
}

#[test]
fn our_own_record_in_the_way_is_ours() {
    let record = running(&key("f"), "me", Timestamp::from_seconds(5));
    assert_eq!(
        met(&record, &key("f"), "me", Timestamp::from_seconds(1)).unwrap(),
        Begun::First {
            owner: "me".to_owned()
        }
    );
}

#[test]
fn a_record_of_another_that_runs_is_in_progress() {
    let record = running(&key("f"), "other", Timestamp::from_seconds(5));
    assert_eq!(
        met(&record, &key("f"), "me", Timestamp::from_seconds(1)).unwrap(),
        Begun::InProgress
    );
}

#[test]
fn another_body_is_refused_whether_the_first_runs_or_is_done() {
    let record = running(&key("f"), "other", Timestamp::from_seconds(5));
    assert_eq!(
        met(&record, &key("g"), "me", Timestamp::from_seconds(1)).unwrap(),
        Begun::Reused
    );
    assert_eq!(
        met(
            &done(&key("f"), "other", &answer()),
            &key("g"),
            "me",
            Timestamp::from_seconds(1)
        )
        .unwrap(),
        Begun::Reused
    );
}

#[test]
fn the_first_answer_comes_back_byte_for_byte() {
    assert_eq!(
        met(
            &done(&key("f"), "other", &answer()),
            &key("f"),
            "me",
            Timestamp::from_seconds(1)
        )
        .unwrap(),
        Begun::Done(answer())
    );
}

#[test]
fn an_answer_that_may_still_be_bettered_is_in_progress_until_its_time_is_over() {
    let mut record = done(&key("f"), "other", &answer());
    record.insert("until".to_owned(), instant(Timestamp::from_seconds(5)));
    assert_eq!(
        met(&record, &key("f"), "me", Timestamp::from_seconds(4)).unwrap(),
        Begun::InProgress
    );
    assert_eq!(
        met(&record, &key("f"), "me", Timestamp::from_seconds(5)).unwrap(),
        Begun::Done(answer())
    );
}
