//! Runs in which chance decides about everything.

use std::time::Instant;

use testkit::setting;

use super::environment::Environment;
use super::parallel::{Job, environment_number, play};
use super::plan::{DuplicateProtection, Plan, Rng};
use super::run::{Scenario, run};
use super::time::runtime;

/// Seeds of an ordinary test run; `FAULT_SEEDS` gives another number, `FAULT_FROM` the first.
const SEEDS: usize = 200;

fn job(seed: usize) -> Job {
    let mut rng = Rng::new(seed as u64);
    let scenario = Scenario {
        support: DuplicateProtection::ALL[rng.below(3)],
        quote: rng.below(8) == 0,
        refused: rng.below(6) == 0,
        wait: if rng.below(3) == 0 { 2 } else { 0 },
    };
    // From runs with one fault somewhere to runs in which little goes right.
    let (per_mille, most) = [(60, 2), (120, 4), (250, 8)][rng.below(3)];
    Job {
        name: format!("seed {seed}"),
        scenario,
        plan: Plan::Random(rng, per_mille, most),
        seed: seed as u64,
    }
}

#[test]
fn whatever_goes_wrong_an_order_takes_effect_once() {
    let (seeds, from) = (setting("FAULT_SEEDS", SEEDS), setting("FAULT_FROM", 0));
    let began = Instant::now();
    play(seeds, |number| job(from + number), |_, _| {});
    println!(
        "{seeds} seeds from {from}: 0 violations in {} s",
        began.elapsed().as_secs()
    );
}

#[test]
fn a_seed_replays_to_the_same_trace() {
    let traces = |before: usize| {
        runtime().block_on(async {
            let mut environment = Environment::start(environment_number()).await;
            let mut traces = Vec::new();
            for seed in (0..before).chain(1000..1020) {
                let Job {
                    scenario,
                    plan,
                    seed,
                    ..
                } = job(seed);
                traces.push(run(&mut environment, scenario, plan, seed).await.trace);
            }
            traces.split_off(before)
        })
    };
    let (first, second) = (traces(0), traces(7));
    for (seed, (first, second)) in (1000..).zip(first.iter().zip(&second)) {
        assert!(first.len() > 10, "seed {seed}: {first:#?}");
        assert_eq!(first, second, "seed {seed}");
    }
}
