//! The AWS edge under the real AWS clients, through both ways in.

use std::time::Duration;

use crate::local_stack::support::{TestEdge, text};
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, Put,
    ReturnValuesOnConditionCheckFailure, ScalarAttributeType, TransactWriteItem,
};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};

async fn with_table(edge: &TestEdge) -> aws_sdk_dynamodb::Client {
    let client = aws_sdk_dynamodb::Client::new(&edge.sdk);
    client
        .create_table()
        .table_name("Things")
        .attribute_definitions(
            AttributeDefinition::builder()
                .attribute_name("pk")
                .attribute_type(ScalarAttributeType::S)
                .build()
                .unwrap(),
        )
        .key_schema(
            KeySchemaElement::builder()
                .attribute_name("pk")
                .key_type(KeyType::Hash)
                .build()
                .unwrap(),
        )
        .billing_mode(BillingMode::PayPerRequest)
        .send()
        .await
        .unwrap();
    client
}

#[tokio::test]
async fn a_failed_condition_hands_back_the_item_that_stood_in_the_way() {
    for edge in [TestEdge::in_process(), TestEdge::over_tcp().await] {
        let dynamodb = with_table(&edge).await;
        let put = |value: &str| {
            dynamodb
                .put_item()
                .table_name("Things")
                .item("pk", text("a"))
                .item("value", text(value))
                .condition_expression("attribute_not_exists(pk)")
                .return_values_on_condition_check_failure(
                    ReturnValuesOnConditionCheckFailure::AllOld,
                )
                .send()
        };
        put("first").await.unwrap();
        let error = put("second").await.unwrap_err().into_service_error();
        let aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(
            failed,
        ) = error
        else {
            panic!("{error:?}")
        };
        assert_eq!(failed.item().unwrap()["value"], text("first"));
    }
}

#[tokio::test]
async fn a_cancelled_transaction_names_the_reason_of_each_write() {
    let edge = TestEdge::in_process();
    let dynamodb = with_table(&edge).await;
    dynamodb
        .put_item()
        .table_name("Things")
        .item("pk", text("b"))
        .send()
        .await
        .unwrap();
    let write = |key: &str| {
        let put = Put::builder()
            .table_name("Things")
            .item("pk", text(key))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .unwrap();
        TransactWriteItem::builder().put(put).build()
    };
    let error = dynamodb
        .transact_write_items()
        .transact_items(write("a"))
        .transact_items(write("b"))
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    let aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::TransactionCanceledException(
        cancelled,
    ) = error
    else {
        panic!("{error:?}")
    };
    let reasons = cancelled.cancellation_reasons();
    assert_eq!(reasons[0].code(), Some("None"));
    assert_eq!(reasons[1].code(), Some("ConditionalCheckFailed"));
    assert_eq!(reasons[1].item().unwrap()["pk"], text("b"));
    let absent = dynamodb
        .get_item()
        .table_name("Things")
        .key("pk", text("a"))
        .send()
        .await
        .unwrap();
    assert!(
        absent.item().is_none(),
        "nothing of a cancelled transaction is stored"
    );
}

#[tokio::test]
async fn refusals_carry_the_type_that_the_client_knows() {
    let edge = TestEdge::in_process();
    let dynamodb = with_table(&edge).await;
    let absent = dynamodb
        .get_item()
        .table_name("None")
        .key("pk", text("a"))
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    assert_eq!(absent.code(), Some("ResourceNotFoundException"));
    let keyless = dynamodb
        .put_item()
        .table_name("Things")
        .item("x", AttributeValue::Bool(true))
        .send()
        .await;
    assert_eq!(
        keyless.unwrap_err().into_service_error().code(),
        Some("ValidationException")
    );
}

#[tokio::test]
async fn objects_come_back_as_they_were_put() {
    for mut edge in [TestEdge::in_process(), TestEdge::over_tcp().await] {
        let s3 = aws_sdk_s3::Client::new(&edge.sdk);
        s3.create_bucket().bucket("files").send().await.unwrap();
        let content = b"sku,name\n1,\"\xc3\xa4\"\n".to_vec();
        let put = s3
            .put_object()
            .bucket("files")
            .key("incoming/items/\u{fc}+a b.csv")
            .body(content.clone().into());
        put.content_type("text/csv").send().await.unwrap();

        let got = s3
            .get_object()
            .bucket("files")
            .key("incoming/items/\u{fc}+a b.csv")
            .send()
            .await
            .unwrap();
        assert_eq!(got.content_type(), Some("text/csv"));
        assert_eq!(got.body.collect().await.unwrap().to_vec(), content);

        let listed = s3
            .list_objects_v2()
            .bucket("files")
            .prefix("incoming/")
            .send()
            .await
            .unwrap();
        assert_eq!(
            listed.contents()[0].key(),
            Some("incoming/items/\u{fc}+a b.csv")
        );

        let created = edge.created.recv().await.unwrap();
        assert_eq!(
            (created.event, created.key.as_str()),
            ("ObjectCreated:Put", "incoming/items/\u{fc}+a b.csv")
        );
        assert_eq!(usize::try_from(created.size).unwrap(), content.len());
        assert_eq!(got.e_tag.unwrap().trim_matches('"'), created.e_tag);

        let missing = s3
            .get_object()
            .bucket("files")
            .key("none")
            .send()
            .await
            .unwrap_err()
            .into_service_error();
        assert!(missing.is_no_such_key(), "{missing:?}");
    }
}

#[tokio::test]
async fn a_streamed_file_arrives_whole() {
    let mut edge = TestEdge::over_tcp().await;
    let s3 = aws_sdk_s3::Client::new(&edge.sdk);
    s3.create_bucket().bucket("files").send().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("big");
    let content: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();
    std::fs::write(&path, &content).unwrap();
    let body = ByteStream::from_path(&path).await.unwrap();
    s3.put_object()
        .bucket("files")
        .key("big")
        .body(body)
        .send()
        .await
        .unwrap();
    let got = s3
        .get_object()
        .bucket("files")
        .key("big")
        .send()
        .await
        .unwrap()
        .body
        .collect()
        .await
        .unwrap()
        .to_vec();
    assert!(got == content);
    assert_eq!(edge.created.recv().await.unwrap().size, 12_000_000);
}

#[tokio::test]
async fn an_object_uploaded_in_parts_is_announced_once() {
    let mut edge = TestEdge::in_process();
    let s3 = aws_sdk_s3::Client::new(&edge.sdk);
    s3.create_bucket().bucket("files").send().await.unwrap();
    let upload = s3
        .create_multipart_upload()
        .bucket("files")
        .key("parts")
        .send()
        .await
        .unwrap();
    let upload = upload.upload_id().unwrap();
    let mut done = CompletedMultipartUpload::builder();
    for (number, size) in [(1, 5 * 1024 * 1024), (2, 10)] {
        let body = ByteStream::from(vec![b'a' + u8::try_from(number).unwrap(); size]);
        let part = s3
            .upload_part()
            .bucket("files")
            .key("parts")
            .upload_id(upload)
            .part_number(number)
            .body(body);
        let tag = part.send().await.unwrap().e_tag.unwrap();
        done = done.parts(
            CompletedPart::builder()
                .part_number(number)
                .e_tag(tag)
                .build(),
        );
    }
    let complete = s3
        .complete_multipart_upload()
        .bucket("files")
        .key("parts")
        .upload_id(upload);
    complete
        .multipart_upload(done.build())
        .send()
        .await
        .unwrap();
    let created = edge.created.recv().await.unwrap();
    assert_eq!(created.event, "ObjectCreated:CompleteMultipartUpload");
    assert_eq!(created.size, 5 * 1024 * 1024 + 10);
    assert!(edge.created.try_recv().is_err());

    s3.copy_object()
        .bucket("files")
        .key("copy")
        .copy_source("files/parts")
        .send()
        .await
        .unwrap();
    assert_eq!(
        edge.created.recv().await.unwrap().event,
        "ObjectCreated:Copy"
    );
}

#[tokio::test]
async fn a_message_is_hidden_then_seen_again_then_dead() {
    for edge in [TestEdge::in_process(), TestEdge::over_tcp().await] {
        let sqs = aws_sdk_sqs::Client::new(&edge.sdk);
        let dead = sqs
            .create_queue()
            .queue_name("Dead")
            .send()
            .await
            .unwrap()
            .queue_url
            .unwrap();
        assert_eq!(dead, edge.edge.sqs().queue_url("Dead"));
        let redrive = concat!(
            r#"{"deadLetterTargetArn":"arn:aws:sqs:eu-central-1:123456789012:Dead","#,
            r#""maxReceiveCount":1}"#
        );
        let work = sqs
            .create_queue()
            .queue_name("Work")
            .attributes(
                aws_sdk_sqs::types::QueueAttributeName::VisibilityTimeout,
                "1",
            )
            .attributes(
                aws_sdk_sqs::types::QueueAttributeName::RedrivePolicy,
                redrive,
            )
            .send()
            .await
            .unwrap()
            .queue_url
            .unwrap();
        let arrivals = edge.edge.sqs().arrivals("Work");
        sqs.send_message()
            .queue_url(&work)
            .message_body("one")
            .send()
            .await
            .unwrap();
        tokio::time::timeout(Duration::from_secs(1), arrivals.notified())
            .await
            .expect("the one that waits is woken");

        let first = sqs.receive_message().queue_url(&work).send().await.unwrap();
        assert_eq!(first.messages()[0].body(), Some("one"));
        let hidden = sqs.receive_message().queue_url(&work).send().await.unwrap();
        assert!(hidden.messages().is_empty());
        tokio::time::sleep(Duration::from_millis(1100)).await;
        let gone = sqs.receive_message().queue_url(&work).send().await.unwrap();
        assert!(
            gone.messages().is_empty(),
            "received once already, which is the most"
        );
        let dead = sqs
            .receive_message()
            .queue_url(&dead)
            .wait_time_seconds(2)
            .send()
            .await
            .unwrap();
        assert_eq!(dead.messages()[0].body(), Some("one"));
    }
}

#[tokio::test]
async fn a_queue_that_does_not_exist_is_named_as_such() {
    let edge = TestEdge::in_process();
    let sqs = aws_sdk_sqs::Client::new(&edge.sdk);
    let sent = sqs
        .send_message()
        .queue_url(edge.edge.sqs().queue_url("None"))
        .message_body("x")
        .send()
        .await;
    let error = sent.unwrap_err().into_service_error();
    assert!(error.is_queue_does_not_exist(), "{error:?}");
}
