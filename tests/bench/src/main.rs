//! `cargo run --release -p bench -- orders`, `-- loads`, `-- large`, `-- lookups`, `-- memory`, `--
//! parse` or `-- starts`.

use std::path::PathBuf;
use std::process::ExitCode;

use bench::orders::Buyer;
use bench::{Finding, footprint, large, loads, lookups, orders, parse, starts};
use clap::{Parser, ValueEnum};
use local::stack::{Options, Stack};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What is measured.
#[derive(Clone, Copy, ValueEnum)]
enum Work {
    /// A buyer's whole way, order by order.
    Orders,
    /// The data set, a first time and unchanged.
    Loads,
    /// One large file of items, end to end, next to a bare loop that writes the same records.
    Large,
    /// The load function's own memory for files of ten thousand, a hundred thousand and a million
    /// rows. Its program is next to this one: `cargo build --release --workspace --bins` makes it.
    Memory,
    /// Price queries next to the bare calls that they are made of.
    Lookups,
    /// Rows of a large file, understood and not stored, next to the bare csv crate.
    Parse,
    /// From the start of each program behind the HTTP API to its first poll, next to a hello-world.
    /// The programs are next to this one: `cargo build --release --workspace --bins` makes them.
    Starts,
}

/// Runs the whole system in one process and measures it in CPU seconds.
#[derive(Parser)]
struct Flags {
    /// What to measure.
    work: Work,
    /// How many orders.
    #[arg(long, default_value_t = 200)]
    count: u64,
    /// How many rows to parse, or to load.
    #[arg(long, default_value_t = 1_000_000)]
    rows: u64,
    /// How many lines the price queries have.
    #[arg(long, value_delimiter = ',', default_value = "1,20,100")]
    lines: Vec<usize>,
    /// A folder with incoming/ and erp/ to use instead of the bundled data set.
    #[arg(long, value_name = "DIR")]
    dataset: Option<PathBuf>,
    /// Who buys.
    #[arg(long, default_value = "ben@hillside.example")]
    user: String,
    /// Where to.
    #[arg(long, default_value = "A-102")]
    address: String,
    /// How.
    #[arg(long, default_value = "STANDARD")]
    method: String,
    /// What, one each.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "ADH-CA-20,ANC-NY-10,SCR-WD-4X20"
    )]
    skus: Vec<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Flags::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(flags: Flags) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    if matches!(flags.work, Work::Parse) {
        let folder = tempfile::tempdir()?;
        let found = parse::run(flags.rows, folder.path())?;
        let rate = |time: std::time::Duration| {
            u128::from(found.rows) * 1_000_000 / time.as_micros().max(1)
        };
        let [of_bare, of_values] = found.percent();
        println!(
            "{} rows, {} MB: csv crate {} rows/s, with serde {} rows/s; understood and validated \
            {} rows/s: {of_bare} % and \
             {of_values} %",
            found.rows,
            found.bytes / 1_000_000,
            rate(found.bare),
            rate(found.values),
            rate(found.ours),
        );
        return Ok(());
    }
    if matches!(flags.work, Work::Large) {
        let folder = tempfile::tempdir()?;
        let data = Some(folder.path().join("data"));
        let stack = Stack::start(Options {
            data,
            schedules: false,
            sweep: false,
            ..Options::default()
        })
        .await?;
        let found = large::run(&stack, flags.rows, folder.path()).await?;
        let rate = |time: std::time::Duration| {
            u128::from(found.rows) * 1_000_000 / time.as_micros().max(1)
        };
        let percent = |bare: std::time::Duration, ours: std::time::Duration| {
            bare.as_micros() * 100 / ours.as_micros().max(1)
        };
        println!(
            "{} rows, {} MB, {} records: {} rows/s and {} per CPU second, the bare writes {} and \
            {}: {} % and {} %",
            found.rows,
            found.bytes / 1_000_000,
            found.records,
            rate(found.ours.0),
            rate(found.ours.1),
            rate(found.bare.0),
            rate(found.bare.1),
            percent(found.bare.0, found.ours.0),
            percent(found.bare.1, found.ours.1)
        );
        let (before, peak) = found.memory_kib;
        println!(
            "memory of the whole process: {} MiB before, {} MiB at most",
            before / 1024,
            peak / 1024
        );
        stack.stop().await;
        return Ok(());
    }
    if matches!(flags.work, Work::Memory) {
        let program = std::env::current_exe()?;
        let programs = program.parent().ok_or("this program lies nowhere")?;
        for rows in [10_000, 100_000, 1_000_000]
            .into_iter()
            .filter(|rows| *rows <= flags.rows)
        {
            let found = footprint::run(rows, programs).await?;
            let (idle, peak) = found.memory_kib;
            println!(
                "{} rows, {} MB, in {} invocations and {} ms of CPU: {} KiB idle, {} KiB at most, \
                {} MiB more",
                found.rows,
                found.bytes / 1_000_000,
                found.invocations,
                found.cpu.as_millis(),
                idle,
                peak,
                peak.saturating_sub(idle) / 1024
            );
        }
        return Ok(());
    }
    let options = Options {
        dataset: flags.dataset,
        schedules: false,
        sweep: false,
        ..Options::default()
    };
    let stack = Stack::start(Options {
        port: 0,
        aws_port: 0,
        erp_port: 0,
        ..options
    })
    .await?;
    if matches!(flags.work, Work::Starts) {
        let program = std::env::current_exe()?;
        let found =
            starts::run(&stack, program.parent().ok_or("this program lies nowhere")?).await?;
        let hello = found.first().ok_or("there is no hello-world")?.clone();
        let percent = |ours: std::time::Duration, bare: std::time::Duration| {
            ours.as_micros() * 100 / bare.as_micros().max(1)
        };
        for start in &found {
            println!(
                "{:12} first poll after {} us, {} us of CPU: {} % and {} % of hello",
                start.name,
                start.wall.as_micros(),
                start.cpu.as_micros(),
                percent(start.wall, hello.wall),
                percent(start.cpu, hello.cpu)
            );
        }
        stack.stop().await;
        return Ok(());
    }
    let first = loads::run(&stack).await?;
    match flags.work {
        Work::Loads => {
            report("rows, first load", &first);
            report("rows, unchanged", &loads::run(&stack).await?);
        }
        Work::Lookups => {
            for cost in lookups::run(&stack, &flags.lines).await? {
                let what = if cost.cached { "cached" } else { "missing" };
                let [of_bare, of_behind] = cost.percent();
                println!(
                    "price query, {} lines, {what}: {} us of CPU; the bare calls {} us: {of_bare} \
                    %; behind an event {} us: \
                     {of_behind} %",
                    cost.lines, cost.ours_us, cost.bare_us, cost.behind_us
                );
            }
        }
        Work::Parse | Work::Large | Work::Memory | Work::Starts => {}
        Work::Orders => {
            stack.set_ready();
            let buyer = Buyer {
                user: flags.user,
                address: flags.address,
                method: flags.method,
                skus: flags.skus,
            };
            report("orders", &orders::run(&stack, &buyer, flags.count).await?);
        }
    }
    stack.stop().await;
    Ok(())
}

fn report(what: &str, found: &Finding) {
    println!(
        "{what}: {} in {} ms of CPU and {} ms: {} per CPU second",
        found.pieces,
        found.cpu_ms,
        found.wall_ms,
        found.per_cpu_second()
    );
}
