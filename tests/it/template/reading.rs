//! What is read out of `template.yaml`.

use std::collections::BTreeMap;
use std::time::Duration;

use local::template::{
    BucketSource, Deployment, Node, QueueSource, SOURCE, Schedule, Template, TemplateError,
};
use serde_json::json;

/// What the bucket is called by default.
const BUCKET: &str = "local-exports-123456789012";

fn deployment() -> Deployment {
    let parameters = [("ErpUrl", "http://erp"), ("JwtIssuer", "http://issuer")];
    Deployment {
        parameters: parameters
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        secrets: [("erp:token".to_owned(), "secret".to_owned())].into(),
        queue_base: "http://aws".to_owned(),
    }
}

fn template() -> Template {
    Template::read(SOURCE, &deployment()).unwrap()
}

#[test]
fn there_is_a_function_for_every_folder_and_no_other() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../functions");
    let mut folders: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    folders.sort();
    let mut names: Vec<_> = template()
        .functions
        .into_iter()
        .map(|function| function.name)
        .collect();
    names.sort();
    assert_eq!(names, folders);
}

#[test]
fn variables_come_with_their_references_worked_out() {
    let template = template();
    let cart = template.function("cart").unwrap();
    let expected = [
        ("AUTH_MODE", "gateway"),
        ("CARTS_TABLE", "CartsTable"),
        ("CATALOG_TABLE", "CatalogTable"),
        ("ERP_TOKEN", "secret"),
        ("ERP_URL", "http://erp"),
        ("INVENTORY_RULES", "[]"),
        ("LOG_FORMAT", "json"),
        ("LOG_LEVEL", "info"),
        ("LOOKUPS_TABLE", "LookupsTable"),
        ("MEMBERS_TABLE", "MembersTable"),
        ("STACK_NAME", "local"),
        ("STORE_ID", "main"),
        ("SUBMISSIONS_TABLE", "SubmissionsTable"),
    ];
    let expected: BTreeMap<_, _> = expected
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    assert_eq!(cart.env, expected);
    assert_eq!(cart.timeout, Duration::from_secs(25));
    assert_eq!(
        template.function("submit").unwrap().env["SUBMIT_QUEUE_URL"],
        "http://aws/123456789012/SubmitQueue"
    );
    assert_eq!(
        template.function("member-load").unwrap().env["EXPORTS_BUCKET"],
        BUCKET
    );
    assert_eq!(
        template.function("registration").unwrap().env["JWKS_URL"],
        "http://issuer/.well-known/jwks.json"
    );
    assert_eq!(template.buckets, [BUCKET]);

    let mut named = deployment();
    named
        .parameters
        .insert("ExportsBucket".to_owned(), "files".to_owned());
    named
        .parameters
        .insert("JwksUrl".to_owned(), "http://issuer/keys".to_owned());
    let template = Template::read(SOURCE, &named).unwrap();
    assert_eq!(
        template.function("member-load").unwrap().env["EXPORTS_BUCKET"],
        "files"
    );
    assert_eq!(
        template.function("registration").unwrap().env["JWKS_URL"],
        "http://issuer/keys"
    );
}

#[test]
fn tables_carry_their_indexes_and_their_end_of_life() {
    let template = template();
    let submissions = template
        .tables
        .iter()
        .find(|table| table.name == "SubmissionsTable")
        .unwrap();
    assert_eq!(submissions.ttl, None);
    let indexes = submissions.definition["GlobalSecondaryIndexes"]
        .as_array()
        .unwrap();
    let projection = |name: &str| {
        indexes
            .iter()
            .find(|index| index["IndexName"] == name)
            .unwrap()["Projection"]["ProjectionType"]
            .clone()
    };
    assert_eq!(
        ["by-state", "by-due", "by-owner"].map(projection),
        ["KEYS_ONLY", "KEYS_ONLY", "ALL"]
    );
    let ttl: Vec<_> = template
        .tables
        .iter()
        .filter(|table| table.ttl.as_deref() == Some("expiresAt"))
        .collect();
    assert_eq!(
        ttl.len(),
        3,
        "lookups, carts and idempotency records go by themselves"
    );
}

#[test]
fn a_queue_is_made_after_the_one_that_takes_its_dead_letters() {
    let template = template();
    let names: Vec<_> = template
        .queues
        .iter()
        .map(|queue| queue.name.as_str())
        .collect();
    for queue in ["Submit", "CatalogLoad", "MemberLoad"] {
        let place = |name: String| names.iter().position(|known| *known == name).unwrap();
        let (at, letters) = (
            place(format!("{queue}Queue")),
            place(format!("{queue}DeadLetters")),
        );
        assert!(letters < at, "{queue}");
        let redrive: serde_json::Value =
            serde_json::from_str(&template.queues[at].attributes["RedrivePolicy"]).unwrap();
        let arn = format!("arn:aws:sqs:eu-central-1:123456789012:{queue}DeadLetters");
        let most = if queue == "Submit" { 10 } else { 5 };
        assert_eq!(
            redrive,
            json!({"deadLetterTargetArn": arn, "maxReceiveCount": most})
        );
    }
}

#[test]
fn every_source_of_events_is_read() {
    let template = template();
    let worker = template.function("submit-worker").unwrap();
    let source = QueueSource {
        queue: "SubmitQueue".into(),
        batch_size: 1,
        partial_failures: true,
        concurrency: 4,
    };
    assert_eq!(worker.queues, [source]);
    let items = BucketSource {
        bucket: BUCKET.into(),
        prefix: "incoming/items/".into(),
        suffix: String::new(),
    };
    assert!(
        template
            .function("catalog-load")
            .unwrap()
            .buckets
            .contains(&items)
    );
    let prefixes = template
        .functions
        .iter()
        .flat_map(|function| &function.buckets)
        .count();
    assert_eq!(prefixes, local::dataset::KINDS.len());
    let minute = Schedule {
        every: Duration::from_secs(60),
    };
    assert_eq!(template.function("reconcile").unwrap().schedules, [minute]);
}

#[test]
fn only_the_named_routes_are_open() {
    let template = template();
    let mut open: Vec<_> = template
        .functions
        .iter()
        .flat_map(|function| &function.routes)
        .filter(|route| route.public)
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    open.sort();
    let expected = [
        "GET /catalog/categories",
        "GET /catalog/categories/{categoryId}/items",
        "GET /catalog/items/{sku}",
        "GET /health",
        "POST /catalog/items/query",
        "POST /organizations",
        "POST /users",
    ];
    assert_eq!(open, expected);
}

#[test]
fn a_message_stays_hidden_for_six_timeouts_of_its_function() {
    let template = template();
    for function in &template.functions {
        for source in &function.queues {
            let queue = template
                .queues
                .iter()
                .find(|queue| queue.name == source.queue)
                .unwrap();
            let visibility: u64 = queue.attributes["VisibilityTimeout"].parse().unwrap();
            assert!(
                visibility >= 6 * function.timeout.as_secs(),
                "{}",
                function.name
            );
            assert!(
                source.partial_failures && queue.attributes.contains_key("RedrivePolicy"),
                "{}",
                function.name
            );
        }
        if !function.routes.is_empty() {
            assert!(
                function.timeout < Duration::from_secs(29),
                "{}",
                function.name
            );
        }
    }
}

#[test]
fn no_policy_allows_more_than_it_names() {
    fn walk(node: &Node, path: &str) {
        match node {
            Node::Text(text) if path.contains("/Action") => {
                assert!(text.contains(':') && !text.contains('*'), "{path}: {text}");
            }
            Node::Text(text) if path.contains("/Resource") => assert_ne!(text, "*", "{path}"),
            Node::Tagged(_, inner) => walk(inner, path),
            Node::List(items) => items.iter().for_each(|item| walk(item, path)),
            Node::Map(entries) => entries
                .iter()
                .for_each(|(key, value)| walk(value, &format!("{path}/{key}"))),
            _ => {}
        }
    }
    let root = Node::parse(SOURCE).unwrap();
    for (name, resource) in root.get("Resources").unwrap().entries() {
        let policies = resource.at(&["Properties", "Policies"]);
        if resource.get("Type").and_then(Node::text) == Some("AWS::Serverless::Function") {
            walk(policies.expect("every function has its own policy"), name);
            let logs = format!("{}Logs", name.trim_end_matches("Function"));
            assert!(
                root.at(&["Resources", &logs, "Properties", "RetentionInDays"])
                    .is_some(),
                "{name} keeps its logs forever"
            );
        }
    }
}

#[test]
fn an_unknown_name_is_an_error() {
    let source = SOURCE.replace(
        "CATALOG_TABLE: !Ref CatalogTable",
        "CATALOG_TABLE: !Ref CatalogueTable",
    );
    let error = Template::read(&source, &deployment()).unwrap_err();
    assert!(
        matches!(error, TemplateError::Unknown(ref name) if name.contains("CatalogueTable")),
        "{error}"
    );
    let mut deployment = deployment();
    deployment.parameters.remove("ErpUrl");
    assert!(matches!(Template::read(SOURCE, &deployment),
            Err(TemplateError::Parameter(name)) if name == "ErpUrl"));
}
