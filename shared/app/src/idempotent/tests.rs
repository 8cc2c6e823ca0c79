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

/// A record with a given claim result that notes what happens to it.
struct Record {
    claimed: ClaimResult,
    end: Result<Written, StoreError>,
    notes: Mutex<Vec<String>>,
}

impl Record {
    fn that(claimed: ClaimResult) -> Arc<Self> {
        Arc::new(Self {
            claimed,
            end: Ok(Written::Done),
            notes: Mutex::default(),
        })
    }

    fn ending(end: Result<Written, StoreError>) -> Arc<Self> {
        Arc::new(Self {
            claimed: ClaimResult::Claimed,
            end,
            notes: Mutex::default(),
        })
    }

    fn first() -> Arc<Self> {
        Self::that(ClaimResult::Claimed)
    }

    fn notes(&self) -> Vec<String> {
        self.notes.lock().unwrap().clone()
    }
}

#[async_trait]
impl Idempotency for Record {
    async fn claim(
        &self,
        claim: &IdempotencyClaim,
        _: Timestamp,
    ) -> Result<ClaimResult, StoreError> {
        let (key, until) = (&claim.key.key, claim.held_until());
        self.notes
            .lock()
            .unwrap()
            .push(format!("claim {key} until {until}"));
        Ok(self.claimed.clone())
    }

    async fn complete(
        &self,
        claim: &IdempotencyClaim,
        response: &StoredResponse,
    ) -> Result<Written, StoreError> {
        let owner = &claim.owner;
        self.notes
            .lock()
            .unwrap()
            .push(format!("complete {owner} {}", response.code()));
        self.end.clone()
    }

    async fn release(&self, claim: &IdempotencyClaim) -> Result<(), StoreError> {
        self.notes
            .lock()
            .unwrap()
            .push(format!("release {}", claim.owner));
        Ok(())
    }
}

fn request() -> RepeatableRequest {
    RepeatableRequest {
        scope: KeyScope::of_caller(None),
        route: "POST /users",
        key: "k".to_owned(),
        fingerprint: "f".to_owned(),
        deadline: Timestamp::from_seconds(120),
    }
}

fn answer() -> StoredResponse {
    StoredResponse::new(202, "{}".to_owned())
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
        ["claim anonymous/POST /users/k until 1970-01-01T00:02:01.000Z"]
    );
}

fn upgraded() -> Result<Completed, UseCaseError> {
    let upgraded = StoredResponse::new(201, "{}".to_owned());
    Ok(Completed::Upgraded {
        recorded: answer(),
        upgraded,
    })
}

#[tokio::test]
async fn an_upgraded_answer_is_stored_before_it_is_returned() {
    let record = Record::first();
    assert_eq!(run(&record, upgraded()).await.unwrap().code(), 201);
    assert_eq!(record.notes()[1..], ["complete owner 201"]);
}

#[tokio::test]
async fn an_upgrade_that_comes_too_late_gives_way_to_the_answer_that_was_returned() {
    let record = Record::ending(Ok(Written::Conflict));
    assert_eq!(run(&record, upgraded()).await, Ok(answer()));
}

#[tokio::test]
async fn no_answer_is_returned_that_a_repetition_may_not_get() {
    let lost = StoreError::Unavailable {
        operation: "x",
        reason: "timeout".to_owned(),
    };
    let record = Record::ending(Err(lost.clone()));
    assert_eq!(
        run(&record, upgraded()).await,
        Err(UseCaseError::Store(lost))
    );
    let same = Ok(Completed::Upgraded {
        recorded: answer(),
        upgraded: answer(),
    });
    assert_eq!(
        run(&record, same).await,
        Ok(answer()),
        "both responses are the same"
    );
}

#[tokio::test]
async fn a_failure_that_wrote_nothing_releases_the_key() {
    let record = Record::first();
    assert_eq!(
        run(&record, Err(UseCaseError::Forbidden)).await,
        Err(UseCaseError::Forbidden)
    );
    assert_eq!(record.notes()[1..], ["release owner"]);
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
    for (claimed, expected) in [
        (ClaimResult::Completed(answer()), Ok(answer())),
        (
            ClaimResult::InProgress,
            Err(UseCaseError::IdempotencyInProgress),
        ),
        (ClaimResult::Reused, Err(UseCaseError::IdempotencyKeyReused)),
    ] {
        let idempotent = Idempotent::new(Record::that(claimed), Arc::new(Now), Arc::new(Now));
        let answered = idempotent
            .run(request(), |_| async { panic!("worked again") })
            .await;
        assert_eq!(answered, expected);
    }
}
