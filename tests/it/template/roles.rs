//! Roles allow what functions use.

use std::collections::BTreeSet;

use local::edge::Policy;
use local::template::{Node, SOURCE};

use super::{calls_erp, root, template};

/// What the tests were seen to use: one function, action and resource a line. `.ci/used.py`
/// compares it with what a run of all tests uses, and writes it anew.
const USED: &str = include_str!("../fixtures/permissions.txt");

#[test]
fn a_role_allows_what_was_seen_to_be_used_and_nothing_else() {
    let template = template();
    let policies = template
        .functions
        .iter()
        .map(|function| Policy::new(&function.name, function.statements.clone()));
    let allowed: BTreeSet<String> = policies.flat_map(|policy| policy.lines()).collect();
    let used: BTreeSet<String> = USED.lines().map(str::to_owned).collect();
    let none: [&String; 0] = [];
    assert_eq!(
        allowed.difference(&used).collect::<Vec<_>>(),
        none,
        "allowed, and seen to be used by no test"
    );
    assert_eq!(
        used.difference(&allowed).collect::<Vec<_>>(),
        none,
        "used, and not allowed"
    );
}

#[test]
fn a_load_function_has_each_folder_of_the_kinds_that_it_loads() {
    const EACH: [(&str, &str); 7] = [
        ("s3:GetObject", "incoming"),
        ("s3:GetObject", "work"),
        ("s3:GetObject", "profiles"),
        ("s3:PutObject", "work"),
        ("s3:PutObject", "rejects"),
        ("s3:PutObject", "reports"),
        ("s3:DeleteObject", "work"),
    ];
    for function in template()
        .functions
        .iter()
        .filter(|function| !function.buckets.is_empty())
    {
        let mut expected = BTreeSet::new();
        for source in &function.buckets {
            let kind = source
                .prefix
                .trim_start_matches("incoming/")
                .trim_end_matches('/');
            for (action, folder) in EACH {
                let end = if folder == "profiles" { ".json" } else { "/*" };
                expected.insert(format!(
                    "{action} arn:aws:s3:::{}/{folder}/{kind}{end}",
                    source.bucket
                ));
            }
            expected.insert(format!("s3:ListBucket arn:aws:s3:::{}", source.bucket));
        }
        let mut allowed = BTreeSet::new();
        for statement in &function.statements {
            for action in statement
                .actions
                .iter()
                .filter(|action| action.starts_with("s3:"))
            {
                allowed.extend(
                    statement
                        .resources
                        .iter()
                        .map(|resource| format!("{action} {resource}")),
                );
            }
        }
        assert_eq!(allowed, expected, "{}", function.name);
    }
}

#[test]
fn a_policy_allows_what_the_manifest_needs_and_no_more() {
    let source = Node::parse(SOURCE).unwrap();
    for function in template().functions {
        let policies = source
            .at(&[
                "Resources",
                &function.logical_name,
                "Properties",
                "Policies",
            ])
            .expect("a policy");
        let mut actions = BTreeSet::new();
        walk(policies, &mut |key, text| match key {
            "Action" => {
                assert!(
                    text.contains(':') && !text.contains('*'),
                    "{}: {text}",
                    function.name
                );
                actions.insert(text.split(':').next().unwrap().to_owned());
            }
            "Resource" => assert_ne!(text, "*", "{}", function.name),
            _ => {}
        });
        let manifest = std::fs::read_to_string(
            root()
                .join("functions")
                .join(&function.name)
                .join("Cargo.toml"),
        )
        .unwrap();
        for (adapter, service) in [
            ("store-dynamodb", "dynamodb"),
            ("queue-sqs", "sqs"),
            ("files-s3", "s3"),
        ] {
            let needed = manifest.lines().any(|line| line.starts_with(adapter));
            assert_eq!(
                actions.contains(service),
                needed,
                "{}: {service}",
                function.name
            );
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
        let properties = source
            .at(&["Resources", &function.logical_name, "Properties"])
            .unwrap();
        let policies = format!("{:?}", properties.get("Policies"));
        let variables = properties
            .at(&["Environment", "Variables"])
            .map(Node::entries)
            .unwrap_or_default();
        for (name, value) in variables {
            let Node::Tagged(tag, inner) = value else {
                continue;
            };
            if let (true, Some(resource)) = (
                tag == "Ref" && (name.ends_with("_TABLE") || name.ends_with("_QUEUE_URL")),
                inner.text(),
            ) && !policies.contains(&format!("{resource}.Arn"))
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
            let named = variables.iter().any(
                |(_, value)| matches!(value, Node::Tagged(_, inner) if inner.text() == Some(table)),
            );
            if policies.contains(&format!("{table}.Arn")) && !named {
                problems.push(format!(
                    "{} may use {table} without knowing its name",
                    function.name
                ));
            }
        }
    }
    assert_eq!(problems, [] as [String; 0]);
}

/// Calls `see` with every text and its key.
fn walk(node: &Node, see: &mut impl FnMut(&str, &str)) {
    fn visit(node: &Node, key: &str, see: &mut impl FnMut(&str, &str)) {
        match node {
            Node::Text(text) => see(key, text),
            Node::Tagged(_, inner) => visit(inner, key, see),
            Node::List(items) => items.iter().for_each(|item| visit(item, key, see)),
            Node::Map(entries) => entries
                .iter()
                .for_each(|(key, value)| visit(value, key, see)),
            Node::Null | Node::Bool(_) | Node::Int(_) => {}
        }
    }
    visit(node, "", see);
}
