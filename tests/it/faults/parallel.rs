//! Many runs, on as many threads as there are cores.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use testkit::setting;

use super::environment::{Blueprint, Environment};
use super::plan::Plan;
use super::run::{Ended, Scenario, run};
use super::time::runtime;

/// Runs of one environment before the next takes its place, so that memory stays bounded.
const RUNS_OF_AN_ENVIRONMENT: usize = 500;
/// Broken runs of which the trace is printed.
const SHOWN: usize = 3;

/// One run to play.
#[derive(Debug, Clone)]
pub struct Job {
    /// Finds the run again, such as `seed 17`.
    pub name: String,
    pub scenario: Scenario,
    pub plan: Plan,
    pub seed: u64,
}

/// A number for a new environment, which no other of this process has.
pub fn environment_number() -> usize {
    static NUMBERS: AtomicUsize = AtomicUsize::new(0);
    NUMBERS.fetch_add(1, Ordering::SeqCst)
}

/// Plays the jobs with the numbers below `count` and hands each end to `ended`, in no order. Fails
/// when anything that must hold did not, with the traces of the first such runs.
pub fn play(count: usize, job: impl Fn(usize) -> Job + Sync, ended: impl Fn(usize, Ended) + Sync) {
    Blueprint::get();
    let next = AtomicUsize::new(0);
    let broken = Mutex::new(Vec::new());
    let stop = setting("FAULT_STOP", 0) > 0;
    let threads = setting(
        "FAULT_THREADS",
        std::thread::available_parallelism().map_or(1, usize::from),
    )
    .clamp(1, count.max(1));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while next.load(Ordering::SeqCst) < count {
                    // A runtime of its own for each environment: dropping it ends whatever the
                    // environment left behind.
                    runtime().block_on(async {
                        let mut environment = Environment::start(environment_number()).await;
                        for _ in 0..RUNS_OF_AN_ENVIRONMENT {
                            let number = next.fetch_add(1, Ordering::SeqCst);
                            // A caller that only wants to know whether there is any broken run need
                            // not see all.
                            if number >= count || (stop && !broken.lock().unwrap().is_empty()) {
                                next.store(count, Ordering::SeqCst);
                                return;
                            }
                            let Job {
                                name,
                                scenario,
                                plan,
                                seed,
                            } = job(number);
                            let mut end = run(&mut environment, scenario, plan, seed).await;
                            if !end.violations.is_empty() {
                                let mut broken = broken.lock().unwrap();
                                if broken.len() < SHOWN {
                                    println!(
                                        "== {name} {scenario:?}: {:#?}\n{}",
                                        end.violations,
                                        end.trace.join("\n")
                                    );
                                }
                                broken.push(format!(
                                    "{name}: {}",
                                    std::mem::take(&mut end.violations).join("; ")
                                ));
                            }
                            ended(number, end);
                        }
                    });
                }
            });
        }
    });
    let broken = broken.into_inner().unwrap();
    assert!(
        broken.is_empty(),
        "{} of {count} runs are broken:\n{}",
        broken.len(),
        broken[..broken.len().min(20)].join("\n")
    );
}
