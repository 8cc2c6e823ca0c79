//! Every fault at every boundary, and every pair of them.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Instant;

use testkit::setting;

use super::parallel::{Job, play};
use super::plan::{DuplicateProtection, Fault, Operation, Plan, Site, faults_at};
use super::run::Scenario;

/// A plan that was played, and the sites that its run came to.
type Played = (Vec<(usize, Fault)>, Vec<Site>);

/// Plays plans of a scenario.
fn played(scenario: Scenario, plans: &[Vec<(usize, Fault)>]) -> Vec<Played> {
    let sites = Mutex::new(BTreeMap::new());
    let job = |number: usize| Job {
        name: format!("{:?}", plans[number]),
        scenario,
        plan: Plan::Fixed(plans[number].clone()),
        seed: 1,
    };
    play(plans.len(), job, |number, ended| {
        sites.lock().unwrap().insert(number, ended.sites);
    });
    plans
        .iter()
        .cloned()
        .zip(sites.into_inner().unwrap().into_values())
        .collect()
}

/// The plans that go on from a played one with one fault more, at a site behind the last.
fn one_more(played: &Played, support: DuplicateProtection) -> Vec<Vec<(usize, Fault)>> {
    let (plan, sites) = played;
    let from = plan.last().map_or(0, |(at, _)| at + 1);
    let more = sites
        .iter()
        .copied()
        .enumerate()
        .skip(from)
        .flat_map(|(at, site)| {
            faults_at(site, support)
                .into_iter()
                .map(move |fault| (at, fault))
        });
    more.map(|fault| [plan.clone(), vec![fault]].concat())
        .collect()
}

/// Every fault, or one in N, at every site of a run without any.
fn singles(scenario: Scenario, every: usize) -> Vec<Played> {
    let without = played(scenario, &[Vec::new()]);
    let plans: Vec<_> = one_more(&without[0], scenario.support)
        .into_iter()
        .step_by(every)
        .collect();
    played(scenario, &plans)
}

#[test]
fn a_capture_makes_one_transaction_and_one_queue_send() {
    let (_, sites) = played(Scenario::of(DuplicateProtection::Key), &[Vec::new()]).remove(0);
    let capture: Vec<Operation> = sites
        .iter()
        .map_while(|site| match site {
            Site::Aws("submit", operation) => Some(*operation),
            _ => None,
        })
        .collect();
    let [put, read, get] = [Operation::Put, Operation::BatchGet, Operation::Get];
    let expected = [put, read, get, read, Operation::Transact, Operation::Send];
    assert_eq!(capture, expected);
}

/// `FAULT_PAIRS=1` plays every pair, `FAULT_PAIRS=10` every tenth; an ordinary test run every
/// 300th.
#[test]
fn every_fault_at_every_boundary_and_every_pair_of_them_leaves_one_order() {
    let (began, every) = (Instant::now(), setting("FAULT_PAIRS", 300).max(1));
    let (mut one, mut two) = (0, 0);
    for support in DuplicateProtection::ALL {
        let scenario = Scenario::of(support);
        let singles = singles(scenario, 1);
        one += singles.len();
        let pairs: Vec<_> = singles
            .iter()
            .flat_map(|single| one_more(single, support))
            .step_by(every)
            .collect();
        two += played(scenario, &pairs).len();
    }
    println!(
        "{one} single faults, {two} pairs (one in {every}): 0 violations in {} s",
        began.elapsed().as_secs()
    );
}

/// `FAULT_SINGLES=1` plays all of them; an ordinary test run every 20th.
#[test]
fn every_fault_leaves_a_refused_order_a_quote_and_a_waiting_buyer_with_the_truth() {
    let (began, every) = (Instant::now(), setting("FAULT_SINGLES", 20).max(1));
    let mut runs = 0;
    for support in DuplicateProtection::ALL {
        let plain = Scenario::of(support);
        let scenarios = [
            Scenario {
                refused: true,
                ..plain
            },
            Scenario {
                quote: true,
                ..plain
            },
            Scenario { wait: 2, ..plain },
        ];
        runs += scenarios
            .map(|scenario| singles(scenario, every).len())
            .iter()
            .sum::<usize>();
    }
    println!(
        "{runs} other single faults (one in {every}): 0 violations in {} s",
        began.elapsed().as_secs()
    );
}
