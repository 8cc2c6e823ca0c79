//! The template says the same as the code.

mod kept;
mod limits;
mod reading;
mod roles;
mod routes;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use http::Request;
use lambda_kit::{Env, RandomIds, Runtime, SystemClock};
use local::edge::Body;
use local::template::{Deployment, Function, Node, SOURCE, Template};

use crate::app::{ADA, TestApp};

/// Read by what every function shares, wherever it is needed.
const SHARED: [&str; 4] = ["AUTH_MODE", "LOG_LEVEL", "LOG_FORMAT", "STACK_NAME"];

fn template() -> Template {
    let parameters = [
        ("ErpUrl", "http://erp"),
        ("JwtIssuer", "http://issuer"),
        ("JwksUrl", "http://issuer/keys"),
    ];
    let deployment = Deployment {
        parameters: parameters
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
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
    let entries = std::fs::read_dir(root().join(of))
        .unwrap()
        .map(|entry| entry.unwrap());
    entries
        .filter(|entry| entry.file_type().unwrap().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect()
}

fn start(env: &BTreeMap<String, String>) -> Runtime {
    let lambda = [
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "x"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
    ];
    let own = env
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    Runtime::new(
        Env::from_pairs(own.chain(lambda)),
        None,
        Arc::new(SystemClock),
        Arc::new(RandomIds),
    )
    .unwrap()
}

#[test]
fn every_function_has_a_resource_a_folder_of_events_and_the_name_of_its_package() {
    let template = template();
    let named: BTreeSet<_> = template
        .functions
        .iter()
        .map(|function| function.name.clone())
        .collect();
    assert_eq!(named, folders("functions"));
    assert_eq!(named, folders("events"));
    assert_eq!(
        named,
        local::functions::NAMES
            .iter()
            .map(|name| (*name).to_owned())
            .collect()
    );
    let source = Node::parse(SOURCE).unwrap();
    for function in &template.functions {
        let code = source
            .at(&["Resources", &function.logical_name, "Properties", "CodeUri"])
            .and_then(Node::text);
        assert_eq!(
            code,
            Some(format!("target/lambda/{}/", function.name).as_str())
        );
        let pascal: String = function
            .name
            .split('-')
            .map(|word| format!("{}{}", word[..1].to_uppercase(), &word[1..]))
            .collect();
        assert_eq!(function.logical_name, format!("{pascal}Function"));
        let events = std::fs::read_dir(root().join("events").join(&function.name))
            .unwrap()
            .count();
        assert!(events > 0, "{} has no sample event", function.name);
    }
}

#[tokio::test]
async fn a_function_reads_exactly_the_variables_that_the_template_sets() {
    let mut problems = Vec::new();
    for function in template().functions {
        let built = local::functions::build(&function.name, &start(&function.env))
            .await
            .unwrap();
        assert!(
            built.is_ok(),
            "{} does not start with what the template sets: {:?}",
            function.name,
            built.err()
        );
        for variable in function
            .env
            .keys()
            .filter(|name| !SHARED.contains(&name.as_str()))
        {
            // What the whole system is set up with may be of no concern to one function.
            let for_all = variable == "STORE_ID" || variable.starts_with("JW");
            let mut less = function.env.clone();
            less.remove(variable);
            match local::functions::build(&function.name, &start(&less))
                .await
                .unwrap()
            {
                Err(error) if error.to_string().contains(variable.as_str()) => {}
                Err(error) => {
                    problems.push(format!("{} without {variable}: {error}", function.name))
                }
                Ok(_) if for_all => {}
                // One with a default is read all the same: what cannot be used is refused.
                Ok(_) => {
                    less.insert(variable.clone(), "{not usable".to_owned());
                    match local::functions::build(&function.name, &start(&less))
                        .await
                        .unwrap()
                    {
                        Err(error) if error.to_string().contains(variable.as_str()) => {}
                        _ => problems.push(format!("{} does not read {variable}", function.name)),
                    }
                }
            }
        }
        if !function.routes.is_empty() {
            let mut less = function.env.clone();
            less.remove("AUTH_MODE");
            let built = local::functions::build(&function.name, &start(&less))
                .await
                .unwrap();
            assert!(
                built.is_err(),
                "{} verifies no one by default",
                function.name
            );
        }
    }
    assert_eq!(problems, [] as [String; 0]);
}

#[test]
fn the_template_sets_every_variable_that_a_function_names() {
    let mut unset = Vec::new();
    for function in template().functions {
        let source = root().join("functions").join(&function.name).join("src");
        let entries = std::fs::read_dir(source).unwrap();
        let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        if !function.buckets.is_empty() {
            // Load functions share what reads their limits.
            files.push(root().join("shared/lambda-kit/src/load_function.rs"));
        }
        for file in files {
            let text = std::fs::read_to_string(file).unwrap_or_default();
            // Variables are the only longer texts in capitals.
            let names = text.split('"').filter(|part| {
                part.len() > 6 && part.chars().all(|c| c.is_ascii_uppercase() || c == '_')
            });
            let own = names.filter(|name| !name.starts_with("AWS_") && !name.starts_with("CARGO_"));
            unset.extend(
                own.filter(|name| !function.env.contains_key(*name))
                    .map(|name| format!("{} {name}", function.name)),
            );
        }
    }
    assert_eq!(
        unset,
        [] as [String; 0],
        "with a default, one that no one can set"
    );
}

#[tokio::test]
async fn every_function_starts_with_the_variables_for_watching() {
    let text = std::fs::read_to_string(root().join(".env.watch")).unwrap();
    let pairs = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('='));
    let env = pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    for name in local::functions::NAMES {
        let built = local::functions::build(name, &start(&env)).await.unwrap();
        assert!(built.is_ok(), "{name}: {:?}", built.err());
    }
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
            assert!(
                answer.status < 500,
                "{} {path}: {}",
                route.method,
                answer.text
            );
        }
    }
    // The routes that stand in the code, so that one without a resource is noticed.
    let mut in_code = BTreeSet::new();
    for function in folders("functions") {
        for path in paths(&root().join("functions").join(function).join("src")) {
            in_code.insert(path);
        }
    }
    let in_template: BTreeSet<_> = known
        .iter()
        .map(|route| nameless(route.split_once(' ').unwrap().1))
        .collect();
    let missing: Vec<_> = in_code
        .iter()
        .filter(|path| !in_template.contains(*path))
        .collect();
    assert_eq!(
        missing,
        [] as [&String; 0],
        "routes that no event of the template reaches"
    );
    app.finish().await;
}

/// The paths in `.route("…"` and `routes("…"`, their parameters without a name.
fn paths(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let source = std::fs::read_to_string(path).unwrap();
            let pieces = source
                .split(".route(\"")
                .chain(source.split("routes(\"").skip(1))
                .skip(1);
            found.extend(
                pieces
                    .filter_map(|piece| piece.split_once('"'))
                    .map(|(path, _)| nameless(path)),
            );
        }
    }
    found
}

fn nameless(path: &str) -> String {
    path.split('/')
        .map(|part| if part.starts_with('{') { "{}" } else { part })
        .collect::<Vec<_>>()
        .join("/")
}

fn calls_erp(function: &Function) -> bool {
    function.env.contains_key("ERP_URL")
}
