//! A function may do what its role allows, and nothing else.

use std::sync::Arc;

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, ConditionCheck, KeySchemaElement, KeyType, Put,
    ScalarAttributeType, TransactWriteItem,
};
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use aws_types::SdkConfig;
use local::edge::{Policy, Statement};

use crate::local_stack::support::{TestEdge, text};

const TABLE: &str = "arn:aws:dynamodb:eu-central-1:123456789012:table/Things";

fn allow(actions: &[&str], resource: &str) -> Statement {
    Statement {
        actions: actions.iter().map(|action| (*action).to_owned()).collect(),
        resources: vec![resource.to_owned()],
        leading_keys: None,
    }
}

/// Clients of a function with these statements.
fn clients(edge: &TestEdge, statements: Vec<Statement>) -> SdkConfig {
    let policy = Arc::new(Policy::new("tried", statements));
    edge.sdk
        .to_builder()
        .http_client(edge.edge.http_client_of(policy))
        .build()
}

/// An edge with a table `Things`, and a client for it with these statements.
async fn with_table(statements: Vec<Statement>) -> (TestEdge, aws_sdk_dynamodb::Client) {
    let edge = TestEdge::in_process();
    let pk = AttributeDefinition::builder()
        .attribute_name("pk")
        .attribute_type(ScalarAttributeType::S)
        .build()
        .unwrap();
    let key = KeySchemaElement::builder()
        .attribute_name("pk")
        .key_type(KeyType::Hash)
        .build()
        .unwrap();
    let create = aws_sdk_dynamodb::Client::new(&edge.sdk)
        .create_table()
        .table_name("Things");
    create
        .attribute_definitions(pk)
        .key_schema(key)
        .billing_mode(BillingMode::PayPerRequest)
        .send()
        .await
        .unwrap();
    let client = aws_sdk_dynamodb::Client::new(&clients(&edge, statements));
    (edge, client)
}

fn code<T: std::fmt::Debug, E: ProvideErrorMetadata>(answer: Result<T, E>) -> Option<String> {
    answer
        .err()
        .map(|error| error.code().unwrap_or("?").to_owned())
}

const DENIED: Option<&str> = Some("AccessDeniedException");

#[tokio::test]
async fn an_action_that_no_statement_names_is_refused() {
    let (_edge, client) = with_table(vec![allow(&["dynamodb:GetItem"], TABLE)]).await;
    assert_eq!(
        code(
            client
                .get_item()
                .table_name("Things")
                .key("pk", text("a"))
                .send()
                .await
        ),
        None
    );
    let put = client
        .put_item()
        .table_name("Things")
        .item("pk", text("a"))
        .send()
        .await;
    assert_eq!(code(put).as_deref(), DENIED);
    let elsewhere = client
        .get_item()
        .table_name("Others")
        .key("pk", text("a"))
        .send()
        .await;
    assert_eq!(code(elsewhere).as_deref(), DENIED, "another table");
    let index = client
        .query()
        .table_name("Things")
        .index_name("by-x")
        .key_condition_expression("pk = :a");
    let index = index
        .expression_attribute_values(":a", text("a"))
        .send()
        .await;
    assert_eq!(code(index).as_deref(), DENIED, "an index");
}

#[tokio::test]
async fn a_transaction_needs_what_its_parts_need() {
    let put = Put::builder()
        .table_name("Things")
        .item("pk", text("a"))
        .build()
        .unwrap();
    let check = ConditionCheck::builder()
        .table_name("Things")
        .key("pk", text("b"));
    let check = check
        .condition_expression("attribute_not_exists(pk)")
        .build()
        .unwrap();
    let parts = [
        TransactWriteItem::builder().put(put).build(),
        TransactWriteItem::builder().condition_check(check).build(),
    ];
    for (actions, refused) in [
        (&["dynamodb:PutItem"][..], DENIED),
        (&["dynamodb:PutItem", "dynamodb:ConditionCheckItem"], None),
    ] {
        let (_edge, client) = with_table(vec![allow(actions, TABLE)]).await;
        let answer = client
            .transact_write_items()
            .set_transact_items(Some(parts.to_vec()))
            .send()
            .await;
        assert_eq!(code(answer).as_deref(), refused, "{actions:?}");
    }
}

#[tokio::test]
async fn leading_keys_bound_what_may_be_touched() {
    let mut statement = allow(&["dynamodb:GetItem"], TABLE);
    statement.leading_keys = Some(vec!["pointer".to_owned()]);
    let (_edge, client) = with_table(vec![statement]).await;
    for (key, refused) in [("pointer", None), ("item#1", DENIED)] {
        let got = client
            .get_item()
            .table_name("Things")
            .key("pk", text(key))
            .send()
            .await;
        assert_eq!(code(got).as_deref(), refused, "{key}");
    }
}

#[tokio::test]
async fn objects_are_allowed_by_their_folder_and_their_absence_is_shown_to_callers_that_may_list() {
    let edge = TestEdge::in_process();
    let anybody = aws_sdk_s3::Client::new(&edge.sdk);
    anybody
        .create_bucket()
        .bucket("files")
        .send()
        .await
        .unwrap();
    let read = allow(
        &["s3:GetObject", "s3:DeleteObject"],
        "arn:aws:s3:::files/work/*",
    );
    let list = allow(&["s3:ListBucket"], "arn:aws:s3:::files");
    for (statements, absent) in [
        (vec![read.clone()], "AccessDenied"),
        (vec![read, list], "NoSuchKey"),
    ] {
        anybody
            .put_object()
            .bucket("files")
            .key("work/a b")
            .body(Vec::new().into())
            .send()
            .await
            .unwrap();
        let s3 = aws_sdk_s3::Client::new(&clients(&edge, statements));
        assert_eq!(
            code(s3.get_object().bucket("files").key("work/a b").send().await),
            None
        );
        assert_eq!(
            code(s3.get_object().bucket("files").key("other/a").send().await).as_deref(),
            Some("AccessDenied")
        );
        assert_eq!(
            code(
                s3.get_object()
                    .bucket("files")
                    .key("work/none")
                    .send()
                    .await
            )
            .as_deref(),
            Some(absent)
        );
        let put = s3
            .put_object()
            .bucket("files")
            .key("work/b")
            .body(Vec::new().into())
            .send()
            .await;
        assert_eq!(code(put).as_deref(), Some("AccessDenied"));
        for (key, refused) in [("other/a", Some("AccessDenied")), ("work/a b", None)] {
            let object = ObjectIdentifier::builder().key(key).build().unwrap();
            let delete = Delete::builder().objects(object).build().unwrap();
            let removed = s3
                .delete_objects()
                .bucket("files")
                .delete(delete)
                .send()
                .await;
            assert_eq!(code(removed).as_deref(), refused, "{key}");
        }
    }
}

#[tokio::test]
async fn a_batch_of_messages_needs_what_a_message_needs() {
    let edge = TestEdge::in_process();
    let anybody = aws_sdk_sqs::Client::new(&edge.sdk);
    let url = anybody
        .create_queue()
        .queue_name("Work")
        .send()
        .await
        .unwrap()
        .queue_url
        .unwrap();
    let sender = allow(
        &["sqs:SendMessage"],
        "arn:aws:sqs:eu-central-1:123456789012:Work",
    );
    let sqs = aws_sdk_sqs::Client::new(&clients(&edge, vec![sender]));
    let entry = aws_sdk_sqs::types::SendMessageBatchRequestEntry::builder()
        .id("1")
        .message_body("x")
        .build()
        .unwrap();
    assert_eq!(
        code(
            sqs.send_message_batch()
                .queue_url(&url)
                .entries(entry)
                .send()
                .await
        ),
        None
    );
    assert_eq!(
        code(sqs.receive_message().queue_url(&url).send().await).as_deref(),
        DENIED
    );
}
