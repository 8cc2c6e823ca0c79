//! The load function is killed at every call, before and after its effect and within what it reads,
//! and another one goes on. It must end as if no worker had ever been stopped, and as if no one had
//! ever cut the file.

mod harness;
mod order;
mod pipeline;

use harness::{Harness, Kept, Left};
use pipeline::Cut;
use testkit::setting;

const ITEMS: [&str; 2] = [
    "incoming/items/snapshot/items-20250207T100000Z.csv",
    "incoming/items/snapshot/items-20250207T110000Z.csv",
];
const DELTA: &str = "incoming/items/delta/items-20250207T120000Z.csv";
const ORGANIZATIONS: [&str; 2] = [
    "incoming/organizations/snapshot/organizations-20250207T100000Z.csv",
    "incoming/organizations/snapshot/organizations-20250207T110000Z.csv",
];

/// Checkpoints are this many rows apart, so that there is one in the middle of a file of 40.
const CHECKPOINT_ROWS: u64 = 20;

/// Items of which some change, some go, some come, some are refused and some stand in the file
/// several times, far apart and in different categories. Quoted line breaks, both kinds of line
/// ends, text of several bytes.
fn items(rows: usize, round: usize) -> Vec<u8> {
    let mut file = "sku,name,description,unit,category_ids\r\n".to_owned();
    for row in 0..rows {
        let sku = match row % 10 {
            // One item for all tenth rows of a half of the file, so that chunks meet in it.
            9 => format!("R{}", row / 10 % 3),
            _ => format!("S{}", row + round * rows / 8),
        };
        let name = if row % 7 == round {
            format!("n\u{e4}me {round} \u{4e2d}\u{6587}")
        } else {
            format!("name {row}")
        };
        let end = if row % 3 == 0 { "\r\n" } else { "\n" };
        let unit = if row % 23 == 11 { "" } else { "EA" };
        file.push_str(&format!(
            "{sku},\"{name}\",\"line one,\r\nline \"\"two\"\"\n\u{1f600}\",{unit},C{};C{}{end}",
            (row + round) % 4,
            row % 6
        ));
    }
    file.into_bytes()
}

fn organizations(rows: usize, round: usize) -> Vec<u8> {
    let mut file = "organization_id,name,currency,parent_id\n".to_owned();
    for row in 0..rows {
        let id = if row % 10 == 9 {
            format!("R{}", row / 10 % 3)
        } else {
            format!("O{}", row + round * rows / 8)
        };
        let name = if row % 7 == round {
            format!("\"n\u{e4}me\n{round} {row}\"")
        } else {
            format!("name {row}")
        };
        file.push_str(&format!(
            "{id},{name},{},\n",
            if row % 23 == 11 { "US" } else { "USD" }
        ));
    }
    file.into_bytes()
}

/// A file to load, and what is there before it.
struct Case {
    kept: Kept,
    file: (&'static str, Vec<u8>),
}

/// The kinds of cases.
#[derive(Clone, Copy)]
enum Load {
    Snapshot,
    Delta,
    Members,
    FirstSnapshot,
    FirstMembers,
}

impl Case {
    async fn of(load: Load, rows: usize) -> Self {
        let catalog = "catalog-load";
        let (function, before, file) = match load {
            Load::Snapshot => (
                catalog,
                Some((ITEMS[0], items(rows, 0))),
                (ITEMS[1], items(rows, 1)),
            ),
            Load::Delta => (
                catalog,
                Some((ITEMS[0], items(rows, 0))),
                (DELTA, items(rows, 1)),
            ),
            Load::Members => {
                let [before, file] =
                    [0, 1].map(|round| (ORGANIZATIONS[round], organizations(rows, round)));
                ("member-load", Some(before), file)
            }
            Load::FirstSnapshot => (catalog, None, (ITEMS[0], items(rows, 0))),
            Load::FirstMembers => (
                "member-load",
                None,
                (ORGANIZATIONS[1], organizations(rows, 1)),
            ),
        };
        let mut harness = Harness::new(function, 1 << 20, CHECKPOINT_ROWS).await;
        if let Some((key, content)) = &before {
            harness.load(&[(key, content)], 1).await;
            assert_eq!(harness.left().load["state"]["S"], "published");
        }
        Self {
            kept: harness.kept(),
            file,
        }
    }

    /// The size of a chunk so that there are N.
    fn size(&self, chunks: u64) -> u64 {
        (self.file.1.len() as u64).div_ceil(chunks)
    }

    /// Loads the file into what is there before, killed at the given calls.
    async fn load(&self, chunks: u64, kills: &[(u64, Cut)], parallel: usize) -> Loaded {
        let mut harness = Harness::after(&self.kept, self.size(chunks), CHECKPOINT_ROWS).await;
        harness.kill(kills.iter().copied());
        harness.load(&[(self.file.0, &self.file.1)], parallel).await;
        assert_eq!(
            harness.chunks.len() as u64,
            if chunks == 1 { 0 } else { chunks },
            "chunks"
        );
        Loaded {
            left: harness.left(),
            calls: harness.calls(),
            reads: harness.reads(),
            killed: harness.killed(),
        }
    }
}

/// A load that came to its end.
struct Loaded {
    left: Left,
    /// How many calls it took, and which of them read an object.
    calls: u64,
    reads: Vec<u64>,
    /// How often the function was killed.
    killed: u64,
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(work)
}

fn counted(left: &Left) -> u64 {
    ["applied", "unchanged", "rejected"]
        .map(|name| {
            left.load[name]["N"]
                .as_str()
                .unwrap()
                .parse::<u64>()
                .unwrap()
        })
        .iter()
        .sum()
}

/// Kills the load of one file before and after every call, and within every object that it reads.
/// In 64 chunks that is much: one in N is played, and every single one with `KILLS=1`.
fn killed_at_any_call(load: Load, chunks: u64) {
    block_on(async {
        let rows = if chunks > 7 { 200 } else { 40 };
        let case = Case::of(load, rows).await;
        let expected = case.load(1, &[], 1).await.left;
        assert_eq!(
            (counted(&expected), &expected.load["state"]["S"]),
            (rows as u64, &"published".into())
        );
        let Loaded {
            left, calls, reads, ..
        } = case.load(chunks, &[], 1).await;
        left.assert_is(&expected, || format!("{} in {chunks} chunks", case.file.0));
        assert!(reads.len() as u64 >= chunks, "{reads:?}");
        let began = std::time::Instant::now();
        // Where many runs say the same, what comes after a call is what comes before the next.
        let cuts: &[Cut] = if chunks > 2 {
            &[Cut::After]
        } else {
            &[Cut::Before, Cut::After]
        };
        let cuts = (1..=calls).flat_map(|call| cuts.iter().map(move |cut| (call, *cut)));
        let kills = cuts.chain(reads.iter().map(|read| (*read, Cut::Within)));
        // Each of 64 chunks does the same: a prime number of kills apart, all kinds of calls have
        // their turn.
        let one_in = if chunks > 7 { setting("KILLS", 211) } else { 1 };
        let mut played = 0;
        for kill in kills.step_by(one_in) {
            played += 1;
            let Loaded { left, killed, .. } = case.load(chunks, &[kill], 1).await;
            assert_eq!(killed, 1, "{kill:?}");
            left.assert_is(&expected, || {
                format!(
                    "{} in {chunks} chunks, killed at {kill:?} of {calls}",
                    case.file.0
                )
            });
        }
        println!(
            "{} in {chunks} chunks: {played} kills, {} s",
            case.file.0,
            began.elapsed().as_secs()
        );
    });
}

#[test]
fn a_snapshot_killed_at_any_call_ends_as_if_never_stopped() {
    killed_at_any_call(Load::Snapshot, 1);
}

#[test]
fn a_snapshot_in_two_chunks_killed_at_any_call_ends_as_if_never_stopped_and_never_cut() {
    killed_at_any_call(Load::Snapshot, 2);
}

#[test]
fn a_snapshot_in_seven_chunks_killed_at_any_call_ends_as_if_never_stopped_and_never_cut() {
    killed_at_any_call(Load::Snapshot, 7);
}

#[test]
fn a_first_snapshot_killed_at_any_call_ends_as_if_never_stopped() {
    killed_at_any_call(Load::FirstSnapshot, 1);
}

#[test]
fn a_first_snapshot_in_two_chunks_killed_at_any_call_ends_as_if_never_stopped_and_never_cut() {
    killed_at_any_call(Load::FirstSnapshot, 2);
}

#[test]
fn a_delta_killed_at_any_call_ends_as_if_never_stopped() {
    killed_at_any_call(Load::Delta, 1);
}

#[test]
fn a_delta_in_two_chunks_killed_at_any_call_ends_as_if_never_stopped_and_never_cut() {
    killed_at_any_call(Load::Delta, 2);
}

#[test]
fn a_delta_in_seven_chunks_killed_at_any_call_ends_as_if_never_stopped_and_never_cut() {
    killed_at_any_call(Load::Delta, 7);
}

#[test]
fn members_killed_at_any_call_end_as_if_never_stopped() {
    killed_at_any_call(Load::Members, 1);
}

#[test]
fn members_in_two_chunks_killed_at_any_call_end_as_if_never_stopped_and_never_cut() {
    killed_at_any_call(Load::Members, 2);
}

#[test]
fn members_in_seven_chunks_killed_at_any_call_end_as_if_never_stopped_and_never_cut() {
    killed_at_any_call(Load::Members, 7);
}

#[test]
fn a_snapshot_in_64_chunks_killed_at_one_call_in_n_ends_as_if_never_stopped_and_never_cut() {
    killed_at_any_call(Load::Snapshot, 64);
}

#[test]
fn a_delta_in_64_chunks_killed_at_one_call_in_n_ends_as_if_never_stopped_and_never_cut() {
    killed_at_any_call(Load::Delta, 64);
}

#[test]
fn members_in_64_chunks_killed_at_one_call_in_n_end_as_if_never_stopped_and_never_cut() {
    killed_at_any_call(Load::Members, 64);
}

#[test]
fn a_first_snapshot_in_64_chunks_killed_at_one_call_in_n_ends_as_if_never_stopped_and_never_cut() {
    killed_at_any_call(Load::FirstSnapshot, 64);
}

#[test]
fn killed_at_random_calls_with_up_to_64_concurrent_chunks_a_load_ends_as_if_never_stopped() {
    block_on(async {
        let mut seed = 7_u64;
        let mut random = |below: u64| {
            // xorshift: the same points in every run.
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed % below
        };
        let rows = 200;
        for load in [
            Load::Snapshot,
            Load::Delta,
            Load::Members,
            Load::FirstSnapshot,
            Load::FirstMembers,
        ] {
            let case = Case::of(load, rows).await;
            let expected = case.load(1, &[], 1).await.left;
            assert_eq!(counted(&expected), rows as u64);
            for (chunks, points) in [(1, 6), (2, 7), (7, 8), (64, 13)] {
                let Loaded { left, calls, .. } = case.load(chunks, &[], 4).await;
                left.assert_is(&expected, || format!("{} in {chunks} chunks", case.file.0));
                for _ in 0..points {
                    let cut =
                        [Cut::Before, Cut::After, Cut::Within][usize::try_from(random(3)).unwrap()];
                    let mut kills = vec![(1 + random(calls), cut)];
                    // Every other time a second one, some time after the first.
                    if random(2) == 0 {
                        kills.push((kills[0].0 + 1 + random(calls), Cut::After));
                    }
                    let Loaded { left, killed, .. } = case.load(chunks, &kills, 4).await;
                    // Rows that are done again may take fewer calls than the ones before, so a
                    // second kill may find nothing to kill; and of some objects no one reads the
                    // second half.
                    assert!(killed > 0 || cut == Cut::Within, "{kills:?}");
                    let name = case.file.0;
                    left.assert_is(&expected, || {
                        format!("{name} in {chunks} chunks, killed {kills:?} of {calls}")
                    });
                }
            }
        }
    });
}
