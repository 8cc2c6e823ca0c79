#![allow(clippy::unwrap_used, clippy::panic)]

use serde_json::json;

use super::*;

struct Now;

impl Clock for Now {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(100)
    }
}

/// Does what the body says.
struct Obedient;

#[async_trait]
impl QueueHandler for Obedient {
    async fn handle(&self, record: &QueueRecord) -> Result<(), RecordError> {
        match record.parse::<String>()?.as_str() {
            "panic" => panic!("as the body says"),
            "fail" => Err(RecordError::UseCase(UseCaseError::NotFound)),
            "hang" => std::future::pending().await,
            _ => Ok(()),
        }
    }
}

async fn handle(bodies: &[&str]) -> Result<Value, Error> {
    let records: Vec<Value> = bodies
        .iter()
        .enumerate()
        .map(|(number, body)| {
            json!({
                "messageId": format!("m{number}"), "body": body, "eventSource": "aws:sqs",
            })
        })
        .collect();
    let mut context = Context::default();
    // A tenth of a second more than the function reserves.
    context.deadline = 101_100;
    queue_handler(Arc::new(Obedient), Arc::new(Now))
        .handle(json!({"Records": records}), context)
        .await
}

#[tokio::test]
async fn only_messages_that_were_not_processed_are_reported() {
    let bodies = [
        "\"ok\"",
        "not json",
        "\"panic\"",
        "\"ok\"",
        "\"fail\"",
        "\"hang\"",
        "\"ok\"",
    ];
    let answer = handle(&bodies).await.unwrap();
    let failed = ["m1", "m2", "m4", "m5"].map(|id| json!({"itemIdentifier": id}));
    assert_eq!(answer, json!({"batchItemFailures": failed}));
}

#[tokio::test]
async fn a_batch_with_a_message_without_an_id_fails_as_a_whole() {
    let event = json!({"Records": [{"body": "\"ok\"", "eventSource": "aws:sqs"}]});
    let handler = queue_handler(Arc::new(Obedient), Arc::new(Now));
    assert!(handler.handle(event, Context::default()).await.is_err());
}
