//! The lines that the local stack prints for pasting work as they are printed.

use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;
use tokio::process::Command;

use crate::app::{OPERATOR, TestApp};
use crate::workspace::documents::holds_the_tour;

/// Pastes the tour into a shell and returns what every command printed, line by line.
async fn paste(app: &TestApp) -> Vec<Value> {
    let tour = local::tour::tour(app.stack());
    assert!(!tour.is_empty(), "the data set has nothing to show");
    let shell = Command::new("sh")
        .arg("-euc")
        .arg(tour)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let output = shell.unwrap().wait_with_output().await.unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let printed = String::from_utf8(output.stdout).unwrap();
    let lines = printed.lines().filter(|line| !line.is_empty());
    lines
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_the_tour_works_as_printed() {
    let app = TestApp::start().await;
    let tour = local::tour::tour(app.stack());
    let usual = tour.replace(app.stack().storefront(), "http://127.0.0.1:9000");
    holds_the_tour(&usual);
    let printed = paste(&app).await;
    for answer in &printed {
        assert!(answer["code"].is_null(), "a problem: {answer}");
    }
    let order = printed
        .iter()
        .find(|answer| answer["externalOrderId"].is_string())
        .expect("an order");
    let id = order["orderId"].as_str().unwrap();
    assert_eq!(app.orders_of(id).len(), 1);
    let orders = printed.last().unwrap()["orders"].as_array().unwrap();
    assert!(
        orders.iter().any(|listed| listed["orderId"] == id),
        "the last command lists it"
    );
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_data_set_loads_without_rejects_and_sells() {
    let Some(folder) = another_data_set() else {
        eprintln!("skipped: no data set next to the checkout, and DATASET names none");
        return;
    };
    let app = TestApp::start_with(Some(folder)).await;
    let loads = app.get(OPERATOR, "/operations/loads").await.expect(200);
    assert_eq!(loads.list("loads").len(), local::dataset::KINDS.len());
    for load in loads.list("loads") {
        eprintln!(
            "{} {} {} rows per second",
            load["kind"], load["counts"], load["rowsPerSecond"]
        );
        assert_eq!(
            (load["state"].as_str(), load["counts"]["rejected"].as_u64()),
            (Some("published"), Some(0)),
            "{load}"
        );
    }
    let printed = paste(&app).await;
    assert!(
        printed
            .iter()
            .any(|answer| answer["externalOrderId"].is_string()),
        "{printed:?}"
    );
    app.finish().await;
}

/// The folder that `DATASET` names, or real ERP exports next to the checkout, if they are there.
fn another_data_set() -> Option<PathBuf> {
    let neighbour = || {
        PathBuf::from(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../../shared/data/adventureworks"
        ))
    };
    let folder = std::env::var_os("DATASET").map_or_else(neighbour, PathBuf::from);
    folder.is_dir().then_some(folder)
}
