//! `erp-sim --port 9100 --data DIR`: the simulator by itself.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Parser;
use erp_sim::{Dataset, Options, Simulator};

/// The ERP simulator.
#[derive(Parser)]
struct Flags {
    /// 0 takes any free port; the chosen one is printed.
    #[arg(long, default_value_t = 9100)]
    port: u16,
    /// A folder with `incoming/` and `erp/`; without it the ERP starts empty.
    #[arg(long, visible_alias = "dataset")]
    data: Option<PathBuf>,
    /// The bearer credential that callers must send.
    #[arg(long, default_value = Options::LOCAL_TOKEN)]
    token: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let flags = Flags::parse();
    let dataset = flags
        .data
        .as_deref()
        .map(Dataset::read)
        .transpose()?
        .unwrap_or_default();
    let items = dataset.item_count();
    let clock = Arc::new(|| {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    });
    let simulator = Simulator::new(Options {
        token: flags.token,
        ..Options::new(dataset, clock)
    });
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", flags.port)).await?;
    println!("erp=http://{} items={items}", listener.local_addr()?);
    let shutdown = async {
        let _interrupted = tokio::signal::ctrl_c().await;
    };
    simulator.serve(listener, shutdown).await?;
    Ok(())
}
