//! Queues and buckets that call a function of the test's own.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::types::QueueAttributeName;
use lambda_kit::{EventHandler, Function, RandomIds, SystemClock};
use lambda_runtime::{Context, Error};
use local::host::Host;
use local::sources::Sources;
use local::stop::{self, Stopper};
use local::template::{Deployment, Template};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::local_stack::support::TestEdge;

const TEMPLATE: &str = "
Resources:
  WorkerFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/worker/
      Timeout: 1
      Events:
        Work:
          Type: SQS
          Properties:
            Queue: !GetAtt WorkQueue.Arn
            BatchSize: 10
            FunctionResponseTypes: [ReportBatchItemFailures]
        Files:
          Type: S3
          Properties:
            Bucket: !Ref Files
            Events: s3:ObjectCreated:*
            Filter: {S3Key: {Rules: [{Name: prefix, Value: in/}, {Name: suffix, Value: .csv}]}}
  WorkQueue:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 1
      RedrivePolicy: {deadLetterTargetArn: !GetAtt DeadLetters.Arn, maxReceiveCount: 2}
  DeadLetters: {Type: AWS::SQS::Queue}
  Files:
    Type: AWS::S3::Bucket
    Properties: {BucketName: files}
";

type Answer = fn(&Value) -> Result<Value, Error>;

/// Remembers what it was called with.
struct Recorder {
    events: Arc<Mutex<Vec<Value>>>,
    answer: Answer,
}

#[async_trait]
impl EventHandler for Recorder {
    async fn handle(&self, event: Value, _: Context) -> Result<Value, Error> {
        let answer = (self.answer)(&event);
        self.events.lock().unwrap().push(event);
        answer
    }
}

struct Running {
    events: Arc<Mutex<Vec<Value>>>,
    sqs: aws_sdk_sqs::Client,
    s3: aws_sdk_s3::Client,
    edge: TestEdge,
    tasks: JoinSet<()>,
    stopper: Stopper,
}

impl Running {
    async fn start(answer: Answer) -> Self {
        let mut edge = TestEdge::in_process();
        let deployment = Deployment {
            queue_base: "http://127.0.0.1:1".to_owned(),
            ..Deployment::default()
        };
        let template = Template::read(TEMPLATE, &deployment).unwrap();
        local::provision::provision(&edge.edge, &edge.sdk, &template)
            .await
            .unwrap();
        let events = Arc::new(Mutex::new(Vec::new()));
        let recorder = Recorder {
            events: events.clone(),
            answer,
        };
        let (clock, ids) = (Arc::new(SystemClock), Arc::new(RandomIds));
        let worker = (
            "worker".to_owned(),
            Duration::from_secs(1),
            Function::Event(Arc::new(recorder)),
        );
        let host = Host::new([worker], clock.clone(), ids.clone());
        let sqs = aws_sdk_sqs::Client::new(&edge.sdk);
        let s3 = aws_sdk_s3::Client::new(&edge.sdk);
        let (_, nothing) = tokio::sync::mpsc::unbounded_channel();
        let created = std::mem::replace(&mut edge.created, nothing);
        let (stopper, stop) = stop::channel();
        let mut tasks = JoinSet::new();
        let schedules = false;
        Sources {
            template: &template,
            edge: &edge.edge,
            sqs: sqs.clone(),
            created,
            host,
            clock,
            ids,
            stop,
            schedules,
        }
        .start(&mut tasks);
        Self {
            events,
            sqs,
            s3,
            edge,
            tasks,
            stopper,
        }
    }

    fn events(&self) -> Vec<Value> {
        self.events.lock().unwrap().clone()
    }

    async fn until(&self, calls: usize) -> Vec<Value> {
        let all = async {
            while self.events().len() < calls {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), all)
            .await
            .expect("the function is called");
        self.events()
    }

    async fn send(&self, body: &str) {
        let url = self.edge.edge.sqs().queue_url("WorkQueue");
        self.sqs
            .send_message()
            .queue_url(url)
            .message_body(body)
            .send()
            .await
            .unwrap();
    }

    /// Messages that are there, seen or hidden.
    async fn left(&self, queue: &str) -> u32 {
        let request = self
            .sqs
            .get_queue_attributes()
            .queue_url(self.edge.edge.sqs().queue_url(queue));
        let attributes = request
            .attribute_names(QueueAttributeName::All)
            .send()
            .await
            .unwrap()
            .attributes
            .unwrap();
        let count = |name| attributes[&name].parse::<u32>().unwrap();
        count(QueueAttributeName::ApproximateNumberOfMessages)
            + count(QueueAttributeName::ApproximateNumberOfMessagesNotVisible)
    }

    async fn end(mut self) {
        self.stopper.stop();
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        tokio::time::timeout(Duration::from_secs(2), ended)
            .await
            .expect("all sources end");
    }
}

/// Fails the messages that say `bad`.
fn some_fail(event: &Value) -> Result<Value, Error> {
    let records = event["Records"].as_array().unwrap();
    let failures: Vec<_> = records
        .iter()
        .filter(|record| record["body"] == "bad")
        .collect();
    let failures: Vec<_> = failures
        .iter()
        .map(|record| json!({"itemIdentifier": record["messageId"]}))
        .collect();
    Ok(json!({"batchItemFailures": failures}))
}

#[tokio::test]
async fn only_what_failed_is_delivered_again_and_ends_among_the_dead() {
    let running = Running::start(some_fail).await;
    running.send("good").await;
    running.send("bad").await;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while running.left("DeadLetters").await == 0 && tokio::time::Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(running.left("DeadLetters").await, 1);
    assert_eq!(running.left("WorkQueue").await, 0);
    let bodies: Vec<_> = running
        .events()
        .iter()
        .flat_map(|event| event["Records"].as_array().unwrap().clone())
        .map(|record| record["body"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(bodies.iter().filter(|body| *body == "good").count(), 1);
    assert_eq!(bodies.iter().filter(|body| *body == "bad").count(), 2);
    let event = running.events().remove(0);
    assert_eq!(
        event["Records"][0]["eventSourceARN"],
        "arn:aws:sqs:eu-central-1:123456789012:WorkQueue"
    );
    assert_eq!(
        event["Records"][0]["attributes"]["ApproximateReceiveCount"],
        "1"
    );
    serde_json::from_value::<aws_lambda_events::sqs::SqsEvent>(event).unwrap();
    running.end().await;
}

#[tokio::test]
async fn a_failure_that_is_not_in_the_batch_keeps_all_messages() {
    let running =
        Running::start(|_| Ok(json!({"batchItemFailures": [{"itemIdentifier": "another"}]}))).await;
    running.send("one").await;
    running.until(1).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(running.left("WorkQueue").await, 1);
    running.end().await;
}

#[tokio::test]
async fn a_new_object_calls_the_function_that_its_key_concerns() {
    let running = Running::start(|_| Ok(Value::Null)).await;
    for key in ["out/a.csv", "in/a.txt", "in/\u{fc}+ a.csv"] {
        running
            .s3
            .put_object()
            .bucket("files")
            .key(key)
            .body(b"12345".to_vec().into())
            .send()
            .await
            .unwrap();
    }
    let events = running.until(1).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(running.events().len(), 1);
    let record = &events[0]["Records"][0];
    assert_eq!(record["eventName"], "ObjectCreated:Put");
    assert_eq!(record["s3"]["object"]["key"], "in/%C3%BC%2B+a.csv");
    assert_eq!(record["s3"]["object"]["size"], 5);
    serde_json::from_value::<aws_lambda_events::s3::S3Event>(events[0].clone()).unwrap();
    running.end().await;
}

#[tokio::test]
async fn a_failed_event_of_a_bucket_is_delivered_twice_more() {
    let running = Running::start(|_| Err("as asked".into())).await;
    running
        .s3
        .put_object()
        .bucket("files")
        .key("in/a.csv")
        .body(Vec::new().into())
        .send()
        .await
        .unwrap();
    let events = running.until(3).await;
    assert!(
        events.iter().all(|event| *event == events[0]),
        "the very same event each time"
    );
    running.end().await;
}
