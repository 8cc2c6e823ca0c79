//! What happens to many orders at once: an ERP that is away for a day, and a message that no one
//! can read.

use std::collections::BTreeSet;
use std::time::Instant;

use app::ports::Clock;
use domain::time::Timestamp;
use erp_sim::{Fault as ErpFault, FaultKind};
use local::template::{Node, SOURCE};
use serde_json::Value;
use testkit::setting;

use super::environment::Environment;
use super::parallel::environment_number;
use super::plan::{DuplicateProtection, Plan};
use super::run::{MOST_RECEIVES, Run, Scenario, begin};
use super::time::runtime;

const DAY_MS: i64 = 86_400_000;

/// One more buyer commits to a cart.
async fn one_order(run: &mut Run<'_>, number: usize) {
    run.cart = format!("cart-{}-{number}", run.environment.runs);
    run.set_up().await;
    run.ask().await;
}

/// The references that the ERP holds, in the order of their coming.
fn references(run: &Run<'_>) -> Vec<String> {
    let orders = run.environment.simulator.orders();
    let references = orders
        .iter()
        .filter_map(|order| order["reference"].as_str().map(str::to_owned));
    references
        .filter(|reference| reference.starts_with("cart-"))
        .collect()
}

fn all_are(run: &Run<'_>, states: &[&str], count: usize) {
    let submissions = run.submissions();
    assert_eq!(submissions.len(), count);
    let confirmed = |record: &&Value| {
        record["state"]["S"]
            .as_str()
            .is_some_and(|state| states.contains(&state))
    };
    let wrong: Vec<_> = submissions
        .iter()
        .filter(|record| !confirmed(record))
        .collect();
    assert!(
        wrong.is_empty(),
        "{} are not {states:?}: {wrong:#?}",
        wrong.len()
    );
}

/// From now on the ERP takes no connection.
fn refuse_all(run: &Run<'_>) {
    for operation in ["submit-order", "find", "capabilities"] {
        run.environment
            .simulator
            .arm(ErpFault::new(operation, FaultKind::Refuse, u64::MAX));
    }
}

fn last_moved(record: &Value) -> Timestamp {
    let document: Value = serde_json::from_str(record["document"]["S"].as_str().unwrap()).unwrap();
    document["updatedAt"].as_str().unwrap().parse().unwrap()
}

/// `OUTAGE_ORDERS` gives another number of orders.
#[test]
fn an_erp_that_is_down_for_a_day_loses_and_doubles_nothing() {
    let orders = setting("OUTAGE_ORDERS", 15);
    let began = Instant::now();
    runtime().block_on(async {
        let mut environment = Environment::start(environment_number()).await;
        let mut run = begin(
            &mut environment,
            Scenario::of(DuplicateProtection::Lookup),
            1,
        );
        run.environment.boundaries.begin(
            Plan::Fixed(Vec::new()),
            DuplicateProtection::Lookup,
            false,
        );
        refuse_all(&run);
        let start = run.environment.clock.now();
        for number in 0..orders {
            if number % 3 == 1 {
                // For some it is unknown whether they arrived.
                run.environment.simulator.disarm();
                run.environment
                    .simulator
                    .arm(ErpFault::new("submit-order", FaultKind::Hang, 1));
                refuse_all(&run);
            }
            one_order(&mut run, number).await;
            let next = start.plus_millis(DAY_MS / orders as i64 * (number as i64 + 1));
            assert!(
                run.settle(next).await.is_err(),
                "what the ERP does not take is tried again"
            );
        }
        assert!(
            run.heard.iter().all(|heard| heard.status == 202),
            "{:?}",
            run.heard
        );
        assert_eq!((run.heard.len(), run.dead), (orders, 0));
        assert_eq!(references(&run), [] as [String; 0]);
        all_are(&run, &["waiting", "unknown"], orders);

        run.environment.simulator.disarm();
        let back = run.environment.clock.now();
        run.settle(back.plus_millis(DAY_MS)).await.unwrap();
        let moved: Vec<Timestamp> = run.submissions().iter().map(last_moved).collect();
        let (first, last) = (*moved.iter().min().unwrap(), *moved.iter().max().unwrap());
        all_are(&run, &["confirmed"], orders);
        let held = references(&run);
        assert_eq!(
            (
                held.len(),
                held.iter().collect::<BTreeSet<_>>().len(),
                run.dead
            ),
            (orders, orders, 0)
        );
        let (found_ms, drained_ms) = (first.millis_since(back), last.millis_since(first));
        assert!(
            found_ms <= 400_000,
            "no backoff is longer than five minutes and a bit: {found_ms}"
        );
        assert!(
            drained_ms <= 30_000,
            "the others wait for no backoff: {drained_ms}"
        );
        // One of them finds out that the ERP is back; the others follow in the order in which they
        // were captured.
        let captured = run.environment.boundaries.captured();
        let first = captured.iter().position(|id| *id == held[0]).unwrap();
        let others = captured
            .iter()
            .enumerate()
            .filter(|(at, _)| *at != first)
            .map(|(_, id)| id);
        assert_eq!(
            held[1..].iter().collect::<Vec<_>>(),
            others.collect::<Vec<_>>()
        );
        run.environment.boundaries.end();
        run.clean_up().await;
        println!(
            "an ERP down for a day, {orders} orders: none lost, doubled or dead; its return was \
            found after {} s and the \
             others followed in order within {} s; {} s",
            found_ms / 1000,
            drained_ms / 1000,
            began.elapsed().as_secs()
        );
    });
}

/// `POISON_MESSAGES` gives another number of messages.
#[test]
fn one_poison_message_among_many_takes_none_with_it() {
    let messages = setting("POISON_MESSAGES", 50);
    let began = Instant::now();
    runtime().block_on(async {
        let mut environment = Environment::start(environment_number()).await;
        let mut run = begin(&mut environment, Scenario::of(DuplicateProtection::Key), 1);
        run.environment
            .boundaries
            .begin(Plan::Fixed(Vec::new()), DuplicateProtection::Key, false);
        for number in 1..messages {
            if number == messages / 2 {
                run.plant("{\"submissionId\":7");
            }
            one_order(&mut run, number).await;
        }
        let now = run.environment.clock.now();
        run.settle(now.plus_millis(DAY_MS)).await.unwrap();
        all_are(&run, &["confirmed"], messages - 1);
        assert_eq!((references(&run).len(), run.dead), (messages - 1, 1));
        run.environment.boundaries.end();
        run.clean_up().await;
        println!(
            "{} messages done, 1 in the dead letters; {} s",
            messages - 1,
            began.elapsed().as_secs()
        );
    });
}

#[test]
fn a_message_is_delivered_as_often_as_the_template_says() {
    let source = Node::parse(SOURCE).unwrap();
    let most = source.at(&[
        "Resources",
        "SubmitQueue",
        "Properties",
        "RedrivePolicy",
        "maxReceiveCount",
    ]);
    assert_eq!(most, Some(&Node::Int(MOST_RECEIVES.into())));
}
