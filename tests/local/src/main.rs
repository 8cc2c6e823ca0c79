//! `cargo run -p local`: starts the whole system, loads the data set and shows the way around.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use lambda_kit::Env;
use local::load::{Loaded, load};
use local::stack::{Erp, Options, Stack};
use tokio::signal::unix::{SignalKind, signal};

/// A fifth of the CPU of a load is allocation; this allocator takes half of it away.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The whole system in one process: storefront API, S3 + DynamoDB + SQS, ERP simulator, all
/// functions.
#[derive(Parser)]
#[command(name = "local")]
struct Flags {
    /// Port of the storefront API; 0 for any free one.
    #[arg(long, default_value_t = 9000)]
    port: u16,
    /// Port of S3, DynamoDB and SQS; 0 for any free one.
    #[arg(long, default_value_t = 4566)]
    aws_port: u16,
    /// Port of the ERP simulator; 0 for any free one.
    #[arg(long, default_value_t = 9100)]
    erp_port: u16,
    /// A folder with incoming/ and erp/ to use instead of the bundled data set.
    #[arg(long, value_name = "DIR")]
    dataset: Option<PathBuf>,
    /// A real ERP instead of the simulator. Its bearer credential is read from the variable
    /// ERP_TOKEN.
    #[arg(long, value_name = "URL")]
    erp_url: Option<String>,
    /// Where to keep tables and files; without it they go when the process ends.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Do not load the data set.
    #[arg(long)]
    no_load: bool,
}

/// What a developer got wrong, as clap says it too.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let flags = Flags::parse();
    let level = std::env::var("LOG_LEVEL").unwrap_or_else(|_| "warn".to_owned());
    lambda_kit::logging::init(&Env::from_pairs([("LOG_LEVEL", level)]));
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return refuse(&error),
    };
    let code = runtime.block_on(run(flags));
    // A thread that still waits for a file must not keep the process alive.
    runtime.shutdown_timeout(Duration::from_millis(300));
    code
}

async fn run(flags: Flags) -> ExitCode {
    let (mut interrupt, mut terminate) = match (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) {
        (Ok(interrupt), Ok(terminate)) => (interrupt, terminate),
        (Err(error), _) | (_, Err(error)) => return refuse(&error),
    };
    let no_load = flags.no_load;
    let stack = match Stack::start(options(flags)).await {
        Ok(stack) => stack,
        Err(error) => return refuse(&error),
    };
    let work = async {
        if !no_load && let Err(error) = load(&stack, progress).await {
            return refuse(&error);
        }
        stack.set_ready();
        say(&format!(
            "storefront={} aws={} erp={}",
            stack.storefront(),
            stack.aws(),
            stack.erp()
        ));
        say(&local::tour::tour(&stack));
        std::future::pending().await
    };
    let code = tokio::select! {
        code = work => code,
        _ = interrupt.recv() => ExitCode::SUCCESS,
        _ = terminate.recv() => ExitCode::SUCCESS,
    };
    stack.stop().await;
    code
}

fn options(flags: Flags) -> Options {
    let erp = flags.erp_url.map(|url| Erp {
        url,
        token: std::env::var("ERP_TOKEN").unwrap_or_default(),
    });
    Options {
        port: flags.port,
        aws_port: flags.aws_port,
        erp_port: flags.erp_port,
        dataset: flags.dataset,
        erp,
        data: flags.data,
        ..Options::default()
    }
}

fn progress(loaded: &Loaded) {
    let Loaded {
        kind,
        state,
        rows,
        applied,
        rejected,
        rows_per_second,
    } = loaded;
    say(&format!(
        "{kind:18} {state:10} rows={rows} applied={applied} rejected={rejected} \
        rows_per_second={rows_per_second}"
    ));
}

/// The reader that closed the pipe wants no more lines, which does not end the stack.
fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

fn refuse(error: &dyn std::fmt::Display) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "local: {error}");
    ExitCode::from(USAGE)
}
