//! Dependencies point one way. What a crate may name in its manifest is written down here and
//! nowhere else.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{CargoOpt, DependencyKind, Metadata, MetadataCommand};

use super::source::root;

const ADAPTERS: [&str; 4] = ["store-dynamodb", "queue-sqs", "files-s3", "erp-client"];

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .features(CargoOpt::AllFeatures)
        .no_deps()
        .exec()
        .unwrap()
}

/// The folder of each package, such as `functions/cart`.
fn folders(metadata: &Metadata) -> BTreeMap<String, String> {
    let root = metadata.workspace_root.canonicalize().unwrap();
    let place = |path: &cargo_metadata::camino::Utf8PathBuf| {
        let folder = path.parent().unwrap().canonicalize().unwrap();
        folder
            .strip_prefix(&root)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned()
    };
    metadata
        .packages
        .iter()
        .map(|package| (package.name.to_string(), place(&package.manifest_path)))
        .collect()
}

/// What a package of ours may depend on, apart from what its tests need.
fn may(from: &str, from_folder: &str, to: &str, to_folder: &str) -> bool {
    let layer = |folder: &str| folder.split('/').next().unwrap_or_default().to_owned();
    match (layer(from_folder).as_str(), from, layer(to_folder).as_str()) {
        (_, "domain" | "tabular", _) => false,
        (_, "app", _) => ["domain", "tabular"].contains(&to),
        (_, "wire", _) => to == "domain",
        (_, "lambda-kit", _) => ["app", "domain", "wire"].contains(&to),
        (_, from, _) if ADAPTERS.contains(&from) => ["app", "domain", "wire"].contains(&to),
        (_, "erp-sim", _) => to == "wire",
        (_, "testkit", _) => ["app", "domain"].contains(&to),
        ("functions", _, "shared") => to != "tabular",
        ("tests", _, "functions" | "shared" | "tests") => true,
        _ => false,
    }
}

#[test]
fn every_edge_between_our_crates_points_the_allowed_way() {
    let metadata = metadata();
    let folders = folders(&metadata);
    let mut wrong = BTreeSet::new();
    for package in &metadata.packages {
        let from = package.name.as_str();
        for dependency in &package.dependencies {
            let Some(to_folder) = folders.get(&dependency.name) else {
                continue;
            };
            // The tests of a crate may use the test kit, and a simulator of what it talks to.
            let for_tests = dependency.kind == DependencyKind::Development
                && to_folder.starts_with("tests/")
                && !["domain", "tabular", "wire"].contains(&from);
            let allowed = for_tests || may(from, &folders[from], &dependency.name, to_folder);
            if !allowed {
                wrong.insert(format!(
                    "{from} → {} ({:?})",
                    dependency.name, dependency.kind
                ));
            }
        }
    }
    assert_eq!(wrong, BTreeSet::new());
}

#[test]
fn the_rules_know_what_they_forbid() {
    for (from, folder, to, to_folder) in [
        ("domain", "shared/domain", "app", "shared/app"),
        ("tabular", "shared/tabular", "domain", "shared/domain"),
        ("wire", "shared/wire", "app", "shared/app"),
        ("wire", "shared/wire", "tabular", "shared/tabular"),
        ("files-s3", "shared/files-s3", "tabular", "shared/tabular"),
        (
            "catalog-load",
            "functions/catalog-load",
            "tabular",
            "shared/tabular",
        ),
        (
            "store-dynamodb",
            "shared/store-dynamodb",
            "queue-sqs",
            "shared/queue-sqs",
        ),
        (
            "store-dynamodb",
            "shared/store-dynamodb",
            "lambda-kit",
            "shared/lambda-kit",
        ),
        ("cart", "functions/cart", "checkout", "functions/checkout"),
        ("cart", "functions/cart", "testkit", "tests/testkit"),
        (
            "erp-sim",
            "tests/erp-sim",
            "erp-client",
            "shared/erp-client",
        ),
        ("testkit", "tests/testkit", "cart", "functions/cart"),
    ] {
        assert!(!may(from, folder, to, to_folder), "{from} → {to}");
    }
}

#[test]
fn every_crate_sits_one_level_down_under_its_own_name_and_is_never_published() {
    let metadata = metadata();
    let mut problems = Vec::new();
    for package in &metadata.packages {
        let folder = &folders(&metadata)[package.name.as_str()];
        let named = ["functions", "shared", "tests"]
            .iter()
            .any(|layer| *folder == format!("{layer}/{}", package.name));
        if !named || package.version.to_string() != "0.0.0" || package.publish != Some(vec![]) {
            problems.push(format!("{} {} in {folder}", package.name, package.version));
        }
        if package.license.as_deref() != Some("Apache-2.0 OR MIT") || package.rust_version.is_none()
        {
            problems.push(format!(
                "{} states no licence or no lowest compiler",
                package.name
            ));
        }
    }
    assert_eq!(problems, [] as [String; 0]);
    assert!(
        metadata.root_package().is_none(),
        "the root is a virtual workspace"
    );
}

#[test]
fn every_folder_of_a_layer_is_a_crate() {
    let folders: BTreeSet<String> = folders(&metadata()).into_values().collect();
    for layer in ["functions", "shared", "tests"] {
        for entry in std::fs::read_dir(root().join(layer)).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                let folder = format!("{layer}/{}", entry.file_name().to_str().unwrap());
                // Built with flags of their own, so fuzz targets are a workspace of their own.
                if folder == "tests/fuzz" {
                    continue;
                }
                assert!(folders.contains(&folder), "{folder}");
            }
        }
    }
}

#[test]
fn the_program_of_a_function_is_a_few_lines() {
    for entry in std::fs::read_dir(root().join("functions")).unwrap() {
        let main = entry.unwrap().path().join("src/main.rs");
        let lines = std::fs::read_to_string(&main).unwrap().lines().count();
        assert!(lines <= 25, "{} has {lines} lines", main.display());
    }
}
