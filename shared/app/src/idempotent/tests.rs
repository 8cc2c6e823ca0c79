#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Mutex;

use async_trait::async_trait;

use super::*;
use crate::ports::StoreError;

struct Now;

impl Clock for Now {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(100)
    }
}

impl Ids for Now {
    fn mint(&self) -> String {
        "owner".to_owned()
    }

    fn below(&self, _: u64) -> u64 {
        0
    }
}

/// A record that begins as told and notes what happens to it.
struct Record {
    begun: Begun,
    end: Result<Written, StoreError>,
    notes: Mutex<Vec<String>>,
}

impl Record {
    fn that(begun: Begun) -> Arc<Self> {
        Arc::new(Self {
            begun,
            end: Ok(Written::Done),
            notes: Mutex::default(),
        })
    }

    fn ending(end: Result<Written, StoreError>) -> Arc<Self> {
        Arc::new(Self {
            begun: Begun::First {
                owner: "owner".to_owned(),
            },
            end,
            notes: Mutex::default(),
        })
    }

    fn first() -> Arc<Self> {
        Self::that(Begun::First {
            owner: "owner".to_owned(),
        })
    }

    fn notes(&self) -> Vec<String> {
        self.notes.lock().unwrap().clone()
    }
}

#[async_trait]
impl Idempotency for Record {
    async fn begin(
        &self,
        key: &IdempotencyKey,
        _: &str,
        until: Timestamp,
        _: Timestamp,
    ) -> Result<Begun, StoreError> {
        self.notes
            .lock()
            .unwrap()
            .push(format!("begin {} until {until}", key.key));
        Ok(self.begun.clone())
    }

    async fn finish(
        &self,
        _: &IdempotencyKey,
        owner: &str,
        answer: &StoredResponse,
    ) -> Result<Written, StoreError> {
        self.notes
            .lock()
            .unwrap()
            .push(format!("finish {owner} {}", answer.status));
        self.end.clone()
    }

    async fn abandon(&self, _: &IdempotencyKey, owner: &str) -> Result<(), StoreError> {
        self.notes.lock().unwrap().push(format!("abandon {owner}"));
        Ok(())
    }
}

fn request() -> RepeatableRequest {
    RepeatableRequest {
        scope: scope(None),
        route: "POST /users",
        key: "k".to_owned(),
        fingerprint: "f".to_owned(),
        deadline: Timestamp::from_seconds(120),
    }
}

fn answer() -> StoredResponse {
    StoredResponse {
        status: 202,
        body: "{}".to_owned(),
    }
}

async fn run(
    record: &Arc<Record>,
    outcome: Result<Completed, UseCaseError>,
) -> Result<StoredResponse, UseCaseError> {
    let idempotent = Idempotent::new(record.clone(), Arc::new(Now), Arc::new(Now));
    idempotent.run(request(), |_| async { outcome }).await
}

#[tokio::test]
async fn the_key_is_scoped_and_claimed_a_little_longer_than_the_deadline() {
    let record = Record::first();
    run(&record, Ok(Completed::Recorded(answer())))
        .await
        .unwrap();
    assert_eq!(
        record.notes(),
        ["begin anonymous/POST /users/k until 1970-01-01T00:02:01.000Z"]
    );
}

fn bettered() -> Result<Completed, UseCaseError> {
    let answer = StoredResponse {
        status: 201,
        body: "{}".to_owned(),
    };
    Ok(Completed::Upgraded {
        recorded: self::answer(),
        answer,
    })
}

#[tokio::test]
async fn a_better_answer_is_recorded_before_it_is_given_out() {
    let record = Record::first();
    assert_eq!(run(&record, bettered()).await.unwrap().status, 201);
    assert_eq!(record.notes()[1..], ["finish owner 201"]);
}

#[tokio::test]
async fn a_better_answer_that_came_too_late_gives_way_to_the_one_given_out() {
    let record = Record::ending(Ok(Written::Conflict));
    assert_eq!(run(&record, bettered()).await, Ok(answer()));
}

#[tokio::test]
async fn nobody_is_told_an_answer_that_a_repetition_may_not_hear() {
    let lost = StoreError::Unavailable {
        operation: "x",
        reason: "timeout".to_owned(),
    };
    let record = Record::ending(Err(lost.clone()));
    assert_eq!(
        run(&record, bettered()).await,
        Err(UseCaseError::Store(lost))
    );
    let same = Ok(Completed::Upgraded {
        recorded: answer(),
        answer: answer(),
    });
    assert_eq!(
        run(&record, same).await,
        Ok(answer()),
        "there is only one that can stand"
    );
}

#[tokio::test]
async fn a_failure_that_wrote_nothing_gives_the_key_back() {
    let record = Record::first();
    assert_eq!(
        run(&record, Err(UseCaseError::Forbidden)).await,
        Err(UseCaseError::Forbidden)
    );
    assert_eq!(record.notes()[1..], ["abandon owner"]);
}

#[tokio::test]
async fn an_unknown_outcome_keeps_the_key() {
    let record = Record::first();
    let lost = UseCaseError::Store(StoreError::Unavailable {
        operation: "x",
        reason: "timeout".to_owned(),
    });
    assert_eq!(run(&record, Err(lost.clone())).await, Err(lost));
    assert_eq!(record.notes().len(), 1);
}

#[tokio::test]
async fn a_repetition_never_works() {
    for (begun, expected) in [
        (Begun::Done(answer()), Ok(answer())),
        (Begun::InProgress, Err(UseCaseError::IdempotencyInProgress)),
        (Begun::Reused, Err(UseCaseError::IdempotencyKeyReused)),
    ] {
        let idempotent = Idempotent::new(Record::that(begun), Arc::new(Now), Arc::new(Now));
        let answered = idempotent
            .run(request(), |_| async { panic!("worked again") })
            .await;
        assert_eq!(answered, expected);
    }
}
