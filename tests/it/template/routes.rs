//! `cargo lambda watch` knows the routes of the template.

use std::fmt::Write as _;

use super::{root, template};

const HEADER: &str = "[workspace.metadata.lambda.watch.router]\n";

/// The table of `Cargo.toml`: each path with the functions that answer it.
fn table() -> String {
    let mut paths: Vec<(String, Vec<String>)> = Vec::new();
    for function in template().functions {
        for route in function.routes {
            let target = format!(
                "{{ function = \"{}\", method = \"{}\" }}",
                function.name, route.method
            );
            match paths.iter_mut().find(|(path, _)| *path == route.path) {
                Some((_, targets)) => targets.push(target),
                None => paths.push((route.path, vec![target])),
            }
        }
    }
    assert!(!paths.is_empty());
    paths
        .iter()
        .fold(HEADER.to_owned(), |mut text, (path, targets)| {
            writeln!(text, "\"{path}\" = [{}]", targets.join(", ")).unwrap();
            text
        })
}

#[test]
fn the_routes_for_watching_are_those_of_the_template() {
    let path = root().join("Cargo.toml");
    let manifest = std::fs::read_to_string(&path).unwrap();
    let start = manifest.find(HEADER).unwrap();
    let end = manifest[start..]
        .find("\n[")
        .map_or(manifest.len(), |length| start + length + 1);
    let (stated, expected) = (&manifest[start..end], table());
    if std::env::var_os("UPDATE_ROUTES").is_some() && stated.trim_end() != expected.trim_end() {
        let updated = [&manifest[..start], &expected, &manifest[end..]].concat();
        std::fs::write(&path, updated).unwrap();
        return;
    }
    assert_eq!(
        stated.trim_end(),
        expected.trim_end(),
        "UPDATE_ROUTES=1 writes the routes of the template to Cargo.toml"
    );
}
