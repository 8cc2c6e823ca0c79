//! The template says the same as the code.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use lambda_kit::{Env, RandomIds, Start, SystemClock};
use local::edge::Body;
use local::template::{Deployment, Function, Node, SOURCE, Template};
use serde_json::Value;

use crate::app::{ADA, TestApp};

/// Read by what every function shares, wherever it is needed.
const SHARED: [&str; 4] = ["AUTH_MODE", "LOG_LEVEL", "LOG_FORMAT", "STACK_NAME"];

fn template() -> Template {
    let parameters = [("ErpUrl", "http://erp"), ("JwtIssuer", "http://issuer"), ("JwksUrl", "http://issuer/keys")];
    let deployment = Deployment {
        parameters: parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        secrets: [("erp:token".to_owned(), "secret".to_owned())].into(),
        queue_base: "http://aws".to_owned(),
    };
    Template::read(SOURCE, &deployment).unwrap()
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The names of the folders in a folder.
fn folders(of: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(root().join(of)).unwrap().map(|entry| entry.unwrap());
    entries
        .filter(|entry| entry.file_type().unwrap().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect()
}

fn start(env: &BTreeMap<String, String>) -> Start {
    let lambda = [("AWS_REGION", "eu-central-1"), ("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "x")];
    let own = env.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    Start::new(Env::from_pairs(own.chain(lambda)), None, Arc::new(SystemClock), Arc::new(RandomIds)).unwrap()
}

#[test]
fn every_function_has_a_resource_a_folder_of_events_and_the_name_of_its_package() {
    let template = template();
    let named: BTreeSet<_> = template.functions.iter().map(|function| function.name.clone()).collect();
    assert_eq!(named, folders("functions"));
    assert_eq!(named, folders("events"));
    assert_eq!(named, local::functions::NAMES.iter().map(|name| (*name).to_owned()).collect());
    let source = Node::parse(SOURCE).unwrap();
    for function in &template.functions {
        let code = source.at(&["Resources", &function.logical_name, "Properties", "CodeUri"]).and_then(Node::text);
        assert_eq!(code, Some(format!("target/lambda/{}/", function.name).as_str()));
        let pascal: String =
            function.name.split('-').map(|word| format!("{}{}", word[..1].to_uppercase(), &word[1..])).collect();
        assert_eq!(function.logical_name, format!("{pascal}Function"));
        let events = std::fs::read_dir(root().join("events").join(&function.name)).unwrap().count();
        assert!(events > 0, "{} has no sample event", function.name);
    }
}

#[tokio::test]
async fn a_function_reads_exactly_the_variables_that_the_template_sets() {
    let mut problems = Vec::new();
    for function in template().functions {
        let built = local::functions::build(&function.name, &start(&function.env)).await.unwrap();
        assert!(built.is_ok(), "{} does not start with what the template sets: {:?}", function.name, built.err());
        for variable in function.env.keys().filter(|name| !SHARED.contains(&name.as_str())) {
            // What the whole system is set up with may be of no concern to one function.
            let for_all = variable == "STORE_ID" || variable.starts_with("JW");
            let mut less = function.env.clone();
            less.remove(variable);
            match local::functions::build(&function.name, &start(&less)).await.unwrap() {
                Err(error) if error.to_string().contains(variable.as_str()) => {}
                Err(error) => problems.push(format!("{} without {variable}: {error}", function.name)),
                Ok(_) if for_all => {}
                // One with a default is read all the same: what cannot be used is refused.
                Ok(_) => {
                    less.insert(variable.clone(), "{not usable".to_owned());
                    match local::functions::build(&function.name, &start(&less)).await.unwrap() {
                        Err(error) if error.to_string().contains(variable.as_str()) => {}
                        _ => problems.push(format!("{} does not read {variable}", function.name)),
                    }
                }
            }
        }
        if !function.routes.is_empty() {
            let mut less = function.env.clone();
            less.remove("AUTH_MODE");
            let built = local::functions::build(&function.name, &start(&less)).await.unwrap();
            assert!(built.is_err(), "{} verifies nobody by default", function.name);
        }
    }
    assert_eq!(problems, [] as [String; 0]);
}

#[tokio::test]
async fn every_route_of_the_template_is_one_of_its_function() {
    let app = TestApp::start().await;
    let mut known = BTreeSet::new();
    for function in &app.stack().template().functions {
        for route in &function.routes {
            known.insert(format!("{} {}", route.method, route.path));
            let path = route.path.replace(['{', '}'], "");
            let token = app.token(ADA).await;
            let request = Request::builder().method(route.method.as_str()).uri(&path);
            let request = request.header("authorization", format!("Bearer {token}"));
            let answer = app.send(request.body(Body::empty()).unwrap()).await;
            let code = answer["code"].as_str().unwrap_or_default();
            assert!(
                !matches!(code, "route_not_found" | "method_not_allowed"),
                "{} {path}: {}",
                route.method,
                answer.text
            );
            assert!(answer.status < 500, "{} {path}: {}", route.method, answer.text);
        }
    }
    // The routes that stand in the code, so that one without a resource is noticed.
    let mut in_code = BTreeSet::new();
    for function in folders("functions") {
        for path in paths(&root().join("functions").join(function).join("src")) {
            in_code.insert(path);
        }
    }
    let in_template: BTreeSet<_> = known.iter().map(|route| nameless(route.split_once(' ').unwrap().1)).collect();
    let missing: Vec<_> = in_code.iter().filter(|path| !in_template.contains(*path)).collect();
    assert_eq!(missing, [] as [&String; 0], "routes that no event of the template reaches");
    app.finish().await;
}

/// The paths in `.route("…"` and `routes("…"`, their parameters without a name.
fn paths(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let source = std::fs::read_to_string(path).unwrap();
            let pieces = source.split(".route(\"").chain(source.split("routes(\"").skip(1)).skip(1);
            found.extend(pieces.filter_map(|piece| piece.split_once('"')).map(|(path, _)| nameless(path)));
        }
    }
    found
}

fn nameless(path: &str) -> String {
    path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part }).collect::<Vec<_>>().join("/")
}

fn calls_erp(function: &Function) -> bool {
    function.env.contains_key("ERP_URL")
}

#[test]
fn time_limits_nest() {
    let limits = erp_limits();
    for function in &template().functions {
        if !function.routes.is_empty() {
            assert!(function.timeout < Duration::from_secs(29), "{} outlives the HTTP API", function.name);
        }
        if calls_erp(function) {
            assert!(function.timeout > limits.0, "{} ends before the ERP's time limit", function.name);
        }
        for source in &function.queues {
            let template = template();
            let queue = template.queues.iter().find(|queue| queue.name == source.queue).unwrap();
            let visibility: u64 = queue.attributes["VisibilityTimeout"].parse().unwrap();
            assert!(visibility >= 6 * function.timeout.as_secs(), "{}", function.name);
            assert!(source.partial_failures, "{} fails whole batches", function.name);
            let redrive: Value = serde_json::from_str(&queue.attributes["RedrivePolicy"]).unwrap();
            let dead = redrive["deadLetterTargetArn"].as_str().unwrap().rsplit(':').next().unwrap().to_owned();
            assert!(template.queues.iter().any(|queue| queue.name == dead));
            assert!(has_alarm(&dead), "nobody hears of {dead}");
            assert!(function.timeout > limits.1, "{} cannot send a small order", function.name);
        }
    }
}

/// The ERP's time limits for a lookup and for a small submission, as the client has them.
fn erp_limits() -> (Duration, Duration) {
    (Duration::from_secs(5), Duration::from_millis(10_000 + 10 * 150))
}

fn has_alarm(queue: &str) -> bool {
    let source = Node::parse(SOURCE).unwrap();
    source.get("Resources").unwrap().entries().iter().any(|(_, resource)| {
        resource.get("Type").and_then(Node::text) == Some("AWS::CloudWatch::Alarm")
            && format!("{:?}", resource.at(&["Properties", "Dimensions"])).contains(&format!("{queue}.QueueName"))
    })
}

#[test]
fn what_ends_by_itself_ends_by_the_attribute_that_the_code_writes() {
    let ending: BTreeMap<_, _> =
        template().tables.into_iter().filter_map(|table| Some((table.name, table.ttl?))).collect();
    let expected =
        ["CartsTable", "IdempotencyTable", "LookupsTable"].map(|name| (name.to_owned(), "expiresAt".to_owned()));
    assert_eq!(ending, expected.into());
}

#[test]
fn a_policy_allows_what_the_manifest_needs_and_no_more() {
    let source = Node::parse(SOURCE).unwrap();
    for function in template().functions {
        let policies = source.at(&["Resources", &function.logical_name, "Properties", "Policies"]).expect("a policy");
        let mut actions = BTreeSet::new();
        walk(policies, &mut |key, text| match key {
            "Action" => {
                assert!(text.contains(':') && !text.contains('*'), "{}: {text}", function.name);
                actions.insert(text.split(':').next().unwrap().to_owned());
            }
            "Resource" => assert_ne!(text, "*", "{}", function.name),
            _ => {}
        });
        let manifest =
            std::fs::read_to_string(root().join("functions").join(&function.name).join("Cargo.toml")).unwrap();
        for (adapter, service) in [("store-dynamodb", "dynamodb"), ("queue-sqs", "sqs"), ("files-s3", "s3")] {
            let needed = manifest.lines().any(|line| line.starts_with(adapter));
            assert_eq!(actions.contains(service), needed, "{}: {service}", function.name);
        }
        assert_eq!(
            calls_erp(&function),
            manifest.lines().any(|line| line.starts_with("erp-client")),
            "{}",
            function.name
        );
    }
}

#[test]
fn a_policy_names_the_tables_and_queues_that_the_variables_name() {
    let source = Node::parse(SOURCE).unwrap();
    let mut problems = Vec::new();
    for function in template().functions {
        let properties = source.at(&["Resources", &function.logical_name, "Properties"]).unwrap();
        let policies = format!("{:?}", properties.get("Policies"));
        let variables = properties.at(&["Environment", "Variables"]).map(Node::entries).unwrap_or_default();
        for (name, value) in variables {
            let Node::Tagged(tag, inner) = value else { continue };
            if let (true, Some(resource)) =
                (tag == "Ref" && (name.ends_with("_TABLE") || name.ends_with("_QUEUE_URL")), inner.text())
                && !policies.contains(&format!("{resource}.Arn"))
            {
                problems.push(format!("{} may not use {resource}", function.name));
            }
        }
        for table in source
            .get("Resources")
            .unwrap()
            .entries()
            .iter()
            .map(|(name, _)| name)
            .filter(|name| name.ends_with("Table"))
        {
            let named = variables
                .iter()
                .any(|(_, value)| matches!(value, Node::Tagged(_, inner) if inner.text() == Some(table)));
            if policies.contains(&format!("{table}.Arn")) && !named {
                problems.push(format!("{} may use {table} without knowing its name", function.name));
            }
        }
    }
    assert_eq!(problems, [] as [String; 0]);
}

#[test]
fn logs_end_and_what_cannot_be_loaded_again_is_kept() {
    let source = Node::parse(SOURCE).unwrap();
    let resources = source.get("Resources").unwrap();
    for function in template().functions {
        let logs = format!("{}Logs", function.logical_name.trim_end_matches("Function"));
        assert!(
            resources.at(&[&logs, "Properties", "RetentionInDays"]).is_some(),
            "{} keeps its logs for ever",
            function.name
        );
    }
    for (name, resource) in resources.entries() {
        let property = |path: &[&str]| resource.get("Properties").and_then(|properties| properties.at(path));
        match resource.get("Type").and_then(Node::text) {
            Some("AWS::DynamoDB::Table") => {
                let kept = resource.get("DeletionPolicy").and_then(Node::text) == Some("Retain");
                let restorable = property(&["PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled"])
                    == Some(&Node::Bool(true));
                assert_eq!(kept, restorable, "{name}");
                assert_eq!(
                    property(&["SSESpecification", "SSEEnabled"]),
                    Some(&Node::Bool(true)),
                    "{name} is not encrypted"
                );
            }
            Some("AWS::SQS::Queue") => {
                assert_eq!(property(&["SqsManagedSseEnabled"]), Some(&Node::Bool(true)), "{name}")
            }
            Some("AWS::S3::Bucket") => assert!(property(&["BucketEncryption"]).is_some(), "{name}"),
            _ => {}
        }
    }
}

/// Calls `see` with every text and the key that it stands under.
fn walk(node: &Node, see: &mut impl FnMut(&str, &str)) {
    fn visit(node: &Node, key: &str, see: &mut impl FnMut(&str, &str)) {
        match node {
            Node::Text(text) => see(key, text),
            Node::Tagged(_, inner) => visit(inner, key, see),
            Node::List(items) => items.iter().for_each(|item| visit(item, key, see)),
            Node::Map(entries) => entries.iter().for_each(|(key, value)| visit(value, key, see)),
            Node::Null | Node::Bool(_) | Node::Int(_) => {}
        }
    }
    visit(node, "", see);
}
