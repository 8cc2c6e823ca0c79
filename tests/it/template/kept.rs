//! What ends, what is kept, and how.

use std::collections::BTreeMap;

use local::template::{Node, SOURCE};

use super::{root, template};

#[test]
fn what_ends_by_itself_ends_by_the_attribute_that_the_code_writes() {
    let ending: BTreeMap<_, _> = template()
        .tables
        .into_iter()
        .filter_map(|table| Some((table.name, table.ttl?)))
        .collect();
    let expected = ["CartsTable", "IdempotencyTable", "LookupsTable"]
        .map(|name| (name.to_owned(), "expiresAt".to_owned()));
    assert_eq!(ending, expected.into());
}

#[test]
fn logs_end_and_what_cannot_be_loaded_again_is_kept() {
    let source = Node::parse(SOURCE).unwrap();
    let resources = source.get("Resources").unwrap();
    for function in template().functions {
        let logs = format!("{}Logs", function.logical_name.trim_end_matches("Function"));
        assert!(
            resources
                .at(&[&logs, "Properties", "RetentionInDays"])
                .is_some(),
            "{} keeps its logs forever",
            function.name
        );
    }
    for (name, resource) in resources.entries() {
        let property = |path: &[&str]| {
            resource
                .get("Properties")
                .and_then(|properties| properties.at(path))
        };
        match resource.get("Type").and_then(Node::text) {
            Some("AWS::DynamoDB::Table") => {
                let kept = resource.get("DeletionPolicy").and_then(Node::text) == Some("Retain");
                let restorable = property(&[
                    "PointInTimeRecoverySpecification",
                    "PointInTimeRecoveryEnabled",
                ]) == Some(&Node::Bool(true));
                assert_eq!(kept, restorable, "{name}");
                assert_eq!(
                    property(&["SSESpecification", "SSEEnabled"]),
                    Some(&Node::Bool(true)),
                    "{name} is not encrypted"
                );
            }
            Some("AWS::SQS::Queue") => {
                assert_eq!(
                    property(&["SqsManagedSseEnabled"]),
                    Some(&Node::Bool(true)),
                    "{name}"
                )
            }
            Some("AWS::S3::Bucket") => assert!(property(&["BucketEncryption"]).is_some(), "{name}"),
            _ => {}
        }
    }
}

#[test]
fn a_panic_of_a_shipped_program_is_one_failed_record() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let release = manifest
        .split("[profile.release]")
        .nth(1)
        .unwrap()
        .split("\n[")
        .next()
        .unwrap();
    // Where the profile says nothing, cargo-lambda says "abort".
    assert!(
        release.lines().any(|line| line == "panic = \"unwind\""),
        "{release}"
    );
}
